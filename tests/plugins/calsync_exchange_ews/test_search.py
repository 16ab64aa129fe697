"""All pages of a search, in sizes that the server allows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from calsync.errors import Retry
from tests.plugins.calsync_exchange_ews.conftest import folder, listed, read
from tests.plugins.calsync_exchange_ews.test_feed import refused, shown, view
from tests.plugins.calsync_exchange_ews.test_reading import marked

if TYPE_CHECKING:
    from calsync_exchange_ews.calendar import ExchangeCalendar
    from calsync_exchange_ews.provider import ExchangeProvider
    from tests.plugins.calsync_exchange_ews.conftest import Script


def sizes(script: Script, operation: str) -> list[tuple[str, str]]:
    found = (re.search(r'MaxEntriesReturned="(\d+)" Offset="(\d+)"', body) for body in script.sent(operation))
    return [(each[1], each[2]) for each in found if each is not None]


async def test_a_server_that_finds_a_page_too_large_is_asked_for_half(
    calendar: ExchangeCalendar, provider: ExchangeProvider, script: Script
) -> None:
    too_many = "ErrorExceededFindCountLimit"
    script.on("FindItem", refused(too_many, "FindItem"), view(shown("a"), last="false"), view(shown("b")))
    script.on("GetItem", read(marked("a", "v1:m"), marked("b", "v1:m")))
    assert [seen.id for seen in await calendar.find_marker("v1:m")] == ["a", "b"]
    assert sizes(script, "FindItem") == [("100", "0"), ("50", "0"), ("50", "1")]

    script.on("FindFolder", refused(too_many, "FindFolder"), listed(folder("b")))
    await provider.check_calendar(calendar)
    assert sizes(script, "FindFolder") == [("100", "0"), ("50", "0")]


async def test_a_server_that_finds_every_page_too_large_is_asked_later(
    calendar: ExchangeCalendar, script: Script
) -> None:
    script.on("FindItem", refused("ErrorExceededFindCountLimit", "FindItem"))
    with pytest.raises(Retry):
        await calendar.find_marker("v1:m")
    assert [size for size, _ in sizes(script, "FindItem")] == ["100", "50", "25", "12", "10"]
