"""What happens between a request and the answer that counts: versions, pauses, batches, broken answers."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ServerDisconnectedError
from aioresponses import CallbackResult

from calsync.errors import AccountError, CalsyncError, LoginError, Retry, UnknownOutcome
from calsync.values import replace
from calsync_exchange_ews.envelope import Caller
from calsync_exchange_ews.requests import Folder, ItemId, delete_item, get_folder
from tests.plugins.calsync_exchange_ews.conftest import answer, fault, folder, folders, message, soap

if TYPE_CHECKING:
    from calsync.testing import FakeClock
    from calsync_exchange_ews.calendar import ExchangeCalendar
    from calsync_exchange_ews.client import Client
    from calsync_exchange_ews.provider import ExchangeProvider
    from tests.plugins.calsync_exchange_ews.conftest import Script

CALLER = Caller(zone="UTC", mailbox="anna@example.de")
ASK = get_folder([Folder()])
CODE = "The request failed."
BACK_OFF = '<t:Value Name="BackOffMilliseconds">5000</t:Value>'


@pytest.fixture
def client(provider: ExchangeProvider) -> Client:
    return provider._client


def status(number: int, body: bytes = b"", **headers: str) -> CallbackResult:
    return CallbackResult(
        status=number, body=body, headers={key.replace("_", "-"): each for key, each in headers.items()}
    )


async def test_the_server_s_version_is_kept(client: Client, script: Script) -> None:
    await client.call(ASK, CALLER)
    assert client.server_version == "15.2.1118.7"


async def test_headers_name_the_mailbox_and_the_request(client: Client, wire: Any, script: Script) -> None:
    await client.call(ASK, CALLER)
    ((call,),) = wire.requests.values()
    headers = call.kwargs["headers"]
    assert headers["X-AnchorMailbox"] == "anna@example.de"
    assert headers["Content-Type"] == "text/xml; charset=utf-8"
    assert headers["User-Agent"].startswith("calsync")


async def test_headers_ask_for_one_server_where_it_matters(client: Client, wire: Any, script: Script) -> None:
    await client.call(ASK, replace(CALLER, anchor="aaron@example.de"))
    await client.call(ASK, CALLER)
    ((first, second),) = wire.requests.values()
    assert first.kwargs["headers"]["X-AnchorMailbox"] == "aaron@example.de"
    assert first.kwargs["headers"]["X-PreferServerAffinity"] == "true"
    assert "X-PreferServerAffinity" not in second.kwargs["headers"]


@pytest.mark.parametrize("code", ["ErrorInvalidServerVersion", "ErrorIncorrectSchemaVersion"])
async def test_an_older_server_is_asked_in_its_own_version(client: Client, script: Script, code: str) -> None:
    script.on("GetFolder", status(500, fault(code)), folders(folder("calendar-id")))
    await client.call(ASK, CALLER)
    await client.call(ASK, CALLER)
    asked = ["2013_SP1" if "Exchange2013_SP1" in body else "2010_SP2" for body in script.sent("GetFolder")]
    assert asked == ["2013_SP1", "2010_SP2", "2010_SP2"]


async def test_a_server_that_is_too_old_is_told(client: Client, script: Script) -> None:
    script.on("GetFolder", fault("ErrorInvalidServerVersion"))
    with pytest.raises(AccountError, match="older than 2010 SP2"):
        await client.call(ASK, CALLER)


@pytest.mark.parametrize(
    "busy",
    [
        status(503, Retry_After="5"),
        status(500, fault("ErrorServerBusy", BACK_OFF)),
        CallbackResult(body=fault("ErrorServerBusy", BACK_OFF)),
    ],
)
async def test_a_short_pause_is_kept_by_all_and_the_request_repeated(
    client: Client, script: Script, clock: FakeClock, busy: CallbackResult
) -> None:
    await client.call(ASK, CALLER)
    script.requests.clear()
    script.on("GetFolder", busy, folders(folder("calendar-id")))
    first = asyncio.create_task(client.call(ASK, CALLER))
    await clock.until_sleeping()
    second = asyncio.create_task(client.call(ASK, CALLER))
    await clock.until_sleeping(2)
    assert len(script.requests) == 1
    clock.advance(5)
    await asyncio.gather(first, second)
    assert len(script.requests) == 3


async def test_a_long_pause_ends_the_run_and_nothing_is_sent_meanwhile(
    client: Client, script: Script, clock: FakeClock
) -> None:
    script.on("GetFolder", fault("ErrorServerBusy", BACK_OFF.replace("5000", "300000")))
    for _ in range(3):
        with pytest.raises(Retry) as error:
            await client.call(ASK, CALLER)
        assert error.value.after == 300
    assert len(script.requests) == 1


async def test_a_busy_write_is_repeated_and_a_lost_one_is_not(
    client: Client, script: Script, clock: FakeClock
) -> None:
    script.on("DeleteItem", ServerDisconnectedError())
    with pytest.raises(UnknownOutcome):
        await client.call(delete_item(ItemId("a")), CALLER)
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (b"", Retry),
        (b"<html><body>Log on</body></html>", Retry),
        (soap(""), Retry),
        (soap("<m:GetItemResponse/>"), Retry),
        (folders(folder("calendar-id"))[:-30], Retry),
        (b'<!DOCTYPE x [<!ENTITY a "b">]>' + folders(folder("calendar-id")), Retry),
        (answer("GetFolder"), Retry),
        (folders(folder("a"), folder("b")), Retry),
        (status(302, Location="https://evil.example/EWS/Exchange.asmx"), LoginError),
        (status(302, Location="/ews/genericerrorpage.htm?aspxerrorpath=/ews/exchange.asmx"), Retry),
        (status(403), LoginError),
        (status(500, b"<html>oops"), Retry),
        (fault("ErrorAccessDenied"), AccountError),
    ],
)
async def test_broken_answers(client: Client, script: Script, broken: Any, error: type[CalsyncError]) -> None:
    script.on("GetFolder", broken)
    with pytest.raises(error):
        await client.call(ASK, CALLER)
    assert len(script.requests) == 1
    script.on("DeleteItem", broken)
    with pytest.raises(UnknownOutcome if error is Retry else error):
        await client.call(delete_item(ItemId("a")), CALLER)


async def test_a_failure_that_nobody_knows_stops_the_account_at_the_third_time(
    client: Client, script: Script
) -> None:
    script.on("GetFolder", status(500, fault("")))
    for _ in range(2):
        with pytest.raises(Retry):
            await client.call(ASK, CALLER)
    with pytest.raises(AccountError, match="3 times in a row"):
        await client.call(ASK, CALLER)
    script.on("GetFolder", folders(folder("calendar-id")))
    await client.call(ASK, CALLER)


async def test_too_many_connections_become_one(client: Client, script: Script) -> None:
    script.on("GetFolder", fault("ErrorExceededConnectionCount"))
    with pytest.raises(Retry):
        await client.call(ASK, CALLER)
    script.on("GetFolder", folders(folder("calendar-id")))
    await client.call(ASK, CALLER)
    assert len(client._channels._all) == 1


async def test_a_malformed_request_is_logged_without_its_content(
    client: Client, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    values = '<t:Value Name="LineNumber">1</t:Value><t:Value Name="Violation">Notartermin</t:Value>'
    script.on("GetFolder", status(500, fault("ErrorSchemaValidation", values)))
    with pytest.raises(CalsyncError, match="SchemaValidation"):
        await client.call(ASK, CALLER)
    assert "malformed" in caplog.text
    assert "Notartermin" not in caplog.text


async def test_a_refusal_that_nobody_knows_of_a_search_stops_the_account_at_the_third_time(
    calendar: ExchangeCalendar, script: Script
) -> None:
    script.on("FindItem", answer("FindItem", message("FindItem", code="ErrorNobodyKnows")))
    for _ in range(2):
        with pytest.raises(Retry):
            await calendar.find_marker("v1:m")
    with pytest.raises(AccountError, match="3 times in a row"):
        await calendar.find_marker("v1:m")


@pytest.mark.parametrize("number", [400, 500])
async def test_an_answer_without_soap_stops_the_account_at_the_third_time(
    client: Client, script: Script, number: int
) -> None:
    script.on("GetFolder", status(number, b"<html>oops"))
    for _ in range(2):
        with pytest.raises(Retry):
            await client.call(ASK, CALLER)
    with pytest.raises(AccountError, match="3 times in a row"):
        await client.call(ASK, CALLER)


@pytest.mark.parametrize("whole", [True, False])
async def test_a_mailbox_that_is_moved_for_ever_stops_its_account(
    client: Client, script: Script, clock: FakeClock, whole: bool
) -> None:
    code = "ErrorMailboxMoveInProgress"
    moving = fault(code) if whole else answer("GetFolder", message("GetFolder", code=code))

    async def ask() -> None:
        (reply,) = await client.call(ASK, CALLER)
        raise client.error(reply)

    for _ in range(4):
        script.on("GetFolder", moving)
        with pytest.raises(Retry, match="moving the mailbox") as error:
            await ask()
        assert error.value.after == 600
        clock.advance(6 * 3600)
        script.on("GetFolder", folders(folder("calendar-id")))
        await client.call(ASK, replace(CALLER, mailbox="otto@example.de"))
    script.on("GetFolder", moving)
    with pytest.raises(AccountError, match="more than a day"):
        await ask()
    script.on("GetFolder", folders(folder("calendar-id")))
    await client.call(ASK, CALLER)
    script.on("GetFolder", moving)
    with pytest.raises(Retry):
        await ask()


@pytest.mark.parametrize("body", [fault("ErrorInternalServerError"), b"<html>Notartermin"])
async def test_a_failed_request_is_logged_as_the_server_s_logs_have_it(
    client: Client, script: Script, caplog: pytest.LogCaptureFixture, body: bytes
) -> None:
    caplog.set_level(logging.DEBUG, "calsync")
    traces = {
        "request_id": "0b1c-7f",
        "X_FEServer": "EX01",
        "X_BEServer": "EX02",
        "X_CasErrorCode": "Notar termin",
    }
    script.on("GetFolder", status(500, body, **traces))
    with pytest.raises(Retry):
        await client.call(ASK, CALLER)
    for told in ("0b1c-7f", "EX01", "EX02"):
        assert told in caplog.text
    assert "termin" not in caplog.text
