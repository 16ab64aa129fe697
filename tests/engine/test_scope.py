"""A run of an account at rest plans for what its sides tell of, and decides what a plan for all would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calsync.engine import rest
from calsync.engine.notebook import Notebook
from calsync.errors import Retry
from calsync.ports import Page
from calsync.store import MemoryRuns
from calsync.sync.model import Direction, Side, Timed
from calsync.sync.plan import Kind
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from calsync.engine import Report
    from calsync.sync.model import Event, Window

World = Any  # tests replace its methods, and name what is counted by plain text
PAIRS = 12
DAY = 86400


@pytest.fixture
async def resting(world: World, meeting: Event) -> World:
    """Return a world with pairs, an event that is left out, and an account at rest."""
    for number in range(PAIRS):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    world.right.user_create(replace(meeting, summary="jede Woche", series=True))
    await world.settle()
    for _ in range(4):
        if (await world.poll()).unsynced is None:
            return world
    raise AssertionError("the account does not come to rest")


def _of(calendar: Any, summary: str) -> str:
    (found,) = (event_id for event_id, event in calendar.events().items() if event.summary == summary)
    return str(found)


def _pair(world: World, summary: str) -> tuple[str, str]:
    return _of(world.left, summary), _of(world.right, summary)


def _was_left_alone(report: Report) -> bool:
    return report.unsynced is None and report.among is None


def _were_all_planned_for(report: Report) -> bool:
    return report.unsynced is not None and report.among is None


async def test_only_what_is_told_is_planned_for(resting: World) -> None:
    left, right = _pair(resting, "Termin 3")
    resting.left.user_edit(left, summary="verlegt")
    report = await resting.poll()
    assert report.among == {(Side.LEFT, left), (Side.RIGHT, right)}
    assert resting.right.events()[right].summary == "verlegt"


async def test_what_a_run_has_written_is_planned_for_once_more_and_then_left_alone(resting: World) -> None:
    left, right = _pair(resting, "Termin 3")
    resting.left.user_edit(left, summary="verlegt")
    await resting.poll()
    assert (await resting.store.rest("anna")).unsettled == {(Side.LEFT, left), (Side.RIGHT, right)}
    report = await resting.poll()
    assert report.among == {(Side.LEFT, left), (Side.RIGHT, right)}
    assert _was_left_alone(await resting.poll())


async def test_what_one_run_has_left_is_planned_for_beside_what_the_next_one_hears(resting: World) -> None:
    first, second = _of(resting.left, "Termin 1"), _of(resting.left, "Termin 2")
    resting.left.user_edit(first, summary="verlegt")
    await resting.poll()
    resting.left.user_edit(second, summary="abgesagt")
    report = await resting.poll()
    assert report.among is not None
    assert {(Side.LEFT, first), (Side.LEFT, second)} <= report.among


async def test_all_is_planned_for_where_a_feed_was_not_read_to_its_end(
    resting: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A feed may tell of one event many times before it tells of another one."""
    monkeypatch.setattr(rest, "MOST", 3)
    told, gone = _of(resting.left, "Termin 1"), _pair(resting, "Termin 2")
    resting.left.user_edit(told, summary="verlegt")
    resting.left.user_delete(gone[0])
    changes = resting.left.changes

    async def repeating(token: str | None, window: Window) -> AsyncIterator[Page]:
        async for page in changes(token, window):
            if page.observations or page.removed:
                yield Page(observations=[*page.observations] * 4)
            yield page

    resting.left.changes = repeating
    for _ in range(3):
        report = await resting.poll()
        if report.unsynced is not None:
            assert _were_all_planned_for(report)
    assert gone[1] not in resting.right.events()


async def test_a_delete_and_an_edit_of_one_pair_meet(resting: World) -> None:
    left, right = _pair(resting, "Termin 3")
    resting.left.user_delete(left)
    resting.right.user_edit(right, description="neu")
    report = await resting.poll()
    assert report.among is not None
    assert right in resting.right.events()
    assert "Termin 3" in [event.summary for event in resting.left.events().values()]


