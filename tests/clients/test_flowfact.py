"""FLOWFACT's own client (JavaScript), made to believe that it runs in a browser, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calsync_sandbox.flowfact import FlowfactServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from calsync_sandbox.mail import MailLog

HERE = Path(__file__).parent


@pytest.fixture
async def flowfact(mails: MailLog) -> AsyncIterator[FlowfactServer]:
    server = FlowfactServer(mails)
    server.add_user("anna@example.de", first="Anna", last="Muster")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def printed(flowfact: FlowfactServer, run_client: Callable[..., Awaitable[Any]]) -> Any:
    """Return what the client printed after it kept its appointments."""
    return await run_client("node", HERE / "flowfact_client.cjs", flowfact.url, flowfact.api_token)


async def test_what_the_client_does_is_answered_as_it_expects(
    flowfact: FlowfactServer, printed: Any, mails: MailLog
) -> None:
    assert printed == {
        "signIn": [[False, 403], True],
        "me": flowfact.api_user,
        "users": [["anna@example.de"], ["api@musterhaus.example", "anna@example.de"]],
        "fields": ["TEXT", "DATE"],
        "schemas": ["appointments", "termine_neu"],
        "exists": True,
        "indices": ["appointments", "termine_neu"],
        "ownSync": {"emails": []},
        "read": ["appointments", ["Besichtigung 0"], ["Schlüssel liegt bei Frau Jäger"], [1772442000000]],
        "patched": [["verschoben"], ["Schlüssel liegt bei Frau Jäger"], True],
        "deep": ["kontakt-schneider"],
        "descriptor": "appointments",
        "unknownField": 400,
        "firstPage": {"page": 1, "offset": 0, "size": 1, "totalCount": 2, "subjects": ["Besichtigung 1"]},
        "fromOffset": {"page": 2, "offset": 1, "size": 1, "totalCount": 2, "subjects": ["verschoben"]},
        "found": ["Besichtigung 1"],
        "count": 2,
        "gone": 404,
        "trash": ["verschoben"],
        "trashedSchemas": {"schemas": [{"schema": "appointments"}]},
        "many": [200, 200, 404],
        "trashAfterwards": 2,
    }
    assert flowfact.entities == {}
    assert mails.count == 0


@pytest.mark.usefixtures("printed")
async def test_its_requests_are_signed_as_the_reference_says(flowfact: FlowfactServer) -> None:
    wrong, right, *others = flowfact.requests
    assert (wrong.headers["token"], right.headers["token"]) == ("falsch", flowfact.api_token)
    assert all("cognitotoken" not in one.headers for one in (wrong, right))
    assert len({one.headers["cognitotoken"] for one in others}) == 1
    assert all("authorization" not in one.headers for one in others)
    versioned = {(one.method, one.path) for one in others if one.headers.get("x-ff-version") == "2"}
    assert versioned == {("GET", "/user-service/users/currentUser"), ("DELETE", "/entity-service/entities")}
