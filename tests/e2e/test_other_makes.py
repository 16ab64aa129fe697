"""An EWS server that is no Exchange: appointments travel both ways, and what it lacks is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from calsync.app import App
from calsync_sandbox.ews.ids import item_id
from calsync_sandbox.ews.operations import OPERATIONS
from calsync_sandbox.sandbox import Sandbox
from tests.e2e.conftest import World, value

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from calsync.testing import FakeClock
    from calsync_sandbox.ews.calls import Call
    from calsync_sandbox.ews.names import Element


SOFT_DELETE = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"
 xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Header><t:ExchangeImpersonation>
<t:ConnectingSID><t:SmtpAddress>{}</t:SmtpAddress></t:ConnectingSID></t:ExchangeImpersonation></s:Header><s:Body>
<m:DeleteItem DeleteType="SoftDelete" SendMeetingCancellations="SendToNone"><m:ItemIds><t:ItemId Id="{}"/>
</m:ItemIds></m:DeleteItem></s:Body></s:Envelope>"""


@pytest.fixture
async def world(clock: FakeClock, tmp_path: Path) -> AsyncIterator[World]:
    async with Sandbox(exchange="exchange_ews", now=lambda: clock.now().timestamp()) as sandbox:
        sandbox.ews.switches.become_another_make()
        anna = sandbox.add_person("anna@example.de", first="Anna", last="Berg")
        yield World(sandbox, clock, anna, tmp_path)


def notes(world: World, subject: str) -> str:
    return str(world.in_outlook(subject)["body"]["content"])


async def nothing_is_left_to_do(world: World) -> None:
    """Expect that runs have ended, that the next one writes nothing, and that nobody was mailed."""
    await world.settle()
    world.sandbox.clear()
    await world.sync()
    assert world.sandbox.writes() == 0
    assert world.sandbox.mails.count == 0
    assert {value for _, value in world.sandbox.ews.state.sends} <= {"SendToNone"}


async def test_appointments_are_created_edited_and_deleted_both_ways(world: World) -> None:
    mailbox = world.anna.mailbox
    crm = world.appointment("Aus FLOWFACT", message="Schlüssel im Büro")
    whole = world.event("Ganztags", hours=24)
    event = world.event("Aus Outlook", hours=3, body={"contentType": "text", "content": "Bitte läuten"})
    await nothing_is_left_to_do(world)
    world.expect_converged(3)

    world.patch(crm, message="Schlüssel beim Nachbarn")
    world.move(crm, 5)
    mailbox.edit(event["id"], {"subject": "Aus Outlook, neu"})
    mailbox.edit(whole["id"], {"body": {"contentType": "text", "content": "mitbringen: Plan"}})
    await nothing_is_left_to_do(world)
    world.expect_converged(3)
    assert "Nachbarn" in notes(world, "Aus FLOWFACT")
    assert value(world.in_flowfact("Ganztags"), "message") == "mitbringen: Plan"

    # What was written by us is edited by the other side, and the other way round.
    mailbox.edit(world.in_outlook("Aus FLOWFACT")["id"], {"subject": "Aus FLOWFACT, von Anna"})
    world.patch(world.in_flowfact("Aus Outlook, neu"), subject="Aus Outlook, im CRM")
    await nothing_is_left_to_do(world)
    world.expect_converged(3)

    world.delete(world.in_flowfact("Aus FLOWFACT, von Anna"))
    mailbox.delete(world.in_outlook("Aus Outlook, im CRM")["id"])
    await nothing_is_left_to_do(world)
    world.expect_converged(1)


async def test_an_edit_between_read_and_write_is_not_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    entity = world.appointment("Besichtigung")
    await nothing_is_left_to_do(world)
    update = OPERATIONS["UpdateItem"]

    def meanwhile(call: Call) -> Element:
        monkeypatch.undo()
        changed = {"body": {"contentType": "text", "content": "Bitte läuten"}}
        world.anna.mailbox.edit(world.in_outlook("Besichtigung")["id"], changed)
        return update(call)

    monkeypatch.setitem(OPERATIONS, "UpdateItem", meanwhile)
    world.patch(entity, subject="Zweitbesichtigung")
    await nothing_is_left_to_do(world)
    assert "läuten" in notes(world, "Zweitbesichtigung")
    assert value(world.in_flowfact("Zweitbesichtigung"), "message") == "Bitte läuten"


