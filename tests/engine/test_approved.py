"""A plan that a person has approved is carried out exactly so, or nothing is written."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.engine import Applied, Engine, Report, carry
from calsync.engine.notebook import LEASE_LIFE
from calsync.errors import EventError, Retry, SwitchedOff, UnknownOutcome
from calsync.store import MemoryRuns, SqliteStore
from calsync.sync.approved import Approved, plan_lines
from calsync.sync.model import Direction, Event, Side, Timed
from calsync.sync.plan import Kind
from calsync.testing.memory import MemoryCalendar
from calsync.values import replace
from calsync_rules.private_mask import PrivateMask
from tests.sqlite_file import raw

if TYPE_CHECKING:
    from tests.engine.conftest import World


async def look(world: World) -> Approved:
    """Say what a sync would do, on a copy of the store, as `calsync plan` does; the person approves it."""
    world.clock.advance(1)
    store = await SqliteStore.in_memory()
    try:
        content = await world.store._writer.call(lambda database: raw(database).serialize())
        await store._writer.call(lambda database: raw(database).deserialize(content))
        report = Report()
        runs = MemoryRuns(world.runs.numbers)
        await Engine(store, runs, world.clock, random.Random(1), "look").run(world.account(), report, write=False)
    finally:
        await store.close()
    assert report.window is not None
    return Approved(
        hash=report.plan.hash,
        waits=report.rebuild,
        window=report.window,
        calendars={side: world.account().calendars[side].key for side in Side},
        lines=plan_lines(report.plan),
    )


async def apply(world: World, approved: Approved, report: Report | None = None) -> Applied:
    world.clock.advance(1)
    engine = Engine(world.store, world.runs, world.clock, random.Random(2), "person")
    return await engine.apply(world.account(), approved, report or Report())


def writes(world: World) -> list[Any]:
    return [*world.left.writes(), *world.right.writes()]


def moved(applied: Applied) -> list[tuple[str, str, str]]:
    return [(each.what, each.line.kind, each.line.summary) for each in applied.drift.moved]


@pytest.fixture
async def synced(world: World, meeting: Event) -> World:
    for summary in ("eins", "zwei", "drei"):
        world.left.user_create(replace(meeting, summary=summary))
    await world.settle()
    return world


def left(world: World, summary: str) -> str:
    found: str = next(each for each, event in world.left.events().items() if event.summary == summary)
    return found


async def test_it_is_carried_out_in_one_pass_and_says_what_it_did(synced: World, meeting: Event) -> None:
    synced.left.user_edit(left(synced, "eins"), summary="eins neu")
    synced.left.user_delete(left(synced, "zwei"))
    synced.right.user_create(replace(meeting, summary="vier"))
    approved, report = await look(synced), Report()
    assert (await apply(synced, approved, report)).problem is None
    counts = report.counts
    assert (counts[Side.RIGHT].updated, counts[Side.RIGHT].deleted, counts[Side.LEFT].created) == (1, 1, 1)
    done = len(writes(synced))
    await synced.settle()
    assert len(writes(synced)) == done


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("edited", [("changed", "update", "eins anders")]),
        ("deleted", [("changed", "delete", "eins neu")]),
        ("new", [("added", "create", "fünf")]),
        ("taken back", [("gone", "update", "eins neu")]),
    ],
)
async def test_where_the_world_has_moved_nothing_is_written_and_it_is_named(
    synced: World, meeting: Event, side: Side, change: str, expected: list[tuple[str, str, str]]
) -> None:
    event_id = left(synced, "eins")
    synced.left.user_edit(event_id, summary="eins neu")
    approved = await look(synced)
    done = len(writes(synced))
    if change == "edited":
        synced.left.user_edit(event_id, summary="eins anders")
    elif change == "deleted":
        synced.left.user_edit(event_id, summary="eins")
        synced.left.user_delete(event_id)
        expected = [("changed", "delete", "eins")]
    elif change == "new":
        calendar = synced.left if side is Side.LEFT else synced.right
        calendar.user_create(replace(meeting, summary="fünf"))
    else:
        synced.left.user_edit(event_id, summary="eins")
    applied = await apply(synced, approved)
    assert "nothing was written" in (applied.problem or "")
    assert len(writes(synced)) == done
    named = moved(applied)
    if change == "deleted":
        assert [("delete", "eins") in [each[1:] for each in named]] == [True]
    else:
        assert named == expected


async def test_what_a_person_looks_at_later_or_waits_with_may_be_carried_out(synced: World) -> None:
    synced.left.user_edit(left(synced, "eins"), summary="eins neu")
    approved = await look(synced)
    synced.clock.advance(40 * 3600)  # a listing in full, and another window
    assert (await apply(synced, approved)).problem is None
    assert "eins neu" in [event.summary for event in synced.right.events().values()]


async def test_that_the_window_moved_is_named(synced: World, meeting: Event) -> None:
    synced.left.user_edit(left(synced, "eins"), summary="eins neu")
    approved = await look(synced)
    start = synced.clock.now() + timedelta(days=365, hours=30)
    synced.left.user_create(replace(meeting, summary="in einem Jahr", when=Timed(start, start)))
    synced.clock.advance(40 * 3600)
    applied = await apply(synced, approved)
    assert moved(applied) == [("added", "create", "in einem Jahr")]
    assert applied.drift.window
    assert "the window moved" in (applied.problem or "")


async def test_while_a_write_is_open_nothing_is_carried_out(synced: World, meeting: Event) -> None:
    synced.left.user_create(replace(meeting, summary="vier"))
    synced.right.faults.add("create", lambda: UnknownOutcome("lost"), after=True)
    await synced.run()
    synced.left.user_edit(left(synced, "eins"), summary="eins neu")
    approved = await look(synced)
    done = len(writes(synced))
    assert "not known yet; run calsync sync" in ((await apply(synced, approved)).problem or "")
    assert len(writes(synced)) == done


async def test_what_was_put_back_meanwhile_is_told(synced: World) -> None:
    synced.left.user_edit(left(synced, "eins"), summary="eins neu")
    approved = await look(synced)
    done = len(writes(synced))
    await synced.runs.put("anna", 99)
    applied = await apply(synced, approved)
    assert "it waits for one now (behind)" in (applied.problem or "")
    assert len(writes(synced)) == done


async def test_another_calendar_is_told(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    approved = await look(world)
    other = replace(approved, calendars={Side.LEFT: "left", Side.RIGHT: "another"})
    assert "its right calendar is another one" in ((await apply(world, other)).problem or "")
    assert writes(world) == []


async def test_an_account_that_is_off_stays_so(synced: World) -> None:
    approved = await look(synced)
    await synced.store.settings.set_enabled("anna", False, "test", synced.clock.now())
    with pytest.raises(SwitchedOff):
        await apply(synced, approved)


async def test_an_edit_under_the_write_is_left_to_the_next_plan(
    synced: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced.left.user_edit(left(synced, "eins"), summary="eins neu")
    synced.left.user_edit(left(synced, "zwei"), summary="zwei neu")
    approved = await look(synced)
    copy = next(each for each, event in synced.right.events().items() if event.summary == "eins")
    update = MemoryCalendar.update

    async def overtaken(self: MemoryCalendar, target: Any, *rest: Any) -> Any:
        if target.id == copy:
            synced.right.user_edit(copy, summary="eins hier")
        return await update(self, target, *rest)

    monkeypatch.setattr(MemoryCalendar, "update", overtaken)
    applied = await apply(synced, approved)
    assert "was left as it is" in (applied.problem or "")
    assert sorted(event.summary for event in synced.right.events().values()) == ["drei", "eins hier", "zwei neu"]


async def test_a_side_that_is_not_listed_in_full_stops_it(synced: World) -> None:
    synced.left.user_edit(left(synced, "eins"), summary="eins neu")
    approved = await look(synced)
    done = len(writes(synced))
    synced.clock.advance(40 * 3600)
    synced.right.faults.add("changes", lambda: Retry("no listing"), after=False)
    with pytest.raises(Retry):
        await apply(synced, approved)
    assert len(writes(synced)) == done


# What waits for a person.


async def test_it_is_the_confirmation_of_a_first_sync(world: World, meeting: Event) -> None:
    world.settings["first_sync"] = "ask"
    world.left.user_create(meeting)
    world.right.user_create(replace(meeting, summary="Rückruf"))
    approved = await look(world)
    assert approved.waits == "first_sync"
    assert (await apply(world, approved)).problem is None
    assert len(world.left.events()) == len(world.right.events()) == 2
    assert (await world.run()).rebuild is None


async def test_a_first_sync_that_has_changed_still_waits(world: World, meeting: Event) -> None:
    world.settings["first_sync"] = "ask"
    world.left.user_create(meeting)
    approved = await look(world)
    world.right.user_create(replace(meeting, summary="Rückruf"))
    applied = await apply(world, approved)
    assert moved(applied) == [("added", "hold", "Rückruf")]
    assert writes(world) == []
    assert (await world.run()).rebuild == "first_sync"


async def test_it_is_the_confirmation_of_a_turned_direction(world: World, meeting: Event) -> None:
    world.settings["direction"] = Direction.LEFT_TO_RIGHT
    world.left.user_create(meeting)
    await world.settle()
    world.right.user_create(replace(meeting, summary="Rückruf"))
    world.settings["direction"] = Direction.BOTH
    approved = await look(world)
    assert approved.waits == "direction"
    assert (await apply(world, approved)).problem is None
    assert len(world.left.events()) == 2


async def test_it_is_the_confirmation_of_a_rebuild(synced: World) -> None:
    await synced.runs.put("anna", 99)
    synced.left.user_edit(left(synced, "eins"), summary="eins neu")
    await synced.run()
    approved = await look(synced)
    assert approved.waits == "behind"
    assert (await apply(synced, approved)).problem is None
    assert "eins neu" in [event.summary for event in synced.right.events().values()]
    assert (await synced.run()).rebuild is None


async def test_what_a_brake_holds_once_it_is_confirmed_is_not_written(world: World, meeting: Event) -> None:
    world.settings["direction"] = Direction.LEFT_TO_RIGHT
    ids = [world.left.user_create(replace(meeting, summary=f"Termin {number}")) for number in range(30)]
    assert ids
    await world.settle()
    for number, event_id in enumerate(world.right.events()):
        world.right.user_edit(event_id, description=f"Notiz {number}")
    world.settings["direction"] = Direction.BOTH
    approved, report = await look(world), Report()
    assert (await apply(world, approved, report)).problem is None
    assert report.notices[Kind.HOLD, Side.LEFT, "brake_rewrites"] == 30
    assert world.left.writes() == []


async def test_rules_that_were_changed_before_it_waits_are_part_of_what_is_confirmed(
    world: World, meeting: Event
) -> None:
    world.settings.update(direction=Direction.LEFT_TO_RIGHT, rules=())
    world.left.user_create(meeting)
    await world.settle()
    world.right.user_create(replace(meeting, summary="Rückruf"))
    await world.settle()
    world.settings.update(direction=Direction.BOTH, rules=(PrivateMask("Privat"),))
    assert (await apply(world, await look(world))).problem is None
    assert len(world.left.events()) == 2


async def test_what_fails_is_told_and_tried_again(synced: World) -> None:
    synced.left.user_edit(left(synced, "eins"), summary="eins neu")
    approved, report = await look(synced), Report()
    synced.right.faults.add("update", lambda: EventError("no"), after=False)
    assert (await apply(synced, approved, report)).problem is None
    assert report.counts[Side.RIGHT].failed == 1


async def test_a_delete_that_could_not_be_proven_in_time_is_told(
    synced: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced.left.user_delete(left(synced, "eins"))
    approved = await look(synced)
    prove = carry._still_there

    async def slow(*asked: Any) -> Any:
        place = await prove(*asked)
        synced.clock.advance(LEASE_LIFE.total_seconds() * 0.7)
        return place

    monkeypatch.setattr(carry, "_still_there", slow)
    report = Report()
    applied = await apply(synced, approved, report)
    assert "took too long" in (applied.problem or "")
    assert (len(synced.right.events()), report.counts[Side.RIGHT].deleted) == (3, 0)