async def test_the_same_event_on_both_sides_is_linked(resting: World, meeting: Event) -> None:
    for calendar in (resting.left, resting.right):
        calendar.user_create(replace(meeting, summary="neu"))
    report = await resting.poll()
    assert report.among is not None
    assert report.counts[Side.RIGHT].linked == 1
    assert report.counts[Side.LEFT].writes + report.counts[Side.RIGHT].writes == 0


async def test_an_event_leaves_the_window_and_comes_back(resting: World, later_by: Callable[..., Timed]) -> None:
    left, right = _pair(resting, "Termin 3")
    when = resting.left.events()[left].when
    for hours in (24 * 900, 1):
        resting.left.user_edit(left, when=later_by(when, hours))
        for _ in range(4):
            assert not _were_all_planned_for(await resting.poll())
        assert resting.right.events()[right].when == later_by(when, hours)


async def test_a_copy_with_the_uid_of_a_pair_of_which_nothing_is_told_is_a_copy(resting: World) -> None:
    """The event that carried it is read by id, as a run for all would: it may have got a new id."""
    left, right = _pair(resting, "Termin 3")
    copy = resting.left.user_create(resting.left.events()[left])
    resting.left.calls.clear()
    report = await resting.poll()
    assert report.among is not None
    assert {(Side.LEFT, copy), (Side.LEFT, left), (Side.RIGHT, right)} <= report.among
    assert "read" in [call.method for call in resting.left.calls]
    assert report.counts[Side.RIGHT].created == 1


async def test_a_copy_with_our_marker_does_not_look_like_a_store_that_was_lost(resting: World) -> None:
    """Nothing is linked of all that is planned for."""
    copy = resting.right.user_copy(_of(resting.right, "Termin 3"))
    assert copy in resting.right.markers()
    report = await resting.poll()
    assert (report.among, report.rebuild) == ({(Side.RIGHT, copy)}, None)
    assert report.counts[Side.LEFT].created == 1


async def test_the_brake_knows_of_the_pairs_of_which_nothing_is_told(resting: World) -> None:
    """Both pairs that are told of are deleted: of all pairs that is a part."""
    for summary in ("Termin 3", "Termin 4"):
        resting.left.user_delete(_of(resting.left, summary))
    report = await resting.poll()
    assert report.among is not None
    assert report.counts[Side.RIGHT].deleted == 2


async def test_too_many_deletes_are_held_and_every_run_looks_at_all(resting: World) -> None:
    for number in range(7):
        resting.left.user_delete(_of(resting.left, f"Termin {number}"))
    report = await resting.poll()
    assert report.among is not None
    assert report.notices == {(Kind.HOLD, Side.RIGHT, "brake_deletes"): 7}
    for _ in range(3):
        report = await resting.poll()
        assert _were_all_planned_for(report)
        assert report.notices == {(Kind.HOLD, Side.RIGHT, "brake_deletes"): 7}


async def test_a_failed_write_is_tried_again_by_a_run_for_all(resting: World) -> None:
    resting.left.user_edit(_of(resting.left, "Termin 3"), summary="verlegt")
    resting.right.faults.add("update", lambda: Retry("down"))
    await resting.poll()
    resting.clock.advance(300)
    assert _were_all_planned_for(await resting.poll())


