"""What an answer holds is read as it is, and one that is no JSON or too large is none."""

from __future__ import annotations

import math

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict

from calsync.errors import CalsyncError, Retry, UnknownOutcome
from calsync.http import Answer, Http, door
from calsync.ports import SystemClock
from tests.http.conftest import Noon


@pytest.mark.parametrize(("changes", "expected"), [(False, Retry), (True, UnknownOutcome)])
async def test_an_endless_answer_is_dropped(
    monkeypatch: pytest.MonkeyPatch, changes: bool, expected: type[CalsyncError]
) -> None:
    monkeypatch.setattr(door, "MAX_ANSWER_BYTES", 2**20)

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(2**16))

    application = web.Application()
    application.router.add_get("/x", endless)
    async with TestServer(application) as server:
        http = Http("ff", str(server.make_url("")), Noon())
        with pytest.raises(expected, match="larger than 1 MiB"):
            await http.request("GET", "/x", headers={}, changes=changes)
        await http.close()


async def test_an_answer_of_100_mb_is_dropped_while_it_comes() -> None:
    """The limit as it is: what exceeds it is neither kept nor parsed."""
    sent = 0

    async def huge(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Length": str(100 * 2**20)})
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"<a>" + bytes(2**20 - 3))
            sent += 1
        return response

    application = web.Application()
    application.router.add_post("/x", huge)
    async with TestServer(application) as server:
        http = Http("exchange", str(server.make_url("")), SystemClock())
        with pytest.raises(Retry, match="larger than 64 MiB was dropped"):
            await http.request("POST", "/x", headers={}, body=b"<a/>")
        await http.close()
    assert sent < 100


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff", b"[" * 100_000])
@pytest.mark.parametrize(("changes", "expected"), [(False, Retry), (True, UnknownOutcome)])
def test_an_answer_that_is_no_json(body: bytes, changes: bool, expected: type[CalsyncError]) -> None:
    with pytest.raises(expected, match="HTTP 200"):
        Answer(200, {}, body, changes).json()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": [1, 2.5, null, true, "\xc3\xa4"]}', {"a": [1, 2.5, None, True, "ä"]}),
        (b'{"subject": "cut \\ud83d here"}', {"subject": "cut \ud83d here"}),
        (b'{"size": 1e400}', {"size": math.inf}),
    ],
)
def test_an_answer_may_hold_more_than_the_standard_allows(body: bytes, expected: object) -> None:
    assert Answer(200, {}, body).json() == expected


def test_a_header_may_stand_several_times() -> None:
    headers = CIMultiDict([("WWW-Authenticate", "Negotiate"), ("www-authenticate", "NTLM"), ("Via", "x")])
    assert Answer(401, headers, b"").lines("Www-Authenticate") == ["Negotiate", "NTLM"]
