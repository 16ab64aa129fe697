"""What a person decides about what is held is carried out by the next run: once, and only as the person saw it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from calsync.engine import Engine, engine
from calsync.engine.local import apply_local
from calsync.errors import Retry
from calsync.sync.choices import Choice
from calsync.sync.model import Direction, Side, State
from calsync.values import replace
from tests.engine.deciding import MANY, cases, conflict, held_deletes, say
from tests.simulation.rules import Poisoned

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from calsync.engine.account import Run
    from calsync.ports import Page
    from calsync.sync.model import Event, Window
    from calsync.sync.plan import Plan
    from tests.engine.conftest import World


async def test_nothing_counts_that_was_decided_about_other_values(world: World, meeting: Event) -> None:
    left, _ = await conflict(world, meeting)
    (case,) = await cases(world)
    world.left.user_edit(left, summary="links, ganz anders")
    await world.run()
    assert await say(world, Choice.LEFT, case.name) == 0
    (other,) = await cases(world)
    assert other.name != case.name


async def test_the_first_word_stands(world: World, meeting: Event) -> None:
    await held_deletes(world, meeting)
    assert await say(world, Choice.RELEASE) == MANY
    assert await say(world, Choice.KEEP) == 0
    assert {case.decided for case in await cases(world)} == {Choice.RELEASE}


async def test_a_decision_made_while_a_run_goes_on_counts_for_the_next_one(world: World, meeting: Event) -> None:
    await conflict(world, meeting)
    (case,) = await cases(world)
    read = world.left.changes

    async def changes(token: str | None, window: Window) -> AsyncIterator[Page]:
        await say(world, Choice.LEFT, case.name)
        async for page in read(token, window):
            yield page

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.left, "changes", changes)
        await world.run()
    assert {event.summary for event in world.right.events().values()} == {"rechts"}
    await world.run()
    assert {event.summary for event in world.right.events().values()} == {"links"}


async def test_what_is_decided_as_a_run_ends_its_hold_counts_for_the_next_one(
    world: World, meeting: Event
) -> None:
    """A twin looks like no other one any more, and is about to be copied; that fails."""
    world.left.user_create(meeting)
    twins = [world.right.user_create(meeting) for _ in range(2)]
    await world.run()
    for number, twin in enumerate(twins):
        world.right.user_edit(twin, summary=f"Termin {number}")

    async def said(run: Run, plan: Plan) -> bool:
        await say(world, Choice.KEEP, *[case.name for case in await cases(world) if case.side is Side.RIGHT])
        return await apply_local(run, plan)

    world.right.faults.add("create", lambda: Retry("busy"), times=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "apply_local", said)
        await world.run()
    world.right.faults.clear()
    await world.settle()
    assert meeting.summary not in {event.summary for event in world.right.events().values()}
    assert await cases(world) == []


async def test_a_failing_rule_is_not_released_and_takes_no_decision_away(world: World, meeting: Event) -> None:
    await held_deletes(world, meeting)
    await say(world, Choice.RELEASE)
    world.settings["rules"] = (Poisoned("guard"),)
    await world.run()
    poisoned = [case for case in await cases(world) if case.reason.startswith("rule_failed")]
    assert [case.choices for case in poisoned] == [(), ()]
    assert len(world.right.events()) == 4
    del world.settings["rules"]
    await world.run()
    assert len(world.right.events()) == 2


async def test_what_an_unconfirmed_direction_holds_cannot_be_released(world: World, meeting: Event) -> None:
    world.settings["direction"] = Direction.RIGHT_TO_LEFT
    world.right.user_create(meeting)
    await world.settle()
    world.left.user_edit(next(iter(world.left.events())), summary="links")
    world.settings["direction"] = Direction.BOTH
    await world.run()
    assert [(case.reason, case.choices) for case in await cases(world)] == [("direction", ())]


async def test_a_rebuild_drops_decisions_and_takes_none(world: World, meeting: Event) -> None:
    await held_deletes(world, meeting)
    await say(world, Choice.RELEASE)
    await world.runs.put("anna", 1000)
    await world.run()
    assert await world.store.decisions.of("anna") == []
    assert {case.choices for case in await cases(world)} <= {()}
    assert await say(world, Choice.RELEASE) == 0
    assert len(world.right.events()) == MANY + 2


async def test_what_is_said_of_one_of_several_that_a_lost_event_may_be_stays_while_another_one_is_in_doubt(
    world: World, meeting: Event
) -> None:
    known = replace(meeting, uid="uid-1")
    lost = world.left.user_create(known)
    await world.settle()
    world.left.user_purge(lost)
    one, other = world.left.user_create(known), world.left.user_create(known)
    await world.settle()
    (word,) = [case.name for case in await cases(world) if case.event_id == one]
    held = (await world.store.load("anna", world.clock.now())).holds
    assert await say(world, Choice.KEEP, word) == 1
    world.left.behaviour.hidden.add(other)
    world.left.behaviour.gone.add(other)
    world.left.drop_tokens()
    await world.run()
    state = await world.store.load("anna", world.clock.now())
    assert state.seen[Side.LEFT][other].standing.in_doubt
    assert state.holds == held
    assert [key[1] for key in state.decisions] == [one]
    world.left.behaviour.hidden.clear()
    world.left.behaviour.gone.clear()
    world.left.drop_tokens()
    await world.settle()
    state = await world.store.load("anna", world.clock.now())
    assert {(link.left, link.state) for link in state.links.values()} == {
        (one, State.PARTED),
        (other, State.AWAKE),
    }
    assert (state.holds, state.decisions) == ({}, {})


@pytest.mark.parametrize("doubted", ["before the old disk", "behind it"])
async def test_a_word_stays_while_its_pair_is_in_doubt_but_not_behind_an_old_disk(
    world: World, meeting: Event, doubted: str
) -> None:
    await held_deletes(world, meeting)
    await say(world, Choice.RELEASE)
    copies = set(world.right.events())
    if doubted == "behind it":
        await world.runs.put("anna", 1000)
    world.right.behaviour.hidden |= copies
    world.right.behaviour.gone |= copies
    world.right.drop_tokens()
    await world.run()
    stay = await world.store.decisions.of("anna")
    assert len(stay) == (MANY if doubted == "before the old disk" else 0)
    await world.runs.put("anna", 1000)
    world.right.behaviour.hidden.clear()
    world.right.behaviour.gone.clear()
    report = await world.run()
    assert await world.store.decisions.of("anna") == []
    engine = Engine(world.store, world.runs, world.clock, random.Random(1), "test")
    assert (await engine.confirm(world.account(), report.plan.hash)).problem is None
    await world.settle()
    assert set(world.right.events()) == copies
    assert [case.decided for case in await cases(world)] == [None] * MANY
