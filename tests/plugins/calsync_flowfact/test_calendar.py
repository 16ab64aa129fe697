"""The calendar on a FLOWFACT server on loopback: what the contract suite leaves open."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import (
    AccountError,
    Blocked,
    EventError,
    LoginError,
    Missing,
    Retry,
    Stale,
    TokenLost,
    UnknownOutcome,
)
from calsync.ports import Elsewhere, Gone, Here, NoAccess, Trashed
from calsync.reasons import known as known_reason
from calsync.sync.model import AllDay, Draft, Timed, Window
from calsync.values import replace
from calsync_sandbox.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.ports import Calendar, Page, Provider

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
WHEN = Timed(START, START + timedelta(hours=1))
WINDOW = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))
DRAFT = Draft(summary="Notartermin", when=WHEN, description="Ausweise", reminder=15)
MARKER = "v1:anna:1:2"
MS = int(START.timestamp() * 1000)


def fields_of(loopback: Any, **more: Any) -> dict[str, Any]:
    return {
        "subject": "Besichtigung",
        "message": "Notiz",
        "start_date": MS,
        "end_date": MS + 3_600_000,
        "isFullDayAppointment": False,
        "assignee": [loopback.anna["id"]],
        "kind": "viewing",
        "location_description": "Gartenstraße 5",
        "participants": ["c1", "c2"],
    } | more


def created(loopback: Any, **more: Any) -> str:
    entity = loopback.server.create("appointments", fields_of(loopback, **more), user=loopback.anna)
    return str(entity["id"])


@pytest.fixture
async def calendar(loopback: Any) -> Calendar:
    await loopback.provider.login()
    calendar: Calendar = await loopback.calendar()
    return calendar


async def pages(calendar: Calendar, token: str | None = None) -> list[Page]:
    return [page async for page in calendar.changes(token, WINDOW)]


async def known(calendar: Calendar) -> str:
    """Read the calendar once, so that it knows the server's habits; return the token."""
    token = (await pages(calendar))[-1].token
    assert token
    return token


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


async def test_a_create_belongs_to_the_accounts_user(calendar: Calendar, loopback: Any) -> None:
    written = await calendar.create(DRAFT, MARKER)
    entity = loopback.server.entities[written.id]
    assert entity["assignee"] == {"values": [loopback.anna["id"]]}
    assert entity["calsync_marker"] == {"values": [MARKER]}
    assert entity["reminder_date"] == {"values": [MS - 900_000]}
    assert (written.revision, written.stored) == (None, None)


async def test_a_create_that_answers_the_entity_needs_no_read(calendar: Calendar, loopback: Any) -> None:
    loopback.server.switches.create_response = "entity"
    loopback.server.clear()
    written = await calendar.create(DRAFT, MARKER)
    assert written.stored is not None
    assert written.stored.written_by_us is True
    assert (written.stored.event.summary, written.stored.revision) == (DRAFT.summary, written.revision)
    assert len(loopback.server.requests) == 1


async def test_new_events_are_read_back_in_one_search(calendar: Calendar, loopback: Any) -> None:
    await known(calendar)
    ids = [(await calendar.create(DRAFT, f"{MARKER}{number}")).id for number in range(5)]
    loopback.server.clear()
    assert set(await calendar.read(ids)) == set(ids)
    assert len(loopback.server.requests) == 1


async def test_what_a_late_search_does_not_show_is_read_by_id(calendar: Calendar, loopback: Any) -> None:
    await known(calendar)
    loopback.server.switches.search_lag = 60.0
    ids = [(await calendar.create(DRAFT, f"{MARKER}{number}")).id for number in range(3)]
    seen = await calendar.read(ids)
    assert set(seen) == set(ids)
    assert seen[ids[0]].marker == f"{MARKER}0"


async def test_what_a_late_search_shows_as_it_was_before_our_write_is_read_by_id(
    calendar: Calendar, loopback: Any
) -> None:
    await known(calendar)
    loopback.server.switches.patch_response = "empty"
    edited, deleted, plain = (created(loopback) for _ in range(3))
    before = await calendar.read([edited, deleted, plain])
    loopback.server.switches.search_lag = 60.0
    assert (await calendar.update(before[edited], {"summary": "Neu"}, "s")).revision is None
    await calendar.delete(before[deleted])
    after = await calendar.read([edited, deleted, plain])
    assert after.keys() == {edited, plain}
    assert after[edited].event.summary == "Neu"


async def test_a_search_that_shows_the_trash_is_not_trusted(calendar: Calendar, loopback: Any) -> None:
    kept, gone = created(loopback), created(loopback)
    loopback.server.switches.trash_in_search = True
    loopback.server.delete(gone, user=loopback.anna)
    loopback.clock.advance(86_400)
    told = [seen.id for page in await pages(calendar) for seen in page.observations]
    assert told == [kept]
    assert (await calendar.read([kept, gone])).keys() == {kept}


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


