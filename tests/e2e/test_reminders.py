"""A reminder is given to a copy once, 15 minutes before its start; after that it is its user's alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import World

MINUTE = 60_000
KEYS = {"isReminderOn", "reminderMinutesBeforeStart", "reminder_date"}


def remind_at(entity: dict[str, Any]) -> list[int]:
    """Return FLOWFACT's "Erinnern am" in epoch milliseconds; empty for none."""
    values: list[int] = entity.get("reminder_date", {}).get("values", [])
    return values


def start_of(entity: dict[str, Any]) -> int:
    start: int = entity["start_date"]["values"][0]
    return start


def appointment_with_reminder(world: World, subject: str = "Besichtigung", *, minutes: int) -> dict[str, Any]:
    before = int((world.at()).timestamp() * 1000) - minutes * MINUTE
    return world.appointment(subject, reminder_date=before)


@pytest.mark.parametrize("minutes", [0, 15, 24 * 60])
async def test_a_copy_in_outlook_reminds_15_minutes_before(world: World, minutes: int) -> None:
    appointment_with_reminder(world, minutes=minutes)
    await world.settle()
    (create,) = world.graph_writes()
    assert json.loads(create.body).items() >= {"isReminderOn": True, "reminderMinutesBeforeStart": 15}.items()
    assert world.in_outlook().items() >= {"isReminderOn": True, "reminderMinutesBeforeStart": 15}.items()


async def test_a_copy_in_outlook_of_a_source_without_has_explicitly_none(world: World) -> None:
    world.appointment()
    await world.settle()
    (create,) = world.graph_writes()
    assert json.loads(create.body)["isReminderOn"] is False
    assert world.in_outlook()["isReminderOn"] is False


async def test_a_copy_of_a_source_that_cannot_tell_reminds(world: World) -> None:
    world.rewrite('      reminder:\n        field: "reminder_date"\n', "")
    world.rewrite("    fields:\n", "    fields:\n      reminder: {field: null}\n")
    world.appointment()
    await world.settle()
    assert world.in_outlook().items() >= {"isReminderOn": True, "reminderMinutesBeforeStart": 15}.items()


@pytest.mark.parametrize("minutes", [0, 15, 24 * 60])
async def test_a_copy_in_flowfact_reminds_15_minutes_before(world: World, minutes: int) -> None:
    world.event(isReminderOn=True, reminderMinutesBeforeStart=minutes)
    await world.settle()
    entity = world.in_flowfact()
    assert remind_at(entity) == [start_of(entity) - 15 * MINUTE]


async def test_a_copy_in_flowfact_of_a_source_without_has_none(world: World) -> None:
    world.event(isReminderOn=False)
    await world.settle()
    assert remind_at(world.in_flowfact()) == []


async def test_a_reminder_that_flowfact_has_no_field_for_is_told(world: World) -> None:
    world.rewrite('      reminder:\n        field: "reminder_date"\n', "")
    world.rewrite("    fields:\n", "    fields:\n      reminder: {field: null}\n")
    world.event(isReminderOn=True, reminderMinutesBeforeStart=30)
    (message,) = (await world.sync()).messages
    assert (message.side, message.reason, message.count) == ("left", "reminder_not_carried", 1)
    assert (await world.settle()).messages == ()


@pytest.mark.parametrize("origin", ["flowfact", "outlook"])
async def test_no_update_carries_a_reminder(world: World, origin: str) -> None:
    if origin == "flowfact":
        appointment_with_reminder(world, minutes=60)
    else:
        world.event(isReminderOn=True, reminderMinutesBeforeStart=30)
    await world.settle()
    world.clear()
    event, entity = world.in_outlook(), world.in_flowfact()
    await change_and_settle(world, {"reminderMinutesBeforeStart": 5}, {"reminder_date": start_of(entity) - MINUTE})
    assert world.writes() == []
    world.move(entity, 1)
    await world.settle()
    moved = world.in_flowfact()
    assert remind_at(moved) == [start_of(entity) - MINUTE]
    assert world.in_outlook()["reminderMinutesBeforeStart"] == 5
    world.anna.mailbox.edit(event["id"], {"start": wall(world, 6), "end": wall(world, 7)})
    await change_and_settle(world, {"isReminderOn": False}, {"reminder_date": None})
    assert (world.in_outlook()["isReminderOn"], remind_at(world.in_flowfact())) == (False, [])
    await change_and_settle(world, {"subject": "Umbenannt"}, {"message": "neu"})
    assert (world.in_outlook("Umbenannt")["isReminderOn"], remind_at(world.in_flowfact("Umbenannt"))) == (
        False,
        [],
    )
    assert world.writes()
    for request in world.writes():
        assert not KEYS & set(json.loads(request.body))
        assert request.method == "PATCH"
    world.expect_converged(1)


async def change_and_settle(world: World, in_outlook: dict[str, Any], in_flowfact: dict[str, Any]) -> None:
    """Let the user change both sides, and run until nothing is left to do, and once more."""
    (event,) = world.anna.mailbox.events.values()
    (entity,) = world.sandbox.flowfact.entities.values()
    world.anna.mailbox.edit(event["id"], in_outlook)
    world.patch(entity, **in_flowfact)
    await world.settle()
    await world.settle()


def wall(world: World, hours: int) -> dict[str, str]:
    return {"dateTime": world.at(hours).strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"}
