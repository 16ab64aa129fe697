import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from calsync_sandbox.flowfact import FlowfactServer
from calsync_sandbox.mail import MailLog

AUTHENTICATE = "/admin-token-service/public/adminUser/authenticate"
COMPANY = "/company-service/company"
Ask = Callable[..., Awaitable[tuple[int, Any]]]


async def signed_in(raw: aiohttp.ClientSession, token: str) -> str:
    async with raw.get(AUTHENTICATE, headers={"token": token}) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/plain"
        return await answer.text()


async def company(raw: aiohttp.ClientSession, **headers: str) -> tuple[int, Any]:
    async with raw.get(COMPANY, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_the_token_is_exchanged_for_a_jwt_with_a_real_end(
    server: FlowfactServer, raw: aiohttp.ClientSession, now: list[float]
) -> None:
    session = await signed_in(raw, server.api_token)
    claims = session.split(".")[1]
    decoded = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert len(session.split(".")) == 3
    assert decoded["exp"] == now[0] + 1800
    assert decoded["sub"] == server.api_user["id"]
    assert (await company(raw, cognitoToken=session))[0] == 200


async def test_a_wrong_token_is_a_403(raw: aiohttp.ClientSession) -> None:
    async with raw.get(AUTHENTICATE, headers={"token": "wrong"}) as answer:
        assert answer.status == 403


async def test_a_session_ends(server: FlowfactServer, raw: aiohttp.ClientSession, now: list[float]) -> None:
    server.switches.token_seconds = 5
    session = await signed_in(raw, server.api_token)
    now[0] += 4.9
    assert (await company(raw, cognitoToken=session))[0] == 200
    now[0] += 0.1
    assert (await company(raw, cognitoToken=session))[0] == 401
    assert (await company(raw, cognitoToken=await signed_in(raw, server.api_token)))[0] == 200


@pytest.mark.parametrize("status", [401, 403])
async def test_a_missing_session_is_refused(
    server: FlowfactServer, raw: aiohttp.ClientSession, status: Any
) -> None:
    server.switches.unauthorized_status = status
    assert await company(raw) == (status, {"status": status, "message": "Credentials invalid"})


@pytest.mark.parametrize("header", ["cognitoToken", "token"])
async def test_the_api_token_itself_opens_no_service(
    server: FlowfactServer, raw: aiohttp.ClientSession, header: str
) -> None:
    assert (await company(raw, **{header: server.api_token}))[0] == 403


async def test_another_tenants_session_is_refused(ask: Ask, mails: MailLog) -> None:
    other = FlowfactServer(mails)
    await other.start()
    assert (await ask("GET", other.url + COMPANY))[0] == 401
    assert other.requests[0].headers["cognitotoken"].count(".") == 2
    await other.stop()
