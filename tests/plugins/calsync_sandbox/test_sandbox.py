from __future__ import annotations

import asyncio
import base64
import json
import signal
import stat
import sys
from pathlib import Path

import aiohttp
import pytest

from calsync.config import parse
from calsync.errors import ConfigError
from calsync_sandbox.sandbox import Account, Sandbox

CALENDAR = """BEGIN:VCALENDAR
BEGIN:VEVENT
UID:1
DTSTART:20200106T090000
RRULE:FREQ=WEEKLY;BYDAY=MO
EXDATE:20200113T090000
SUMMARY:Teamrunde
END:VEVENT
BEGIN:VEVENT
UID:1
RECURRENCE-ID:20200120T090000
DTSTART:20200120T110000
SUMMARY:Teamrunde, später
END:VEVENT
BEGIN:VEVENT
UID:2
RECURRENCE-ID:20200120T090000
DTSTART:20200120T110000
SUMMARY:Ohne Serie
END:VEVENT
BEGIN:VEVENT
UID:3
DTSTART:20200131T090000
RRULE:FREQ=MONTHLY
EXDATE:20200302T090000
SUMMARY:Monatsende
END:VEVENT
BEGIN:VEVENT
UID:4
DTSTART:20200106T090000
SUMMARY:Besichtigung
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def calendar(tmp_path: Path) -> Path:
    path = tmp_path / "alt.ics"
    path.write_text(CALENDAR, "utf-8")
    return path


async def test_three_servers_that_stop_again() -> None:
    async with Sandbox() as sandbox:
        urls = [server.url for server in (sandbox.authority, sandbox.flowfact, sandbox.graph)]
        assert len(set(urls)) == 3
        async with aiohttp.ClientSession() as session, session.get(f"{sandbox.graph.url}/v1.0/me") as answer:
            assert answer.status == 401
    async with aiohttp.ClientSession() as session:
        for url in urls:
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(url)


def test_series_are_imported_with_their_exceptions(calendar: Path) -> None:
    sandbox = Sandbox()
    anna = sandbox.add_person("anna@example.de", first="Anna", last="Beispiel")
    file = sandbox.import_calendar(calendar, anna)
    types = {event["subject"]: event["type"] for event in anna.mailbox.events.values()}
    assert types == {
        "Besichtigung": "singleInstance",
        "Teamrunde": "seriesMaster",
        "Monatsende": "seriesMaster",
        "Teamrunde, später": "exception",
        "Ohne Serie": "exception",
    }
    masters = {
        event["subject"]: event for event in anna.mailbox.events.values() if event["type"] == "seriesMaster"
    }
    assert len(masters["Teamrunde"]["cancelledOccurrences"]) == 1
    assert [anna.mailbox.events[event_id]["subject"] for event_id in file.singles] == ["Besichtigung"]
    assert sandbox.mails.sent == []


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    sandbox = Sandbox()
    anna = sandbox.add_person("anna@example.de", first="Anna", last="Beispiel")
    with pytest.raises(ConfigError, match=r"missing\.ics: cannot be read \(No such file"):
        sandbox.import_calendar(tmp_path / "missing.ics", anna)


def test_the_configuration_can_be_read_and_its_secrets_only_by_their_owner(tmp_path: Path) -> None:
    sandbox = Sandbox()
    anna = sandbox.add_person("anna@example.de", first="Anna", last="Beispiel")
    path = sandbox.write_configuration(
        tmp_path / "new", [Account(name="anna", person=anna, direction="left_to_right")]
    )
    document = parse(path)
    assert document.providers == {"flowfact", "graph"}
    assert document.rules == {"series_skip", "attendee_stripping", "private_mask", "reminder_once"}
    secrets = path.with_name("secrets.yaml")
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert sandbox.client_secret in secrets.read_text("utf-8")
    assert sandbox.client_secret not in path.read_text("utf-8")


def test_the_configuration_for_exchange_on_premises(tmp_path: Path) -> None:
    sandbox = Sandbox(exchange="exchange_ews")
    anna = sandbox.add_person("anna@example.de", first="Anna", last="Beispiel")
    path = sandbox.write_configuration(tmp_path / "new", [Account(name="anna", person=anna)])
    assert parse(path).providers == {"flowfact", "exchange_ews"}
    assert sandbox.service.password in path.with_name("secrets.yaml").read_text("utf-8")
    assert sandbox.service.password not in path.read_text("utf-8")


async def test_writes_to_the_ews_server_are_counted() -> None:
    spaces = "http://schemas.microsoft.com/exchange/services/2006"
    request = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        f'xmlns:m="{spaces}/messages" xmlns:t="{spaces}/types"><s:Body>{{}}</s:Body></s:Envelope>'
    )
    delete = (
        '<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendToNone">'
        '<m:ItemIds><t:ItemId Id="x"/><t:ItemId Id="y"/></m:ItemIds></m:DeleteItem>'
    )
    async with Sandbox(exchange="exchange_ews") as sandbox, aiohttp.ClientSession() as session:
        login = base64.b64encode(f"{sandbox.service.login}:{sandbox.service.password}".encode()).decode()
        headers = {"Authorization": f"Basic {login}"}
        for content in (delete, "<m:GetServerTimeZones/>", "<m:DeleteItem>"):
            await session.post(sandbox.ews.ews_url, data=request.format(content), headers=headers)
        await session.post(sandbox.ews.ews_url, data=request.format(delete))
        assert sandbox.writes() == 2
        sandbox.clear()
        assert sandbox.writes() == 0


async def test_writes_are_counted_by_the_servers(tmp_path: Path) -> None:
    async with Sandbox() as sandbox, aiohttp.ClientSession() as session:
        parts = [
            {"id": str(number), "method": method, "url": "/x"} for number, method in enumerate(("GET", "PATCH"))
        ]
        await session.post(f"{sandbox.graph.url}/v1.0/$batch", json={"requests": parts})
        await session.delete(f"{sandbox.graph.url}/v1.0/users/x/events/y")
        await session.get(f"{sandbox.graph.url}/v1.0/users/x/events/y")
        await session.post(f"{sandbox.flowfact.url}/search-service/schemas/appointments", json={})
        await session.post(f"{sandbox.flowfact.url}/entity-service/schemas/appointments", json={})
        assert sandbox.writes() == 3


@pytest.mark.parametrize("exchange", ["graph", "exchange_ews"])
async def test_a_process_of_its_own(calendar: Path, tmp_path: Path, exchange: str) -> None:
    options = [
        "--exchange",
        exchange,
        "--events",
        "3",
        "--calendar",
        str(calendar),
        "--folder",
        str(tmp_path / "own"),
    ]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "calsync_sandbox", *options, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    told = json.loads(await process.stdout.readline())
    assert told.keys() == {"authority", "flowfact", "graph", exchange, "configuration"}
    assert Path(told["configuration"]) == tmp_path / "own" / "calsync.yaml"
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
