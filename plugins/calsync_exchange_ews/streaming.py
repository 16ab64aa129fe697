"""A stream of Exchange: one envelope after the other, in pieces of any size."""

from __future__ import annotations

import logging
import re
from contextlib import aclosing
from typing import TYPE_CHECKING

from calsync.errors import Retry
from calsync_exchange_ews.responses import Content, content
from calsync_exchange_ews.xml import BadXml, parse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from calsync.http import Stream

MAX_ENVELOPE_BYTES = 8 * 1024 * 1024
_END = re.compile(rb"</(?:[\w.-]{1,64}:)?Envelope\s{0,16}>")
_LONGEST_END = 100
"""No end of an envelope is longer, so nothing is searched twice but that much."""
log = logging.getLogger("calsync.exchange")


class Envelopes:
    """Takes pieces, gives whole envelopes."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield each envelope that is whole now. Raises BadXml for one that is larger than any should be."""
        searched = max(0, len(self._data) - _LONGEST_END)
        self._data += piece
        while found := _END.search(self._data, searched):
            yield bytes(self._data[: found.end()]).strip()
            del self._data[: found.end()]
            searched = 0
        if len(self._data) > MAX_ENVELOPE_BYTES:
            raise BadXml("an envelope is too large")


async def contents(stream: Stream, operation: str, connection: str) -> AsyncGenerator[Content, None]:
    """Yield what a stream says, until the server ends it, or it breaks off, or makes no sense any more."""
    envelopes = Envelopes()
    try:
        async with aclosing(stream.pieces()) as pieces:
            async for piece in pieces:
                for envelope in envelopes.feed(piece):
                    yield content(parse(envelope), operation)
    except (BadXml, Retry) as broken:
        log.debug("%s: %s", connection, broken)
