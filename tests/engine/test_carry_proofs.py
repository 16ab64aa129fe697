"""A write is sent only while its run may write, and a delete only on a proof that is young enough."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from calsync.engine import carry
from calsync.engine.notebook import LEASE_LIFE
from calsync.ports import Here, Trashed, may_change
from calsync.sync.model import Event, Side
from calsync.values import replace
from tests.engine.conftest import attempts

if TYPE_CHECKING:
    from collections.abc import Iterator

World = Any  # tests replace its methods, and name what is counted by plain text


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
