"""Appointments that were in both systems before, and everything that is not synced, keep every byte."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from calsync_sandbox.judge import flowfact_untouched, graph_untouched, touched, whole
from calsync_sandbox.seed import seed


async def test_copies_of_the_own_sync_are_linked_and_stay_as_they_are(world: Any) -> None:
    now = datetime.fromtimestamp(world.sandbox.now(), UTC)
    seeded = seed(world.sandbox.flowfact, world.anna.user, world.anna.mailbox, now)
    entities, events = world.sandbox.flowfact.entities, world.anna.mailbox.events
    left, right = ([entities[pair[0]] for pair in seeded.copies], [events[pair[1]] for pair in seeded.copies])
    before = whole(left) | whole(right)
    outside = flowfact_untouched(entities.values()) | graph_untouched(events.values())
    first = await world.sync()
    await world.settle()
    after = [*(entities[pair[0]] for pair in seeded.copies), *(events[pair[1]] for pair in seeded.copies)]
    assert first.left.linked + first.right.linked == len(seeded.copies) == 4
    assert touched(before, whole(after)) == []
    assert touched(outside, flowfact_untouched(entities.values()) | graph_untouched(events.values())) == []
    verdict = world.sandbox.judge(world.anna, keep_notes=seeded.other_notes)
    assert verdict.converged, verdict.differences


async def test_the_zone_that_its_user_chose_stays(world: Any) -> None:
    tokyo = {"timeZone": "Tokyo Standard Time"}
    times = {
        name: {"dateTime": f"2026-12-10T{hour}:00:00", **tokyo} for name, hour in (("start", 18), ("end", 19))
    }
    event = world.event("Videobesichtigung mit Herrn Tanaka", **times)
    await world.settle()
    world.clear()
    world.patch(world.in_flowfact("Videobesichtigung mit Herrn Tanaka"), message="Dolmetscherin: Frau Satō")
    await world.settle()
    (patch,) = world.sandbox.graph.sent("PATCH")
    assert b"start" not in patch.body
    assert b"imeZone" not in patch.body
    entity = world.in_flowfact("Videobesichtigung mit Herrn Tanaka")
    moved = {name: entity[name]["values"][0] + 3_600_000 for name in ("start_date", "end_date")}
    world.patch(entity, **moved)
    await world.settle()
    stored = world.anna.mailbox.events[event["id"]]
    assert stored["start"] == {"dateTime": "2026-12-10T19:00:00.0000000", "timeZone": "Tokyo Standard Time"}


async def test_an_online_meeting_keeps_its_join_link(world: Any) -> None:
    event = world.event("Videobesichtigung", isOnlineMeeting=True, onlineMeetingProvider="teamsForBusiness")
    await world.settle()
    world.patch(world.in_flowfact("Videobesichtigung"), subject="Videobesichtigung Penthouse", message="neu")
    await world.settle()
    stored = world.anna.mailbox.events[event["id"]]
    assert stored["subject"] == "Videobesichtigung Penthouse"
    assert stored["body"] == event["body"]
    assert world.anna.mailbox.lost_join_links == []
