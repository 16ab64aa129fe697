"""A system that stores a zone keeps the one that its user chose."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import World

TOKYO = "Tokyo Standard Time"
KEYS_OF_TIME = {"start", "end", "isAllDay", "originalStartTimeZone", "originalEndTimeZone"}


@pytest.fixture
async def meeting(world: World) -> dict[str, Any]:
    """Return an event that was authored in another zone and is on both sides."""
    times: dict[str, Any] = {
        name: {"dateTime": f"2026-03-10T{hour}:00:00", "timeZone": TOKYO}
        for name, hour in (("start", 18), ("end", 19))
    }
    event = world.event("Termin mit Herrn Tanaka", **times)
    await world.settle()
    world.clear()
    return event


@pytest.mark.parametrize("changes", [{"message": "Dolmetscherin: Frau Satō"}, {"subject": "Termin mit Frau Satō"}])
async def test_an_edit_of_texts_sends_no_time_and_no_zone(
    world: World, meeting: dict[str, Any], changes: dict[str, str]
) -> None:
    world.patch(world.in_flowfact("Termin mit Herrn Tanaka"), **changes)
    await world.settle()
    (request,) = world.graph_writes()
    assert request.method == "PATCH"
    assert len(json.loads(request.body)) == 1
    assert not KEYS_OF_TIME & set(json.loads(request.body))
    assert b"imeZone" not in request.body
    (stored,) = world.anna.mailbox.events.values()
    assert (stored["start"], stored["end"]) == (meeting["start"], meeting["end"])
    world.expect_converged(1)


async def test_a_move_keeps_the_zone_of_the_event(world: World, meeting: dict[str, Any]) -> None:
    world.move(world.in_flowfact("Termin mit Herrn Tanaka"), 1)
    await world.settle()
    (request,) = world.graph_writes()
    assert json.loads(request.body)["start"]["timeZone"] == TOKYO
    (stored,) = world.anna.mailbox.events.values()
    assert stored["start"] == {"dateTime": "2026-03-10T19:00:00.0000000", "timeZone": TOKYO}
    assert stored["id"] == meeting["id"]
    world.expect_converged(1)


async def test_all_day_events_stay_on_their_day_over_a_change_of_the_clock(world: World) -> None:
    midnights: dict[str, Any] = {
        name: {"dateTime": f"2026-03-{day}T00:00:00", "timeZone": "UTC"}
        for name, day in (("start", 28), ("end", 30))
    }
    world.event("Immobilienmesse", isAllDay=True, **midnights)
    await world.settle()
    entity = world.in_flowfact("Immobilienmesse")
    start, end = (entity[name]["values"][0] for name in ("start_date", "end_date"))
    assert entity["isFullDayAppointment"]["values"] == [True]
    assert end - start == 47 * 3_600_000  # two days in Berlin, the second an hour short
    world.expect_converged(1)
