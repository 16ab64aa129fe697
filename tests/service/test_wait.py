"""When an account runs next: its poll in the end, sooner behind a ring, later where doorbells would tell."""

from __future__ import annotations

from datetime import timedelta

from calsync.service.backoff import IDLE_POLLS
from calsync.service.wait import Wait
from calsync.testing.clock import START

POLL, SETTLE = 60.0, 0.3


def seconds(wait: Wait, after: float, *, rung: bool = False, hears: bool = False) -> float:
    """Return when the next run is due, in seconds from the begin, as somebody finds it who looks `after` some."""
    due = wait.look(START + timedelta(seconds=after), rung=rung, hears=hears)
    return (due - START).total_seconds()


def test_it_lasts_for_a_poll() -> None:
    wait = Wait(START, POLL, SETTLE)
    assert wait.due == START + timedelta(seconds=POLL)
    assert seconds(wait, 1) == seconds(wait, POLL) == seconds(wait, POLL, hears=True) == POLL


def test_the_first_ring_brings_its_end_forward_and_none_puts_it_off() -> None:
    wait = Wait(START, POLL, SETTLE)
    assert seconds(wait, 10, rung=True) == 10 + SETTLE
    assert seconds(wait, 10.2, rung=True) == 10 + SETTLE
    assert seconds(Wait(START, POLL, SETTLE), POLL - 0.1, rung=True) == POLL


def test_no_ring_brings_it_forward_where_none_settles() -> None:
    assert seconds(Wait(START, POLL, None), 10, rung=True) == POLL


def test_polls_are_left_out_while_doorbells_are_heard_and_a_ring_ends_that() -> None:
    wait = Wait(START, POLL, SETTLE, may_idle=True)
    assert seconds(wait, POLL, hears=True) == POLL * IDLE_POLLS
    assert seconds(wait, 200, rung=True, hears=True) == 200 + SETTLE
    assert seconds(wait, 200 + SETTLE, rung=True, hears=True) == 200 + SETTLE


def test_a_doorbell_that_goes_deaf_brings_the_poll_back_and_the_last_one_is_always_carried_out() -> None:
    wait = Wait(START, POLL, SETTLE, may_idle=True)
    assert seconds(wait, POLL, hears=True) == POLL * IDLE_POLLS
    assert seconds(wait, POLL * IDLE_POLLS, hears=True) == POLL * IDLE_POLLS
    assert seconds(wait, 200) == 200 + POLL
    assert seconds(wait, 210, hears=True) == 200 + POLL


def test_it_is_over_where_the_clock_was_set_back_before_its_begin() -> None:
    assert seconds(Wait(START, POLL, SETTLE), -3600) == -3600
    assert seconds(Wait(START, POLL, SETTLE), -3600, rung=True) == -3600
    assert seconds(Wait(START, POLL, None, may_idle=True), -3600) == -3600
    wait = Wait(START, POLL, SETTLE, may_idle=True)
    assert seconds(wait, POLL, hears=True) == POLL * IDLE_POLLS
    assert seconds(wait, -3600, hears=True) == -3600