async def test_a_scope_is_outgrown_by_a_uid_that_was_not_looked_up(
    resting: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then all is read, and looked at again."""
    outgrown = [True]
    monkeypatch.setattr(Notebook, "outgrown", lambda _: bool(outgrown) and outgrown.pop())
    left, right = _pair(resting, "Termin 3")
    resting.left.user_edit(left, summary="verlegt")
    assert _were_all_planned_for(await resting.poll())
    assert resting.right.events()[right].summary == "verlegt"


async def test_where_only_one_side_is_written_all_is_planned_for(resting: World, meeting: Event) -> None:
    """What the other one has for itself has no link, and what is new may belong to it."""
    resting.settings["direction"] = Direction.LEFT_TO_RIGHT
    resting.right.user_create(replace(meeting, summary="schon da"))
    for _ in range(5):
        await resting.poll()
    resting.left.user_create(replace(meeting, summary="schon da"))
    report = await resting.poll()
    assert _were_all_planned_for(report)
    assert report.counts[Side.RIGHT].linked == 1


async def test_more_news_than_a_scope_takes_are_planned_for_all(
    resting: World, meeting: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "MOST", 3)
    resting.left.behaviour.page_size = 2
    for number in range(7):
        resting.left.user_create(replace(meeting, summary=f"neu {number}"))
    report = await resting.poll()
    assert _were_all_planned_for(report)
    assert report.counts[Side.RIGHT].created == 7


async def test_a_lost_token_means_all(resting: World) -> None:
    resting.left.user_edit(_of(resting.left, "Termin 3"), summary="verlegt")
    resting.right.drop_tokens()
    assert _were_all_planned_for(await resting.poll())


async def test_a_listing_that_is_due_means_all(resting: World) -> None:
    resting.left.user_edit(_of(resting.left, "Termin 3"), summary="verlegt")
    resting.clock.advance(DAY + 7200)
    assert _were_all_planned_for(await resting.poll())


async def test_a_listing_that_comes_due_while_the_sides_are_asked_means_all(resting: World) -> None:
    left = _of(resting.left, "Termin 3")
    resting.left.user_edit(left, summary="verlegt")
    changes = resting.left.changes

    def late(*arguments: Any) -> Any:
        resting.clock.advance(DAY + 7200)
        return changes(*arguments)

    resting.left.changes = late
    assert _were_all_planned_for(await resting.poll())


async def test_a_run_between_the_question_and_the_lease_means_all(resting: World) -> None:
    left, right = _pair(resting, "Termin 3")
    resting.left.user_edit(left, summary="verlegt")
    acquire, other = resting.store.acquire, [True]

    async def late(*arguments: Any) -> Any:
        if other and other.pop():
            await resting.run()
            resting.left.user_edit(left, summary="abgesagt")
        return await acquire(*arguments)

    resting.store.acquire = late
    assert _were_all_planned_for(await resting.poll())
    assert resting.right.events()[right].summary == "abgesagt"


async def test_a_store_that_was_put_back_is_looked_at_as_a_whole(resting: World) -> None:
    resting.left.user_edit(_of(resting.left, "Termin 3"), summary="verlegt")
    number = (await resting.store.load("anna", resting.clock.now())).run
    resting.runs = MemoryRuns({"anna": number + 1})
    report = await resting.poll()
    assert (report.rebuild, report.among) == ("behind", None)


async def test_an_event_whose_id_was_buried_is_read_before_it_counts_as_new(resting: World) -> None:
    left, right = _pair(resting, "Termin 3")
    resting.left.user_delete(left)
    for _ in range(3):
        await resting.poll()
    assert right not in resting.right.events()
    resting.left.user_restore(left)
    resting.left.calls.clear()
    report = await resting.poll()
    assert report.among is not None
    assert "read" in [call.method for call in resting.left.calls]
    for _ in range(2):
        await resting.poll()
    assert "Termin 3" in [event.summary for event in resting.right.events().values()]


async def test_what_is_left_out_is_told_of_the_events_that_were_looked_at(resting: World) -> None:
    series = _of(resting.right, "jede Woche")
    resting.right.user_edit(series, summary="alle zwei Wochen")
    report = await resting.poll()
    assert report.among == {(Side.RIGHT, series)}
    assert report.unsynced is not None
    assert [*report.unsynced] == [(Side.RIGHT, series)]
