import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from calsync_sandbox.flowfact import FlowfactServer
from calsync_sandbox.flowfact.users import User
from calsync_sandbox.mail import Mail, MailLog

Ask = Callable[..., Awaitable[tuple[int, Any]]]
SCHEMA = "/entity-service/schemas/appointments"
VIEWING = {"subject": {"values": ["Besichtigung Lindenstraße"]}, "start_date": {"values": [1_780_000_000_000]}}


def path_of(entity_id: str) -> str:
    return f"{SCHEMA}/entities/{entity_id}"


async def created(ask: Ask, **fields: Any) -> str:
    body = VIEWING | {name: {"values": [value]} for name, value in fields.items()}
    status, entity_id = await ask("POST", SCHEMA, json=body)
    assert status == 200
    return str(entity_id)


async def test_a_create_answers_the_bare_id_and_is_read_at_once(
    server: FlowfactServer, ask: Ask, now: list[float]
) -> None:
    entity_id = await created(ask)
    assert str(uuid.UUID(entity_id)) == entity_id
    status, entity = await ask("GET", path_of(entity_id))
    assert status == 200
    assert entity["subject"] == VIEWING["subject"]
    metadata = entity["_metadata"]
    assert metadata["id"] == entity["id"] == entity_id
    assert metadata["schema"] == "appointments"
    assert metadata["creator"] == server.api_user["id"]
    assert metadata["createdTimestamp"] == metadata["timestamp"] == now[0] * 1000
    assert "lastModifier" not in metadata
    assert "lastModifiedTimestamp" not in metadata
    assert entity == server.entities[entity_id]


async def test_what_a_create_answers_is_a_switch(server: FlowfactServer, ask: Ask) -> None:
    server.switches.create_response = "quoted_id"
    status, quoted = await ask("POST", SCHEMA, json=VIEWING)
    assert (status, server.entities[quoted]["id"]) == (200, quoted)
    server.switches.create_response = "entity"
    status, entity = await ask("POST", SCHEMA, json=VIEWING)
    assert (status, server.entities[entity["id"]]) == (200, entity)


async def test_last_modified_may_be_there_from_the_start(server: FlowfactServer, ask: Ask) -> None:
    server.switches.last_modified_on_create = True
    metadata = server.entities[await created(ask)]["_metadata"]
    assert metadata["lastModifiedTimestamp"] == metadata["createdTimestamp"]
    assert metadata["lastModifier"] == server.api_user["id"]


async def test_a_schema_is_known_by_its_id_too(server: FlowfactServer, ask: Ask) -> None:
    schema_id = server.schemas["appointments"]["id"]
    status, entity_id = await ask("POST", f"/entity-service/schemas/{schema_id}", json=VIEWING)
    assert (status, server.entities[entity_id]["_metadata"]["schema"]) == (200, "appointments")


async def test_a_patch_merges_only_the_given_fields(
    server: FlowfactServer, ask: Ask, anna: User, now: list[float]
) -> None:
    before = server.create("appointments", {"subject": "Notar", "message": "Mit Ausweis"}, user=anna)
    now[0] += 60
    status, after = await ask("PATCH", path_of(before["id"]), json={"subject": {"values": ["Notartermin"]}})
    assert status == 200
    assert after["subject"] == {"values": ["Notartermin"]}
    assert after["message"] == before["message"] == {"values": ["Mit Ausweis"]}
    assert after["_metadata"]["lastModifier"] == server.api_user["id"]
    assert after["_metadata"]["lastModifiedTimestamp"] == now[0] * 1000
    assert after["_metadata"]["creator"] == anna["id"]
    assert after["_metadata"]["timestamp"] == before["_metadata"]["createdTimestamp"]
    assert before["subject"] == {"values": ["Notar"]}  # what was handed out does not change


async def test_times_strictly_increase_while_the_clock_stands_still(server: FlowfactServer, ask: Ask) -> None:
    entity_id = await created(ask)
    times = [server.entities[entity_id]["_metadata"]["createdTimestamp"]]
    for subject in ("a", "b", "a"):
        _, entity = await ask("PATCH", path_of(entity_id), json={"subject": {"values": [subject]}})
        times.append(entity["_metadata"]["lastModifiedTimestamp"])
    assert times == sorted(set(times))


