"""An account whose last run found nothing to do is left alone until a side tells of something."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.engine import Account
from calsync.engine.rest import terms
from calsync.errors import OtherCalendar, Retry, SwitchedOff
from calsync.ports import ReadOnly
from calsync.store import MemoryRuns
from calsync.sync.asking import Hang
from calsync.sync.model import Direction, Side, Timed
from calsync.testing.memory import Call, MemoryCalendar
from calsync.values import replace
from calsync_rules.series_skip import SeriesSkip

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from calsync.engine import Report
    from calsync.sync.model import Event

World = Any  # tests replace its methods, and name what is counted by plain text
DAY = 86400


@pytest.fixture
async def resting(world: World, meeting: Event) -> World:
    """Return a world with a pair, one event that is left out, and an account at rest."""
    world.left.user_create(meeting)
    world.right.user_create(replace(meeting, summary="jede Woche", series=True))
    await world.settle()
    await _come_to_rest(world)
    return world


async def _come_to_rest(world: World) -> None:
    for _ in range(4):
        if _was_left_alone(await world.poll()):
            return
    raise AssertionError("the account does not come to rest")


def _was_left_alone(report: Report) -> bool:
    """Tell whether nothing but news was asked for: no pass has told what it leaves out."""
    return report.unsynced is None


def _forget_calls(world: World) -> None:
    for calendar in (world.left, world.right):
        calendar.calls.clear()


def _calls(world: World) -> list[list[Call]]:
    return [calendar.calls for calendar in (world.left, world.right)]


async def _run_number(world: World) -> int:
    state = await world.store.load("anna", world.clock.now())
    assert isinstance(state.run, int)
    return state.run


async def test_an_account_at_rest_is_asked_for_news_and_nothing_else(resting: World) -> None:
    number = await _run_number(resting)
    _forget_calls(resting)
    report = await resting.poll()
    assert _was_left_alone(report)
    assert (report.number, report.at_rest, report.good_at) == (number, True, resting.clock.now())
    assert _calls(resting) == [[Call("changes")], [Call("changes")]]
    assert await _run_number(resting) == number
    assert (await resting.store.settings.get("anna")).good_at == resting.clock.now()


@pytest.mark.parametrize("side", ["left", "right"])
async def test_news_of_one_side_ends_the_rest_and_are_asked_for_once(
    resting: World, meeting: Event, side: str
) -> None:
    getattr(resting, side).user_create(replace(meeting, summary="neu"))
    _forget_calls(resting)
    report = await resting.poll()
    assert sum(counts.created for counts in report.counts.values()) == 1
    assert [[call.method for call in calls].count("changes") for calls in _calls(resting)] == [1, 1]
    assert all("neu" in [event.summary for event in events] for events in resting.both())


async def test_all_pages_behind_the_first_news_are_heard(resting: World, meeting: Event) -> None:
    resting.left.behaviour.page_size = 2
    for number in range(7):
        resting.left.user_create(replace(meeting, summary=f"neu {number}"))
    report = await resting.poll()
    assert report.counts[Side.RIGHT].created == 7


async def test_how_far_both_sides_were_read_without_news_is_remembered(
    resting: World, meeting: Event, tomorrow: datetime
) -> None:
    """What is outside the window moves the token and is no news."""
    before = await resting.store.rest("anna")
    far = Timed(tomorrow + timedelta(days=900), tomorrow + timedelta(days=900, hours=1))
    resting.left.user_create(replace(meeting, when=far))
    assert _was_left_alone(await resting.poll())
    after = await resting.store.rest("anna")
    for side in Side:
        assert after.sides[side].token != before.sides[side].token


@pytest.mark.parametrize(
    "settings",
    [
        {"direction": Direction.LEFT_TO_RIGHT},
        {"policy": "left"},
        {"on_target_edit": "restore"},
        {"rules": (SeriesSkip(),)},
    ],
    ids=lambda settings: next(iter(settings)),
)
async def test_other_terms_end_the_rest(resting: World, settings: dict[str, Any]) -> None:
    resting.settings.update(settings)
    assert not _was_left_alone(await resting.poll())


def test_each_term_of_an_account_is_heeded(world: World) -> None:
    """A new one that is forgotten here, or in `terms`, would not be heeded before the next listing."""
    account = world.account()
    others = {
        "calendars": {side: ReadOnly(MemoryCalendar("another")) for side in Side},
        "direction": Direction.RIGHT_TO_LEFT,
        "policy": "hold",
        "on_target_edit": "restore",
        "rules": "others",
        "first_sync": "ask",
        "past": timedelta(days=1),
        "future": timedelta(days=1),
    }
    named_otherwise = {"name", "chain"}  # by the row that the rest stands in, and by `rules`
    assert {field.name for field in fields(Account)} == others.keys() | named_otherwise
    for name, other in others.items():
        assert terms(replace(account, **{name: other})) != terms(account), name


async def test_another_version_of_calsync_ends_the_rest(resting: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calsync.engine.rest.__version__", "99")
    assert not _was_left_alone(await resting.poll())


async def test_both_sides_are_listed_once_a_day_however_long_nothing_happens(resting: World) -> None:
    """A feed that lost something is found out."""
    (copy,) = (one for one, event in resting.right.events().items() if not event.series)
    resting.right.behaviour.hidden = {copy}
    resting.right.user_delete(copy)
    assert _was_left_alone(await resting.poll())
    resting.clock.advance(DAY + 7200)
    for _ in range(3):
        await resting.poll()
    assert resting.left.events() == {}


async def test_a_lost_token_ends_the_rest(resting: World, meeting: Event) -> None:
    resting.right.drop_tokens()
    resting.right.user_create(replace(meeting, summary="neu"))
    assert (await resting.poll()).counts[Side.LEFT].created == 1


async def test_a_store_that_was_put_back_does_not_rest(resting: World) -> None:
    resting.runs = MemoryRuns({"anna": await _run_number(resting) + 1})
    report = await resting.poll()
    assert report.rebuild == "behind"


async def test_another_calendar_is_refused_at_rest_too(resting: World) -> None:
    resting.right.key = "another"
    with pytest.raises(OtherCalendar):
        await resting.poll()


async def test_an_account_that_was_switched_off_is_not_asked(resting: World) -> None:
    now = resting.clock.now()
    await resting.store.settings.set_enabled("anna", value=False, who="anna", now=now)
    _forget_calls(resting)
    with pytest.raises(SwitchedOff):
        await resting.poll()
    assert _calls(resting) == [[], []]


async def test_a_note_of_a_question_without_an_answer_ends_the_rest(resting: World) -> None:
    await resting.store.add_hang("anna", Hang(rule="series_skip", version="", left=None, right=None))
    assert not _was_left_alone(await resting.poll())


async def test_who_cannot_tell_news_fails_and_what_the_other_side_told_is_told_again(
    resting: World, meeting: Event
) -> None:
    resting.left.user_create(replace(meeting, summary="neu"))
    resting.right.faults.add("changes", lambda: Retry("down"))
    with pytest.raises(Retry, match="down"):
        await resting.poll()
    assert (await resting.poll()).counts[Side.RIGHT].created == 1


async def test_nobody_is_asked_while_another_process_holds_the_lease(resting: World) -> None:
    lease = await resting.store.acquire("anna", "another", resting.clock.now(), timedelta(minutes=5))
    assert lease is not None
    _forget_calls(resting)
    with pytest.raises(Retry, match="another process"):
        await resting.poll()
    assert _calls(resting) == [[], []]


async def test_what_waits_for_a_person_keeps_an_account_from_resting(
    resting: World, later_by: Callable[..., Any]
) -> None:
    """Blocked: its copy has attendees, so the edit cannot be written."""
    (original,) = resting.left.events()
    (copy,) = (one for one, event in resting.right.events().items() if not event.series)
    resting.right.user_edit(copy, attendee_count=2)
    await resting.settle()
    resting.left.user_edit(original, when=later_by(resting.left.events()[original].when, 1))
    for _ in range(4):
        report = await resting.poll()
        assert not _was_left_alone(report)
        assert report.counts[Side.RIGHT].blocked == 1
