"""A stream's pieces become envelopes, whatever their sizes; what makes no sense ends it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from calsync.errors import Retry
from calsync_exchange_ews import streaming
from calsync_exchange_ews.streaming import Envelopes, contents
from calsync_exchange_ews.xml import BadXml
from tests.plugins.calsync_exchange_ews.conftest import answer, message

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

STATUS = answer("GetStreamingEvents", message("GetStreamingEvents", "<m:ConnectionStatus>OK</m:ConnectionStatus>"))
BARE = STATUS.partition(b"?>")[2]
"""Without an XML declaration."""


class Pieces:
    """A stream that says what a test wants, and breaks off when it wants."""

    def __init__(self, pieces: Sequence[bytes], error: Retry | None = None) -> None:
        self._pieces = pieces
        self._error = error

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        for piece in self._pieces:
            yield piece
        if self._error is not None:
            raise self._error


async def understood(*pieces: bytes, error: Retry | None = None) -> int:
    """Return how many envelopes are understood before the stream ends."""
    stream = Pieces(pieces, error)
    found = [each async for each in contents(stream, "GetStreamingEvents", "exchange")]  # type: ignore[arg-type]
    assert all(each.replies[0].ok for each in found)
    return len(found)


@pytest.mark.parametrize("size", [1, 2, 37, 4096])
def test_envelopes_of_any_form_in_pieces_of_any_size(size: int) -> None:
    said = STATUS + b"\r\n" + BARE + STATUS.replace(b"</s:Envelope>", b"</s:Envelope\n >") + b"<s:Envelope"
    envelopes = Envelopes()
    found = [each for at in range(0, len(said), size) for each in envelopes.feed(said[at : at + size])]
    assert found[:2] == [STATUS, BARE]
    assert len(found) == 3


def test_pieces_of_chance_sizes() -> None:
    dice, said = random.Random(1), STATUS * 20
    for _ in range(50):
        envelopes, found, at = Envelopes(), list[bytes](), 0
        while at < len(said):
            size = dice.randrange(1, 2 * len(STATUS))
            found += envelopes.feed(said[at : at + size])
            at += size
        assert found == [STATUS] * 20


def test_an_envelope_that_does_not_end_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "MAX_ENVELOPE_BYTES", 1000)
    envelopes = Envelopes()
    for _ in range(10):
        assert not [*envelopes.feed(b"x" * 100)]
    with pytest.raises(BadXml):
        [*envelopes.feed(b"x")]


async def test_what_is_whole_is_understood_before_a_stream_breaks_off() -> None:
    assert await understood(STATUS, STATUS[:-9]) == 1
    assert await understood(STATUS, STATUS, error=Retry("lost")) == 2
    assert await understood() == 0


@pytest.mark.parametrize(
    "garbage",
    [
        b"</Envelope>",
        b"<html></Envelope>",
        STATUS.replace(b"GetStreamingEventsResponse>", b"GetFolderResponse>"),
        b'<!DOCTYPE x [<!ENTITY e "e">]>' + BARE,
        STATUS.replace(b"OK", b"&e;"),
        b"\xff\xfe</Envelope>",
    ],
)
async def test_garbage_ends_a_stream(garbage: bytes) -> None:
    assert await understood(STATUS, garbage, STATUS) == 1
