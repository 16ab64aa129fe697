"""Who may open what: a person the own mailbox, and nobody with a token that lacks claims."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from calsync_sandbox.authority import Tokens
    from calsync_sandbox.graph import GraphServer
    from calsync_sandbox.mailbox import Mailbox


async def calendar(server: GraphServer, token: str, mailbox: str) -> aiohttp.ClientResponse:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{server.url}/v1.0/users/{mailbox}/calendar") as answer,
    ):
        await answer.read()
        return answer


async def test_a_person_opens_the_own_mailbox_by_all_its_names(
    server: GraphServer, anna: Mailbox, tokens: Tokens
) -> None:
    server.add_mailbox("bert@example.de")
    token = tokens.issue("t", "c", person=anna.address)
    for name, status in ((anna.address, 200), (anna.user_id, 200), ("bert@example.de", 403)):
        assert (await calendar(server, token, name)).status == status
    assert (await calendar(server, tokens.issue("t", "c"), "bert@example.de")).status == 200


async def test_a_person_is_told_of_changes_in_the_own_mailbox_alone(
    server: GraphServer, anna: Mailbox, tokens: Tokens
) -> None:
    bert = server.add_mailbox("bert@example.de")
    headers = {"Authorization": f"Bearer {tokens.issue('t', 'c', person=anna.address)}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for mailbox, code in ((anna, "InvalidRequest"), (bert, "ErrorAccessDenied")):
            wish = {"resource": f"/users/{mailbox.address}/events", "changeType": "created"}
            async with session.post(f"{server.url}/v1.0/subscriptions", json=wish) as answer:
                assert (await answer.json())["error"]["code"] == code


async def test_a_token_that_lacks_claims_is_refused_with_them(
    server: GraphServer, anna: Mailbox, tokens: Tokens
) -> None:
    capable = {"access_token": {"xms_cc": {"values": ["CP1"]}}}
    token = tokens.issue("t", "c", claims=json.dumps(capable))
    assert (await calendar(server, token, anna.address)).status == 200
    tokens.demanded = json.dumps({"access_token": {"nbf": {"essential": True, "value": "1"}}})
    answer = await calendar(server, token, anna.address)
    encoded = base64.b64encode(tokens.demanded.encode()).decode()
    assert answer.status == 401
    assert f'error="insufficient_claims", claims="{encoded}"' in answer.headers["WWW-Authenticate"]
