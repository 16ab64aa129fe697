"""Appointments that were in both systems before, and everything that is not synced, keep every byte."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calsync_sandbox.judge import flowfact_untouched, mailbox_untouched, touched, whole
from calsync_sandbox.seed import seed

if TYPE_CHECKING:
    from calsync_sandbox.judge import Bytes
    from calsync_sandbox.seed import Seeded
    from tests.e2e.conftest import World


def copies(world: World, seeded: Seeded) -> Bytes:
    """Return all bytes of the pairs that were in both systems before."""
    entities, events = world.sandbox.flowfact.entities, world.anna.mailbox.events
    return whole(entities[left] for left, _ in seeded.copies) | whole(events[right] for _, right in seeded.copies)


def outside(world: World) -> Bytes:
    """Return the bytes of all that no sync may change."""
    entities, events = world.sandbox.flowfact.entities.values(), world.anna.mailbox.events.values()
    return flowfact_untouched(entities) | mailbox_untouched(events)


async def test_copies_of_flowfacts_own_sync_are_linked_and_stay_as_they_are(world: World) -> None:
    now = datetime.fromtimestamp(world.sandbox.now(), UTC)
    seeded = seed(world.sandbox.flowfact, world.anna.user, world.anna.mailbox, now)
    before, rest = copies(world, seeded), outside(world)
    first = await world.sync()
    assert first.left.linked + first.right.linked == len(seeded.copies) == 4
    assert len(seeded.other_notes) == 1
    await world.settle()
    assert copies(world, seeded) == before
    assert touched(rest, outside(world)) == []
    verdict = world.sandbox.judge(world.anna, keep_notes=seeded.other_notes)
    assert verdict.converged, verdict.differences


async def test_other_notes_stay_until_somebody_edits_one_of_them(world: World) -> None:
    entity, event = world.appointment(message="Notariat, 2. OG"), world.event(body=text("Ausweis mitbringen"))
    await world.settle()
    assert world.writes() == []
    world.anna.mailbox.edit(event["id"], {"body": text("Ausweis und Vollmacht mitbringen")})
    await world.settle()
    assert world.in_flowfact()["message"]["values"] == ["Ausweis und Vollmacht mitbringen"]
    assert world.in_flowfact()["id"] == entity["id"]
    world.expect_converged(1)


async def test_what_is_outside_of_the_projection_survives_edits_of_all_that_is_inside(world: World) -> None:
    event = world.event(
        categories=["Kunde"],
        location={"displayName": "Domstraße 1"},
        showAs="oof",
        importance="high",
    )
    entity = world.appointment(
        "Notartermin", hours=3, kind="notary", participants=["kontakt-notariat"], location_description="Köln"
    )
    await world.settle()
    before = outside(world)
    world.patch(world.in_flowfact(), subject="Begehung", message="mit Leiter")
    world.move(world.in_flowfact("Begehung"), 24)
    copy = world.in_outlook("Notartermin")
    world.anna.mailbox.edit(copy["id"], {"subject": "Beurkundung", "body": text("2. OG")})
    await world.settle()
    world.expect_converged(2)
    assert (world.in_outlook("Begehung")["id"], world.in_flowfact("Beurkundung")["id"]) == (
        event["id"],
        entity["id"],
    )
    assert touched(before, outside(world)) == []


async def test_an_online_meeting_keeps_its_join_link(world: World) -> None:
    event = world.event("Videobesichtigung", isOnlineMeeting=True, onlineMeetingProvider="teamsForBusiness")
    await world.settle()
    world.patch(world.in_flowfact("Videobesichtigung"), subject="Videobesichtigung Penthouse", message="neu")
    await world.settle()
    stored = world.in_outlook("Videobesichtigung Penthouse")
    assert stored["body"] == event["body"]
    assert world.anna.mailbox.lost_join_links == []


def text(content: str) -> dict[str, str]:
    return {"contentType": "text", "content": content}
