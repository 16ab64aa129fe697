"""A direction that was changed: no side is written that was only read before, until a person has confirmed it."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.engine import Engine, planning
from calsync.errors import UnknownOutcome
from calsync.store import SqliteStore
from calsync.store.opening import connect
from calsync.sync.model import Capabilities, Direction, Side
from calsync.sync.plan import Kind
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from calsync.engine import Report
    from calsync.sync.model import Event

    Turn = Callable[[Direction], Awaitable[Report]]

World = Any  # tests replace its methods, and name what is counted by plain text
BOTH, TO_RIGHT, TO_LEFT = Direction.BOTH, Direction.LEFT_TO_RIGHT, Direction.RIGHT_TO_LEFT


@pytest.fixture
def turn(world: World) -> Turn:
    """Return how somebody chooses a direction, and starts calsync again."""

    async def choose(direction: Direction) -> Report:
        world.settings["direction"] = direction
        report: Report = await world.run()
        return report

    return choose


async def confirm(world: World, plan_hash: str) -> str | None:
    world.clock.advance(1)
    engine = Engine(world.store, world.runs, world.clock, random.Random(1), "person")
    problem: str | None = (await engine.confirm(world.account(), plan_hash)).problem
    return problem


def held(report: Report) -> list[tuple[str, str, str | None]]:
    return [(one.side, one.reason, one.wanted) for one in report.plan.operations if one.kind is Kind.HOLD]


def only(calendar: Any) -> Any:
    """Return the id of the only event of a calendar."""
    (event_id,) = calendar.events()
    return event_id


async def test_nothing_is_written_to_a_side_that_was_only_read_before(
    world: World, turn: Turn, meeting: Event
) -> None:
    world.left.user_create(meeting)
    await turn(TO_RIGHT)
    world.right.user_create(replace(meeting, summary="Rückruf"))
    for _ in range(3):
        report = await turn(BOTH)
        assert held(report) == [("left", "direction", "create")]
        assert report.rebuild == "direction"
        assert report.notices == {(Kind.HOLD, Side.LEFT, "direction"): 1}
    assert world.left.writes() == []


async def test_the_other_side_is_written_meanwhile(world: World, turn: Turn, meeting: Event) -> None:
    world.left.user_create(meeting)
    await turn(TO_RIGHT)
    world.right.user_edit(only(world.right), description="Tor klemmt")
    world.left.user_edit(only(world.left), summary="Besichtigung Altbau")
    world.left.user_create(replace(meeting, summary="Notar"))
    await turn(BOTH)
    assert {(event.summary, event.description) for event in world.right.events().values()} == {
        ("Besichtigung Altbau", "Tor klemmt"),
        ("Notar", "Schlüssel"),
    }
    assert held(await world.run()) == [("left", "direction", "update")]
    assert world.left.writes() == []


async def test_what_waited_is_written_when_a_person_has_confirmed(
    world: World, turn: Turn, meeting: Event
) -> None:
    world.left.user_create(meeting)
    await turn(TO_RIGHT)
    world.right.user_edit(only(world.right), description="Tor klemmt")
    world.right.user_create(replace(meeting, summary="Rückruf"))
    report = await turn(BOTH)
    assert await confirm(world, report.plan.hash) is None
    assert world.left.writes() == []
    await world.settle()
    left, right = world.both()
    assert [(one.summary, one.description) for one in left] == [
        ("Besichtigung", "Tor klemmt"),
        ("Rückruf", "Schlüssel"),
    ]
    assert len(right) == 2
    assert (await world.run()).rebuild is None


async def test_an_edit_and_a_delete_that_one_way_left_alone_are_shown_before_they_travel(
    world: World, turn: Turn, meeting: Event
) -> None:
    for summary in ("eins", "zwei", "drei"):
        world.left.user_create(replace(meeting, summary=summary))
    await turn(TO_RIGHT)
    ids = {event.summary: event_id for event_id, event in world.right.events().items()}
    world.right.user_edit(ids["eins"], summary="geändert")
    await world.settle()
    world.right.user_delete(ids["zwei"])
    await turn(BOTH)
    assert sorted(held(await world.run())) == [("left", "direction", "delete"), ("left", "direction", "update")]
    assert len(world.left.events()) == 3


async def test_many_edits_that_wait_brake_no_other_side(world: World, turn: Turn, meeting: Event) -> None:
    for number in range(25):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await turn(TO_RIGHT)
    for event_id in world.right.events():
        world.right.user_edit(event_id, description="Tor klemmt")
    world.left.user_edit(next(iter(world.left.events())), summary="Notar")
    assert held(await turn(BOTH)) == [("left", "direction", "update")] * 25
    assert "Notar" in {event.summary for event in world.right.events().values()}


async def test_a_plan_shows_what_waits_and_has_the_hash_to_confirm(
    world: World, turn: Turn, meeting: Event
) -> None:
    await turn(TO_RIGHT)
    world.right.user_create(meeting)
    world.settings["direction"] = BOTH
    real, runs = world.store, dict(world.runs.numbers)
    connection = await connect(":memory:", ":memory:")
    await connection.back_up(real._writer._database)
    world.store = SqliteStore(connection, connection)
    planned = await world.run(write=False)
    await world.store.close()
    world.store, world.runs.numbers = real, runs
    assert held(planned) == [("left", "direction", "create")]
    assert planned.rebuild == "direction"
    assert await confirm(world, planned.plan.hash) is None
    await world.run()
    assert len(world.left.events()) == 1


async def test_another_plan_than_the_one_that_a_person_saw_is_not_confirmed(
    world: World, turn: Turn, meeting: Event
) -> None:
    await turn(TO_RIGHT)
    world.right.user_create(meeting)
    seen = await turn(BOTH)
    world.right.user_create(replace(meeting, summary="Rückruf"))
    problem = await confirm(world, seen.plan.hash)
    assert problem is not None
    assert f"the plan is not {seen.plan.hash} any more" in problem
    await world.run()
    assert world.left.writes() == []


async def test_a_plan_without_operations_waits_as_well_and_says_so(
    world: World, turn: Turn, meeting: Event
) -> None:
    await turn(TO_RIGHT)
    report = await turn(BOTH)
    assert (report.plan.operations, report.rebuild) == ((), "direction")
    assert report.notices == {(Kind.HOLD, Side.LEFT, "direction"): 1}
    world.right.user_create(meeting)
    await world.run()
    assert world.left.writes() == []


async def test_the_old_direction_ends_the_waiting_and_the_new_one_waits_again(
    world: World, turn: Turn, meeting: Event
) -> None:
    await turn(TO_RIGHT)
    world.right.user_create(meeting)
    await turn(BOTH)
    report = await turn(TO_RIGHT)
    assert (report.rebuild, held(report)) == (None, [])
    report = await turn(BOTH)
    assert held(report) == [("left", "direction", "create")]
    assert await confirm(world, report.plan.hash) is None
    await world.settle()
    assert len(world.left.events()) == 1
    await turn(TO_RIGHT)
    world.right.user_create(replace(meeting, summary="Rückruf"))
    assert held(await turn(BOTH)) == [("left", "direction", "create")]


async def test_a_direction_that_is_turned_round_holds_all_writes_until_it_is_confirmed(
    world: World, turn: Turn, meeting: Event
) -> None:
    world.left.user_create(meeting)
    await turn(TO_RIGHT)
    world.right.user_edit(only(world.right), summary="Besichtigung Altbau")
    report = await turn(TO_LEFT)
    assert held(report) == [("left", "direction", "update")]
    assert await confirm(world, report.plan.hash) is None
    await world.settle()
    assert world.left.events()[only(world.left)].summary == "Besichtigung Altbau"


async def test_a_side_that_was_only_read_in_between_waits_although_it_was_written_once(
    world: World, turn: Turn, meeting: Event
) -> None:
    await turn(TO_RIGHT)
    await turn(TO_LEFT)
    world.left.user_create(meeting)
    world.right.user_create(replace(meeting, summary="Rückruf"))
    report = await turn(BOTH)
    assert sorted(held(report)) == [("left", "direction", "create"), ("right", "direction", "create")]
    assert await confirm(world, report.plan.hash) is None
    await world.settle()
    assert len(world.left.events()) == len(world.right.events()) == 2


@pytest.mark.parametrize("direction", Direction)
async def test_a_new_account_waits_for_nobody(
    world: World, turn: Turn, meeting: Event, direction: Direction
) -> None:
    world.left.user_create(meeting)
    world.right.user_create(replace(meeting, summary="Rückruf"))
    report = await turn(direction)
    assert report.rebuild is None
    assert sum(counts.created for counts in report.counts.values()) == (2 if direction is BOTH else 1)


async def test_a_direction_that_writes_less_waits_for_nobody(world: World, turn: Turn, meeting: Event) -> None:
    await turn(BOTH)
    world.left.user_create(meeting)
    report = await turn(TO_RIGHT)
    assert (report.rebuild, len(world.right.events())) == (None, 1)


async def test_an_account_of_an_older_calsync_takes_its_direction_as_it_is(
    world: World, turn: Turn, meeting: Event
) -> None:
    await turn(TO_RIGHT)
    forget = "UPDATE side SET written = NULL"
    await world.store._writer.write(lambda database: database.execute(forget))
    world.right.user_create(meeting)
    report = await turn(BOTH)
    assert (report.rebuild, len(world.left.events())) == (None, 1)


async def test_one_word_ends_a_rebuild_and_confirms_the_direction(
    world: World, turn: Turn, meeting: Event
) -> None:
    world.left.user_create(meeting)
    await turn(TO_RIGHT)
    world.right.user_edit(only(world.right), description="Tor klemmt")
    world.runs.numbers["anna"] += 1
    report = await turn(BOTH)
    assert held(report) == [("left", "rebuild", "update")]
    assert report.rebuild == "behind"
    assert report.notices[Kind.HOLD, Side.LEFT, "direction"] == 1
    assert await confirm(world, report.plan.hash) is None
    assert (await world.run()).rebuild is None
    assert world.left.events()[only(world.left)].description == "Tor klemmt"


async def test_a_lost_create_is_looked_up_and_never_repeated_there(
    world: World, turn: Turn, meeting: Event
) -> None:
    lag = timedelta(seconds=120)
    world.left.capabilities = replace(world.left.capabilities, marker_lag=lag)
    world.right.user_create(meeting)
    world.left.faults.add("create", lambda: UnknownOutcome("lost"), after=False)
    await turn(BOTH)
    await turn(TO_RIGHT)
    world.clock.advance(200)
    report = await turn(BOTH)
    assert held(report) == [("left", "direction", "create")]
    assert world.left.events() == {}
    assert await confirm(world, report.plan.hash) is None
    await world.settle()
    assert len(world.left.events()) == 1


async def test_a_plan_is_not_confirmed_while_an_outcome_is_unknown(
    world: World, turn: Turn, meeting: Event
) -> None:
    world.right.capabilities = Capabilities(marker_lag=timedelta(seconds=120))
    await turn(TO_RIGHT)
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: UnknownOutcome("lost"), after=False)
    report = await turn(BOTH)
    world.settings["direction"] = BOTH
    world.clock.advance(200)
    problem = await confirm(world, (await world.run(write=False)).plan.hash)
    assert report.rebuild == "direction"
    assert problem is not None
    assert "is not known yet; run calsync sync" in problem
    assert world.right.events() == {}


async def test_a_plan_is_not_confirmed_while_a_link_is_to_be_made_first(
    world: World, turn: Turn, meeting: Event
) -> None:
    await turn(TO_RIGHT)
    await turn(BOTH)
    for calendar in (world.left, world.right):
        calendar.user_create(meeting)
    planned = await world.run(write=False)
    problem = await confirm(world, planned.plan.hash)
    assert problem is not None
    assert "run calsync sync, then plan again" in problem
    assert await confirm(world, (await world.run()).plan.hash) is not None
    assert await confirm(world, (await world.run()).plan.hash) is None


async def test_a_write_that_no_plan_should_hold_is_not_sent(
    world: World, turn: Turn, meeting: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    await turn(TO_RIGHT)
    world.right.user_create(meeting)
    monkeypatch.setattr(planning, "hold_unconfirmed", lambda plan, *_: plan)
    report = await turn(BOTH)
    assert report.notices[Kind.CREATE, Side.LEFT, "retry"] == 1
    assert world.left.writes() == []
    assert (await world.store.load("anna", world.clock.now())).intents == {}


async def test_nothing_waits_for_the_word_any_more_that_was_said_while_an_event_was_in_doubt(
    world: World, turn: Turn, meeting: Event
) -> None:
    world.left.user_create(meeting)
    await turn(TO_RIGHT)
    doubted = world.right.user_create(replace(meeting, summary="Rückruf"))
    await turn(BOTH)
    world.right.behaviour.hidden.add(doubted)
    world.right.behaviour.gone.add(doubted)
    world.right.user_create(replace(meeting, summary="Notar"))
    world.right.drop_tokens()
    report = await turn(BOTH)
    assert held(report) == [("left", "direction", "create")]
    assert len((await world.store.load("anna", world.clock.now())).holds) == 2
    assert await confirm(world, report.plan.hash) is None
    assert not (await world.store.load("anna", world.clock.now())).holds
