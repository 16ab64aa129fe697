"""One-way accounts send no write to their source; what the methods at its server were proves it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from calsync_sandbox.judge import Direction
    from tests.e2e.conftest import World

NOTES = {"body": {"contentType": "text", "content": "neu"}}


@pytest.mark.parametrize("direction", ["both", "left_to_right", "right_to_left"])
async def test_creates_edits_and_deletes(world: World, direction: Direction) -> None:
    world.configure(direction)
    entity, event = world.appointment("aus FLOWFACT"), world.event("aus Outlook", hours=2)
    await world.settle()
    world.patch(entity, message="neu")
    world.anna.mailbox.edit(event["id"], NOTES)
    await world.settle()
    world.expect_converged(2 if direction == "both" else 1, direction=direction)
    world.delete(entity)
    world.anna.mailbox.delete(event["id"])
    await world.settle()
    world.expect_converged(0, direction=direction)
    methods = ["POST", "PATCH", "DELETE"]
    assert [one.method for one in world.flowfact_writes()] == ([] if direction == "left_to_right" else methods)
    assert [one.method for one in world.graph_writes()] == ([] if direction == "right_to_left" else methods)


@pytest.mark.parametrize("direction", ["left_to_right", "right_to_left"])
async def test_what_somebody_does_at_the_target_never_goes_back(world: World, direction: Direction) -> None:
    world.configure(direction)
    source = world.appointment() if direction == "left_to_right" else world.event()
    await world.settle()
    world.clear()
    if direction == "left_to_right":
        world.anna.mailbox.edit(world.in_outlook()["id"], {"subject": "Umbenannt", **NOTES})
    else:
        world.patch(world.in_flowfact(), subject="Umbenannt", message="neu")
    await world.settle()
    assert world.writes() == []
    assert (world.in_flowfact() if direction == "left_to_right" else world.in_outlook())["id"] == source["id"]


async def test_an_edit_of_the_target_stays_until_the_source_changes(world: World) -> None:
    world.configure("left_to_right")
    entity = world.appointment()
    await world.settle()
    world.anna.mailbox.edit(world.in_outlook()["id"], {"subject": "Umbenannt"})
    await world.settle()
    assert world.in_outlook("Umbenannt")
    world.patch(entity, subject="Endgültig")
    await world.settle()
    assert world.in_outlook("Endgültig")
    world.expect_converged(1, direction="left_to_right")


async def test_a_new_direction_writes_nothing_before_its_plan_is_confirmed(
    live: World,
) -> None:
    live.configure("left_to_right")
    live.rewrite("overlap_seconds: 120", "overlap_seconds: 1")
    live.appointment()
    await live.settle()
    live.anna.mailbox.edit(live.in_outlook()["id"], NOTES)
    live.event("aus Outlook", hours=2)
    await live.settle()
    live.rewrite('direction: "left_to_right"', 'direction: "both"')
    live.clear()
    live.appointment("aus FLOWFACT", hours=4)
    await live.sync()
    assert live.flowfact_writes() == []
    assert live.in_outlook("aus FLOWFACT")
    planned = json.loads((await live.command("plan", "--json")).output)["accounts"]["anna"]
    held = sorted((one["side"], one["reason"], one["wanted"]) for one in planned["operations"])
    assert held == [("left", "direction", "create"), ("left", "direction", "update")]
    confirmed = await live.command("confirm", "anna", planned["hash"])
    assert (confirmed.code, confirmed.errors) == (0, "")
    assert live.flowfact_writes() == []
    await live.settle()
    assert sorted(one.method for one in live.flowfact_writes()) == ["PATCH", "POST"]
    live.expect_converged(3)
