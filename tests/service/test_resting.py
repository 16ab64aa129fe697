"""Where nothing is left to do and doorbells are heard, most polls are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import Retry
from calsync.ports import NOTHING_NEW
from calsync.service.backoff import IDLE_POLLS
from tests.service.accounts import POLL, Running

if TYPE_CHECKING:
    from calsync.service import State


def status(running: Running) -> tuple[State, str | None]:
    found = running.service.board.status("anna")
    return found.state, found.error


async def test_where_doorbells_are_heard_and_nothing_is_left_to_do_most_polls_are_left_out(rung: Running) -> None:
    rung.accounts.at_rest = True
    rung.doorbell.ring()
    await rung.settle()
    await rung.accounts.reached("anna", 2)
    assert rung.service.board.status("anna").doorbell
    for _ in range(IDLE_POLLS - 1):
        await rung.leave_out()
    assert rung.accounts.runs["anna"] == 2
    await rung.poll(POLL * 1.1 * IDLE_POLLS)
    await rung.accounts.reached("anna", 3)


async def test_a_doorbell_that_hears_and_has_nothing_to_tell_makes_no_run(running: Running) -> None:
    running.accounts.at_rest = True
    running.start("anna")
    await running.doorbell.called(1)
    running.doorbell.rings[-1](NOTHING_NEW)
    assert running.service.board.status("anna").doorbell
    for _ in range(IDLE_POLLS - 1):
        await running.leave_out()
    assert running.accounts.runs["anna"] == 1
    await running.poll(POLL * 1.1 * IDLE_POLLS)
    await running.accounts.reached("anna", 2)


async def test_each_poll_is_carried_out_while_something_is_left_to_do(rung: Running) -> None:
    rung.doorbell.ring()
    await rung.settle()
    await rung.accounts.reached("anna", 2)
    await rung.poll()
    await rung.accounts.reached("anna", 3)


async def test_a_doorbell_that_goes_deaf_brings_the_polls_back(rung: Running) -> None:
    rung.accounts.at_rest = True
    rung.doorbell.ring()
    await rung.settle()
    await rung.accounts.reached("anna", 2)
    for _ in range(3):
        await rung.leave_out()
    assert rung.accounts.runs["anna"] == 2
    rung.doorbell.broken.set_exception(Retry("the stream broke off"))
    await rung.clock.until_due(POLL * 1.1, 2)  # the poll, and listening again
    rung.clock.advance(POLL * 1.1)
    await rung.accounts.reached("anna", 3)
    await rung.doorbell.called(2)
    await rung.poll()  # it has not rung yet
    await rung.accounts.reached("anna", 4)


async def test_a_ring_ends_the_rest_at_once(rung: Running) -> None:
    rung.accounts.at_rest = True
    rung.doorbell.ring()
    await rung.settle()
    await rung.accounts.reached("anna", 2)
    await rung.leave_out()
    rung.doorbell.ring()
    await rung.settle()
    await rung.accounts.reached("anna", 3)
