"""A reminder is given to a copy once, 15 minutes before its start; after that it is the user's alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

QUARTER = 15 * 60_000


def reminder_of(entity: dict[str, Any]) -> list[int]:
    values: list[int] = entity.get("reminder_date", {}).get("values", [])
    return values


async def test_a_copy_in_outlook(world: Any) -> None:
    start = world.appointment("mit", hours=0)["start_date"]["values"][0]
    world.patch(world.in_flowfact("mit"), reminder_date=start - 3 * QUARTER)
    world.appointment("ohne", hours=1)
    await world.settle()
    found = [(world.in_outlook(name)["isReminderOn"]) for name in ("mit", "ohne")]
    assert found == [True, False]
    assert world.in_outlook("mit")["reminderMinutesBeforeStart"] == 15


async def test_a_copy_in_flowfact(world: Any) -> None:
    world.event("mit", isReminderOn=True, reminderMinutesBeforeStart=60)
    world.event("ohne", hours=1, isReminderOn=False)
    await world.settle()
    entity = world.in_flowfact("mit")
    assert reminder_of(entity) == [entity["start_date"]["values"][0] - QUARTER]
    assert reminder_of(world.in_flowfact("ohne")) == []


@pytest.mark.parametrize("origin", ["flowfact", "outlook"])
async def test_no_update_carries_a_reminder(world: Any, origin: str) -> None:
    if origin == "flowfact":
        world.appointment(reminder_date=1)
    else:
        world.event(isReminderOn=True, reminderMinutesBeforeStart=30)
    await world.settle()
    event, entity = world.in_outlook(), world.in_flowfact()
    world.anna.mailbox.edit(event["id"], {"reminderMinutesBeforeStart": 5})
    world.patch(entity, reminder_date=42)
    world.clear()
    await world.settle()
    moved = {name: entity[name]["values"][0] + 2 * QUARTER for name in ("start_date", "end_date")}
    world.patch(entity, **moved)
    await world.settle()
    world.anna.mailbox.edit(event["id"], {"isReminderOn": False, "subject": "Umbenannt"})
    world.patch(world.in_flowfact(), reminder_date=None)
    await world.settle()
    for request in world.changing_requests():
        assert not {"isReminderOn", "reminderMinutesBeforeStart", "reminder_date"} & set(json.loads(request.body))
    stored = world.in_outlook("Umbenannt")
    assert (stored["isReminderOn"], stored["reminderMinutesBeforeStart"]) == (False, 5)
    assert reminder_of(world.in_flowfact("Umbenannt")) == []
