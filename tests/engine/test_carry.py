"""Writes that fail: who is to blame, when they are tried again, and that they are told meanwhile."""

from __future__ import annotations

import asyncio
import gc
from contextlib import contextmanager, suppress
from contextvars import copy_context
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from calsync.desk.decisions import decide, waiting
from calsync.engine import carry
from calsync.engine.account import Run
from calsync.engine.attempts import QUARANTINE_AFTER
from calsync.engine.carry import AT_ONCE
from calsync.engine.notebook import LEASE_LIFE
from calsync.errors import AccountError, CalsyncError, EventError, LoginError, Retry, StoreError, UnknownOutcome
from calsync.ports import Here, Trashed, may_change
from calsync.sync.choices import Choice
from calsync.sync.model import Direction, Event, Side, Timed
from calsync.sync.plan import Kind
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextvars import Context

    from calsync.ports import Written
    from calsync.sync.model import Draft

World = Any  # the fixture's class lives in conftest.py, which tests cannot import


async def attempts(world: World) -> dict[Any, Any]:
    found: dict[Any, Any] = (await world.store.load("anna", world.clock.now())).attempts
    return found


async def test_what_one_run_rewrites_in_several_passes_is_held_as_if_it_were_one(
    world: World, meeting: Event
) -> None:
    """Users edit each copy again as soon as it is written, and one just before: all is read once more."""
    for number in range(15):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    for event_id, event in world.left.events().items():
        world.left.user_edit(event_id, summary=f"{event.summary} verlegt")
    edited_as_they_are_written(world)
    report = await world.run()
    assert [call.method for call in world.right.writes()] == ["create"] * 15 + ["update"] * 15
    assert report.notices[Kind.HOLD, Side.LEFT, "brake_rewrites"] == 15
    assert world.left.writes() == []


async def test_a_rewrite_counts_also_where_it_goes_in_one_write_with_what_a_person_has_decided(
    world: World, meeting: Event
) -> None:
    """The server has a bad hour before the person decides; users edit each copy again as soon as it is written."""
    world.settings["policy"] = "hold"
    for number in range(15):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    for event_id, event in world.left.events().items():
        world.left.user_edit(event_id, summary=f"{event.summary} links", description="neu")
    for event_id, event in world.right.events().items():
        world.right.user_edit(event_id, summary=f"{event.summary} rechts")
    world.right.faults.add("update", lambda: Retry("a bad hour"), times=None)
    with suppress(Retry):
        await world.run()
    world.right.faults.clear()
    cases = await waiting(world.store, "anna", Direction.BOTH, world.clock.now())
    names = [case.name for case in cases]
    assert len(names) == 15
    await decide(world.store, "anna", Direction.BOTH, names, Choice.LEFT, world.clock.now())
    world.clock.advance(3600)
    before = len(world.right.writes())
    edited_as_they_are_written(world)
    report = await world.run()
    assert {call.fields for call in world.right.writes()[before:]} == {("description", "summary")}
    assert report.notices[Kind.HOLD, Side.LEFT, "brake_rewrites"] == 14
    assert world.left.writes() == []


def edited_as_they_are_written(world: World) -> None:
    """Let users edit each event of the right side behind its update, and the first one before it, too."""
    world.right.behaviour.answer = "id"
    first, update = min(world.right.events()), world.right.update

    async def quicker(target: Any, *rest: Any) -> Written:
        if target.id == first:
            world.right.user_edit(target.id, description="davor")
        written: Written = await update(target, *rest)
        world.right.user_edit(target.id, description=f"dahinter {target.id}")
        return written

    world.right.update = quicker


async def test_an_event_that_is_refused_again_and_again_is_tried_once_a_day(world: World, meeting: Event) -> None:
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: EventError("too long"), times=QUARANTINE_AFTER)
    for count in range(1, QUARANTINE_AFTER):
        await world.run()
        report = await world.run()
        assert report.notices["create", "right", "refused"] == 1
        world.clock.advance(2**count * 60)
    await world.run()
    report = await world.run()
    assert report.notices["create", "right", "quarantined"] == 1
    world.clock.advance(20 * 3600)
    await world.run()
    assert len(world.right.events()) == 1
    world.clock.advance(4 * 3600)
    await world.settle()
    assert len(world.right.events()) == 2
    assert await attempts(world) == {}


async def test_a_failure_is_forgotten_with_the_plan_that_failed(world: World, meeting: Event) -> None:
    event = world.left.user_create(meeting)
    world.right.faults.add("create", lambda: EventError("too long"))
    await world.run()
    assert len(await attempts(world)) == 1
    world.left.user_delete(event)
    await world.run()
    assert await attempts(world) == {}


