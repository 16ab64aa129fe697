"""From FLOWFACT's own sync to calsync as docs/how-to/from-flowfacts-own-sync.md says: no duplicate, no mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.conftest import value

if TYPE_CHECKING:
    from tests.e2e.conftest import World

GUEST = {"emailAddress": {"address": "gast@kunde.example", "name": "Gast"}, "type": "required"}


def synced_by_flowfact(world: World, count: int) -> None:
    """Let FLOWFACT's own sync have copied appointments: equal subjects and times, and a key of its own."""
    for number in range(count):
        subject, hours = f"Besichtigung {number}", 2 * number
        event = world.event(subject, hours=hours)
        world.appointment(subject, hours=hours, ical_uid=event["iCalUId"])


async def test_the_guide_leads_to_linked_appointments_without_a_duplicate_or_a_mail(live: World) -> None:
    mailbox = {"email": live.anna.address, "settings": {"sync.calendar": "true"}}
    live.sandbox.flowfact.nylas_accounts.append(mailbox)
    synced_by_flowfact(live, 8)
    meeting = live.event("Notartermin", hours=40, attendees=[GUEST])
    live.appointment("Notartermin", hours=40)
    live.appointment("nur in FLOWFACT", hours=50)
    live.sandbox.mails.sent.clear()  # of the person who invited the guest
    before = {one["id"]: one for one in live.sandbox.flowfact.entities.values()}

    refused = await live.command("sync")
    assert refused.code == 2
    assert "Bitte schalten Sie sie in FLOWFACT aus" in refused.errors
    checked = await live.command("check")
    assert (checked.code, "own calendar sync is on" in checked.output + checked.errors) == (2, True)
    assert live.writes() == []

    mailbox["settings"] = {"sync.calendar": "false"}
    checked = await live.command("check")
    assert checked.code == 0, checked.errors
    planned = await live.command("plan")
    assert planned.code == 0
    assert live.writes() == []
    first = await live.command("sync", "--account", "anna")
    assert first.code == 0, first.errors
    assert [one.method for one in live.graph_writes()] == ["POST"]  # what only FLOWFACT had
    assert live.flowfact_writes() == []
    live.clear()
    second = await live.command("sync")
    assert second.code == 0
    assert live.writes() == []

    assert {one["id"]: one for one in live.sandbox.flowfact.entities.values()} == before
    subjects = sorted(event["subject"] for event in live.anna.mailbox.events.values())
    assert subjects == sorted(value(one, "subject") for one in before.values())
    assert live.anna.mailbox.events[meeting["id"]]["attendees"] != []
    live.expect_no_mail()
    live.expect_converged(10)
