"""The poll that serves a tenant rings at the calendars that it tells something new."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from calsync.ports import NOTHING_NEW

if TYPE_CHECKING:
    import pytest


async def asleep(clock: Any, tasks: int) -> None:
    """Wait until so many tasks sleep, none of them to the present moment."""
    async with asyncio.timeout(20):
        while clock.sleepers != tasks or clock.waking:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0)


async def rings(follower: Any) -> tuple[list[str], asyncio.Future[None]]:
    """Listen; return the rings that wake somebody."""
    heard: list[str] = []
    return heard, asyncio.ensure_future(follower.feed.listen(lambda why: heard.append(why) if why else None))


def answers_late(tenant: Any, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Have searches wait until what this returns is set."""
    answered, search = asyncio.Event(), tenant.search

    async def slowly(*question: Any) -> Any:
        await answered.wait()
        return await search(*question)

    monkeypatch.setattr(tenant, "search", slowly)
    return answered


async def test_who_was_told_everything_hears_at_once_and_nothing_is_new(
    tenant: Any, reader: Any, clock: Any
) -> None:
    anna = reader(poll_seconds=60)
    mine = tenant.create()
    await anna.poll()
    heard: list[str] = []
    ear = asyncio.ensure_future(anna.feed.listen(heard.append))
    await asleep(clock, 1)
    assert heard == [NOTHING_NEW]
    clock.advance(60)
    await asleep(clock, 1)
    assert heard == [NOTHING_NEW]
    tenant.modify(mine, subject="Neu")
    clock.advance(60)
    await asleep(clock, 1)
    assert heard == [NOTHING_NEW, "FLOWFACT tells of a change"]
    ear.cancel()
    await asyncio.gather(ear, return_exceptions=True)


async def test_a_change_rings_at_exactly_its_calendar(tenant: Any, reader: Any, clock: Any) -> None:
    anna = reader(poll_seconds=60)
    colleagues = [anna.colleague(f"user{number}") for number in range(20)]
    events = [tenant.create(owner=f"user{number}") for number in range(20)]
    for one in (anna, *colleagues):
        await one.poll()
    ears = [await rings(one) for one in (anna, *colleagues)]
    await asleep(clock, 1)  # one waits for all
    tenant.modify(events[7], subject="Neu")
    tenant.requests.clear()
    clock.advance(60)
    await asleep(clock, 1)  # one waits for all
    assert [len(heard) for heard, _ in ears] == [1 if number == 8 else 0 for number in range(21)]
    await colleagues[7].poll()
    assert colleagues[7].told == [events[7]]
    assert tenant.requests == ["search"]
    tenant.modify(events[7], assignee="user3")  # rings at both, the old owner is known
    clock.advance(60)
    await asleep(clock, 1)  # one waits for all
    assert [number for number, (heard, _) in enumerate(ears) if heard] == [4, 8]
    for _, ear in ears:
        ear.cancel()
    await asyncio.gather(*(ear for _, ear in ears), return_exceptions=True)


async def test_who_begins_to_listen_hears_of_what_was_read_meanwhile(tenant: Any, reader: Any, clock: Any) -> None:
    mine = tenant.create()
    anna = reader(poll_seconds=60)
    ben = anna.colleague("ben")
    for one in (anna, ben):
        await one.poll()
    tenant.modify(mine, subject="Neu")
    clock.advance(60)
    await ben.poll()
    heard, ear = await rings(anna)
    await clock.until_sleeping()
    assert len(heard) == 1
    ear.cancel()
    await asyncio.gather(ear, return_exceptions=True)


async def test_without_a_poll_there_is_no_doorbell(reader: Any) -> None:
    _, ear = await rings(reader())
    await ear


