"""Answers that are lost, refused or cut: nothing is then written twice, or taken for complete."""
# ruff: noqa: S101 - pytest's assertions

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest

from calsync.errors import LoginError, Retry, UnknownOutcome
from calsync.ports import Gone, Trashed
from calsync.testing.contract.case import (
    DRAFT,
    EVENT,
    MARKER,
    STAMP,
    listen,
    not_supported,
    observed,
    synced,
)
from calsync.testing.proxy import Trouble

if TYPE_CHECKING:
    from calsync.testing.contract.case import UnderTest
    from calsync.testing.proxy import FaultProxy

AN_HOUR = {"Retry-After": "3600"}
A_SECOND = {"Retry-After": "1"}


def proxy_of(under_test: UnderTest) -> FaultProxy:
    if under_test.proxy is None:
        not_supported("no proxy stands before its server", "answers that are lost or refused are not tried")
    return under_test.proxy


def changed(under_test: UnderTest, proxy: FaultProxy) -> int:
    """Return how many requests that change something the server has seen."""
    return sum(under_test.writes(request.method, request.path) for request in proxy.passed)


@pytest.mark.asyncio
class TroubleContract:
    """What all methods promise where the network or the server fails."""

    async def test_a_create_whose_answer_is_lost_is_an_unknown_outcome(
        self, calendar_under_test: UnderTest
    ) -> None:
        calendar, proxy = calendar_under_test.calendar, proxy_of(calendar_under_test)
        proxy.add(Trouble(matches=calendar_under_test.writes, after=True))
        with pytest.raises(UnknownOutcome):
            await calendar.create(DRAFT, MARKER)
        if calendar.capabilities.marker:
            [found] = await calendar.find_marker(MARKER)
            assert synced(found.event) == synced(DRAFT)
        if calendar_under_test.idempotent:
            again = await calendar.create(DRAFT, MARKER)
            assert set((await listen(calendar)).observations) == {again.id}

    async def test_an_update_whose_answer_is_lost_is_an_unknown_outcome(
        self, calendar_under_test: UnderTest
    ) -> None:
        calendar, proxy = calendar_under_test.calendar, proxy_of(calendar_under_test)
        event_id = await calendar_under_test.user_create(EVENT)
        target = await observed(calendar, event_id)
        proxy.add(Trouble(matches=calendar_under_test.writes, after=True))
        with pytest.raises(UnknownOutcome):
            await calendar.update(target, {"summary": "Neu"}, STAMP)
        assert (await observed(calendar, event_id)).event.summary == "Neu"

    async def test_a_delete_whose_answer_is_lost_is_an_unknown_outcome(
        self, calendar_under_test: UnderTest
    ) -> None:
        calendar, proxy = calendar_under_test.calendar, proxy_of(calendar_under_test)
        event_id = await calendar_under_test.user_create(EVENT)
        target = await observed(calendar, event_id)
        proxy.add(Trouble(matches=calendar_under_test.writes, after=True))
        with pytest.raises(UnknownOutcome):
            await calendar.delete(target)
        assert isinstance(await calendar.locate(event_id), Trashed | Gone)
        await calendar.delete(target)

    async def test_a_write_that_never_arrives_changes_nothing(self, calendar_under_test: UnderTest) -> None:
        calendar, proxy = calendar_under_test.calendar, proxy_of(calendar_under_test)
        proxy.add(Trouble(matches=calendar_under_test.writes))
        with pytest.raises((UnknownOutcome, Retry)):
            await calendar.create(DRAFT, MARKER)
        assert (await listen(calendar)).observations == {}

    async def test_a_short_pause_is_waited_for(self, calendar_under_test: UnderTest) -> None:
        calendar, proxy = calendar_under_test.calendar, proxy_of(calendar_under_test)
        proxy.add(Trouble(matches=calendar_under_test.writes, status=429, headers=A_SECOND))
        with suppress(Retry):  # or whoever asked comes again
            written = await calendar.create(DRAFT, MARKER)
            assert set((await listen(calendar)).observations) == {written.id}

    async def test_who_is_throttled_writes_nothing_and_comes_back_later(
        self, calendar_under_test: UnderTest
    ) -> None:
        calendar, proxy = calendar_under_test.calendar, proxy_of(calendar_under_test)
        event_id = await calendar_under_test.user_create(EVENT)
        target, before = await observed(calendar, event_id), changed(calendar_under_test, proxy)
        proxy.add(Trouble(times=None, status=429, headers=AN_HOUR))
        with pytest.raises(Retry) as told:
            await listen(calendar)
        assert told.value.after is None or told.value.after > 0
        for write in (
            partial(calendar.create, DRAFT, MARKER),
            partial(calendar.update, target, {"summary": "Neu"}, STAMP),
        ):
            with pytest.raises(Retry):
                await write()
        assert changed(calendar_under_test, proxy) == before

    @pytest.mark.parametrize("status", [500, 502, 503])
    async def test_a_server_that_fails_is_asked_again(self, calendar_under_test: UnderTest, status: int) -> None:
        calendar, proxy = calendar_under_test.calendar, proxy_of(calendar_under_test)
        event_id = await calendar_under_test.user_create(EVENT)
        proxy.add(Trouble(times=None, status=status))
        for read in (partial(calendar.read, [event_id]), partial(listen, calendar)):
            with pytest.raises(Retry):
                await read()
        proxy.clear()
        assert set((await listen(calendar)).observations) == {event_id}

    async def test_a_write_that_the_server_failed_at_is_not_taken_for_done(
        self, calendar_under_test: UnderTest
    ) -> None:
        calendar, proxy = calendar_under_test.calendar, proxy_of(calendar_under_test)
        proxy.add(Trouble(matches=calendar_under_test.writes, times=None, status=500))
        with pytest.raises((UnknownOutcome, Retry)):
            await calendar.create(DRAFT, MARKER)
        proxy.clear()
        assert (await listen(calendar)).observations == {}

    async def test_an_answer_that_breaks_off_is_never_a_complete_listing(
        self, calendar_under_test: UnderTest
    ) -> None:
        calendar, proxy = calendar_under_test.calendar, proxy_of(calendar_under_test)
        for _ in range(3):
            await calendar_under_test.user_create(EVENT)
        proxy.add(Trouble(times=None, cut=True))
        with pytest.raises(Retry):
            await listen(calendar)

    async def test_a_refused_sign_in_waits_for_a_person(self, calendar_under_test: UnderTest) -> None:
        calendar, proxy = calendar_under_test.calendar, proxy_of(calendar_under_test)
        proxy.add(Trouble(times=None, status=401))
        with pytest.raises(LoginError):
            await listen(calendar)
