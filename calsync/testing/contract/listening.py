"""Listening to a doorbell, where there is one."""
# ruff: noqa: S101 - pytest's assertions

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from calsync.testing.contract.case import EVENT, not_supported

if TYPE_CHECKING:
    from calsync.testing.contract.case import UnderTest

PATIENCE = 20.0
"""Seconds within which a doorbell has to ring in a test."""


@pytest.mark.asyncio
class ListeningContract:
    """What `Calendar.listen` promises."""

    async def test_there_is_no_doorbell_or_it_rings_at_the_beginning_and_at_changes(
        self, calendar_under_test: UnderTest
    ) -> None:
        rings = asyncio.Queue[str]()
        listening = asyncio.ensure_future(calendar_under_test.calendar.listen(rings.put_nowait))
        first = asyncio.ensure_future(rings.get())
        try:
            await asyncio.wait({listening, first}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            if listening.done():
                listening.result()
                not_supported("it has no doorbell", "what changed is found by the next poll")
            assert first.done(), "who begins to hear, rings"
            await calendar_under_test.user_create(EVENT)
            await asyncio.wait_for(rings.get(), PATIENCE)
        finally:
            first.cancel()
            listening.cancel()
            await asyncio.wait({listening})
