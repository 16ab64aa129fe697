from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from yarl import URL

from calsync.errors import CalsyncError, LoginError, Retry
from calsync.http import Http
from calsync_flowfact.auth import Sessions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aioresponses import aioresponses

    from calsync.testing import FakeClock

BASE = "https://crm.example.de"
PATH = "/admin-token-service/public/adminUser/authenticate"
URI = BASE + PATH
SECRET = "3f0c-geheim"


def jwt(name: str, **claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"{name}.{payload}.sig"


@pytest.fixture
async def sessions(clock: FakeClock) -> AsyncIterator[Sessions]:
    http = Http("ff", BASE, clock)
    yield Sessions(http, clock, PATH, SECRET)
    await http.close()


@pytest.mark.parametrize("quote", ["", '"', '  "'])
async def test_the_token_is_exchanged(sessions: Sessions, wire: aioresponses, quote: str) -> None:
    wire.get(URI, body=f"{quote}{jwt('a')}{quote.strip()}\n")
    assert await sessions.token() == jwt("a")
    (call,) = wire.requests["GET", URL(URI)]
    assert call.kwargs["headers"] == {"token": SECRET}


@pytest.mark.parametrize(
    ("claims", "last", "first"),
    [
        ({"iat": 1000, "exp": 2800}, 1739, 1740),
        ({"iat": 5_000_000_000, "exp": 5_000_001_800}, 1739, 1740),
        ({"iat": 1000, "exp": 1040}, 19, 20),
        ({"iat": 2000, "exp": 1000}, 1439, 1440),
        ({"exp": "soon"}, 1439, 1440),
        ({}, 1439, 1440),
    ],
)
async def test_a_session_is_renewed_before_its_end(
    sessions: Sessions, wire: aioresponses, clock: FakeClock, claims: dict[str, Any], last: int, first: int
) -> None:
    wire.get(URI, body=jwt("a", **claims))
    wire.get(URI, body=jwt("b", **claims))
    await sessions.token()
    clock.advance(last)
    assert (await sessions.token())[0] == "a"
    clock.advance(first - last)
    assert (await sessions.token())[0] == "b"


@pytest.mark.parametrize("payload", ["AAAA", base64.urlsafe_b64encode(b"[1]").decode(), "e30"])
async def test_a_session_whose_claims_cannot_be_read_lasts_25_minutes(
    sessions: Sessions, wire: aioresponses, clock: FakeClock, payload: str
) -> None:
    wire.get(URI, body=f"a.{payload}.s")
    wire.get(URI, body=f"b.{payload}.s")
    await sessions.token()
    clock.advance(25 * 60 - 61)
    assert (await sessions.token())[0] == "a"
    clock.advance(1)
    assert (await sessions.token())[0] == "b"


async def test_many_ask_and_one_exchange_is_made(sessions: Sessions, wire: aioresponses) -> None:
    wire.get(URI, body=jwt("a"))
    wire.get(URI, body=jwt("b"))
    assert set(await asyncio.gather(*(sessions.token() for _ in range(5)))) == {jwt("a")}
    assert set(await asyncio.gather(*(sessions.renew(jwt("a")) for _ in range(5)))) == {jwt("b")}


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (
            {"status": 403, "payload": {"message": f"bad token {SECRET}"}},
            LoginError,
            "connection ff: .*API-Zugänge",
        ),
        ({"status": 401}, LoginError, "api_token"),
        ({"status": 404}, LoginError, "base_url"),
        ({"status": 429, "headers": {"Retry-After": "70"}}, Retry, "wait"),
        ({"status": 503}, Retry, "HTTP 503"),
        ({"status": 302}, Retry, "HTTP 302"),
        ({"status": 200, "body": "<html>.proxy.</html>"}, Retry, "no session"),
        ({"status": 200, "body": "a b.c.d"}, Retry, "no session"),
        ({"status": 200, "body": "ä.c.d"}, Retry, "no session"),
        ({"status": 200, "body": ""}, Retry, "no session"),
    ],
)
async def test_refusals(
    sessions: Sessions, wire: aioresponses, answer: dict[str, Any], error: type[CalsyncError], words: str
) -> None:
    wire.get(URI, **answer)
    with pytest.raises(error, match=words) as caught:
        await sessions.token()
    assert SECRET not in str(caught.value)
    if answer["status"] == 429:
        assert isinstance(caught.value, Retry)
        assert caught.value.after == 70
