"""What a person decides about what is held is carried out by the next run: once, and only as the person saw it."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.desk.decisions import decide, waiting
from calsync.engine import Engine, engine
from calsync.engine.local import apply_local
from calsync.errors import Retry, UnknownOutcome
from calsync.sync.choices import Choice
from calsync.sync.model import Direction, Side, State, Timed
from calsync.values import replace
from tests.simulation.rules import Poisoned

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from calsync.desk.decisions import Case
    from calsync.engine.account import Run
    from calsync.ports import Page
    from calsync.sync.model import Event, Window
    from calsync.sync.plan import Plan
    from tests.engine.conftest import World

MANY = 8


async def cases(world: World) -> Sequence[Case]:
    return await waiting(world.store, "anna", direction(world), world.clock.now())


def direction(world: World) -> Direction:
    found: Direction = world.settings.get("direction", Direction.BOTH)
    return found


async def say(world: World, choice: Choice, *names: str) -> int:
    """Decide all that waits, or what is named; return for how much of it that counts."""
    wanted = names or [case.name for case in await cases(world)]
    taken = await decide(world.store, "anna", direction(world), wanted, choice, world.clock.now())
    return len(taken)


async def synced(world: World, meeting: Event, count: int = MANY + 2) -> list[str]:
    """Sync so many pairs; return the ids on the left."""
    ids = [world.left.user_create(replace(meeting, summary=f"Termin {number}")) for number in range(count)]
    await world.settle()
    return ids


async def held_deletes(world: World, meeting: Event) -> list[str]:
    """Have the deletes of all pairs but two held; return the deleted ids."""
    ids = (await synced(world, meeting))[:MANY]
    for event_id in ids:
        world.left.user_delete(event_id)
    await world.run()
    assert len(await cases(world)) == MANY
    assert len(world.right.events()) == MANY + 2
    return ids


async def conflict(world: World, meeting: Event) -> tuple[str, str]:
    """Have both sides change the same field of a pair, and the policy leave that to a person."""
    world.settings["policy"] = "hold"
    left = world.left.user_create(meeting)
    await world.settle()
    (right,) = world.right.events()
    world.left.user_edit(left, summary="links")
    world.right.user_edit(right, summary="rechts")
    await world.run()
    return left, right


def partner(world: World, event: Event) -> str:
    """Return the event on the right with the same summary."""
    (found,) = (each for each, copy in world.right.events().items() if copy.summary == event.summary)
    return found


async def test_released_deletes_are_carried_out_by_the_next_run(world: World, meeting: Event) -> None:
    await held_deletes(world, meeting)
    assert await say(world, Choice.RELEASE) == MANY
    assert len(world.right.events()) == MANY + 2
    await world.run()
    assert len(world.right.events()) == 2
    assert await cases(world) == []
    assert await world.store.decisions.of("anna") == []
    ledger = await world.store.ledger("anna", MANY)
    assert {(entry.kind, entry.reason) for entry in ledger} == {("delete", "released")}
    await world.settle()


async def test_released_deletes_do_not_hold_the_next_ordinary_one(world: World, meeting: Event) -> None:
    ids = await synced(world, meeting, 14)
    for event_id in ids[:10]:
        world.left.user_delete(event_id)
    await world.run()
    await say(world, Choice.RELEASE)
    await world.run()
    world.left.user_delete(ids[10])
    await world.run()
    assert len(world.right.events()) == 3
    assert await cases(world) == []


async def test_a_slow_drip_behind_a_release_is_still_held(world: World, meeting: Event) -> None:
    ids = await synced(world, meeting, 24)
    for event_id in ids[:8]:
        world.left.user_delete(event_id)
    await world.run()
    await say(world, Choice.RELEASE)
    for event_id in ids[8:14]:
        await world.run()
        world.left.user_delete(event_id)
    await world.run()
    assert len(world.right.events()) == 24 - 8 - 5
    assert [case.reason for case in await cases(world)] == ["brake_deletes"]


async def test_the_rest_of_a_side_does_not_go_along_with_what_was_released(world: World, meeting: Event) -> None:
    ids = await held_deletes(world, meeting)
    await say(world, Choice.RELEASE)
    for event_id in set(world.left.events()) - set(ids):
        world.left.user_delete(event_id)
    await world.run()
    assert len(world.right.events()) == 2
    assert [case.decided for case in await cases(world)] == [None, None]


async def test_what_was_not_released_waits_on_and_keeps_the_batch_open(world: World, meeting: Event) -> None:
    ids = await held_deletes(world, meeting)
    first, *others = await cases(world)
    assert await say(world, Choice.RELEASE, *(case.name for case in others)) == MANY - 1
    await world.run()
    assert len(world.right.events()) == 3
    assert [case.name for case in await cases(world)] == [first.name]
    world.left.user_delete(next(each for each in world.left.events() if each not in ids))
    await world.run()
    assert len(await cases(world)) == 2


async def test_a_batch_closes_when_all_of_it_is_kept(world: World, meeting: Event) -> None:
    await held_deletes(world, meeting)
    await say(world, Choice.KEEP)
    await world.run()
    world.left.user_delete(next(iter(world.left.events())))
    await world.settle()
    assert len(world.right.events()) == MANY + 1
    assert await cases(world) == []


async def test_an_edit_of_the_other_side_undoes_a_release(world: World, meeting: Event) -> None:
    ids = await held_deletes(world, meeting)
    await say(world, Choice.RELEASE)
    copy = partner(world, world.left.rows.rows[ids[0]].event)
    world.right.user_edit(copy, description="doch noch gebraucht")
    await world.run()
    assert copy in world.right.events()
    await world.settle()
    assert len(world.right.events()) == len(world.left.events()) == 3


async def test_an_old_release_does_not_count_for_another_delete(world: World, meeting: Event) -> None:
    ids = await held_deletes(world, meeting)
    (case,) = [case for case in await cases(world) if case.is_named(ids[0])]
    await say(world, Choice.RELEASE, case.name)
    world.left.user_restore(ids[0])
    await world.run()
    world.left.user_delete(ids[0])
    await world.run()
    assert len(world.right.events()) == MANY + 2
    assert {case.decided for case in await cases(world)} == {None}


async def test_a_restored_event_that_is_seen_just_before_the_write_is_not_deleted(
    world: World, meeting: Event
) -> None:
    ids = await held_deletes(world, meeting)
    await say(world, Choice.RELEASE)
    world.left.behaviour.lag = timedelta(days=1)
    world.left.user_restore(ids[0])
    await world.run()
    assert len(world.right.events()) == 3


async def test_a_moved_revision_without_an_edit_does_not_undo_a_release(world: World, meeting: Event) -> None:
    ids = await held_deletes(world, meeting)
    await say(world, Choice.RELEASE)
    copy = partner(world, world.left.rows.rows[ids[0]].event)
    world.right.user_edit(copy)
    await world.run()
    assert len(world.right.events()) == 2


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


@pytest.mark.parametrize("after", [False, True])
async def test_a_released_delete_of_unknown_outcome_is_carried_out_once(
    world: World, meeting: Event, after: bool
) -> None:
    await held_deletes(world, meeting)
    await say(world, Choice.RELEASE)
    world.right.faults.add("delete", lambda: UnknownOutcome("lost"), times=3, after=after)
    await world.run()
    await world.settle()
    assert len(world.right.events()) == 2
    assert await cases(world) == []
    assert await world.store.decisions.of("anna") == []


async def test_a_released_delete_goes_on_when_its_server_is_back(world: World, meeting: Event) -> None:
    await held_deletes(world, meeting)
    await say(world, Choice.RELEASE)
    world.right.faults.add("delete", lambda: Retry("down"), times=MANY)
    with pytest.raises(Retry):
        await world.run()
    assert {case.decided for case in await cases(world)} == {Choice.RELEASE}
    world.clock.advance(3600)
    await world.run()
    assert len(world.right.events()) == 2


async def test_what_is_kept_stays_and_is_deleted_never(world: World, meeting: Event) -> None:
    await held_deletes(world, meeting)
    await say(world, Choice.KEEP)
    for _ in range(3):
        world.clock.advance(2 * 86400)
        await world.settle()
    assert len(world.right.events()) == MANY + 2
    assert len(world.left.events()) == 2
    assert await cases(world) == []


async def test_what_is_kept_stays_so_under_a_new_id(world: World, meeting: Event) -> None:
    ids = [world.left.user_create(replace(meeting, summary=f"Termin {number}")) for number in range(3)]
    await world.settle()
    for event_id in ids:
        world.left.user_delete(event_id)
    await world.run()
    assert await say(world, Choice.KEEP) == 3
    await world.run()
    for event_id, event in world.right.events().items():
        marker = world.right.rows.rows[event_id].marker
        world.right.user_purge(event_id)
        world.right.rows.add(event, by_us=False, marker=marker)
    world.clock.advance(86400)
    await world.settle()
    assert len(world.right.events()) == 3
    links = (await world.store.load("anna", world.clock.now())).links.values()
    assert {(link.state, link.reason) for link in links} == {(State.PARTED, "kept")}


async def test_a_kept_pair_goes_on_when_its_original_comes_back(world: World, meeting: Event) -> None:
    ids = await held_deletes(world, meeting)
    await say(world, Choice.KEEP)
    await world.run()
    world.left.user_restore(ids[0])
    world.left.user_edit(ids[0], summary="wieder da")
    await world.settle()
    assert "wieder da" in {event.summary for event in world.right.events().values()}
    assert len(world.left.events()) == 3


async def test_what_is_blocked_when_it_is_kept_is_not_deleted_when_the_block_is_over(
    world: World, meeting: Event
) -> None:
    ids = await held_deletes(world, meeting)
    copy = partner(world, world.left.rows.rows[ids[0]].event)
    await say(world, Choice.KEEP)
    world.right.user_edit(copy, attendee_count=2)
    await world.run()
    world.right.user_edit(copy, attendee_count=0)
    await world.settle()
    assert copy in world.right.events()


async def test_a_release_does_not_lift_a_block(world: World, meeting: Event) -> None:
    ids = await held_deletes(world, meeting)
    copy = partner(world, world.left.rows.rows[ids[0]].event)
    await say(world, Choice.RELEASE)
    world.right.user_edit(copy, attendee_count=2)
    await world.run()
    assert list(world.right.events()).count(copy) == 1
    assert world.right.mails == 0


async def held_rewrites(world: World, meeting: Event) -> None:
    """Have the rewrites of 30 pairs held."""
    for event_id in await synced(world, meeting, 30):
        world.left.user_edit(event_id, description="überall neu")
    await world.run()
    assert {case.reason for case in await cases(world)} == {"brake_rewrites"}


async def test_released_rewrites_are_carried_out(world: World, meeting: Event) -> None:
    await held_rewrites(world, meeting)
    assert await say(world, Choice.RELEASE) == 30
    await world.run()
    assert {event.description for event in world.right.events().values()} == {"überall neu"}
    await world.settle()


async def test_rewrites_that_are_given_up_leave_both_sides_as_they_are(world: World, meeting: Event) -> None:
    await held_rewrites(world, meeting)
    await say(world, Choice.KEEP)
    await world.settle()
    assert {event.description for event in world.right.events().values()} == {"Schlüssel"}
    assert {event.description for event in world.left.events().values()} == {"überall neu"}
    assert await cases(world) == []
    told = [entry for entry in await world.store.ledger("anna", 200) if entry.reason == "given_up"]
    assert {entry.after["description"] for entry in told} == {"überall neu", "Schlüssel"}


async def test_an_edit_behind_a_rewrite_that_was_given_up_travels(world: World, meeting: Event) -> None:
    await held_rewrites(world, meeting)
    await say(world, Choice.KEEP)
    await world.run()
    world.left.user_edit(next(iter(world.left.events())), description="noch neuer")
    await world.settle()
    assert [event.description for event in world.right.events().values()].count("noch neuer") == 1


@pytest.mark.parametrize(
    ("choice", "wins", "loses"), [(Choice.LEFT, "links", "rechts"), (Choice.RIGHT, "rechts", "links")]
)
async def test_a_decided_conflict_ends_with_the_chosen_value_on_both_sides(
    world: World, meeting: Event, choice: Choice, wins: str, loses: str
) -> None:
    await conflict(world, meeting)
    assert await say(world, choice) == 1
    await world.run()
    assert {event.summary for side in world.both() for event in side} == {wins}
    (entry,) = await world.store.ledger("anna", 1)
    assert (entry.reason, entry.before["summary"], entry.after["summary"]) == ("decided", loses, wins)
    assert await cases(world) == []
    await world.settle()


async def test_a_conflict_may_be_left_different(world: World, meeting: Event) -> None:
    await conflict(world, meeting)
    await say(world, Choice.KEEP)
    await world.settle()
    assert [event.summary for side in world.both() for event in side] == ["links", "rechts"]
    assert await cases(world) == []


async def test_a_conflict_of_new_values_is_decided_anew(world: World, meeting: Event) -> None:
    left, right = await conflict(world, meeting)
    await say(world, Choice.LEFT)
    await world.run()
    world.left.user_edit(left, summary="links 2")
    world.right.user_edit(right, summary="rechts 2")
    await world.run()
    assert [event.summary for side in world.both() for event in side] == ["links 2", "rechts 2"]
    (case,) = await cases(world)
    assert case.decided is None


@pytest.mark.parametrize("after", [False, True])
async def test_a_decided_conflict_survives_a_lost_answer(world: World, meeting: Event, after: bool) -> None:
    await conflict(world, meeting)
    await say(world, Choice.LEFT)
    world.right.faults.add("update", lambda: UnknownOutcome("lost"), after=after)
    await world.run()
    await world.settle()
    assert {event.summary for side in world.both() for event in side} == {"links"}


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


async def test_what_a_server_may_have_changed_is_decided(world: World, meeting: Event) -> None:
    """Behind a lost answer nobody knows whether the server or a person cut the text."""
    world.right.behaviour.tells_writer = False
    left = world.left.user_create(meeting)
    await world.settle()
    (right,) = world.right.events()
    world.left.user_edit(left, description="Schlüssel beim Nachbarn")
    world.right.faults.add("update", lambda: UnknownOutcome("lost"), after=True)
    await world.run()
    world.right.user_edit(right, description="Schlüssel beim")
    await world.run()
    (case,) = await cases(world)
    assert (case.reason, case.choices) == ("changed_by_server", (Choice.LEFT, Choice.RIGHT, Choice.KEEP))
    await say(world, Choice.RIGHT)
    await world.settle()
    assert {event.description for side in world.both() for event in side} == {"Schlüssel beim"}
    assert await cases(world) == []


@pytest.mark.parametrize(("choice", "here"), [(Choice.RELEASE, 0), (Choice.KEEP, 1)])
async def test_a_delete_of_what_a_server_may_have_changed_is_decided(
    world: World, meeting: Event, choice: Choice, here: int
) -> None:
    world.right.behaviour.tells_writer = False
    left = world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    right = partner(world, meeting)
    world.left.user_edit(left, description="Schlüssel beim Nachbarn")
    world.right.faults.add("update", lambda: UnknownOutcome("lost"), after=True)
    await world.run()
    world.right.user_edit(right, description="Schlüssel beim")
    world.left.user_delete(left)
    await world.run()
    (case,) = await cases(world)
    assert (case.reason, case.gone, case.choices) == (
        "changed_by_server",
        Side.LEFT,
        (Choice.RELEASE, Choice.KEEP),
    )
    await say(world, choice)
    await world.settle()
    assert list(world.right.events()).count(right) == here
    assert await cases(world) == []


def later(when: Timed) -> Timed:
    return Timed(when.start + timedelta(hours=1), when.end + timedelta(hours=1))


async def test_a_field_that_only_one_side_changed_travels_while_a_conflict_waits(
    world: World, meeting: Event
) -> None:
    left, _ = await conflict(world, meeting)
    assert isinstance(meeting.when, Timed)
    world.left.user_edit(left, when=later(meeting.when))
    await world.run()
    (event,) = world.right.events().values()
    assert (event.summary, event.when) == ("rechts", later(meeting.when))
    assert [case.reason for case in await cases(world)] == ["conflict"]


async def held_rewrites_beside_a_conflict(world: World, meeting: Event) -> str:
    """Have the rewrites of 30 pairs held, and both sides of one change another field; return its copy."""
    world.settings["policy"] = "hold"
    await held_rewrites(world, meeting)
    left = next(each for each, event in world.left.events().items() if event.summary == "Termin 0")
    right = partner(world, world.left.events()[left])
    world.left.user_edit(left, summary="links")
    world.right.user_edit(right, summary="rechts")
    await world.run()
    assert {case.reason for case in await cases(world)} == {"brake_rewrites", "conflict"}
    return right


@pytest.mark.parametrize(
    ("rewrites", "notes"), [(Choice.KEEP, "Schlüssel"), (Choice.RELEASE, "überall neu"), (None, "Schlüssel")]
)
@pytest.mark.parametrize(("chosen", "summary"), [(Choice.LEFT, "links"), (Choice.RIGHT, "rechts")])
async def test_what_is_said_of_one_field_is_not_said_of_another(
    world: World, meeting: Event, rewrites: Choice | None, notes: str, chosen: Choice, summary: str
) -> None:
    """One field of a pair is a conflict, and a brake holds another."""
    right = await held_rewrites_beside_a_conflict(world, meeting)
    for case in await cases(world):
        if case.reason == "conflict":
            await say(world, chosen, case.name)
        elif rewrites is not None:
            await say(world, rewrites, case.name)
    await world.run()
    await world.run()
    assert world.right.events()[right].summary == summary
    assert world.right.events()[right].description == notes
    assert {event.summary for event in world.left.events().values()} >= {summary}
