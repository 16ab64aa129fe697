"""A server that stops in the middle of a list is never taken at its word."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

import pytest

from calsync.errors import AccountError
from calsync.testing.contract.case import WINDOW
from calsync_caldav.dav import Multistatus, read_multistatus
from calsync_caldav.feed import Feed
from calsync_caldav.reading import EventReader

if TYPE_CHECKING:
    from calsync_caldav.client import Client

STOPPED = b"""<multistatus xmlns="DAV:">
  <response><href>/anna/a.ics</href><propstat><prop><getetag>"1"</getetag></prop>
    <status>HTTP/1.1 200 OK</status></propstat></response>
  <response><href>/anna/</href><status>HTTP/1.1 507 Insufficient Storage</status></response>
</multistatus>"""


class Stopping:
    """Answers each question with a part."""

    async def multistatus(self, method: str, path: str, body: bytes, *, depth: int) -> Multistatus:
        del method, path, body, depth
        return read_multistatus(STOPPED)


async def test_a_listing_that_the_server_cut_short_is_not_complete() -> None:
    client = cast("Client", Stopping())
    reader = EventReader(client, "/anna/", ZoneInfo("Europe/Berlin"), (), page_size=3, location=False)
    with pytest.raises(AccountError, match="a part of the calendar"):
        [page async for page in Feed(client, reader).changes(None, WINDOW)]
