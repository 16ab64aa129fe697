"""Accounts and systems are kept apart, and nothing that people wrote, no address and no token is ever told."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from calsync.app import App
from calsync_sandbox.configuration import POLL_SECONDS
from calsync_sandbox.faults import Fault
from calsync_sandbox.sandbox import Account
from tests.e2e.conftest import stopped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calsync.testing import FakeClock
    from calsync_sandbox.server import Recorded, Server
    from tests.e2e.conftest import World

CANARY = "Kanarienvogel"
"""Stands in every text that people wrote."""
ANSWER = json.dumps({"error": {"code": "Error", "message": f"{CANARY} gast-kanarie@kunde.example"}}).encode()
"""A server may repeat what it was sent."""


def sent(request: Recorded) -> str:
    """Return everything about a request that an account's name or a secret could stand in."""
    return " ".join([request.path, *request.query.values(), request.body.decode("utf-8", "replace")])


def told_by(servers: Iterable[Server]) -> list[Recorded]:
    return [request for server in servers for request in server.requests]


async def test_no_request_of_one_account_names_the_other(world: World, clock: FakeClock) -> None:
    kai = world.sandbox.add_person("kai@example.de", first="Kai", last="Kollege")
    world.configure(accounts=[Account(name="anna", person=world.anna), Account(name="kai", person=kai)])
    entity = world.appointment(participants=["kontakt-1"])
    world.event("Annas Termin", hours=2)
    async with App.open(world.configuration, clock=world.clock) as app:
        for number in range(3):
            world.patch(entity, message=f"neu {number}")
            clock.advance(POLL_SECONDS)
            await app.sync("anna")
    world.expect_converged(2)
    mine = told_by([world.sandbox.flowfact, world.sandbox.graph])
    assert any(world.anna.user["id"] in sent(request) for request in mine)
    for request in mine:
        for foreign in (kai.address, kai.user["id"], kai.mailbox.user_id, kai.mailbox.store.primary):
            assert foreign not in sent(request)


async def test_each_system_gets_its_own_credentials_and_no_others(world: World) -> None:
    world.appointment()
    world.event("Termin", hours=2)
    await world.settle()
    flowfact, graph, authority = world.sandbox.flowfact, world.sandbox.graph, world.sandbox.authority
    secrets = {flowfact.api_token, world.sandbox.client_secret}
    for request in flowfact.requests:
        assert "authorization" not in request.headers
        assert ("token" in request.headers) == request.path.endswith("/authenticate")
        assert request.headers.get("token", flowfact.api_token) == flowfact.api_token
        assert not any(secret in sent(request) for secret in secrets)
    sessions = {request.headers["cognitotoken"] for request in flowfact.requests if "token" not in request.headers}
    for request in graph.requests:
        assert request.headers.keys() & {"token", "cognitotoken"} == set()
        kind, _, token = request.headers["authorization"].partition(" ")
        assert (kind, authority.tokens.find(token) is not None) == ("Bearer", True)
        assert token not in sessions
        assert not any(secret in sent(request) for secret in secrets)
    for request in authority.requests:
        assert request.headers.keys() & {"token", "cognitotoken", "authorization"} == set()
        assert flowfact.api_token not in sent(request)
    asked = [request for request in authority.requests if request.method == "POST"]
    assert all(world.sandbox.client_secret in sent(request) for request in asked)


def plant(world: World) -> None:
    """Put the canary into every text of both systems."""
    words: dict[str, Any] = {
        "participants": [CANARY],
        "location_description": CANARY,
        "message": f"{CANARY}\n{CANARY}",
    }
    world.appointment(f"{CANARY} 1", **words)
    guest = {"emailAddress": {"name": CANARY, "address": "gast-kanarie@kunde.example"}, "type": "required"}
    text = {"body": {"contentType": "text", "content": CANARY}, "location": {"displayName": CANARY}}
    world.event(f"{CANARY} 2", hours=2, attendees=[guest], categories=[CANARY], **text)
    world.event(f"{CANARY} 3", hours=4, sensitivity="private", **text)


def forbidden(world: World) -> list[str]:
    """Return what may stand in no line that calsync writes."""
    return [
        CANARY,
        "gast-kanarie",
        world.anna.address,
        world.sandbox.flowfact.api_token,
        world.sandbox.client_secret,
        *(request.headers.get("cognitotoken", CANARY) for request in world.sandbox.flowfact.requests),
        *(request.headers.get("authorization", CANARY) for request in world.sandbox.graph.requests),
    ]


FAULTS: dict[str, Any] = {
    "refused": {"status": 400},
    "forbidden": {"status": 403},
    "not found": {"status": 404},
    "conflict": {"status": 409},
    "busy": {"status": 429, "headers": {"Retry-After": "90"}},
    "broken": {"status": 500},
    "lost": {"drop": True, "after_commit": True},
    "no json": {"status": 200},
}


@pytest.mark.parametrize("where", ["flowfact", "graph"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_no_log_and_no_error_tells_what_people_wrote(
    world: World, caplog: pytest.LogCaptureFixture, where: str, fault: str
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "urllib3")  # as the service logs: of libraries, warnings only
    plant(world)
    path = "/entity-service/schemas/" if where == "flowfact" else "/events"
    server: Server = getattr(world.sandbox, where)
    kind = {"body": ANSWER if fault != "no json" else CANARY.encode(), **FAULTS[fault]}
    server.faults.add(Fault(method="POST", path=path, times=3, **kind))
    told = []
    for _ in range(2):
        result = (await world.sync_all()).accounts["anna"]
        told += [str(result.error), *(message.reason for message in result.messages)]
    told += [caplog.text, *(record.getMessage() for record in caplog.records)]
    told += [
        json.dumps(vars(record), default=str) for record in caplog.records if record.name.startswith("calsync")
    ]
    assert server.sent("POST", path)
    assert not [word for word in forbidden(world) for text in told if word in text]


async def test_the_service_tells_nothing_of_it_either(live: World) -> None:
    live.rewrite("poll_seconds: 2", "poll_seconds: 1")
    plant(live)
    live.sandbox.flowfact.faults.add(
        Fault(method="POST", path="/entity-service/schemas/", times=2, status=500, body=ANSWER)
    )
    process = await live.start("run")
    await live.until(lambda: len(live.anna.mailbox.events) == 3)
    await live.until(lambda: live.sandbox.graph.sent("GET", "/delta")[3:])
    live.sandbox.graph.faults.add(Fault(path="/delta", times=None, status=400, body=ANSWER))
    await live.until(lambda: any(request.status == 400 for request in live.sandbox.graph.requests))
    found = await stopped(process)
    assert (found.code, found.output) == (0, "")
    assert "anna" in found.errors
    assert not [word for word in forbidden(live) if word in found.errors]
