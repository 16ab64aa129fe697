"""Notes and markers are emptied on every server, in its form, and an edit meanwhile is not overwritten."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import EventError, Stale
from calsync_sandbox.faults import Fault
from tests.plugins.calsync_flowfact.appointments import DRAFT, MARKER, created

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.ports import Calendar, Provider


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