async def test_a_patch_may_answer_nothing(server: FlowfactServer, ask: Ask) -> None:
    server.switches.patch_response = "empty"
    entity_id = await created(ask)
    assert await ask("PATCH", path_of(entity_id), json={"subject": {"values": ["x"]}}) == (200, "")
    assert server.entities[entity_id]["subject"]["values"] == ["x"]


async def test_the_other_timestamp_may_move_too(server: FlowfactServer, ask: Ask) -> None:
    server.switches.timestamp_moves = True
    entity_id = await created(ask)
    _, entity = await ask("PATCH", path_of(entity_id), json={"subject": {"values": ["x"]}})
    assert entity["_metadata"]["timestamp"] == entity["_metadata"]["lastModifiedTimestamp"]


async def test_the_other_timestamp_may_be_the_only_one_that_moves(server: FlowfactServer, ask: Ask) -> None:
    server.switches.modified_moves = False
    entity_id = await created(ask)
    _, entity = await ask("PATCH", path_of(entity_id), json={"subject": {"values": ["x"]}})
    assert "lastModifiedTimestamp" not in entity["_metadata"]
    assert entity["_metadata"]["timestamp"] > entity["_metadata"]["createdTimestamp"]


@pytest.mark.parametrize(("switch", "message"), [("clear", []), ("ignore", ["Text"])])
async def test_empty_values_clear_a_field_or_not(
    server: FlowfactServer, ask: Ask, switch: Any, message: list[str]
) -> None:
    server.switches.empty_values = switch
    entity_id = await created(ask, message="Text")
    _, entity = await ask("PATCH", path_of(entity_id), json={"message": {"values": []}})
    assert entity["message"]["values"] == message
    assert "lastModifiedTimestamp" in entity["_metadata"]


@pytest.mark.parametrize(
    "body",
    [
        {"no_such_field": {"values": ["x"]}},
        {"_metadata": {"values": []}},
        {"subject": "without values"},
        {"subject": {"values": "no list"}},
        {"subject": {"values": ["one", "two"]}},
        {"subject": {"values": [7]}},
        {"subject": {"values": [None]}},
        {"start_date": {"values": [True]}},
        {"isFullDayAppointment": {"values": ["true"]}},
        {"kind": {"values": ["no such kind"]}},
        {"assignee": {"values": ["no such user"]}},
        ["no object"],
    ],
)
async def test_what_the_schema_does_not_take_is_a_400(server: FlowfactServer, ask: Ask, body: Any) -> None:
    entity_id = await created(ask)
    before = server.entities[entity_id]
    status, error = await ask("PATCH", path_of(entity_id), json=body)
    assert (status, error["status"]) == (400, 400)
    assert (await ask("POST", SCHEMA, json=body))[0] == 400
    assert server.entities == {entity_id: before}


async def test_a_body_that_is_no_json_is_a_400(ask: Ask) -> None:
    assert (await ask("POST", SCHEMA, data=b"{cut"))[0] == 400


async def test_unknown_fields_may_be_ignored(server: FlowfactServer, ask: Ask) -> None:
    server.switches.strict_fields = "ignore"
    status, entity_id = await ask("POST", SCHEMA, json=VIEWING | {"no_such_field": {"values": ["x"]}})
    assert status == 200
    assert "no_such_field" not in server.entities[entity_id]


@pytest.mark.parametrize("schema", ["no_such_schema", "appointment_schemas"])
async def test_only_a_schema_can_be_written_to(ask: Ask, schema: str) -> None:
    assert (await ask("POST", f"/entity-service/schemas/{schema}", json={}))[0] == 404


async def test_a_deleted_entity_is_a_404_for_all(server: FlowfactServer, ask: Ask) -> None:
    entity_id = await created(ask)
    assert await ask("DELETE", path_of(entity_id)) == (200, "")
    assert (await ask("GET", path_of(entity_id)))[0] == 404
    assert (await ask("PATCH", path_of(entity_id), json={}))[0] == 404
    assert (await ask("DELETE", path_of(entity_id)))[0] == 404
    assert server.trash[entity_id]["deletedBy"] == server.api_user["id"]


async def test_an_entity_is_not_found_under_another_schema(ask: Ask) -> None:
    entity_id = await created(ask)
    assert (await ask("GET", f"/entity-service/schemas/termine_neu/entities/{entity_id}"))[0] == 404


