from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from calsync_sandbox.flowfact import FlowfactServer
from calsync_sandbox.flowfact.users import User

Ask = Callable[..., Awaitable[tuple[int, Any]]]
TRASH = "/entity-service/recovery/entities"


@pytest.fixture
def deleted(server: FlowfactServer, anna: User) -> list[str]:
    """Ids in the order of their deletion."""
    entities = [server.create("appointments", {"subject": name}, user=anna) for name in "abc"]
    for entity in entities:
        server.delete(entity["id"], user=anna)
    return [entity["id"] for entity in entities]


async def test_the_newest_deleted_comes_first(
    server: FlowfactServer, ask: Ask, anna: User, deleted: list[str], now: list[float]
) -> None:
    status, answer = await ask("GET", TRASH)
    assert status == 200
    assert [entry["entityId"] for entry in answer["entries"]] == deleted[::-1]
    assert (answer["totalCount"], answer["page"], answer["pageSize"]) == (3, 1, 50)
    newest = answer["entries"][0]
    assert newest["content"]["subject"] == {"values": ["c"]}
    assert (newest["schemaName"], newest["deletedBy"]) == ("appointments", anna["id"])
    times = [entry["deletedAt"] for entry in answer["entries"]]
    assert times == sorted(set(times), reverse=True)
    assert times[-1] >= now[0] * 1000


async def test_the_trash_has_pages(ask: Ask, deleted: list[str]) -> None:
    _, answer = await ask("GET", TRASH, params={"page": 2, "size": 2})
    assert [entry["entityId"] for entry in answer["entries"]] == deleted[:1]
    assert (answer["offset"], answer["size"], answer["totalCount"]) == (2, 2, 3)
    assert (await ask("GET", TRASH, params={"page": 0}))[0] == 400


async def test_the_trash_is_listed_by_schema(
    server: FlowfactServer, ask: Ask, anna: User, deleted: list[str]
) -> None:
    other = server.create("termine_neu", {"titel": "x"}, user=anna)
    server.delete(other["id"], user=anna)
    _, answer = await ask("GET", TRASH, params={"schema": "appointments"})
    assert [entry["entityId"] for entry in answer["entries"]] == deleted[::-1]
    _, answer = await ask("GET", TRASH, params={"schema": server.schemas["termine_neu"]["id"]})
    assert [entry["entityId"] for entry in answer["entries"]] == [other["id"]]
    _, answer = await ask("GET", "/entity-service/recovery/schemas")
    assert answer == {"schemas": [{"schema": "appointments"}, {"schema": "termine_neu"}]}


async def test_an_entity_comes_back_unchanged(server: FlowfactServer, ask: Ask, deleted: list[str]) -> None:
    content = server.trash[deleted[0]]["content"]
    assert (await ask("POST", TRASH, json={"entityIds": [deleted[0]]}))[0] == 200
    assert await ask("GET", f"/entity-service/schemas/appointments/entities/{deleted[0]}") == (200, content)
    assert deleted[0] not in server.trash
    assert server.restore(deleted[1])["id"] == deleted[1]


async def test_an_entity_is_purged_for_good(server: FlowfactServer, ask: Ask, deleted: list[str]) -> None:
    assert (await ask("DELETE", TRASH, json={"entityIds": deleted[:2]}))[0] == 200
    assert list(server.trash) == deleted[2:]
    assert (await ask("POST", TRASH, json={"entityIds": deleted[:1]}))[0] == 404
    assert (await ask("DELETE", TRASH, json={"entityIds": []}))[0] == 400
