from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from calsync_sandbox.authority import Tokens
from calsync_sandbox.ews import EwsServer, User
from calsync_sandbox.graph import GraphServer
from calsync_sandbox.mail import MailLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from calsync_sandbox.mailbox import Mailbox

    RunClient = Callable[..., Awaitable[Any]]

LOGIN, PASSWORD = "EX\\anna", "streng geheim"


@pytest.fixture
def run_client() -> RunClient:
    """Run a client in a process of its own, with a few environment variables; answer the JSON that it printed."""

    async def run(*command: str | Path, **environment: str) -> Any:
        process = await asyncio.create_subprocess_exec(
            *map(str, command), stdout=asyncio.subprocess.PIPE, env={**os.environ, **environment}
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, "it failed: `make test-clients` installs it"
        return json.loads(output)

    return run


@pytest.fixture
def mails() -> MailLog:
    return MailLog()


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def graph(mails: MailLog, tokens: Tokens) -> GraphServer:
    """Owns the mailbox; it does not listen by itself."""
    return GraphServer(mails, tokens)


@pytest.fixture
def anna(graph: GraphServer) -> Mailbox:
    return graph.add_mailbox("anna@example.de")


@pytest.fixture
async def server(graph: GraphServer, anna: Mailbox, mails: MailLog) -> AsyncIterator[EwsServer]:
    server = EwsServer(mails, Tokens(), graph.mailbox)
    server.users.add(User(LOGIN, PASSWORD, anna.address))
    server.users.add(User("EX\\dienst", PASSWORD, impersonates=True))
    await server.start()
    yield server
    await server.stop()