async def test_emptied_notes_stay_empty(world: World) -> None:
    first, second = (world.appointment(f"Termin {n}", hours=2 * n, message="alt") for n in (1, 2))
    await nothing_is_left_to_do(world)
    for entity in (first, second):
        world.patch(entity, message="")
    await nothing_is_left_to_do(world)
    world.anna.mailbox.edit(world.in_outlook("Termin 1")["id"], {"subject": "Termin 1, neu"})
    await nothing_is_left_to_do(world)
    assert notes(world, "Termin 1, neu").strip() == notes(world, "Termin 2").strip() == ""
    world.expect_converged(2)


async def test_what_a_phone_deletes_is_deleted_although_it_can_be_read(world: World) -> None:
    event = world.event("Entfällt")
    world.event("Bleibt", hours=2)
    await nothing_is_left_to_do(world)
    service = world.sandbox.service
    found = item_id(world.anna.mailbox, event["id"])
    headers = {"Authorization": aiohttp.encode_basic_auth(service.login, service.password)}
    body = SOFT_DELETE.format(world.anna.address, found)
    async with (
        aiohttp.ClientSession(headers=headers) as phone,
        phone.post(world.sandbox.ews.ews_url, data=body) as answer,
    ):
        assert "NoError" in await answer.text()
    await nothing_is_left_to_do(world)
    assert world.in_flowfact("Bleibt")
    world.expect_converged(1)


async def test_a_meeting_is_not_written(world: World) -> None:
    event = world.event("Besprechung")
    await nothing_is_left_to_do(world)
    world.anna.mailbox.add_attendee(event["id"], "kunde@example.org")
    mailed = world.sandbox.mails.count  # by Anna herself
    world.patch(world.in_flowfact("Besprechung"), message="Bitte pünktlich")
    for _ in range(2):
        await world.sync()
    assert "pünktlich" not in notes(world, "Besprechung")
    assert world.sandbox.mails.count == mailed


async def test_a_series_is_listed_and_left_alone(world: World) -> None:
    pattern = {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "monday"}
    ends = {"type": "noEnd", "startDate": f"{world.at():%Y-%m-%d}"}
    world.event("Jour fixe", recurrence={"pattern": pattern, "range": ends})
    result = await world.sync()
    assert dict(result.right.skipped) == {"series": 1}
    assert world.sandbox.flowfact.entities == {}
    await nothing_is_left_to_do(world)


async def test_a_check_tells_what_the_server_lacks_and_writes_nothing(world: World) -> None:
    world.appointment()
    await nothing_is_left_to_do(world)
    world.sandbox.clear()
    async with App.open(world.configuration, clock=world.clock) as app:
        told = {each.message: each.severity for each in await app.check()}
    assert "error" not in told.values()
    assert told["the server does not say whether it knows the zone W. Europe Standard Time"] == "warning"
    assert any("--try-writes" in message for message in told)
    assert world.sandbox.writes() == 0


@pytest.mark.parametrize("heeds", [False, True])
async def test_a_check_that_may_write_tells_whether_versions_are_heeded(world: World, heeds: bool) -> None:
    world.sandbox.ews.switches.change_keys_matter = heeds
    async with App.open(world.configuration, clock=world.clock) as app:
        told = {each.message: each.severity for each in await app.check(try_writes=True)}
    assert told["an event could be created, changed and deleted"] == "ok"
    (found,) = [severity for message, severity in told.items() if "has changed since it was read" in message]
    assert found == ("ok" if heeds else "warning")
    assert world.anna.mailbox.events == {}
    assert world.sandbox.mails.count == 0
    await nothing_is_left_to_do(world)


async def test_a_check_writes_to_no_source(world: World) -> None:
    world.configure("right_to_left")
    async with App.open(world.configuration, clock=world.clock) as app:
        await app.check(try_writes=True)
    assert world.sandbox.writes() == 0
