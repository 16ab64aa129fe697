"""The rules that are off by default, with all systems: where a copy takes place, and which types are synced."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import AccountError
from calsync_sandbox.configuration import RULES
from calsync_sandbox.sandbox import Account
from tests.e2e.conftest import stopped, value, world_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from calsync.testing import FakeClock
    from tests.e2e.conftest import World

PLACE = "Lindenstraße 5, 50674 Köln"
FIELD = "location_description"
WITH_LOCATION = (*RULES, "copy_location")
VIEWINGS = (*RULES, {"only_types": {"include": ["viewing", "notary"]}})


@pytest.fixture(params=["graph", "exchange_ews"])
async def outlook(clock: FakeClock, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async for world in world_at(clock, tmp_path, request.param):
        yield world


def place(world: World, subject: str = "Besichtigung") -> tuple[Any, str]:
    """Return where an appointment takes place in FLOWFACT and in Outlook."""
    return value(world.in_flowfact(subject), FIELD), world.in_outlook(subject)["location"]["displayName"]


def asked(world: World) -> bytes:
    """Return all that calsync has sent."""
    servers = (world.sandbox.flowfact, world.sandbox.graph, world.sandbox.ews)
    return b"\n".join(one.body for server in servers for one in server.requests)


async def test_copies_get_their_originals_location_on_both_sides(outlook: World) -> None:
    outlook.configure(rules=WITH_LOCATION)
    outlook.appointment(location_description=PLACE)
    outlook.event("Notar", location={"displayName": "Kanzlei Weiß"})
    outlook.appointment("Anruf")
    await outlook.settle()
    assert place(outlook) == (PLACE, PLACE)
    assert place(outlook, "Notar") == ("Kanzlei Weiß", "Kanzlei Weiß")
    assert place(outlook, "Anruf") == (None, "")


async def test_a_location_is_its_users_from_then_on(outlook: World) -> None:
    outlook.configure(rules=WITH_LOCATION)
    entity = outlook.appointment(location_description=PLACE)
    await outlook.settle()
    outlook.patch(entity, location_description="Büro")
    await outlook.settle()
    assert place(outlook) == ("Büro", PLACE)
    outlook.anna.mailbox.edit(outlook.in_outlook()["id"], {"location": {"displayName": ""}, "subject": "Notar"})
    await outlook.settle()
    assert place(outlook, "Notar") == ("Büro", "")


async def test_a_room_a_meeting_and_a_private_event_are_copied_without_a_place(outlook: World) -> None:
    outlook.configure(rules=WITH_LOCATION)
    link = "https://teams.microsoft.com/l/meetup-join/19%3ameeting"
    outlook.event("Teams", location={"displayName": link, "locationUri": link})
    outlook.event("Online", isOnlineMeeting=True, location={"displayName": "Microsoft Teams-Besprechung"})
    outlook.event("Raum", location={"displayName": "raum-koeln@example.de", "locationType": "conferenceRoom"})
    outlook.appointment("Arzt", private=True, location_description="Praxis am Ring")
    room = {"locationEmailAddress": "raum@example.de", "locationType": "conferenceRoom"}
    outlook.event("Treffen", location={"displayName": "Raum Köln", **room})
    await outlook.settle()
    assert [value(outlook.in_flowfact(subject), FIELD) for subject in ("Teams", "Online", "Raum")] == [None] * 3
    assert outlook.in_outlook("Privat")["location"]["displayName"] == ""
    assert place(outlook, "Treffen") == ("Raum Köln", "Raum Köln")  # as text, as anybody may type it
    assert all(event["attendees"] == [] for event in outlook.anna.mailbox.events.values())


async def test_switching_it_on_and_off_writes_nothing_and_reads_no_more_than_needed(outlook: World) -> None:
    outlook.appointment(kind="call", location_description=PLACE)
    outlook.event("Notar", location={"displayName": "Kanzlei Weiß"})
    await outlook.settle()
    assert FIELD.encode() not in asked(outlook)
    assert b'"kind"' not in asked(outlook)
    assert b"calendar:Location" not in asked(outlook)
    for rules in (WITH_LOCATION, VIEWINGS, RULES):
        outlook.clear()
        outlook.configure(rules=rules)
        await outlook.settle()
        assert outlook.writes() == [] == [one for one in outlook.sandbox.ews.requests if b"SendToNone" in one.body]
        assert (FIELD.encode() in asked(outlook)) is (rules is WITH_LOCATION)
        assert (b'"kind"' in asked(outlook)) is (rules is VIEWINGS)
    assert place(outlook) == (PLACE, "")
    outlook.expect_converged(2)


async def test_only_some_types_are_synced_and_outlooks_events_have_none(outlook: World) -> None:
    outlook.configure(rules=VIEWINGS)
    outlook.appointment(kind="viewing")
    entity = outlook.appointment("Anruf", kind="call")
    outlook.appointment("ohne Art")
    outlook.event("Besprechung", categories=["call"])
    result = await outlook.sync()
    assert result.left.skipped == {"other_type": 1}
    await outlook.settle()
    left, right = outlook.subjects()
    assert left == ["Anruf", "Besichtigung", "Besprechung", "ohne Art"]
    assert right == ["Besichtigung", "Besprechung", "ohne Art"]
    outlook.patch(entity, kind="notary")
    await outlook.settle()
    assert "Anruf" in outlook.subjects()[1]
    outlook.patch(entity, kind="call")
    await outlook.settle()
    outlook.patch(entity, subject="Rückruf")
    await outlook.settle()
    assert "Anruf" in outlook.subjects()[1]
    outlook.patch(entity, kind="viewing")
    await outlook.settle()
    assert outlook.subjects()[1] == ["Besichtigung", "Besprechung", "Rückruf", "ohne Art"]


async def test_a_service_that_is_given_the_rule_heeds_it_for_all_accounts(live: World) -> None:
    bert = live.sandbox.add_person("bert@example.de", first="Bert", last="Beispiel")
    accounts = [Account(name="anna", person=live.anna), Account(name="bert", person=bert)]
    live.configure(accounts=accounts)
    live.appointment("vorher", location_description="Büro")
    process = await live.start("run")
    await live.until(lambda: len(live.anna.mailbox.events) == 1)
    live.configure(accounts=accounts, rules=WITH_LOCATION)
    process.send_signal(signal.SIGHUP)
    await live.until(lambda: FIELD.encode() in asked(live))
    live.appointment("nachher", hours=2, location_description=PLACE)
    live.appointment("bei Bert", hours=3, assignee=[bert.user["id"]], location_description=PLACE)
    await live.until(lambda: len(live.anna.mailbox.events) == 2 and bert.mailbox.events)
    found = await stopped(process)
    assert found.code == 0
    assert "the configuration was read anew: 2 accounts left or changed, 2 began" in found.errors
    assert "Traceback" not in found.errors
    assert {one["subject"]: one["location"]["displayName"] for one in live.anna.mailbox.events.values()} == {
        "vorher": "",
        "nachher": PLACE,
    }
    assert [one["location"]["displayName"] for one in bert.mailbox.events.values()] == [PLACE]


async def test_a_rule_about_types_is_refused_where_no_field_says_them(world: World) -> None:
    world.configure(rules=VIEWINGS)
    world.rewrite('      types:\n        field: "kind"\n', "")
    world.appointment(kind="call")
    with pytest.raises(AccountError, match="account anna: a rule looks at the type of appointments"):
        await world.sync_all()
    assert world.anna.mailbox.events == {}


async def test_a_location_that_has_no_field_is_not_copied_and_check_says_so(live: World) -> None:
    live.configure(rules=WITH_LOCATION)
    live.rewrite('      location:\n        field: "location_description"\n', "")
    live.event("Notar", location={"displayName": "Kanzlei Weiß"})
    await live.settle()
    assert value(live.in_flowfact("Notar"), FIELD) is None
    checked = await live.command("check")
    assert "a rule copies locations, but no field is mapped to location" in checked.output
