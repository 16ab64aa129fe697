from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from calsync_sandbox.flowfact import FlowfactServer
from calsync_sandbox.flowfact.users import User

Ask = Callable[..., Awaitable[tuple[int, Any]]]


async def test_an_appointment_has_the_fields_of_the_calendar_sync_service(ask: Ask) -> None:
    _, schema = await ask("GET", "/schema-service/v2/schemas/appointments")
    types = {name: declared["type"] for name, declared in schema["properties"].items()}
    assert types == {
        "subject": "TEXT",
        "message": "TEXTAREA",
        "start_date": "DATE",
        "end_date": "DATE",
        "isFullDayAppointment": "CHECKBOX",
        "participants": "SCHEMA",
        "assignee": "USER",
        "location_description": "TEXT",
        "ical_uid": "TEXT",
        "status": "LIST",
        "kind": "LIST",
        "calsync_marker": "TEXT",
        "reminder_date": "DATE",
        "recurrence": "TEXT",
        "private": "CHECKBOX",
    }
    assert schema["properties"]["reminder_date"]["captions"]["de"] == "Erinnern am"
    assert schema["properties"]["kind"]["captions"]["de"] == "Terminart"
    assert schema["properties"]["kind"]["fields"]["viewing"]["captions"]["de"] == "Besichtigung"
    assert schema["properties"]["participants"]["lnk_schema"] == "contacts"


async def test_the_customers_own_schema_shares_no_name_and_takes_other_dates(
    server: FlowfactServer, ask: Ask, anna: User
) -> None:
    schemas = server.schemas
    assert not set(schemas["appointments"]["properties"]) & set(schemas["termine_neu"]["properties"])
    assert set(schemas["appointments"]["groups"]) & set(schemas["termine_neu"]["groups"])
    for begin, end in ((1_780_000_000, 1_780_003_600), ("2026-11-23T09:00:00", "2026-11-23T10:00:00")):
        fields = {
            "titel": "Notar",
            "notiz": "<p>A</p>",
            "beginn": begin,
            "ende": end,
            "betreuer": anna["id"],
        }
        body = {name: {"values": [value]} for name, value in fields.items()}
        status, entity_id = await ask("POST", "/entity-service/schemas/termine_neu", json=body)
        assert (status, server.entities[entity_id]["beginn"]["values"]) == (200, [begin])


async def test_an_all_day_appointment_is_found_by_its_local_midnights(
    server: FlowfactServer, ask: Ask, anna: User
) -> None:
    zone = ZoneInfo(anna["timezone"])
    first, after = (int(datetime(2026, 10, day, tzinfo=zone).timestamp() * 1000) for day in (25, 26))
    assert after - first == 25 * 3_600_000  # the day on which the clocks go back
    fields = {"subject": "Messe", "isFullDayAppointment": True, "start_date": first, "end_date": after}
    server.create("appointments", fields, user=anna)
    span = {"from": after - 1, "to": after + 1}
    condition = {"type": "hasRangeOverlapping", "rangeStart": "start_date", "rangeEnd": "end_date", "value": span}
    query = {"target": "ENTITY", "conditions": [condition]}
    assert await ask("POST", "/search-service/schemas/appointments/count", json=query) == (200, 1)


async def test_a_field_that_a_test_takes_away_is_refused(server: FlowfactServer, ask: Ask) -> None:
    del server.schemas["appointments"]["properties"]["calsync_marker"]
    body = {"calsync_marker": {"values": ["m"]}}
    assert (await ask("POST", "/entity-service/schemas/appointments", json=body))[0] == 400
