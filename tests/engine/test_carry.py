"""Writes: an event or a side in trouble keeps no other one waiting, and a run that ended sends nothing more."""

from __future__ import annotations

import gc
from contextlib import suppress
from contextvars import copy_context
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.engine.account import Run
from calsync.engine.carry import AT_ONCE
from calsync.errors import AccountError, CalsyncError, LoginError, Retry, StoreError, UnknownOutcome
from calsync.ports import may_change
from calsync.sync.model import Event, Side, Timed
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    from calsync.ports import Written
    from calsync.sync.model import Draft

World = Any  # tests replace its methods, and name what is counted by plain text


@pytest.mark.parametrize("error", [Retry, UnknownOutcome])
async def test_events_that_always_fail_leave_their_account_at_work(
    world: World, meeting: Event, error: Callable[[str], Exception]
) -> None:
    """Their server answers so to each of them, for ever, and to nothing else."""
    for number in range(2):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    world.right.faults.add("create", lambda: error("busy"), times=None)
    for _ in range(6):
        with suppress(Retry, UnknownOutcome):
            await world.run()
    world.right.user_create(replace(meeting, summary="Arzt"))
    waiting = "retry" if error is Retry else "unknown_outcome"
    reports = []
    for _ in range(3):
        world.clock.advance(300)
        with suppress(Retry, UnknownOutcome):
            reports.append(await world.run())
    assert "Arzt" in [event.summary for event in world.left.events().values()]
    assert reports[-1].notices["create", "right", waiting] == 2
    calls = len(world.right.writes())
    for _ in range(12):
        world.clock.advance(300)
        with suppress(Retry, UnknownOutcome):
            await world.run()
    assert len(world.right.writes()) - calls <= 4
    world.right.faults.clear()
    for _ in range(4):
        world.clock.advance(3600)
        await world.run()
    assert len(world.right.events()) == 3


async def test_what_a_write_leaves_open_does_not_hold_the_run_and_sends_nothing_more(
    world: World, meeting: Event
) -> None:
    """Connections and timers keep the context that they were made in."""
    left_open: list[Context] = []

    def connect() -> Exception:
        left_open.append(copy_context())
        return Retry("busy")

    world.left.user_create(meeting)
    world.right.faults.add("create", connect)
    await world.run()
    gc.collect()
    assert not [one for one in gc.get_objects() if isinstance(one, Run) and one.clock is world.clock]
    with pytest.raises(Retry, match="its run has ended"):
        left_open[0].run(may_change.get)()


def slow(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the right side take a minute for each create, and enter twenty events on the left."""
    create = world.right.create

    async def created(draft: Draft, marker: str) -> Written:
        world.clock.advance(60)
        answer: Written = await create(draft, marker)
        return answer

    monkeypatch.setattr(world.right, "create", created)
    start = world.clock.now()
    for number in range(20):
        when = Timed(start, start + timedelta(hours=1))
        world.left.user_create(Event(summary=f"Termin {number}", when=when))


async def test_a_slow_server_gets_all_writes_of_a_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    slow(world, monkeypatch)
    world.right.user_create(Event(summary="Arzt", when=Timed(world.clock.now(), world.clock.now())))
    report = await world.run()
    assert (report.counts[Side.RIGHT].created, report.counts[Side.LEFT].created) == (20, 1)


async def test_a_store_that_cannot_keep_the_lease_ends_the_writes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(world, monkeypatch)
    renew = world.store.renew

    async def locked(*_: object) -> None:
        monkeypatch.setattr(world.store, "renew", renew)
        raise StoreError("another program keeps it locked")

    monkeypatch.setattr(world.store, "renew", locked)
    with pytest.raises(StoreError, match="locked"):
        await world.run()
    assert len(world.right.events()) < 20
    await world.settle()
    assert len(world.right.events()) == 20


@pytest.mark.parametrize("error", [AccountError, LoginError])
async def test_a_side_that_cannot_be_written_does_not_keep_the_other_one_waiting(
    world: World, meeting: Event, error: type[CalsyncError]
) -> None:
    """A full mailbox: nothing goes into it, and what is in it goes on."""
    for number in range(12):
        world.left.user_create(replace(meeting, summary=f"links {number}"))
    for number in range(60):
        world.right.user_create(replace(meeting, summary=f"rechts {number}"))
    world.right.faults.add("create", lambda: error("full"), times=None)
    for _ in range(2):
        with pytest.raises(error, match="full"):
            await world.run()
    assert len(world.left.events()) == 72
    assert len(world.right.writes()) <= 2 * AT_ONCE
    world.right.faults.clear()
    await world.settle()
    assert len(world.right.events()) == 72


async def test_a_bug_stops_the_writes_to_both_sides(world: World, meeting: Event) -> None:
    for number in range(12):
        world.left.user_create(replace(meeting, summary=f"links {number}"))
        world.right.user_create(replace(meeting, summary=f"rechts {number}"))
    world.right.faults.add("create", lambda: ZeroDivisionError("bug"), times=None)
    with pytest.raises(ZeroDivisionError, match="bug"):
        await world.run()
    assert len(world.left.writes()) + len(world.right.writes()) <= 2 * AT_ONCE + 12


async def test_creates_that_are_never_answered_leave_the_writes_of_their_side_alone(
    world: World, meeting: Event
) -> None:
    """They are sent again ahead of the plan, and none of them gets an answer."""
    for number in range(2):
        world.left.user_create(replace(meeting, summary=f"giftig {number}"))
    world.right.faults.add("create", lambda: UnknownOutcome("lost"), times=2)
    with suppress(UnknownOutcome):
        await world.run()
    world.left.user_create(replace(meeting, summary="Arzt"))
    world.right.faults.add("create", lambda: UnknownOutcome("lost"), times=2)
    await world.run()
    assert [event.summary for event in world.right.events().values()] == ["Arzt"]
