"""Whose an appointment is: what belongs to others is neither shown nor written, and no right proves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import Blocked, Missing
from calsync.ports import Elsewhere, Gone, NoAccess
from calsync.reasons import known as known_reason
from calsync_sandbox.faults import Fault
from tests.plugins.calsync_flowfact.appointments import DRAFT, MARKER, MS, created, pages

if TYPE_CHECKING:
    from calsync.ports import Calendar


async def test_a_create_belongs_to_the_accounts_user(calendar: Calendar, loopback: Any) -> None:
    written = await calendar.create(DRAFT, MARKER)
    entity = loopback.server.entities[written.id]
    assert entity["assignee"] == {"values": [loopback.anna["id"]]}
    assert entity["calsync_marker"] == {"values": [MARKER]}
    assert entity["reminder_date"] == {"values": [MS - 900_000]}
    assert (written.revision, written.stored) == (None, None)


async def test_an_event_of_somebody_else_is_left_alone(calendar: Calendar, loopback: Any) -> None:
    event_id = created(loopback)
    seen = (await calendar.read([event_id]))[event_id]
    loopback.server.patch(event_id, {"assignee": [loopback.ben["id"]]}, user=loopback.anna)
    assert isinstance(await calendar.locate(event_id), Elsewhere)
    assert await calendar.read([event_id]) == {}
    for write in (calendar.update(seen, {"summary": "x"}, "s"), calendar.delete(seen)):
        with pytest.raises(Missing):
            await write


async def test_an_appointment_of_several_users_is_not_deleted_for_all_of_them(
    calendar: Calendar, loopback: Any
) -> None:
    event_id = created(loopback, assignee=[loopback.anna["id"], loopback.ben["id"]])
    seen = (await calendar.read([event_id]))[event_id]
    with pytest.raises(Blocked, match="several_owners"):
        await calendar.delete(seen)
    assert loopback.server.sent("DELETE") == []
    assert known_reason("several_owners")
    owners = [loopback.anna["id"], loopback.server.api_user["id"]]
    loopback.server.patch(event_id, {"assignee": owners}, user=loopback.ben)
    seen = (await calendar.read([event_id]))[event_id]
    await calendar.delete(seen)
    assert event_id in loopback.server.trash


async def test_accounts_do_not_see_each_other(calendar: Calendar, loopback: Any) -> None:
    ben = await loopback.calendar(user_id=loopback.ben["id"])
    mine = (await calendar.create(DRAFT, MARKER)).id
    his = (await ben.create(DRAFT, MARKER)).id
    for one, event_id in ((calendar, mine), (ben, his)):
        assert [seen.id for page in await pages(one) for seen in page.observations] == [event_id]
        assert [seen.id for seen in await one.find_marker(MARKER)] == [event_id]


async def test_no_right_to_see_an_event_proves_nothing(calendar: Calendar, loopback: Any) -> None:
    event_id = created(loopback)
    seen = (await calendar.read([event_id]))[event_id]
    loopback.server.faults.add(Fault(method="GET", path=event_id, status=403, times=None))
    assert isinstance(await calendar.locate(event_id), NoAccess)
    assert await calendar.read([event_id]) == {}
    for write in (calendar.update(seen, {"summary": "x"}, "s"), calendar.delete(seen)):
        with pytest.raises(Missing):
            await write


async def test_without_a_right_to_see_the_trash_a_deleted_event_is_gone(calendar: Calendar, loopback: Any) -> None:
    event_id = created(loopback)
    loopback.server.delete(event_id, user=loopback.anna)
    loopback.server.faults.add(Fault(path="recovery", status=403, times=None))
    assert isinstance(await calendar.locate(event_id), Gone)
