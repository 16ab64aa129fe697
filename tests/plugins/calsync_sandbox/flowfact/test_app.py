from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from calsync_sandbox.faults import Fault
from calsync_sandbox.flowfact import FlowfactServer
from calsync_sandbox.flowfact.refusal import Refused
from calsync_sandbox.flowfact.users import User
from calsync_sandbox.mail import MailLog

Ask = Callable[..., Awaitable[tuple[int, Any]]]


def test_people_act_in_their_own_name(server: FlowfactServer, anna: User) -> None:
    fields = {"subject": "Notar", "assignee": [anna["id"]], "message": None}
    entity = server.create("appointments", fields, user=anna)
    assert entity["subject"] == {"values": ["Notar"]}
    assert entity["assignee"] == {"values": [anna["id"]]}
    assert entity["message"] == {"values": []}
    assert entity["_metadata"]["creator"] == anna["id"]
    changed = server.patch(entity["id"], {"subject": "Notartermin"}, user=anna)
    assert server.entities[entity["id"]] is changed
    assert changed["_metadata"]["lastModifier"] == anna["id"]
    server.delete(entity["id"], user=anna)
    assert server.entities == {}
    assert server.trash[entity["id"]]["deletedBy"] == anna["id"]
    assert server.restore(entity["id"]) == changed
    assert server.trash == {}


def test_people_cannot_do_what_the_schema_forbids(server: FlowfactServer, anna: User) -> None:
    with pytest.raises(Refused):
        server.create("appointments", {"no_such_field": "x"}, user=anna)
    with pytest.raises(Refused):
        server.patch("gone", {"subject": "x"}, user=anna)


async def test_two_tenants_share_nothing(mails: MailLog) -> None:
    one, two = FlowfactServer(mails, name="north"), FlowfactServer(mails, name="south")
    assert one.api_token != two.api_token
    assert one.api_user["companyId"] != two.api_user["companyId"]
    assert one.schemas["appointments"]["id"] != two.schemas["appointments"]["id"]
    assert (one.name, two.name) == ("north", "south")


async def test_a_lost_answer_leaves_the_entity_behind(server: FlowfactServer, ask: Ask) -> None:
    server.faults.add(Fault(method="POST", path="/schemas/appointments$", after_commit=True, status=500))
    path, body = "/entity-service/schemas/appointments", {"calsync_marker": {"values": ["m1"]}}
    assert (await ask("POST", path, json=body))[0] == 500
    (entity,) = server.entities.values()
    assert entity["calsync_marker"] == {"values": ["m1"]}
