"""A server of another make: what it leaves out, and how it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.plugins.calsync_sandbox.ews.conftest import delete_field

if TYPE_CHECKING:
    from calsync_sandbox.ews import EwsServer
    from calsync_sandbox.mailbox import Mailbox

FIELDS = (
    *("item:Subject", "item:Body", "item:DateTimeCreated", "calendar:IsMeeting", "calendar:AppointmentState"),
    "calendar:CalendarItemType",
)
RECIPIENTS = "".join(f'<t:ExtendedFieldURI PropertyTag="0x0E0{n}" PropertyType="String"/>' for n in (4, 3, 2))


@pytest.fixture(autouse=True)
def _another_make(server: EwsServer) -> None:
    server.switches.become_another_make()


async def get(ews: Any, event_id: str) -> Any:
    more = "".join(f'<t:FieldURI FieldURI="{uri}"/>' for uri in FIELDS) + RECIPIENTS
    shape = f"<t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>{more}</t:AdditionalProperties>"
    ids = f'<m:ItemIds><t:ItemId Id="{event_id}"/></m:ItemIds>'
    return await ews.send(f"<m:GetItem><m:ItemShape>{shape}</m:ItemShape>{ids}</m:GetItem>")


async def test_a_plain_appointment_says_nothing_about_meetings(ews: Any, anna: Mailbox) -> None:
    created = await ews.create()
    found = await get(ews, created.id)
    assert found.all("//t:IsMeeting") == found.all("//t:AppointmentState") == []
    assert found.texts("//t:Value") == ["None", "None", "None"]
    assert (found.text("//t:DateTimeCreated") or "").endswith(".123456789Z")
    (event_id,) = anna.events
    anna.add_attendee(event_id, "kunde@example.org")
    found = await get(ews, created.id)
    assert found.text("//t:IsMeeting") == "true"
    assert found.texts("//t:Value")[0] == "kunde@example.org"


async def test_texts_are_not_deleted_and_versions_not_heeded(ews: Any) -> None:
    created = await ews.create()
    answer = await ews.update(created.id, "old", delete_field("item:Subject"))
    assert answer.code == "NoError"
    assert (await get(ews, created.id)).text("//t:Subject") == "Besichtigung"


async def test_a_series_is_its_master(ews: Any, anna: Mailbox) -> None:
    anna.create(
        {
            "subject": "Jour fixe",
            "start": {"dateTime": "2026-03-02T09:00:00", "timeZone": "UTC"},
            "end": {"dateTime": "2026-03-02T10:00:00", "timeZone": "UTC"},
            "recurrence": {
                "pattern": {"type": "daily", "interval": 1},
                "range": {"type": "numbered", "startDate": "2026-03-02", "numberOfOccurrences": 5},
            },
        }
    )

    async def seen(day: int) -> Any:
        view = f'<m:CalendarView StartDate="2026-03-0{day}T00:00:00Z" EndDate="2026-03-0{day + 1}T00:00:00Z"/>'
        return await ews.find(view, fields="calendar:CalendarItemType")

    first = await seen(2)
    assert first.texts("//t:CalendarItemType") == ["RecurringMaster"]
    assert (await seen(3)).texts("//t:CalendarItemType") == []
    ids = f'<m:ItemIds><t:RecurringMasterItemId OccurrenceId="{first.id}"/></m:ItemIds>'
    shape = "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
    assert (await ews.send(f"<m:GetItem>{shape}{ids}</m:GetItem>")).code == "ErrorInvalidId"


async def test_faults_have_no_detail(ews: Any) -> None:
    unknown = await ews.send("<m:GetServerTimeZones/>")
    assert (unknown.status, unknown.text("//faultcode")) == (500, "SOAP:Server")
    other = await ews.send("<m:GetItem/>")
    assert (other.status, other.text("//faultcode")) == (200, "ErrorSchemaValidation")
    assert unknown.all("//detail") == other.all("//detail") == []


async def test_what_is_deleted_softly_can_be_read_where_it_was(ews: Any, anna: Mailbox) -> None:
    created = await ews.create()
    assert (await ews.delete(created.id, how="SoftDelete")).code == "NoError"
    assert anna.events == {}
    uri = '<t:ExtendedFieldURI PropertyTag="0x668F" PropertyType="SystemTime"/>'
    shape = f"<t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>{uri}</t:AdditionalProperties>"
    ids = f'<m:ItemIds><t:ItemId Id="{created.id}"/></m:ItemIds>'
    found = await ews.send(f"<m:GetItem><m:ItemShape>{shape}</m:ItemShape>{ids}</m:GetItem>")
    assert (found.id, len(found.texts("//t:Value"))) == (created.id, 1)
    refused = await ews.update(created.id, created.key, delete_field("item:Subject"))
    assert refused.code == "ErrorCalendarCannotUpdateDeletedItem"
    assert (await ews.find()).all("//t:CalendarItem") == []
