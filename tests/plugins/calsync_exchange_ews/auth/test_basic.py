from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import pytest
from aioresponses import CallbackResult

from calsync.errors import LoginError
from calsync.values import replace
from calsync_exchange_ews.auth.auto import Auto
from calsync_exchange_ews.auth.basic import Basic
from calsync_exchange_ews.auth.bearer import Bearer
from calsync_exchange_ews.auth.credential import Credential
from calsync_exchange_ews.auth.login import Post
from calsync_exchange_ews.auth.spnego import Spnego
from tests.plugins.calsync_exchange_ews.auth.conftest import door
from tests.plugins.calsync_exchange_ews.auth.iis import Iis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aioresponses import aioresponses

    from calsync.http import Http

URL = "https://mail.example.de/EWS/Exchange.asmx"
POST = Post(headers={"User-Agent": "calsync"}, body=b"<x/>", changes=True)


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    session = door(URL)
    yield session
    await session.close()


def headers(wire: aioresponses) -> list[str | None]:
    return [call.kwargs["headers"].get("Authorization") for calls in wire.requests.values() for call in calls]


async def test_basic_goes_with_the_first_request(http: Http, wire: aioresponses) -> None:
    wire.post(URL, body=b"<y/>")
    login = Basic(Credential(connection="exchange", username="EX\\jörg", password="pä:ss"))
    assert (await login.send(http, POST)).body == b"<y/>"
    assert headers(wire) == ["Basic " + base64.b64encode("EX\\jörg:pä:ss".encode()).decode()]


async def test_a_wrong_password_is_sent_once(http: Http, wire: aioresponses, credential: Credential) -> None:
    wire.post(URL, status=401, repeat=True)
    logins = [Basic(credential).send(http, POST) for _ in range(5)]
    assert {type(error) for error in await asyncio.gather(*logins, return_exceptions=True)} == {LoginError}
    assert len(headers(wire)) == 1


async def test_a_token_is_renewed_once(http: Http, wire: aioresponses) -> None:
    async def token(*, refused: str | None) -> str:
        return "new" if refused == "old" else "old"

    wire.post(URL, status=401)
    wire.post(URL, body=b"<y/>")
    assert (await Bearer("exchange", token).send(http, POST)).ok
    assert headers(wire) == ["Bearer old", "Bearer new"]
    wire.post(URL, status=401, repeat=True)
    with pytest.raises(LoginError, match="accepts no token"):
        await Bearer("exchange", token).send(http, POST)


@pytest.mark.parametrize(
    ("schemes", "chosen"),
    [("Negotiate, NTLM, Basic", Spnego), ("Negotiate", Spnego), ('Basic realm="x"', Basic)],
)
async def test_the_scheme_is_taken_from_what_is_offered(
    http: Http, wire: aioresponses, credential: Credential, schemes: str, chosen: type
) -> None:
    bodies: list[bytes] = []

    def answer(url: Any, data: Any = None, **_: Any) -> CallbackResult:
        bodies.append(data)
        return CallbackResult(status=401, headers={"WWW-Authenticate": schemes})

    wire.post(URL, callback=answer, repeat=True)
    login = Auto(credential)
    with pytest.raises(LoginError):
        await login.send(http, POST)
    assert isinstance(login._chosen, chosen)
    assert bodies[0] == b""


async def test_a_server_without_passwords_is_told(http: Http, wire: aioresponses, credential: Credential) -> None:
    wire.post(URL, status=401, headers={"WWW-Authenticate": "Bearer"})
    with pytest.raises(LoginError, match="offers: bearer"):
        await Auto(credential).send(http, POST)


@pytest.mark.usefixtures("users")
async def test_auto_signs_in_by_ntlm(credential: Credential) -> None:
    server = Iis()
    session = door(await server.start())
    login = Auto(credential)
    for _ in range(2):
        assert (await login.send(session, POST)).text == "EX\\anna 4"
    assert [scheme for scheme, _ in server.requests] == ["", "", "NTLM", "NTLM", ""]
    await session.close()
    await server.stop()


async def test_a_server_that_asks_nobody_is_answered(
    http: Http, wire: aioresponses, credential: Credential
) -> None:
    wire.post(URL, body=b"<y/>", repeat=True)
    assert (await Auto(credential).send(http, POST)).ok
    assert headers(wire) == [None, None]


async def test_a_server_that_looks_at_the_body_before_it_asks_who_sends_it(
    http: Http, wire: aioresponses, credential: Credential
) -> None:
    def answer(url: Any, data: Any = None, headers: Any = None, **_: Any) -> CallbackResult:
        if not data:
            return CallbackResult(status=400)
        signed = "Authorization" in headers
        return CallbackResult(status=200 if signed else 401, headers={"WWW-Authenticate": "Basic"}, body=b"<y/>")

    wire.post(URL, callback=answer, repeat=True)
    login = Auto(credential)
    for _ in range(2):
        assert (await login.send(http, replace(POST, changes=False))).status == 200
    assert [each is not None for each in headers(wire)] == [False, False, True, True]
