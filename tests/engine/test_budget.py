"""A flood, a slow drip and a loop of ever new events end at the account's budget; a first sync does not."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.errors import EventError, LoginError, Retry, UnknownOutcome
from calsync.sync import budget
from calsync.sync.brakes import BUDGET, REWRITES
from calsync.sync.choices import Choice
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from calsync.values import replace
from tests.engine.deciding import cases, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.ports import Written
    from calsync.sync.model import Draft, Event
    from tests.engine.conftest import World

HOURLY, DAILY = 4, 10
MINUTE, HOUR, DAY = 60, 3_600, 86_400


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small numbers say the same, and faster."""
    monkeypatch.setattr(budget, "HOURLY", HOURLY)
    monkeypatch.setattr(budget, "DAILY", DAILY)


def enter(world: World, meeting: Event, count: int, what: str = "Termin") -> Sequence[str]:
    return [world.left.user_create(replace(meeting, summary=f"{what} {number}")) for number in range(count)]


async def begun(world: World, meeting: Event) -> str:
    """Sync a first event, long ago enough."""
    (event_id,) = enter(world, meeting, 1, "Erster")
    await world.settle()
    world.clock.advance(2 * DAY)
    await world.settle()
    return event_id


async def test_a_first_sync_of_any_size_is_not_hindered_and_spends_nothing(world: World, meeting: Event) -> None:
    enter(world, meeting, 5 * DAILY)
    report = await world.run()
    assert len(world.right.events()) == 5 * DAILY
    assert not report.notices
    enter(world, meeting, 1, "Danach")
    await world.run()
    assert len(world.right.events()) == 5 * DAILY + 1


