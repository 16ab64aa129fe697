"""Crashes, lost answers and refusals in the middle of a run: nothing is lost, nothing is doubled."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from calsync.engine.carry import AT_ONCE, CHUNK
from calsync.errors import AccountError, EventError, LoginError, Retry, UnknownOutcome
from calsync.sync.model import Capabilities, Event, Side
from calsync.sync.rules import Rule
from calsync.values import replace

World = Any  # tests replace its methods, and name what is counted by plain text


async def until_same(world: World) -> None:
    """Run until both sides hold the same events; searches for markers get the time they need."""
    for _ in range(12):
        world.clock.advance(300)
        await world.run()
        left, right = world.both()
        if _essence(left) == _essence(right):
            await world.settle()
            return
    raise AssertionError(f"the sides still differ: {world.both()}")


def _essence(events: list[Event]) -> list[tuple[str, str, str]]:
    return [(event.summary, str(event.when), event.description) for event in events]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("idempotent", [False, True])
@pytest.mark.parametrize("lag", [0, 120])
async def test_a_create_whose_answer_is_lost_makes_one_copy(
    world: World, meeting: Event, after: bool, idempotent: bool, lag: int
) -> None:
    world.right.behaviour.idempotent = idempotent
    world.right.behaviour.lag = timedelta(seconds=lag)
    world.right.capabilities = Capabilities(marker_lag=timedelta(seconds=lag), writes_may_mail=True)
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: UnknownOutcome("lost"), after=after)
    assert (await world.run()).counts[Side.RIGHT].failed == 1
    await until_same(world)
    assert len(world.right.events()) == 1


@pytest.mark.parametrize("after", [False, True])
async def test_an_update_whose_answer_is_lost_arrives(world: World, meeting: Event, after: bool) -> None:
    world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(next(iter(world.left.events())), summary="neu")
    world.right.faults.add("update", lambda: UnknownOutcome("lost"), after=after)
    assert (await world.run()).counts[Side.RIGHT].failed == 1
    await until_same(world)
    assert [event.summary for event in world.right.events().values()] == ["neu"]


@pytest.mark.parametrize("after", [False, True])
async def test_a_delete_whose_answer_is_lost_arrives(world: World, meeting: Event, after: bool) -> None:
    world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    world.left.user_delete(next(iter(world.left.events())))
    world.right.faults.add("delete", lambda: UnknownOutcome("lost"), after=after)
    assert (await world.run()).counts[Side.RIGHT].failed == 1
    await until_same(world)
    assert len(world.right.events()) == 1


@pytest.mark.parametrize("answer", ["stored", "revision", "id"])
async def test_a_run_cancelled_anywhere_is_continued(world: World, meeting: Event, answer: str) -> None:
    world.right.behaviour.answer = answer
    world.right.behaviour.idempotent = False
    for number in range(4):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    for steps in range(5, 200, 3):
        task = asyncio.create_task(world.run())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await until_same(world)
    assert len(world.right.events()) == 4


async def test_an_event_that_the_server_refuses_does_not_stop_the_others(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    world.right.faults.add("create", lambda: EventError("too long"))
    report = await world.run()
    assert (report.counts[Side.RIGHT].failed, report.counts[Side.RIGHT].created) == (1, 1)
    report = await world.run()
    assert report.counts[Side.RIGHT].failed == 0
    assert len(world.right.events()) == 1
    world.clock.advance(3600)
    await world.settle()
    assert len(world.right.events()) == 2


@pytest.mark.parametrize("error", [AccountError("read-only"), LoginError("consent lost"), Retry("throttled")])
async def test_an_account_without_prospect_stops_and_goes_on_later(
    world: World, meeting: Event, error: Exception
) -> None:
    for number in range(CHUNK + 10):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    world.right.faults.add("create", lambda: error, times=CHUNK)
    with pytest.raises(type(error)):
        await world.run()
    assert len(world.right.events()) == 0
    assert len(world.right.writes()) <= (CHUNK if isinstance(error, Retry) else AT_ONCE)
    world.right.faults.clear()
    await world.settle()
    assert len(world.right.events()) == CHUNK + 10


async def test_a_bug_in_one_write_stops_the_account_and_loses_no_other_write(world: World, meeting: Event) -> None:
    for number in range(AT_ONCE + 2):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    world.right.faults.add("create", lambda: ZeroDivisionError("bug"))
    with pytest.raises(ZeroDivisionError):
        await world.run()
    assert len(world.right.writes()) == AT_ONCE
    state = await world.store.load("anna", world.clock.now())
    assert len(state.links) == len(world.right.events()) == AT_ONCE - 1
    assert len(state.intents) == 1
    await world.settle()
    assert len(world.right.events()) == AT_ONCE + 2


async def test_an_edit_between_reading_and_writing_is_not_overwritten(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    right = next(iter(world.right.events()))
    world.left.user_edit(next(iter(world.left.events())), summary="links")
    world.right.behaviour.hidden.add(right)  # the feed does not tell of the edit in time
    world.right.user_edit(right, description="rechts")
    await world.run()
    assert world.right.events()[right].summary == "links"
    assert world.right.events()[right].description == "rechts"
    await world.settle()
    assert next(iter(world.left.events().values())).description == "rechts"


async def test_an_unreachable_side_changes_nothing(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    world.right.faults.add("changes", lambda: Retry("down"))
    world.left.user_delete(next(iter(world.left.events())))
    with pytest.raises(Retry):
        await world.run()
    assert len(world.right.events()) == 1


async def test_what_the_server_makes_of_a_text_is_no_edit(world: World, meeting: Event) -> None:
    world.right.behaviour.normalise = lambda event: replace(event, summary=event.summary[:6])
    world.left.user_create(meeting)
    await world.settle()
    assert next(iter(world.left.events().values())).summary == "Besichtigung"
    world.left.user_edit(next(iter(world.left.events())), summary="Notartermin")
    await world.settle()
    assert next(iter(world.left.events().values())).summary == "Notartermin"
    assert next(iter(world.right.events().values())).summary == "Notart"


class Broken(Rule):
    name = "broken"

    def admit(self, event: Event) -> str | None:
        if event.summary == "giftig":
            raise RuntimeError("a bug")
        return None


async def test_a_rule_that_raises_holds_its_event_only(world: World, meeting: Event) -> None:
    world.settings["rules"] = (Broken(),)
    world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="giftig"))
    report = await world.run()
    assert report.counts[Side.RIGHT].held == 1
    assert [event.summary for event in world.right.events().values()] == ["Besichtigung"]


@pytest.mark.parametrize("rules", [(), (Broken(),)])
async def test_without_the_rule_the_calendar_itself_refuses_to_mail(
    world: World, meeting: Event, rules: tuple[Rule, ...]
) -> None:
    world.settings["rules"] = rules
    world.left.user_create(meeting)
    await world.settle()
    world.right.user_edit(next(iter(world.right.events())), attendee_count=3)
    world.left.user_edit(next(iter(world.left.events())), summary="neu")
    report = await world.run()
    assert report.counts[Side.RIGHT].blocked == 1
    assert world.right.mails == 0


async def test_two_runners_do_not_share_an_account(world: World, meeting: Event) -> None:
    await world.store.acquire("anna", "another", world.clock.now(), timedelta(minutes=5))
    with pytest.raises(Retry, match="another process"):
        await world.run()
    world.clock.advance(600)
    await world.run()


def shorten(event: Event) -> Event:
    """Store only the start of the notes, as a server with short fields does."""
    return replace(event, description=event.description[:4])


@pytest.mark.parametrize("reread", [False, True])
async def test_a_text_that_somebody_changed_is_shown_and_not_merged_back(
    world: World, meeting: Event, reread: bool
) -> None:
    """The server tells neither the revision of our write nor who wrote last."""
    world.right.behaviour.answer = "id"
    world.right.behaviour.tells_writer = False
    world.right.behaviour.normalise = shorten
    world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    if reread:
        world.right.faults.add("read", lambda: Retry("down"))
    await world.settle()
    report = await world.run()
    assert report.notices["hold", "right", "changed_by_server"] == 2
    assert {event.description for event in world.left.events().values()} == {"Schlüssel"}
    world.left.user_delete(next(iter(world.left.events())))
    report = await world.run()
    assert report.notices["hold", "right", "changed_by_server"] == 2
    world.left.user_edit(next(iter(world.left.events())), description="kurz")
    world.right.user_edit(next(iter(world.right.events())), description="neu")
    await world.settle()
    assert {event.description for event in world.left.events().values()} == {"neu", "kurz"}


@pytest.mark.parametrize("tells_writer", [False, True])
async def test_an_update_whose_answer_is_lost_and_whose_text_was_cut_is_known_again(
    world: World, meeting: Event, tells_writer: bool
) -> None:
    world.right.behaviour.tells_writer = tells_writer
    world.right.behaviour.normalise = shorten
    world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(next(iter(world.left.events())), description="Hinterhof")
    world.right.faults.add("update", lambda: UnknownOutcome("lost"), after=True)
    report = await world.run()
    assert report.counts[Side.RIGHT].failed == 1
    await world.settle()
    assert next(iter(world.left.events().values())).description == "Hinterhof"
    held = (await world.run()).notices["hold", "right", "changed_by_server"]
    assert held == (0 if tells_writer else 1)