@pytest.mark.parametrize("error", [lambda: Retry("busy"), lambda: Retry("busy", after=90)])
async def test_a_server_in_trouble_is_not_the_fault_of_its_events(
    world: World, meeting: Event, error: Callable[[], Exception]
) -> None:
    for number in range(3):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    world.right.faults.add("create", error, times=3 * QUARANTINE_AFTER)
    for _ in range(QUARANTINE_AFTER):
        world.clock.advance(3600)
        with pytest.raises(Retry, match="busy"):
            await world.run()
    world.clock.advance(3600)
    await world.settle()
    assert len(world.right.events()) == 3


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


async def test_an_update_that_is_never_answered_is_tried_less_and_less_often(world: World, meeting: Event) -> None:
    left = world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(left, summary="anders")
    world.right.faults.add("update", lambda: UnknownOutcome("lost"), times=None)
    for _ in range(20):
        world.clock.advance(60)
        with suppress(UnknownOutcome):
            await world.run()
    assert sum(call.method == "update" for call in world.right.calls) <= 5
    world.right.faults.clear()
    world.clock.advance(3600)
    await world.settle()
    assert [event.summary for event in world.right.events().values()] == ["anders"]


async def test_a_write_may_be_put_off_for_weeks(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: Retry("busy"), times=60)
    for _ in range(60):
        world.clock.advance(3601)
        assert (await world.run()).counts[Side.RIGHT].failed == 1
    world.clock.advance(3601)
    assert (await world.run()).counts[Side.RIGHT].created == 1


async def test_one_write_that_the_server_cannot_carry_out_now_waits_longer_and_longer(
    world: World, meeting: Event
) -> None:
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: Retry("busy"), times=3)
    assert (await world.run()).counts[Side.RIGHT].failed == 1
    assert (await world.run()).counts[Side.RIGHT].failed == 1
    report = await world.run()
    assert (report.counts[Side.RIGHT].failed, report.notices["create", "right", "retry"]) == (0, 1)
    for _ in range(5):
        world.clock.advance(3600)
        await world.run()
    assert len(world.right.events()) == 1


class TooLongError(EventError):
    """What a provider makes of a kind of error stays of that kind."""


async def test_a_servers_trouble_does_not_count_against_its_event(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: Retry("busy"), times=QUARANTINE_AFTER)
    for _ in range(QUARANTINE_AFTER):
        world.clock.advance(3600)
        await world.run()
    for error in (EventError, TooLongError, EventError):
        world.clock.advance(3600)
        world.right.faults.add("create", lambda error=error: error("too long"))
        await world.run()
        report = await world.run()
        assert report.notices["create", "right", "refused"] == 1
    (attempt,) = (await attempts(world)).values()
    assert attempt.count == 3
    world.right.faults.add("create", lambda: Retry("busy"))
    world.clock.advance(3600)
    await world.run()
    await world.run()
    assert len(world.right.events()) == 1


async def test_a_server_that_names_a_pause_gets_it(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: Retry("busy", after=300))
    await world.run()
    world.clock.advance(290)
    await world.run()
    assert len(world.right.writes()) == 1
    world.clock.advance(10)
    await world.run()
    assert len(world.right.events()) == 1


async def test_deletes_of_one_run_count_against_the_brake_at_once(world: World, meeting: Event) -> None:
    for number in range(20):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    for _ in range(3):
        for event_id in list(world.left.events())[:3]:
            world.left.user_delete(event_id)
        await world.run()
    assert len(world.right.events()) == 17  # three went, then six in a day were more than a fifth


async def test_a_write_that_is_about_to_be_sent_asks_again_whether_it_may(world: World, meeting: Event) -> None:
    """Calendars ask through `calsync.http`, when the turn of a request has come."""

    def late() -> Exception:
        world.clock.advance(LEASE_LIFE.total_seconds() * 0.7)
        may_change.get()()
        return AssertionError("it was sent")

    world.left.user_create(meeting)
    world.right.faults.add("create", late)
    report = await world.run()
    assert report.notices["create", "right", "retry"] == 1
    await world.settle()
    assert len(world.right.events()) == 1


async def test_a_delete_whose_proof_takes_long_keeps_the_lease_alive_behind_it(
    world: World, meeting: Event
) -> None:
    for number in range(2):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    world.left.user_delete(min(world.left.events()))
    locate, remove = world.left.locate, world.right.delete

    async def slow(*asked: Any) -> Any:
        world.clock.advance(LEASE_LIFE.total_seconds() * 0.3)
        return await locate(*asked)

    async def sent(target: Any) -> None:
        world.clock.advance(LEASE_LIFE.total_seconds() * 0.3)
        may_change.get()()
        await remove(target)

    world.left.locate, world.right.delete = slow, sent
    await world.run()
    assert len(world.right.events()) == 1


