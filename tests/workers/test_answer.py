from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from calsync.engine import Report
from calsync.errors import (
    AccountError,
    Bug,
    Busy,
    CalsyncError,
    ConfigError,
    LoginError,
    Lost,
    Retry,
    StoreError,
    SwitchedOff,
    class_of,
    reason,
)
from calsync.metrics import result_of
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from calsync.workers.answer import end, progress, progress_of, requests_of, take_end

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def test_a_report_is_the_same_on_the_other_side() -> None:
    told = Report(number=7, good_at=NOON, at_rest=True, held_since={"conflict": NOON})
    told.counts[Side.LEFT].created = 3
    told.counts[Side.RIGHT].failed = 1
    told.notices = Counter({(Kind.HOLD, Side.LEFT, "conflict"): 2})
    told.remarks = Counter({(Kind.UPDATE, Side.RIGHT, "overwritten"): 1})
    heard = Report()
    take_end(end(told, None), heard)
    assert heard == told


@pytest.mark.parametrize(
    "error",
    [
        AccountError("no mailbox"),
        Busy("another process"),
        ConfigError(["one", "two"]),
        LoginError("wrong token"),
        Retry("later", after=30.0),
        StoreError("the disk is full"),
        SwitchedOff("off"),
    ],
)
def test_an_error_is_raised_as_it_was(error: CalsyncError) -> None:
    heard = Report()
    with pytest.raises(type(error)) as raised:
        take_end(end(Report(number=2), error), heard)
    assert heard.number == 2
    assert type(raised.value) is type(error)
    assert str(raised.value) == str(error)
    assert getattr(raised.value, "after", None) == getattr(error, "after", None)


def test_a_lost_answer_is_one_more_thing_to_try_again() -> None:
    with pytest.raises(Retry, match="the answer was lost") as raised:
        take_end(end(Report(), Lost("the answer was lost", after=3.0)), Report())
    assert raised.value.after == 3.0


def test_a_bug_stays_one_without_its_text() -> None:
    with pytest.raises(Bug) as raised:
        take_end(end(Report(), KeyError("what a customer wrote")), Report())
    assert (class_of(raised.value), reason(raised.value)) == ("KeyError", "a bug, KeyError")
    assert result_of(raised.value) == "bug"


def test_how_far_a_run_is_is_not_its_end() -> None:
    assert progress_of(progress(3, 10)) == (3, 10)
    assert progress_of(end(Report(), None)) is None


def test_requests_are_told_along() -> None:
    assert requests_of(end(Report(), None, [("m365", "200", 0.25)])) == [("m365", "200", 0.25)]
