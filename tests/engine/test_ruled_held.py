"""What a rule or a guard had kept back is held when it goes, and waits until somebody or something decides."""

from __future__ import annotations

from typing import Any

import pytest

from calsync.desk.decisions import decide
from calsync.ports import NoAccess
from calsync.sync.choices import Choice
from calsync.sync.model import Direction, Event, Side, State
from calsync.sync.plan import Kind
from calsync.sync.rules import Drop, Hold, Verdict
from calsync.values import replace
from tests.engine.deciding import cases, say
from tests.engine.ruling import REAL, Guards, Skips, held, runs_with, writes

World = Any  # tests replace its methods, and name what is counted by plain text


async def test_what_a_rule_had_skipped_is_held_when_it_goes(world: World, meeting: Event) -> None:
    world.left.user_create(replace(meeting, summary="Urlaub"))
    world.right.user_create(replace(meeting, summary="Urlaub auch hier"))
    world.left.user_create(meeting)
    await runs_with(world, Skips())
    await runs_with(world)
    assert writes(world) == 1
    assert sorted(await held(world)) == [("left", "create", "rules"), ("right", "create", "rules")]


async def test_released_it_is_copied_and_discarded_it_never_is(world: World, meeting: Event) -> None:
    world.left.user_create(replace(meeting, summary="Urlaub"))
    await runs_with(world, Skips())
    await runs_with(world)
    assert await say(world, Choice.RELEASE) == 1
    await world.settle()
    assert len(world.right.events()) == 1
    assert await held(world) == []
    kept = world.left.user_create(replace(meeting, summary="Messe"))
    await runs_with(world, Skips("Messe"), times=1)
    assert len(world.right.events()) == 1
    await runs_with(world)
    assert await say(world, Choice.KEEP) == 1
    await world.settle()
    world.left.user_edit(kept, summary="Messe Köln")
    await world.settle()
    assert len(world.right.events()) == 1
    assert await held(world) == []
    (link,) = [each for each in (await links(world)) if each.state is State.PARTED]
    assert (link.left, link.right, link.reason) == (kept, None, "left_alone")
    world.left.user_delete(kept)
    await world.settle()
    assert [each for each in (await links(world)) if each.state is State.PARTED] == []


async def links(world: World) -> list[Any]:
    state = await world.store.load("anna", world.clock.now())
    return [*state.links.values()]


async def test_it_goes_on_waiting_through_an_edit_a_restart_and_a_day(world: World, meeting: Event) -> None:
    event_id = world.left.user_create(replace(meeting, summary="Urlaub"))
    await runs_with(world, Skips())
    await runs_with(world)
    since = (await cases(world))[0].since
    world.left.user_edit(event_id, description="mit Hund")
    world.clock.advance(100_000)
    await runs_with(world)
    assert [case.since for case in await cases(world)] == [since]
    assert writes(world) == 0


@pytest.mark.parametrize("kind", [Kind.DELETE, Kind.UPDATE])
async def test_it_goes_on_waiting_under_a_new_id(world: World, meeting: Event, kind: Kind) -> None:
    left = world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="Notar"))
    guards = Guards(Hold("not_now"))
    await runs_with(world, guards)
    (copy,) = [each for each, event in world.right.events().items() if event.summary == meeting.summary]
    if kind is Kind.DELETE:
        world.right.user_delete(copy)
    else:
        world.right.user_edit(copy, summary="verlegt")
    await runs_with(world, guards)
    await runs_with(world)
    assert await held(world) == [("left", kind, "rules")]
    done, event = writes(world), world.left.events()[left]
    world.left.user_purge(left)
    world.left.rows.add(event, by_us=False)
    await runs_with(world)
    assert await held(world) == [("left", kind, "rules")]
    assert writes(world) == done


async def test_it_waits_no_more_where_the_rule_is_back_or_the_event_is_gone(world: World, meeting: Event) -> None:
    world.left.user_create(replace(meeting, summary="Urlaub"))
    gone = world.left.user_create(replace(meeting, summary="Urlaub im Mai"))
    await runs_with(world, Skips())
    await runs_with(world)
    world.left.user_delete(gone)
    await runs_with(world)
    assert len(await held(world)) == 1
    await runs_with(world, Skips())
    assert await held(world) == []
    await runs_with(world)
    assert await held(world) == [("right", "create", "rules")]


