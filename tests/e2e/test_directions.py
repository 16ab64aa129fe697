"""One-way accounts send no write to their source."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("direction", ["both", "left_to_right", "right_to_left"])
async def test_each_direction(world: Any, direction: str) -> None:
    world.configure(direction)
    entity, event = world.appointment("aus FLOWFACT"), world.event("aus Outlook", hours=2)
    await world.settle()
    world.patch(entity, message="neu")
    world.anna.mailbox.edit(event["id"], {"body": {"contentType": "text", "content": "neu"}})
    await world.settle()
    verdict = world.sandbox.judge(world.anna, direction=direction)
    assert verdict.converged, verdict.differences
    assert verdict.paired == (2 if direction == "both" else 1)
    changing = world.changing_requests()
    to_outlook = [request for request in changing if "/events" in request.path]
    assert (to_outlook == []) == (direction == "right_to_left")
    assert (len(changing) == len(to_outlook)) == (direction == "left_to_right")
    world.delete(entity)
    world.anna.mailbox.delete(event["id"])
    await world.settle()
    verdict = world.sandbox.judge(world.anna, direction=direction)
    assert (verdict.converged, verdict.paired) == (True, 0)


async def test_an_edit_of_the_target_stays_until_the_source_changes(world: Any) -> None:
    world.configure("left_to_right")
    entity = world.appointment()
    await world.settle()
    world.anna.mailbox.edit(world.in_outlook()["id"], {"subject": "Umbenannt"})
    await world.settle()
    assert (world.in_flowfact()["id"], world.in_outlook("Umbenannt")["subject"]) == (entity["id"], "Umbenannt")
    world.patch(entity, subject="Endgültig")
    await world.settle()
    assert world.in_outlook("Endgültig")["type"] == "singleInstance"