async def test_an_appointment_without_an_end_is_in_doubt(calendar: Calendar, loopback: Any) -> None:
    event_id = created(loopback)
    seen = (await calendar.read([event_id]))[event_id]
    loopback.server.patch(event_id, {"end_date": None}, user=loopback.anna)
    assert isinstance(await calendar.locate(event_id), NoAccess)
    assert await calendar.read([event_id]) == {}
    with pytest.raises(EventError):
        await calendar.update(seen, {"summary": "x"}, "s")


@pytest.mark.parametrize("answers", ["entity", "empty"])
async def test_notes_that_cannot_be_emptied_by_an_empty_list_are_by_an_empty_text(
    calendar: Calendar, loopback: Any, providers: Callable[..., Provider], answers: str
) -> None:
    loopback.server.switches.empty_values = "ignore"
    loopback.server.switches.patch_response = answers
    event_id = created(loopback)
    seen = (await calendar.read([event_id]))[event_id]
    emptied = await calendar.update(seen, {"description": "", "summary": "Neu"}, "s")
    assert emptied.stored is not None
    assert (emptied.stored.event.summary, emptied.stored.event.description) == ("Neu", "")
    bodies = [json.loads(one.body) for one in loopback.server.sent("PATCH")]
    assert bodies == [
        {"message": {"values": []}, "subject": {"values": ["Neu"]}},
        {"message": {"values": [""]}},
    ]
    loopback.server.clear()
    loopback.provider = providers(clear_strategy="empty_string")
    await loopback.provider.login()
    event_id = created(loopback)
    seen = (await calendar.read([event_id]))[event_id]
    await (await loopback.calendar()).update(seen, {"description": ""}, "s")
    assert [json.loads(one.body) for one in loopback.server.sent("PATCH")] == [{"message": {"values": [""]}}]


@pytest.mark.parametrize("edit", [{"message": "Neu vom Kollegen"}, {"message": "Notiz", "subject": "Verlegt"}])
@pytest.mark.parametrize("patches", [1, 2])
async def test_an_edit_while_notes_are_emptied_is_not_overwritten(
    calendar: Calendar, loopback: Any, edit: dict[str, str], patches: int
) -> None:
    loopback.server.switches.empty_values = "ignore"
    loopback.server.switches.patch_response = "empty"
    event_id = created(loopback)
    seen = (await calendar.read([event_id]))[event_id]
    loopback.server.clear()

    def arrived(request: Any) -> None:
        if request.method == "GET" and len(loopback.server.sent("PATCH")) == patches:
            loopback.server.arrived = lambda _: None
            loopback.server.patch(event_id, edit, user=loopback.anna)

    loopback.server.arrived = arrived
    with pytest.raises(Stale) as caught:
        await calendar.update(seen, {"description": ""}, "s")
    assert caught.value.fresh.event.description == edit["message"]
    assert loopback.server.entities[event_id]["message"]["values"] == [edit["message"]]
    assert len(loopback.server.sent("PATCH")) == patches


async def test_a_server_that_ignores_a_patch_altogether_gets_the_other_form(
    calendar: Calendar, loopback: Any
) -> None:
    """It names whoever wrote last before: nobody has written in between."""
    loopback.server.switches.patch_response = "empty"
    event_id = created(loopback)
    loopback.server.patch(event_id, {"subject": "Verlegt"}, user=loopback.anna)
    seen = (await calendar.read([event_id]))[event_id]
    loopback.server.faults.add(Fault(method="PATCH", status=200))
    emptied = await calendar.update(seen, {"description": ""}, "s")
    assert emptied.stored is not None
    assert emptied.stored.event.description == ""


async def test_notes_that_nothing_empties_are_told(calendar: Calendar, loopback: Any) -> None:
    event_id = created(loopback)
    seen = (await calendar.read([event_id]))[event_id]
    stored = json.dumps(loopback.server.entities[event_id]).encode()
    loopback.server.faults.add(Fault(method="PATCH", status=200, body=stored, times=None))
    with pytest.raises(EventError, match="does not empty the appointment's message"):
        await calendar.update(seen, {"description": ""}, "s")


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


async def test_a_search_finds_similar_markers_and_they_are_no_hits(calendar: Calendar, loopback: Any) -> None:
    created(loopback, calsync_marker=MARKER)
    loopback.server.patch(created(loopback), {"calsync_marker": MARKER.upper()}, user=loopback.anna)
    assert len(await calendar.find_marker(MARKER)) == 1


async def test_a_marker_is_found_behind_pages_of_similar_ones(
    loopback: Any, providers: Callable[..., Provider]
) -> None:
    loopback.provider = providers(page_size=5)
    await loopback.provider.login()
    calendar = await loopback.calendar()
    mine = created(loopback, calsync_marker=MARKER)
    for _ in range(17):  # a search that compares words without regard to their case finds these, too
        loopback.server.patch(created(loopback), {"calsync_marker": MARKER.upper()}, user=loopback.anna)
    loopback.server.clear()
    assert [seen.id for seen in await calendar.find_marker(MARKER)] == [mine]
    assert len(loopback.server.sent("GET", "/entity-service/")) == 1