async def test_a_run_that_asks_anyway_is_not_rung_for(
    tenant: Any, reader: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tenant.create()
    anna = reader(poll_seconds=60)
    await anna.poll()
    heard, ear = await rings(anna)
    await asleep(clock, 1)
    answered = answers_late(tenant, monkeypatch)
    tenant.modify(mine, subject="Neu")
    clock.advance(60)
    await asyncio.sleep(0)  # the doorbell begins to search
    run = asyncio.create_task(anna.poll())
    await asyncio.sleep(0)
    answered.set()
    await run
    await asleep(clock, 1)
    assert (anna.told, heard) == ([mine], [])
    ear.cancel()
    await asyncio.gather(ear, return_exceptions=True)


async def test_whoever_listens_heeds_another_pace_of_polls_within_a_minute(
    tenant: Any, reader: Any, clock: Any
) -> None:
    pace = 3600.0
    anna, rings = reader(poll_seconds=lambda: pace), asyncio.Queue[str]()
    await anna.poll()
    listening = asyncio.ensure_future(anna.feed.listen(rings.put_nowait))
    await clock.until_sleeping()
    while not rings.empty():
        rings.get_nowait()
    tenant.create()
    pace = 120.0
    for _ in range(2):
        await clock.until_sleeping()
        clock.advance(60)
        await asyncio.sleep(0)
    assert await asyncio.wait_for(rings.get(), 20) == "FLOWFACT tells of a change"
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_who_comes_when_all_have_left_is_read_for_again(tenant: Any, reader: Any, clock: Any) -> None:
    mine = tenant.create()
    anna = reader(poll_seconds=60)
    await anna.poll()
    _, first = await rings(anna)
    await asleep(clock, 1)
    first.cancel()
    await asleep(clock, 0)
    heard, ear = await rings(anna)
    await asleep(clock, 1)
    tenant.modify(mine, subject="Neu")
    clock.advance(60)
    await asleep(clock, 1)
    assert heard == ["FLOWFACT tells of a change"]
    ear.cancel()
    await asleep(clock, 0)


async def test_a_bug_while_reading_fails_all_who_listen(
    tenant: Any, reader: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = reader(poll_seconds=60)
    ben = anna.colleague("ben")
    for one in (anna, ben):
        await one.poll()
    ears = [ear for _, ear in [await rings(one) for one in (anna, ben)]]
    await asleep(clock, 1)
    monkeypatch.setattr(tenant, "search", None)
    clock.advance(60)
    errors = await asyncio.gather(*ears, return_exceptions=True)
    assert [type(error) for error in errors] == [TypeError, TypeError]
    assert clock.sleepers == 0


async def test_who_has_just_left_is_not_rung_any_more(
    tenant: Any, reader: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what its ring raises would end the listening of everybody."""
    anna = reader(poll_seconds=60)
    mine = tenant.create()
    await anna.poll()
    heard, ear = await rings(anna)
    _, other = await rings(anna.colleague("ben"))
    await asleep(clock, 1)
    answered = answers_late(tenant, monkeypatch)
    tenant.modify(mine, subject="Neu")
    clock.advance(60)
    await asyncio.sleep(0)
    answered.set()
    ear.cancel()
    await asleep(clock, 1)
    assert (heard, other.done()) == ([], False)
    other.cancel()
    await asyncio.gather(ear, other, return_exceptions=True)


async def test_a_read_that_is_broken_off_breaks_off_the_listening_of_everybody(
    tenant: Any, reader: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = reader(poll_seconds=60)
    tenant.create()
    await anna.poll()
    ears = [(await rings(one))[1] for one in (anna, anna.colleague("ben"))]
    await asleep(clock, 1)

    async def broken(*_: Any) -> Any:
        raise asyncio.CancelledError

    monkeypatch.setattr(tenant, "search", broken)
    clock.advance(60)
    await asyncio.wait(ears)
    assert [ear.cancelled() for ear in ears] == [True, True]


async def test_nothing_is_asked_any_more_when_it_is_closed(tenant: Any, reader: Any, clock: Any) -> None:
    anna = reader(poll_seconds=60)
    tenant.create()
    await anna.poll()
    before = asyncio.all_tasks()
    _, ear = await rings(anna)
    await asleep(clock, 1)
    ear.cancel()
    await anna.shared.close()
    assert asyncio.all_tasks() == before
