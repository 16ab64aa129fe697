"""Writes to a FLOWFACT server on loopback: what is sent, what is refused, and what a lost answer leaves."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import Missing, Stale, UnknownOutcome
from calsync.ports import Gone, Here, Trashed
from calsync.sync.model import AllDay
from calsync.values import replace
from calsync_sandbox.faults import Fault
from tests.plugins.calsync_flowfact.appointments import DRAFT, MARKER, WHEN, created, pages

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.ports import Calendar, Provider


async def test_capabilities(calendar: Calendar, loopback: Any) -> None:
    capabilities = calendar.capabilities
    assert calendar.key == loopback.anna["id"]
    assert (capabilities.marker, capabilities.writes_reminder) == (True, True)
    assert not capabilities.writes_may_mail
    assert capabilities.marker_lag == timedelta(seconds=120)


async def test_a_create_without_a_marker_is_unseen_for_as_long_as_polls_take_now(
    loopback: Any, providers: Callable[..., Provider]
) -> None:
    pace = 60.0
    loopback.provider = providers(poll_seconds=lambda: pace, fields={"reminder": {"field": "reminder_date"}})
    await loopback.provider.login()
    calendar = await loopback.calendar()
    assert calendar.capabilities.marker_lag == timedelta(seconds=180)
    pace = 600.0
    assert calendar.capabilities.marker_lag == timedelta(seconds=720)


async def test_a_create_that_answers_the_entity_needs_no_read(calendar: Calendar, loopback: Any) -> None:
    loopback.server.switches.create_response = "entity"
    loopback.server.clear()
    written = await calendar.create(DRAFT, MARKER)
    assert written.stored is not None
    assert written.stored.written_by_us is True
    assert (written.stored.event.summary, written.stored.revision) == (DRAFT.summary, written.revision)
    assert len(loopback.server.requests) == 1


async def test_an_update_touches_nothing_else(calendar: Calendar, loopback: Any) -> None:
    event_id = created(loopback)
    before = dict(loopback.server.entities[event_id])
    seen = (await calendar.read([event_id]))[event_id]
    loopback.server.clear()
    written = await calendar.update(seen, {"summary": "Neu"}, "stamp")
    after = loopback.server.entities[event_id]
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"subject", "_metadata"}
    (patch,) = loopback.server.sent("PATCH")
    assert json.loads(patch.body) == {"subject": {"values": ["Neu"]}}
    assert dict(patch.query) == {}
    assert written.stored is not None
    assert written.stored.event.summary == "Neu"
    assert [request.method for request in loopback.server.requests] == ["GET", "PATCH"]
    assert loopback.mails.count == 0


async def test_no_write_mails_the_participants(calendar: Calendar, loopback: Any) -> None:
    event_id = created(loopback)
    seen = (await calendar.read([event_id]))[event_id]
    assert seen.event.attendee_count == 2
    written = await calendar.update(seen, {"when": AllDay(date(2026, 3, 11), date(2026, 3, 12))}, "s")
    assert written.stored is not None
    await calendar.delete(written.stored)
    assert loopback.mails.count == 0


async def test_a_changed_event_is_not_written(calendar: Calendar, loopback: Any) -> None:
    event_id = created(loopback)
    seen = (await calendar.read([event_id]))[event_id]
    loopback.server.patch(event_id, {"message": "Neu"}, user=loopback.anna)
    for write in (calendar.update(seen, {"summary": "x"}, "s"), calendar.delete(seen)):
        with pytest.raises(Stale) as caught:
            await write
        assert caught.value.fresh.event.description == "Neu"
    assert loopback.server.sent("PATCH") == loopback.server.sent("DELETE") == []


async def test_an_edit_that_moves_no_revision_is_seen_before_a_write(calendar: Calendar, loopback: Any) -> None:
    event_id = created(loopback)
    seen = (await calendar.read([event_id]))[event_id]
    told = deepcopy(loopback.server.entities[event_id]["_metadata"])
    loopback.server.patch(event_id, {"message": "Neu"}, user=loopback.anna)
    loopback.server.entities[event_id]["_metadata"] = told
    for write in (calendar.update(seen, {"summary": "x"}, "s"), calendar.delete(seen)):
        with pytest.raises(Stale) as caught:
            await write
        assert (caught.value.fresh.revision, caught.value.fresh.event.description) == (seen.revision, "Neu")
    assert loopback.server.sent("PATCH") == loopback.server.sent("DELETE") == []


async def test_an_observation_of_unknown_revision_is_stale(calendar: Calendar, loopback: Any) -> None:
    event_id = created(loopback)
    seen = (await calendar.read([event_id]))[event_id]
    with pytest.raises(Stale):
        await calendar.update(replace(seen, revision=None), {"summary": "x"}, "s")


async def test_an_event_that_is_gone(calendar: Calendar, loopback: Any) -> None:
    event_id = created(loopback)
    seen = (await calendar.read([event_id]))[event_id]
    loopback.server.delete(event_id, user=loopback.anna)
    with pytest.raises(Missing):
        await calendar.update(seen, {"summary": "x"}, "s")
    await calendar.delete(seen)
    assert isinstance(await calendar.locate(event_id), Trashed)
    assert isinstance(await calendar.locate("9b2f0a63-0000-4000-8000-000000000000"), Gone)


async def test_an_event_that_goes_between_read_and_delete(calendar: Calendar, loopback: Any) -> None:
    event_id = created(loopback)
    seen = (await calendar.read([event_id]))[event_id]
    loopback.server.faults.add(Fault(method="DELETE", status=404, after_commit=True))
    await calendar.delete(seen)
    assert event_id not in loopback.server.entities


async def test_a_change_of_unmapped_notes_sends_nothing(loopback: Any, providers: Callable[..., Provider]) -> None:
    loopback.provider = providers(fields={"description": {"field": None}})
    await loopback.provider.login()
    calendar = await loopback.calendar()
    event_id = created(loopback)
    seen = (await calendar.read([event_id]))[event_id]
    assert (await calendar.update(seen, {"description": "x"}, "s")).revision == seen.revision
    assert loopback.server.sent("PATCH") == []
    assert not calendar.capabilities.marker
    assert list(await calendar.find_marker(MARKER)) == []


@pytest.mark.parametrize("lost", [Fault(drop=True, after_commit=True), Fault(status=500, after_commit=True)])
async def test_a_create_whose_answer_is_lost_is_found_by_its_marker(
    calendar: Calendar, loopback: Any, lost: Fault
) -> None:
    loopback.server.faults.add(replace(lost, method="POST", path="entity-service"))
    with pytest.raises(UnknownOutcome):
        await calendar.create(DRAFT, MARKER)
    (found,) = await calendar.find_marker(MARKER)
    assert (found.event.summary, found.marker) == (DRAFT.summary, MARKER)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_other_writes_whose_answer_is_lost(calendar: Calendar, loopback: Any, method: str) -> None:
    event_id = created(loopback)
    seen = (await calendar.read([event_id]))[event_id]
    loopback.server.faults.add(Fault(method=method, status=504, after_commit=True))
    write = calendar.delete(seen) if method == "DELETE" else calendar.update(seen, {"summary": "x"}, "s")
    with pytest.raises(UnknownOutcome):
        await write
    where = await calendar.locate(event_id)
    assert isinstance(where, Trashed if method == "DELETE" else Here)


@pytest.mark.parametrize("codec", ["epoch_s", "iso_local"])
async def test_a_tenant_with_other_names(loopback: Any, providers: Callable[..., Provider], codec: str) -> None:
    fields = {
        "summary": {"field": "titel"},
        "description": {"field": "notiz", "codec": "html"},
        "start": {"field": "beginn", "codec": codec},
        "end": {"field": "ende", "codec": codec},
        "all_day": {"field": "ganztags"},
        "owner": {"field": "betreuer"},
        "attendee_count": {"field": "beteiligte"},
        "marker": {"field": "abgleich"},
        "reminder": {"field": "erinnerung", "codec": codec},
        "private": {"field": "vertraulich"},
    }
    loopback.provider = providers(schema="appointment_schemas", write_schema="termine_neu", fields=fields)
    await loopback.provider.login()
    calendar = await loopback.calendar()
    draft = replace(DRAFT, description="a < b\n  Übergabe")
    written = await calendar.create(draft, MARKER)
    (seen,) = await calendar.find_marker(MARKER)
    assert (seen.id, seen.event.description, seen.event.when) == (written.id, draft.description, WHEN)
    assert loopback.server.entities[written.id]["_metadata"]["schema"] == "termine_neu"
    day = AllDay(date(2026, 3, 29), date(2026, 3, 30))
    edited = (await calendar.update(seen, {"when": day}, "s")).stored
    assert edited is not None
    assert edited.event.when == day
    told = [one for page in await pages(calendar) for one in page.observations]
    assert [one.event.when for one in told] == [day]