async def test_an_edit_that_waited_while_a_pair_slept_is_held(world: World, meeting: Event) -> None:
    event_id = world.left.user_create(meeting)
    await runs_with(world)
    world.left.user_edit(event_id, summary="Urlaub")
    await runs_with(world, Skips())
    assert [event.summary for event in world.right.events().values()] == [meeting.summary]
    await runs_with(world)
    assert await held(world) == [("right", "update", "rules")]
    assert [event.summary for event in world.right.events().values()] == [meeting.summary]
    assert await say(world, Choice.KEEP) == 1
    await world.settle()
    assert await held(world) == []
    assert [event.summary for event in world.right.events().values()] == [meeting.summary]


@pytest.mark.parametrize(
    "verdict", [Hold("vacation"), Drop(frozenset({"summary"}), "vacation")], ids=["hold", "drop"]
)
async def test_what_a_guard_had_kept_back_is_held_when_it_goes(
    world: World, meeting: Event, verdict: Verdict
) -> None:
    edited = world.left.user_create(meeting)
    deleted = world.left.user_create(replace(meeting, summary="weg"))
    await runs_with(world)
    done = writes(world)
    world.left.user_edit(edited, summary="Rückruf")
    if isinstance(verdict, Hold):
        world.left.user_delete(deleted)
    await runs_with(world, Guards(verdict))
    await runs_with(world)
    assert writes(world) == done
    expected = [("right", "update", "rules")]
    if isinstance(verdict, Hold):
        expected.insert(0, ("right", "delete", "rules"))
    assert sorted(await held(world)) == expected
    assert await say(world, Choice.RELEASE) == len(expected)
    await world.settle()
    assert [event.summary for event in world.right.events().values()] == (
        ["Rückruf"] if isinstance(verdict, Hold) else ["Rückruf", "weg"]
    )


async def test_what_a_server_cuts_beside_a_released_write_leaves_alone_what_a_person_keeps(
    world: World, meeting: Event
) -> None:
    """Its writes are unconditional, and cut the notes of its users, also when only the summary is written."""
    world.left.capabilities = replace(world.left.capabilities, conditional_writes=False)
    world.left.behaviour.normalise = lambda event: replace(event, description=event.description[:12])
    left = world.left.user_create(replace(meeting, description="Hof"))
    await runs_with(world)
    (right,) = world.right.events()
    world.right.user_edit(right, summary="Rückruf")
    world.left.user_edit(left, description="Schlüssel beim Hausmeister")
    await runs_with(world, Guards(Hold("vacation")))
    await runs_with(world)
    held_of = {case.side: case.name for case in await cases(world)}
    for side, choice in ((Side.LEFT, Choice.RELEASE), (Side.RIGHT, Choice.KEEP)):
        await decide(world.store, "anna", Direction.BOTH, [held_of[side]], choice, world.clock.now())
    await world.settle()
    assert world.left.events()[left].summary == "Rückruf"
    assert world.left.events()[left].description == "Schlüssel be"
    assert world.right.events()[right].description == "Hof"


async def test_what_is_in_doubt_when_the_rules_change_is_held_all_the_same(world: World, meeting: Event) -> None:
    asleep = world.left.user_create(meeting)
    await runs_with(world)
    world.left.user_edit(asleep, summary="Urlaub")
    alone = world.left.user_create(replace(meeting, summary="Urlaub im Mai"))
    await runs_with(world, Skips())
    done = writes(world)
    world.left.user_delete(asleep)
    world.left.user_delete(alone)
    locate = world.left.locate

    async def unknown(event_id: str, uid: str | None = None) -> Any:
        del event_id, uid
        return NoAccess()

    world.left.locate = unknown
    await runs_with(world)
    assert sorted(await held(world)) == [("right", "create", "rules"), ("right", "hold", "rules")]
    for event_id in (asleep, alone):
        world.left.user_restore(event_id)
    world.left.locate = locate
    await runs_with(world)
    assert writes(world) == done
    assert sorted(await held(world)) == [("right", "create", "rules"), ("right", "update", "rules")]


async def test_what_a_guard_holds_names_its_rule_as_long_as_it_waits(world: World, meeting: Event) -> None:
    event = world.left.user_create(meeting)
    await runs_with(world, *REAL)
    (copy,) = world.right.events()
    world.left.user_edit(event, summary="verlegt")
    await runs_with(world, Guards(Hold("seldom")), times=1)
    (first,) = await cases(world)
    assert (first.event_id, first.reason, first.rule) == (copy, "seldom", "guards")
    world.clock.advance(3600)
    await runs_with(world, Guards(Hold("seldom")), times=1)
    assert await cases(world) == [first]