async def test_a_first_sync_that_broke_off_goes_on_unhindered(
    world: World, meeting: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, done = world.right.create, iter(range(DAILY))

    async def breaks_off(draft: Draft, marker: str) -> Written:
        if next(done, None) is None:
            raise LoginError("revoked")
        return await create(draft, marker)

    enter(world, meeting, 5 * DAILY)
    with monkeypatch.context() as patched:
        patched.setattr(world.right, "create", breaks_off)
        with pytest.raises(LoginError):
            await world.run()
    assert len(world.right.events()) == DAILY
    await world.run()
    assert len(world.right.events()) == 5 * DAILY


async def test_a_flood_waits_and_follows_bit_by_bit(world: World, meeting: Event) -> None:
    await begun(world, meeting)
    enter(world, meeting, DAILY)
    report = await world.run()
    assert len(world.right.events()) == 1 + HOURLY
    assert report.notices == {(Kind.HOLD, Side.RIGHT, BUDGET): DAILY - HOURLY}
    await world.run()
    assert len(world.right.events()) == 1 + HOURLY
    world.clock.advance(HOUR)
    await world.run()
    assert len(world.right.events()) == 1 + 2 * HOURLY


async def test_a_slow_drip_ends_at_the_day(world: World, meeting: Event) -> None:
    """Three events an hour: never too many for an hour."""
    await begun(world, meeting)
    for hour in range(23):
        enter(world, meeting, 3, f"Stunde {hour}")
        await world.run()
        world.clock.advance(HOUR)
    assert len(world.right.events()) == 1 + DAILY
    assert {case.reason for case in await cases(world)} == {BUDGET}


async def test_a_loop_of_ever_new_events_ends(world: World, meeting: Event) -> None:
    """Another program makes a new event on the left of each copy on the right, and so do both for ever."""
    await begun(world, meeting)
    copied: set[str] = set(world.right.events())
    enter(world, meeting, 1)
    for _ in range(12 * 60 // 5):
        await world.run()
        for event_id in world.right.events().keys() - copied:
            copied.add(event_id)
            world.left.user_create(replace(meeting, summary=f"Kopie {len(copied)}"))
        world.clock.advance(5 * MINUTE)
    assert len(world.right.events()) == 1 + DAILY


async def test_edits_of_what_is_linked_are_counted_too(world: World, meeting: Event) -> None:
    ids = enter(world, meeting, DAILY)
    await world.settle()
    world.clock.advance(2 * DAY)
    for event_id in ids:
        world.left.user_edit(event_id, summary="Neu")
        await world.run()
    assert sum(event.summary == "Neu" for event in world.right.events().values()) == HOURLY


async def test_what_is_released_is_carried_out_and_does_not_spend_the_day(world: World, meeting: Event) -> None:
    first = await begun(world, meeting)
    enter(world, meeting, 3 * DAILY)
    await world.run()
    assert await say(world, Choice.RELEASE) == 3 * DAILY - HOURLY
    await world.run()
    assert len(world.right.events()) == 1 + 3 * DAILY
    assert not await cases(world)
    world.clock.advance(HOUR)
    world.left.user_edit(first, summary="Neu")
    report = await world.run()
    assert not report.notices
    assert "Neu" in {event.summary for event in world.right.events().values()}


async def test_rewrites_that_are_released_do_not_spend_the_day_either(world: World, meeting: Event) -> None:
    ids = enter(world, meeting, 25)
    await world.settle()
    world.clock.advance(2 * DAY)
    for event_id in ids:
        world.left.user_edit(event_id, description="Neu")
    await world.run()
    assert {case.reason for case in await cases(world)} == {REWRITES}
    assert await say(world, Choice.RELEASE) == 25
    await world.run()
    assert {event.description for event in world.right.events().values()} == {"Neu"}
    enter(world, meeting, 1, "Danach")
    report = await world.run()
    assert not report.notices


async def test_what_may_have_been_written_counts_before_anybody_knows(world: World, meeting: Event) -> None:
    """Else a run behind lost answers would write as much as the budget covers once more."""
    world.right.capabilities = replace(world.right.capabilities, marker_lag=timedelta(minutes=5))
    await begun(world, meeting)
    enter(world, meeting, HOURLY - 1)
    world.right.faults.add("create", lambda: UnknownOutcome("lost"), times=HOURLY - 1)
    with pytest.raises(UnknownOutcome):
        await world.run()
    enter(world, meeting, 3, "Danach")
    report = await world.run()
    assert report.notices[Kind.HOLD, Side.RIGHT, BUDGET] == 2
    world.clock.advance(10 * MINUTE)
    await world.settle()
    assert len(world.right.events()) == 1 + HOURLY


async def test_what_was_edited_since_is_not_released(world: World, meeting: Event) -> None:
    await begun(world, meeting)
    enter(world, meeting, HOURLY + 1)
    await world.run()
    (held,) = await cases(world)
    assert (held.kind, held.choices) == (Kind.CREATE, (Choice.RELEASE,))
    assert await say(world, Choice.RELEASE) == 1
    world.left.user_edit(held.event_id, summary="Anders")
    await world.run()
    assert len(world.right.events()) == 1 + HOURLY


async def test_what_fails_again_and_again_takes_nothing_from_others(world: World, meeting: Event) -> None:
    await begun(world, meeting)
    enter(world, meeting, HOURLY, "Gift")
    world.right.faults.add("create", lambda: EventError("refused"), times=HOURLY)
    await world.run()
    enter(world, meeting, HOURLY)
    await world.run()
    assert len(world.right.events()) == 1 + HOURLY


async def test_what_is_refused_each_day_takes_nothing_from_others_when_it_is_due(
    world: World, meeting: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begun(world, meeting)
    create, tried = world.right.create, set[str]()

    async def refuses(draft: Draft, marker: str) -> Written:
        if draft.summary.startswith("Gift"):
            tried.add(draft.summary)
            raise EventError("refused")
        return await create(draft, marker)

    monkeypatch.setattr(world.right, "create", refuses)
    enter(world, meeting, 2 * HOURLY, "Gift")
    for _ in range(2):  # then all of it is due
        await world.run()
        world.clock.advance(DAY)
    assert len(tried) == 2 * HOURLY
    enter(world, meeting, HOURLY)
    await world.run()
    assert len(world.right.events()) == 1 + HOURLY
    attempts = (await world.store.load("anna", world.clock.now())).attempts
    assert len(attempts) == 2 * HOURLY, "what waits for the budget is not forgotten to have failed"


async def test_an_edit_that_met_a_busy_server_once_does_not_wait_behind_a_flood(
    world: World, meeting: Event
) -> None:
    first = await begun(world, meeting)
    world.left.user_edit(first, summary="Verlegt")
    world.right.faults.add("update", lambda: Retry("busy"))
    with suppress(Retry):
        await world.run()
    enter(world, meeting, 10 * HOURLY)
    world.clock.advance(HOUR)
    await world.run()
    assert "Verlegt" in {event.summary for event in world.right.events().values()}