async def test_a_session_that_ends_is_renewed_on_the_way(calendar: Calendar, loopback: Any) -> None:
    token = await known(calendar)
    loopback.clock.advance(7200)
    await pages(calendar, token)
    assert len(loopback.server.sent(path_contains="authenticate")) == 2


async def test_a_search_without_a_right_stops_the_connection(calendar: Calendar, loopback: Any) -> None:
    loopback.server.faults.add(Fault(path="search-service", status=403, times=None))
    with pytest.raises(LoginError):
        await pages(calendar)


async def test_a_schema_that_disappears_stops_the_account(calendar: Calendar, loopback: Any) -> None:
    loopback.server.faults.add(Fault(path="search-service", status=404, times=None))
    with pytest.raises(AccountError):
        await pages(calendar)


async def test_throttling_says_how_long_to_wait(calendar: Calendar, loopback: Any) -> None:
    loopback.server.faults.add(Fault(path="search-service", status=429, headers={"Retry-After": "70"}))
    with pytest.raises(Retry) as caught:
        await pages(calendar)
    assert caught.value.after == 70


@pytest.mark.parametrize("limits", [{"max_page_size": 7}, {"max_window": 40}])
async def test_servers_with_limits(
    loopback: Any, providers: Callable[..., Provider], limits: dict[str, int]
) -> None:
    for name, value in limits.items():
        setattr(loopback.server.switches, name, value)
    hours = [MS + number * 3_600_000 for number in range(120)]
    events = {created(loopback, start_date=hour, end_date=hour) for hour in hours}
    loopback.provider = providers(page_size=20)
    await loopback.provider.login()
    calendar = await loopback.calendar()
    answered = await pages(calendar)
    assert {seen.id for page in answered for seen in page.observations} == events
    assert answered[-1].complete
    for event in events:
        loopback.server.patch(event, {"subject": "Neu"}, user=loopback.anna)
    if "max_page_size" in limits:
        told = await pages(calendar, answered[-1].token)
        assert {seen.id for page in told for seen in page.observations} == events


async def test_a_poll_that_does_not_reach_its_cursor_lists_in_full(
    loopback: Any, providers: Callable[..., Provider]
) -> None:
    loopback.provider = providers(page_size=20)
    await loopback.provider.login()
    calendar = await loopback.calendar()
    token = await known(calendar)
    loopback.server.switches.max_window = 40
    events = [created(loopback, start_date=MS, end_date=MS) for _ in range(60)]
    for event in events:
        loopback.server.patch(event, {"subject": "Neu"}, user=loopback.anna)
    with pytest.raises(TokenLost):
        await pages(calendar, token)


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


async def test_a_read_that_fails_is_not_an_absence(calendar: Calendar, loopback: Any) -> None:
    event_id = created(loopback)
    loopback.server.faults.add(Fault(method="GET", path=event_id, status=500))
    with pytest.raises(Retry):
        await calendar.read([event_id, created(loopback)])


async def test_a_poll_that_is_refused_says_so(calendar: Calendar, loopback: Any) -> None:
    token = await known(calendar)
    loopback.server.faults.add(Fault(path="search-service", status=400))
    with pytest.raises(AccountError, match="does not take a query"):
        await pages(calendar, token)


@pytest.mark.parametrize("answers", ["entity", "empty"])
async def test_a_marker_that_an_empty_list_does_not_empty_is_by_an_empty_text(
    calendar: Calendar, loopback: Any, answers: str
) -> None:
    loopback.server.switches.empty_values = "ignore"
    loopback.server.switches.patch_response = answers
    written = await calendar.create(DRAFT, MARKER)
    loopback.server.clear()
    await calendar.unmark(written.id)
    assert not (await calendar.read([written.id]))[written.id].marker
    bodies = [json.loads(one.body) for one in loopback.server.sent("PATCH")]
    assert [[one["values"] for one in body.values()] for body in bodies] == [[[]], [[""]]]
    assert MARKER not in json.dumps(loopback.server.entities[written.id])


async def test_a_marker_that_nothing_empties_is_told(calendar: Calendar, loopback: Any) -> None:
    written = await calendar.create(DRAFT, MARKER)
    stored = json.dumps(loopback.server.entities[written.id]).encode()
    loopback.server.faults.add(Fault(method="PATCH", status=200, body=stored, times=None))
    with pytest.raises(EventError, match="does not empty the appointment's marker"):
        await calendar.unmark(written.id)


async def test_without_a_field_for_it_no_marker_is_taken_away(
    loopback: Any, providers: Callable[..., Provider]
) -> None:
    loopback.provider = providers(fields={"marker": {"field": None}})
    await loopback.provider.login()
    calendar = await loopback.calendar()
    event_id = created(loopback)
    loopback.server.clear()
    await calendar.unmark(event_id)
    assert loopback.server.sent("PATCH") == []
