"""Access, throttling, and the answers' common frame."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import aiohttp
import pytest

from calsync_sandbox.authority import Tokens
from calsync_sandbox.faults import Fault
from calsync_sandbox.graph import GraphServer
from calsync_sandbox.graph.errors import access_policy, mailbox_not_enabled
from calsync_sandbox.mail import MailLog
from calsync_sandbox.mailbox import Mailbox

Ask = Callable[..., Awaitable[Any]]


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}])
async def test_only_issued_tokens_are_accepted(anna: Mailbox, server: GraphServer, header: dict[str, str]) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{server.url}/v1.0/users/x", headers=header) as answer,
    ):
        assert answer.status == 401
        assert (await answer.json())["error"]["code"] == "InvalidAuthenticationToken"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_revoked_tokens_are_refused(ask: Ask, tokens: Tokens) -> None:
    assert (await ask("GET", "/calendar")).status == 200
    tokens.revoke()
    assert (await ask("GET", "/calendar")).status == 401


async def test_unknown_and_refused_mailboxes(anna: Mailbox, ask: Ask) -> None:
    unknown = await ask("GET", "/v1.0/users/nobody@example.de/calendar")
    assert (unknown.status, unknown.code) == (404, "ErrorInvalidUser")
    anna.refusal = mailbox_not_enabled()
    assert (await ask("GET", "/calendar")).code == "MailboxNotEnabledForRESTAPI"
    anna.refusal = access_policy()
    assert (await ask("GET", "/calendar")).body["error"]["message"] == "Access to OData is disabled."
    anna.refusal = None
    assert (await ask("GET", "/calendar")).status == 200


async def test_unknown_paths_methods_and_bodies(ask: Ask, raw: aiohttp.ClientSession, server: GraphServer) -> None:
    assert (await ask("GET", "/messages")).status == 400
    assert (await ask("POST", "/events/x/cancel")).status == 400
    assert (await ask("PUT", "/events")).status == 405
    async with raw.post(f"{server.url}/v1.0/users/anna@example.de/events", data=b"{") as answer:
        assert answer.status == 400


async def test_answers_name_their_request(ask: Ask) -> None:
    answer = await ask("GET", "/calendar", client_request_id="mine")
    assert answer.headers["client-request-id"] == "mine"
    refused = await ask("GET", "/calendars/x", client_request_id="mine")
    assert refused.body["error"]["innerError"]["client-request-id"] == "mine"
    assert refused.headers["request-id"] == refused.body["error"]["innerError"]["request-id"]


class Gate(asyncio.Event):
    """Holds a request back, and tells when it is there."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()

    async def wait(self) -> Literal[True]:
        self.reached.set()
        return await super().wait()


async def test_too_many_requests_at_once(anna: Mailbox, ask: Ask, server: GraphServer) -> None:
    server.switches.concurrency_limit = 1
    gate = Gate()
    server.faults.add(Fault(status=None, hold=gate))
    held = asyncio.ensure_future(ask("GET", "/calendar"))
    await gate.reached.wait()
    refused = await ask("GET", "/calendar")
    assert (refused.status, refused.code, refused.headers["Retry-After"]) == (429, "ApplicationThrottled", "1")
    server.switches.retry_after = None
    assert "Retry-After" not in (await ask("GET", "/calendar")).headers
    tim = server.add_mailbox("tim@example.de")
    assert (await ask("GET", f"/v1.0/users/{tim.address}/calendar")).status == 200
    gate.set()
    assert (await held).status == 200
    assert (await ask("GET", "/calendar")).status == 200
    assert server.sent("GET", "calendar")[0].status == 429


async def test_too_many_requests_in_a_span_of_time(
    anna: Mailbox, ask: Ask, server: GraphServer, now: list[float]
) -> None:
    server.switches.rate_limit, server.switches.rate_window = 1, 10.0
    assert (await ask("GET", "/calendar")).status == 200
    refused = await ask("GET", "/calendar")
    assert (refused.status, refused.code, refused.headers["Retry-After"]) == (429, "ApplicationThrottled", "10")
    now[0] += 10
    assert (await ask("GET", "/calendar")).status == 200


async def test_each_mailbox_has_its_own_span_of_time(anna: Mailbox, ask: Ask, server: GraphServer) -> None:
    tim = server.add_mailbox("tim@example.de")
    server.switches.rate_limit = 1
    assert [(await ask("GET", "/calendar")).status for _ in range(2)] == [200, 429]
    assert (await ask("GET", f"/v1.0/users/{tim.address}/calendar")).status == 200


async def test_the_parts_of_a_batch_count_one_by_one(anna: Mailbox, ask: Ask, server: GraphServer) -> None:
    server.switches.rate_limit = 2
    parts = [{"id": str(number), "method": "GET", "url": "/users/anna@example.de/calendar"} for number in range(3)]
    responses = (await ask("POST", "/v1.0/$batch", {"requests": parts})).body["responses"]
    assert [response["status"] for response in responses] == [200, 200, 429]
    assert responses[-1]["headers"]["Retry-After"] == "600"
    assert responses[-1]["body"]["error"]["code"] == "ApplicationThrottled"


async def test_requests_at_once_may_count_over_all_mailboxes(anna: Mailbox, ask: Ask, server: GraphServer) -> None:
    tim = server.add_mailbox("tim@example.de")
    server.switches.concurrency_limit, server.switches.concurrency_scope = 1, "application"
    gate = Gate()
    server.faults.add(Fault(status=None, hold=gate))
    held = asyncio.ensure_future(ask("GET", "/calendar"))
    await gate.reached.wait()
    assert (await ask("GET", f"/v1.0/users/{tim.address}/calendar")).status == 429
    gate.set()
    assert (await held).status == 200


@pytest.mark.parametrize(("parts", "fits"), [(1, True), (3, True), (4, False), (20, False)])
async def test_up_to_four_parts_of_a_batch_count_at_once(
    anna: Mailbox, ask: Ask, server: GraphServer, parts: int, fits: bool
) -> None:
    gate = Gate()
    server.faults.add(Fault(status=None, hold=gate))
    held = asyncio.ensure_future(ask("GET", "/calendar"))
    await gate.reached.wait()
    requests = [
        {"id": str(number), "method": "GET", "url": "/users/anna@example.de/calendar"} for number in range(parts)
    ]
    batch = await ask("POST", "/v1.0/$batch", {"requests": requests})
    assert batch.status == (200 if fits else 429)
    gate.set()
    assert (await held).status == 200
    assert (await ask("POST", "/v1.0/$batch", {"requests": requests})).status == 200


async def test_an_answer_that_breaks_the_metadata_is_a_500(tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(
        '{"types": {"microsoft.graph.calendar": {"kind": "EntityType", "base": null, "props": {}, "nav": {}}}}'
    )
    tokens = Tokens()
    server = GraphServer(MailLog(), tokens, schema=schema)
    server.add_mailbox("anna@example.de")
    await server.start()
    headers = {"Authorization": f"Bearer {tokens.issue('t', 'c')}"}
    try:
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{server.url}/v1.0/users/anna@example.de/calendar") as answer,
        ):
            assert (answer.status, (await answer.json())["error"]["code"]) == (500, "SchemaViolation")
    finally:
        await server.stop()
    assert "calendar: unknown property canEdit" in server.schema_violations