async def test_an_entity_is_read_and_described_without_its_schema(server: FlowfactServer, ask: Ask) -> None:
    entity_id = await created(ask)
    path = f"/entity-service/entities/{entity_id}"
    assert await ask("GET", path) == (200, server.entities[entity_id])
    _, descriptor = await ask("GET", path, headers={"Accept": "application/json+descriptor"})
    schema_id = server.schemas["appointments"]["id"]
    assert descriptor == {"entityId": entity_id, "schema": "appointments", "schemaId": schema_id}


async def test_a_deep_patch_adds_to_several_values_and_overwrites_one(server: FlowfactServer, ask: Ask) -> None:
    entity_id = await created(ask, participants="c1")

    async def deep(op: str, **fields: Any) -> Any:
        value = {name: {"values": [value]} for name, value in fields.items()}
        return await ask("PATCH", f"{path_of(entity_id)}/deep", json={"op": op, "value": value})

    _, entity = await deep("add", participants="c2", subject="neu")
    assert (entity["participants"]["values"], entity["subject"]["values"]) == (["c1", "c2"], ["neu"])
    _, entity = await deep("remove", participants="c1")
    assert entity["participants"]["values"] == ["c2"]
    _, entity = await deep("replace", participants="c3")
    assert entity["participants"]["values"] == ["c3"]
    assert (await deep("multiply", participants="c3"))[0] == 400


async def test_many_are_deleted_at_once(server: FlowfactServer, ask: Ask) -> None:
    entity_id = await created(ask)
    body = {
        "entities": [
            {"entityId": entity_id, "schema": "appointments"},
            {"entityId": "gone", "schema": "appointments"},
        ]
    }
    path = "/entity-service/entities"
    assert (await ask("DELETE", path, json=body))[0] == 400
    status, answer = await ask("DELETE", path, json=body, headers={"x-ff-version": "2"})
    assert status == 200
    assert answer["responses"][entity_id]["statusCode"] == 200
    assert answer["responses"]["gone"]["statusCode"] == 404
    assert list(server.trash) == [entity_id]
    assert (await ask("DELETE", path, json={}, headers={"x-ff-version": "2"}))[0] == 400


async def test_plain_writes_mail_nobody(server: FlowfactServer, ask: Ask, mails: MailLog, anna: User) -> None:
    entity = server.create("appointments", {"subject": "Notar", "participants": ["c1", "c2"]}, user=anna)
    await ask("PATCH", path_of(entity["id"]), json={"subject": {"values": ["Notartermin"]}})
    await ask("PATCH", path_of(entity["id"]) + "?sendWithNotification=false", json={"message": {"values": ["x"]}})
    await ask("DELETE", path_of(entity["id"]))
    assert mails.count == 0


async def test_a_patch_with_notification_mails_each_contact(
    server: FlowfactServer, ask: Ask, mails: MailLog, anna: User
) -> None:
    entity = server.create("appointments", {"subject": "Notar", "participants": ["c1", "c2"]}, user=anna)
    change = {"subject": {"values": ["Notartermin"]}}
    path = path_of(entity["id"]) + "?sendWithNotification=true"
    status, _ = await ask("PATCH", path, json={"modifiedFields": change, "notification": {}})
    assert status == 200
    assert server.entities[entity["id"]]["subject"] == change["subject"]
    sender = server.api_user["loginRelatedMailAddress"]
    assert mails.sent == [Mail("flowfact", sender, entity["id"], "update", contact) for contact in ("c1", "c2")]
    await ask("PATCH", path, json=change)
    assert mails.count == 4


async def test_any_write_that_asks_for_notification_counts(ask: Ask, mails: MailLog) -> None:
    asked = "?sendWithNotification=true"
    body = VIEWING | {"participants": {"values": ["c1"]}}
    _, entity_id = await ask("POST", SCHEMA + asked, json=body)
    await ask("DELETE", path_of(entity_id) + asked)
    assert [mail.kind for mail in mails.sent] == ["invitation", "cancellation"]


async def test_without_contacts_a_notification_mails_nobody(ask: Ask, mails: MailLog) -> None:
    entity_id = await created(ask)
    await ask("PATCH", path_of(entity_id) + "?sendWithNotification=true", json={"message": {"values": ["x"]}})
    assert mails.count == 0
