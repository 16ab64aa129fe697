from collections.abc import Awaitable, Callable
from typing import Any

from calsync_sandbox.flowfact import FlowfactServer
from calsync_sandbox.flowfact.users import User

Ask = Callable[..., Awaitable[tuple[int, Any]]]
SCHEMAS = "/schema-service/v2/schemas"


async def test_the_current_user_is_the_api_user(server: FlowfactServer, ask: Ask) -> None:
    path = "/user-service/users/currentUser"
    status, user = await ask("GET", path, headers={"x-ff-version": "2"})
    assert (status, user["type"], user["id"]) == (200, "API", server.api_user["id"])
    assert (await ask("GET", path))[0] == 400


async def test_users_are_listed_by_type(server: FlowfactServer, ask: Ask, anna: User) -> None:
    gone = server.add_user("bert@example.de", first="Bert", last="Muster", alias="b@example.de", active=False)
    path = "/user-service/users"
    assert await ask("GET", path, params={"userType": "USER"}) == (200, [anna, gone])
    _, both = await ask("GET", path, params={"userType": "USER,API"})
    _, unfiltered = await ask("GET", path, params={"userType": ""})
    assert both == unfiltered == [server.api_user, anna, gone]
    assert anna["loginRelatedMailAddress"] == "anna@example.de"
    assert anna["businessMailAddress"] == "anna.muster@example.de"
    assert "aliasMailAddress" not in anna
    assert anna["timezone"] == "Europe/Berlin"
    assert (gone["aliasMailAddress"], gone["active"]) == ("b@example.de", False)


async def test_the_company_is_that_of_its_users(ask: Ask, anna: User) -> None:
    _, company = await ask("GET", "/company-service/company")
    assert company["id"] == anna["companyId"]
    assert company["companyName"]


async def test_schemas_are_listed_by_group_and_page(ask: Ask) -> None:
    _, answer = await ask("GET", SCHEMAS, params={"group": "appointment_schemas", "size": 1, "page": 2})
    assert [schema["name"] for schema in answer["entries"]] == ["termine_neu"]
    assert (answer["totalCount"], answer["page"], answer["pageSize"]) == (2, 2, 1)
    _, answer = await ask("GET", SCHEMAS, params={"group": "estates"})
    assert answer["entries"] == []


async def test_a_schema_is_read_by_name_or_id(server: FlowfactServer, ask: Ask) -> None:
    schema = server.schemas["appointments"]
    assert await ask("GET", f"{SCHEMAS}/appointments?extensions=all") == (200, schema)
    assert await ask("GET", f"{SCHEMAS}/{schema['id']}") == (200, schema)
    assert await ask("GET", f"{SCHEMAS}/appointments/exists") == (200, schema["id"])
    assert (await ask("GET", f"{SCHEMAS}/nothing"))[0] == 404
    assert (await ask("GET", f"{SCHEMAS}/nothing/exists"))[0] == 404


async def test_indices_of_a_group_are_its_schemas(ask: Ask) -> None:
    path = f"{SCHEMAS}/resolveIndices"
    assert await ask("GET", path, params={"identifier": "appointment_schemas"}) == (
        200,
        ["appointments", "termine_neu"],
    )
    assert (await ask("GET", path, params={"identifier": "nothing"}))[0] == 404


async def test_flowfacts_own_sync_knows_no_mailbox_unless_told(server: FlowfactServer, ask: Ask) -> None:
    path = "/nylas-service/config"
    assert await ask("GET", path) == (200, {"emails": []})
    account = {"email": "anna@example.de", "settings": {"sync.calendar": "true"}}
    server.nylas_accounts.append(account)
    assert await ask("GET", path) == (200, {"emails": [account]})
