"""A change of the rules alone never writes: what only it would write is held, until a person has decided."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from calsync.engine import Engine, engine
from calsync.errors import EventError, Retry
from calsync.sync.plan import Kind
from calsync.values import replace
from calsync_rules.private_mask import PrivateMask
from tests.engine.ruling import REAL, Skips, held, runs_with, writes

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from calsync.sync.rules import Rule
    from tests.engine.conftest import World


@pytest.mark.parametrize("rule", REAL, ids=lambda rule: rule.name)
@pytest.mark.parametrize("private", [False, True])
async def test_a_real_rule_writes_nothing_to_pairs_when_it_comes_or_goes(
    world: World, meeting: Event, rule: Rule, private: bool
) -> None:
    others = [each for each in REAL if each is not rule]
    for number, reminder in enumerate([None, True, False]):
        event = replace(meeting, summary=f"Termin {number}", private=private, reminder=reminder)
        world.left.user_create(replace(event, attendee_count=number))
    for rules in (others, REAL, others, REAL):
        await runs_with(world, *rules)
        done = writes(world)
        await runs_with(world, *rules)
        assert writes(world) == done == 3, rules
        assert await held(world) == []


async def test_another_mask_is_not_written_over_the_copies(world: World, meeting: Event) -> None:
    world.left.user_create(replace(meeting, private=True))
    await runs_with(world, PrivateMask("Privat"))
    await runs_with(world, PrivateMask("Belegt"))
    assert [event.summary for event in world.right.events().values()] == ["Privat"]


async def test_what_is_edited_behind_the_change_goes_by_the_rules_of_today(world: World, meeting: Event) -> None:
    event_id = world.left.user_create(replace(meeting, private=True))
    await runs_with(world, PrivateMask("Privat"))
    world.left.user_edit(event_id, summary="Zahnarzt Dr. Weh")
    await runs_with(world)
    assert [event.summary for event in world.right.events().values()] == ["Zahnarzt Dr. Weh"]
    assert await held(world) == []


async def test_a_plan_says_beforehand_what_the_changed_rules_would_do(world: World, meeting: Event) -> None:
    world.left.user_create(replace(meeting, summary="Urlaub"))
    await runs_with(world, Skips())
    world.settings["rules"] = ()
    planned = await world.run(write=False)
    assert [(one.kind, one.reason, one.wanted) for one in planned.plan.operations] == [
        (Kind.HOLD, "rules", Kind.CREATE)
    ]
    assert (await world.run()).plan.hash == planned.plan.hash


async def test_what_is_new_in_the_run_of_the_change_is_copied(world: World, meeting: Event) -> None:
    await runs_with(world, Skips())
    world.left.user_create(replace(meeting, summary="Urlaub"))
    await runs_with(world)
    assert len(world.right.events()) == 1
    assert await held(world) == []


async def test_what_failed_before_is_tried_again(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: EventError("no"), after=False)
    await runs_with(world, Skips(), times=1)
    world.clock.advance(10_000)
    await runs_with(world)
    assert len(world.right.events()) == 1


async def test_a_store_that_knows_no_rules_takes_them_as_they_are(
    world: World, meeting: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.left.user_create(replace(meeting, summary="Urlaub"))
    await runs_with(world, Skips())
    forget = "UPDATE account SET rules = NULL"
    await world.store._writer.write(lambda database: database.execute(forget))
    await runs_with(world)
    assert len(world.right.events()) == 1


async def test_a_run_that_broke_off_before_it_had_decided_leaves_the_change_to_the_next(
    world: World, meeting: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.left.user_create(replace(meeting, summary="Urlaub"))
    await runs_with(world, Skips())
    with monkeypatch.context() as broken:
        broken.setattr(engine, "apply_local", _fails)
        with pytest.raises(Retry):
            await runs_with(world)
    await runs_with(world)
    assert writes(world) == 0
    assert await held(world) == [("right", "create", "rules")]


async def _fails(*_: Any) -> bool:
    raise Retry("broken off")


async def test_a_first_plan_that_waits_takes_the_rules_of_the_day(world: World, meeting: Event) -> None:
    world.settings["first_sync"] = "ask"
    world.left.user_create(replace(meeting, summary="Urlaub"))
    await runs_with(world, Skips())
    report = await runs_with(world)
    assert [(one.reason, one.wanted) for one in report.plan.operations] == [("first_sync", Kind.CREATE)]
    person = Engine(world.store, world.runs, world.clock, random.Random(1), "person")
    world.clock.advance(1)
    assert (await person.confirm(world.account(), report.plan.hash)).problem is None
    await world.settle()
    assert len(world.right.events()) == 1
