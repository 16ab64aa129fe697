"""What the API user may do is a switch, and `hasaccess` tells a part of it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from calsync_sandbox.flowfact import FlowfactServer
from calsync_sandbox.flowfact.users import User

Ask = Callable[..., Awaitable[tuple[int, Any]]]
SCHEMA = "/entity-service/schemas/appointments"
TRASH = "/entity-service/recovery/entities"
VIEWING = {"subject": {"values": ["Besichtigung"]}}


async def test_an_api_user_may_be_restricted_to_reading(server: FlowfactServer, ask: Ask, anna: User) -> None:
    entity = server.create("appointments", {"subject": "Notar"}, user=anna)
    path = f"{SCHEMA}/entities/{entity['id']}"
    server.switches.rights = frozenset()
    named = {"entities": [{"entityId": entity["id"], "schema": "appointments"}]}
    requests: list[tuple[str, str, Any]] = [
        ("POST", SCHEMA, VIEWING),
        ("PATCH", path, VIEWING),
        ("PATCH", f"{path}/deep", {"op": "replace", "value": VIEWING}),
        ("DELETE", path, None),
        ("DELETE", "/entity-service/entities", named),
        ("GET", TRASH, None),
    ]
    for method, where, body in requests:
        assert (await ask(method, where, json=body, headers={"x-ff-version": "2"}))[0] == 403
    assert (await ask("GET", path)) == (200, entity)
    server.patch(entity["id"], {"subject": "neu"}, user=anna)  # people are not restricted


@pytest.mark.parametrize("rights", [set(), {"UPDATE"}, {"UPDATE", "DELETE"}])
async def test_has_access(server: FlowfactServer, ask: Ask, anna: User, rights: set[str]) -> None:
    server.switches.rights = frozenset(rights)
    asked = [{"entityId": "1", "schemaId": "appointments"}]
    for right in ("READ", "UPDATE", "SEARCH", "DELETE"):
        for user, granted in ((server.api_user, right in rights | {"READ", "SEARCH"}), (anna, True)):
            answer = await ask("POST", f"/entity-service/users/{user['id']}/hasaccess/{right}", json=asked)
            assert answer == (200, [asked[0] | {"hasAccess": granted}])
    assert (await ask("POST", "/entity-service/users/1/hasaccess/WRITE", json=asked))[0] == 400
    assert (await ask("POST", "/entity-service/users/1/hasaccess/READ", json={}))[0] == 400


async def test_single_entities_may_be_hidden_from_the_api_user(
    server: FlowfactServer, ask: Ask, anna: User
) -> None:
    hidden, seen = (server.create("appointments", {"subject": "Notar"}, user=anna)["id"] for _ in range(2))
    server.switches.hidden = frozenset({hidden})
    for method, body in (("GET", None), ("PATCH", VIEWING), ("DELETE", None)):
        assert (await ask(method, f"{SCHEMA}/entities/{hidden}", json=body))[0] == 403
    assert (await ask("GET", f"/entity-service/entities/{hidden}"))[0] == 403
    assert (await ask("GET", f"{SCHEMA}/entities/{seen}"))[0] == 200
    asked = [{"entityId": one, "schemaId": "appointments"} for one in (hidden, seen)]
    for user, granted in ((server.api_user, [False, True]), (anna, [True, True])):
        _, told = await ask("POST", f"/entity-service/users/{user['id']}/hasaccess/READ", json=asked)
        assert [one["hasAccess"] for one in told] == granted
    server.patch(hidden, {"subject": "neu"}, user=anna)  # people see it