@pytest.mark.parametrize("lives", [0.7, 0.9, 40])
@pytest.mark.parametrize("where", ["behind the answer", "before it is sent"])
async def test_no_delete_goes_on_a_proof_from_before_its_process_was_frozen(
    world: World, meeting: Event, lives: float, where: str
) -> None:
    """Meanwhile the user takes the event out of the trash; nobody has taken the account over.

    With a lease that was renewed, the same run asks once more.
    """
    for number in range(3):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    gone = min(world.left.events())
    world.left.user_delete(gone)
    locate, remove, asked = world.left.locate, world.right.delete, []

    def freeze() -> None:
        world.clock.advance(LEASE_LIFE.total_seconds() * lives)
        world.left.user_restore(gone)

    async def found(event_id: str, uid: str | None = None) -> Any:
        place = await locate(event_id, uid)
        asked.append(place)
        if len(asked) == 2 and where == "behind the answer":  # the first one is asked for the plan
            freeze()
        return place

    async def sent(target: Any) -> None:
        if where == "before it is sent":
            freeze()
        may_change.get()()
        await remove(target)

    world.left.locate, world.right.delete = found, sent
    report = await world.run()
    renewed = where == "behind the answer"
    assert [type(place) for place in asked] == [Trashed, Trashed, *([Here] if renewed else [])]
    assert report.notices["delete", "right", "retry"] == (not renewed)
    world.left.locate, world.right.delete = locate, remove
    await world.settle()
    assert (len(world.left.events()), len(world.right.events())) == (3, 3)
    assert [call.method for call in world.right.writes()] == ["create"] * 3


async def test_a_proof_is_not_made_younger_by_other_writes_that_keep_the_lease_alive(
    world: World, meeting: Event
) -> None:
    """The answer about one event comes late, and the user has taken it out of the trash behind it."""
    for number in range(5):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    gone, other = sorted(world.left.events())[:2]
    for event_id in (gone, other):
        world.left.user_delete(event_id)
    locate, asked, answered = world.left.locate, [], asyncio.Event()

    async def late(event_id: str, uid: str | None = None) -> Any:
        place = await locate(event_id, uid)
        asked.append(event_id)
        if asked.count(event_id) == 2 and event_id == other:  # the first time they are asked for the plan
            world.clock.advance(LEASE_LIFE.total_seconds() * 0.4)
        elif asked.count(event_id) == 2:
            await answered.wait()
            world.left.user_restore(gone)
        return place

    remove = world.right.delete

    async def sent(target: Any) -> None:
        await remove(target)
        world.clock.advance(LEASE_LIFE.total_seconds() * 0.4)
        answered.set()

    world.left.locate, world.right.delete = late, sent
    report = await world.run()
    assert (asked.count(gone), report.counts[Side.RIGHT].deleted) == (3, 1)
    await world.settle()
    assert (len(world.left.events()), len(world.right.events())) == (4, 4)
    assert [call.method for call in world.right.writes()] == ["create"] * 5 + ["delete"]


@pytest.mark.parametrize("copies", [1, 3, 6])
async def test_a_delete_whose_proof_grew_too_old_is_proved_once_more_in_the_same_run(
    world: World, meeting: Event, copies: int
) -> None:
    """Also where that befalls all that are on their way: it tells nothing of the server."""
    await delete_originals(world, meeting, copies)
    with crowded(world, 1):
        report = await world.run()
    assert (report.counts[Side.RIGHT].deleted, report.counts[Side.RIGHT].failed) == (copies, 0)
    assert not report.notices
    assert await attempts(world) == {}
    assert len(world.right.events()) == 30


async def test_a_delete_whose_proof_is_always_too_old_is_told_and_waits(world: World, meeting: Event) -> None:
    await delete_originals(world, meeting, 1)
    counts = []
    with crowded(world, 99):
        for _ in range(3):
            report = await world.run()
            assert report.notices["delete", "right", "retry"] == 1
            assert not report.at_rest
            (attempt,) = (await attempts(world)).values()
            counts.append(attempt.count)
            world.clock.advance(3600)
    assert counts == [2, 3, 4]
    await world.settle()
    assert len(world.right.events()) == 30


async def delete_originals(world: World, meeting: Event, count: int) -> None:
    """Have the user delete so many originals; thirty others stay."""
    for number in range(count + 30):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    for event_id in sorted(world.left.events())[:count]:
        world.left.user_delete(event_id)


@contextmanager
def crowded(world: World, times: int) -> Iterator[None]:
    """Have so many answers about the original of what is to be deleted come too late."""
    prove, late = carry._still_there, [*range(times)]

    async def slow(*asked: Any) -> Any:
        place = await prove(*asked)
        if late:
            late.pop()
            world.clock.advance(LEASE_LIFE.total_seconds() * 0.7)
        return place

    with patch.object(carry, "_still_there", slow):
        yield


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
