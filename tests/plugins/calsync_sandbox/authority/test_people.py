"""People sign in with a device code and go on with refresh tokens: by raw requests."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from calsync_sandbox.authority import AuthorityServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TENANT = "11111111-2222-3333-4444-555555555555"
SCOPE = "https://graph.microsoft.com/Calendars.ReadWrite openid profile offline_access"
ANNA = "anna@example.de"


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
async def authority(now: list[float]) -> AsyncIterator[AuthorityServer]:
    server = AuthorityServer(now=lambda: now[0])
    server.register(TENANT, "calsync", public=True)
    server.register(TENANT, "other", secret="right")
    server.people.add(ANNA)
    await server.start()
    yield server
    await server.stop()


async def post(authority: AuthorityServer, path: str, **form: str) -> tuple[int, Any]:
    url = f"{authority.url}/{TENANT}/oauth2/v2.0/{path}"
    async with aiohttp.ClientSession() as session, session.post(url, data=form) as answer:
        return answer.status, await answer.json()


async def begin(authority: AuthorityServer) -> dict[str, Any]:
    status, body = await post(authority, "devicecode", client_id="calsync", scope=SCOPE)
    assert status == 200
    found: dict[str, Any] = body
    return found


async def redeem(authority: AuthorityServer, begun: dict[str, Any], **more: str) -> tuple[int, Any]:
    kind = "urn:ietf:params:oauth:grant-type:device_code"
    form = {"grant_type": kind, "client_id": "calsync", "device_code": begun["device_code"]} | more
    return await post(authority, "token", **form)


async def refresh(authority: AuthorityServer, token: str) -> tuple[int, Any]:
    return await post(authority, "token", grant_type="refresh_token", client_id="calsync", refresh_token=token)


async def test_a_code_is_good_once_somebody_has_signed_in(authority: AuthorityServer) -> None:
    begun = await begin(authority)
    assert begun["verification_uri"].startswith("https://")
    assert (await redeem(authority, begun))[1]["error"] == "authorization_pending"
    authority.people.approve(begun["user_code"], ANNA)
    status, body = await redeem(authority, begun)
    grant = authority.tokens.find(body["access_token"])
    assert status == 200
    assert grant is not None
    assert (grant.person, body["scope"]) == (ANNA, SCOPE.replace(" offline_access", ""))
    _, claims, signature = body["id_token"].split(".")
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["preferred_username"] == ANNA
    assert signature == ""
    assert (await redeem(authority, begun))[1]["error"] == "bad_verification_code"


async def test_codes_are_declined_asked_for_too_fast_and_expire(
    authority: AuthorityServer, now: list[float]
) -> None:
    begun = await begin(authority)
    authority.people.too_fast = 1
    errors = [(await redeem(authority, begun))[1]["error"] for _ in range(2)]
    authority.people.decline(begun["user_code"])
    errors.append((await redeem(authority, begun))[1]["error"])
    now[0] += 900
    errors.append((await redeem(authority, begun))[1]["error"])
    assert errors == ["slow_down", "authorization_pending", "authorization_declined", "expired_token"]


async def test_a_refresh_token_is_good_for_one_use(authority: AuthorityServer) -> None:
    begun = await begin(authority)
    authority.people.approve(begun["user_code"], ANNA)
    first = (await redeem(authority, begun))[1]["refresh_token"]
    status, body = await refresh(authority, first)
    assert (status, body["refresh_token"] != first) == (200, True)
    assert (await refresh(authority, first))[1]["error"] == "invalid_grant"
    authority.people.forget()
    assert (await refresh(authority, body["refresh_token"]))[1]["error"] == "invalid_grant"


async def test_without_consent_nobody_gets_a_token(authority: AuthorityServer) -> None:
    begun = await begin(authority)
    authority.people.approve(begun["user_code"], ANNA)
    token = (await redeem(authority, begun))[1]["refresh_token"]
    authority.people.consented = False
    status, body = await refresh(authority, token)
    assert (status, body["error"], body["suberror"]) == (400, "invalid_grant", "consent_required")
    form = {"client_id": "other", "client_secret": "right", "scope": "https://graph.microsoft.com/.default"}
    status, body = await post(authority, "token", grant_type="client_credentials", **form)
    assert (status, body["error"]) == (400, "unauthorized_client")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"client_id": "other", "scope": SCOPE}, "invalid_client"),
        ({"client_id": "nobody", "scope": SCOPE}, "unauthorized_client"),
        ({"client_id": "calsync", "scope": "openid offline_access"}, "invalid_scope"),
        ({"client_id": "calsync", "scope": SCOPE.replace(" offline_access", "")}, "invalid_scope"),
    ],
)
async def test_who_gets_no_code(authority: AuthorityServer, form: dict[str, str], error: str) -> None:
    assert (await post(authority, "devicecode", **form))[1]["error"] == error


async def test_a_token_that_lacks_claims_is_challenged(authority: AuthorityServer) -> None:
    capable = json.dumps({"access_token": {"xms_cc": {"values": ["CP1"]}}})
    demanded = {"access_token": {"nbf": {"essential": True, "value": "1604106651"}}}
    tokens = authority.tokens
    plain, able = tokens.issue("t", "c"), tokens.issue("t", "c", claims=capable)
    assert tokens.challenge(able) is None
    tokens.demanded = json.dumps(demanded)
    assert (tokens.challenge(plain), tokens.challenge("made up")) == (None, None)
    assert tokens.challenge(able) == tokens.demanded
    demanded["access_token"]["xms_cc"] = {"values": ["CP1"]}
    assert tokens.challenge(tokens.issue("t", "c", claims=json.dumps(demanded))) is None
