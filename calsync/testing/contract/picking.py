"""Picking one of a mailbox's calendars."""
# ruff: noqa: S101 - pytest's assertions

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.testing.contract.case import not_supported
from calsync.values import replace

if TYPE_CHECKING:
    from calsync.testing.contract.case import UnderTest


@pytest.mark.asyncio
class PickingContract:
    """What `Provider.calendars` promises; a provider whose mailboxes have one calendar each lists none."""

    async def test_what_can_be_picked_can_be_opened_and_the_main_calendar_is_the_first(
        self, calendar_under_test: UnderTest
    ) -> None:
        provider, request = calendar_under_test.provider, calendar_under_test.request
        if provider is None or request is None:
            not_supported("nobody can tell what opened it", "whether its calendars can be picked is not tried")
        listed = await provider.calendars(request.settings)
        if not listed:
            not_supported("its calendars are not listed", "an account names its calendar, or has one only")
        assert [one.main for one in listed] == [number == 0 for number in range(len(listed))]
        keys = []
        for one in listed:
            picked = replace(request, settings={**request.settings, "calendar": one.id})
            keys.append((await provider.open(picked)).key)
        assert len(set(keys)) == len(keys)
        assert keys[0] == calendar_under_test.calendar.key
        assert all(one.name and one.writable for one in listed)
