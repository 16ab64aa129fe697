"""Refusals, lost answers, and every way in which Exchange throttles."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from calsync_sandbox.ews import EwsServer, Trouble, trouble
from calsync_sandbox.faults import Fault
from calsync_sandbox.mailbox import Mailbox

Draft = Callable[..., dict[str, Any]]


def back_off(answer: Any) -> str:
    return str(answer.text('//t:Value[@Name="BackOffMilliseconds"]'))


async def test_a_busy_server_as_a_fault(ews: Any, server: EwsServer) -> None:
    server.faults.add(trouble.busy_fault(2500, operation="/SyncFolderItems$"))
    assert (await ews.get("x")).status == 200
    busy = await ews.sync()
    assert (busy.status, busy.code, back_off(busy)) == (500, "ErrorServerBusy", "2500")
    assert busy.text("//faultcode") == "a:ErrorServerBusy"
    assert (await ews.sync()).code == "NoError"


async def test_a_busy_server_item_by_item(ews: Any, server: EwsServer) -> None:
    server.state.troubles.add(trouble.busy_items(100))
    busy = await ews.get("x", "y")
    assert (busy.status, busy.codes, back_off(busy)) == (200, ["ErrorServerBusy"] * 2, "100")


async def test_a_busy_server_inside_of_another_error(ews: Any, server: EwsServer) -> None:
    server.state.troubles.add(trouble.inner_busy(100, operation="SyncFolderItems", times=2))
    assert (await ews.get("x")).code == "ErrorInvalidIdMalformed"
    for _ in range(2):
        busy = await ews.sync()
        assert (busy.status, busy.code, back_off(busy)) == (200, "ErrorInternalServerError", "100")
        assert busy.text('//t:Value[@Name="InnerErrorResponseCode"]') == "ErrorServerBusy"
    assert (await ews.sync()).code == "NoError"


async def test_throttling_below_soap(ews: Any, server: EwsServer) -> None:
    server.faults.add(trouble.unavailable(7))
    server.faults.add(trouble.unavailable(None))
    server.faults.add(trouble.error_page())
    server.faults.add(trouble.application_error())
    server.faults.add(trouble.closing())
    answers = [await ews.sync() for _ in range(5)]
    assert [answer.status for answer in answers] == [503, 503, 302, 500, 503]
    assert [answer.headers.get("Retry-After") for answer in answers[:2]] == ["7", None]
    assert answers[2].headers["Location"].startswith("/ews/genericerrorpage.htm")
    assert b"Server Error in '/EWS' Application" in answers[3].content
    assert answers[4].headers["Connection"] == "close"
    assert (await ews.sync()).code == "NoError"


async def test_too_many_connections(ews: Any, server: EwsServer) -> None:
    server.switches.concurrency_limit = 0
    refused = await ews.sync()
    assert (refused.status, refused.code) == (500, "ErrorExceededConnectionCount")


async def test_other_faults(ews: Any, server: EwsServer) -> None:
    server.state.troubles.add(Trouble(code="ErrorMailboxMoveInProgress", whole=True, times=None))
    for _ in range(2):
        moved = await ews.sync()
        assert (moved.status, moved.code) == (500, "ErrorMailboxMoveInProgress")
    server.state.troubles.clear()
    server.faults.add(trouble.soap_fault("ErrorInternalServerTransientError"))
    assert (await ews.sync()).code == "ErrorInternalServerTransientError"
    server.faults.add(Fault(status=401))
    server.faults.add(Fault(status=200, headers={"Content-Type": "text/xml"}, body=b"<s:Envelope"))
    assert (await ews.sync()).status == 401
    assert (await ews.sync()).content == b"<s:Envelope"


async def test_a_batch_that_stops_in_the_middle(ews: Any, server: EwsServer) -> None:
    created = await ews.create()
    server.state.troubles.add(Trouble(code="ErrorBatchProcessingStopped", operation="GetItem", first=1))
    answer = await ews.get(created.id, created.id, created.id)
    assert answer.codes == ["NoError", *["ErrorBatchProcessingStopped"] * 2]
    classes = [one.get("ResponseClass") for one in answer.all("//m:GetItemResponseMessage")]
    assert classes == ["Success", "Warning", "Warning"]


@pytest.mark.parametrize("whole", [True, False])
async def test_written_although_refused(ews: Any, server: EwsServer, anna: Mailbox, whole: bool) -> None:
    timeout = Trouble(code="ErrorTimeoutExpired", operation="CreateItem", after_commit=True, whole=whole)
    server.state.troubles.add(timeout)
    assert (await ews.create()).code == "ErrorTimeoutExpired"
    assert len(anna.events) == 1


@pytest.mark.parametrize("fault", [Fault(after_commit=True, drop=True), Fault(drop=True)])
async def test_lost_answers(ews: Any, server: EwsServer, anna: Mailbox, fault: Fault) -> None:
    server.faults.add(fault)
    with pytest.raises(aiohttp.ClientError):
        await ews.create()
    assert len(anna.events) == fault.after_commit


async def test_late_answers(ews: Any, server: EwsServer) -> None:
    gate = asyncio.Event()
    server.faults.add(Fault(status=None, hold=gate, path="/CreateItem$"))
    held = asyncio.ensure_future(ews.create())
    assert (await ews.sync()).code == "NoError"
    assert not held.done()
    gate.set()
    assert (await held).code == "NoError"


async def test_what_users_do(ews: Any, xml: Any, anna: Mailbox) -> None:
    prop = f"<t:ExtendedProperty>{xml.marker}<t:Value>1</t:Value></t:ExtendedProperty>"
    created = await ews.create_raw(f"<t:Subject>a</t:Subject>{prop}{''.join(xml.times)}")
    (event_id,) = anna.events
    anna.copy(event_id)
    search = (
        f"<m:Restriction><t:IsEqualTo>{xml.marker}<t:FieldURIOrConstant><t:Constant Value='1'/>"
        "</t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>"
    )
    found = {one.get("Id") for one in (await ews.find(restriction=search)).all("//t:ItemId")}
    assert (len(found), created.id in found) == (2, True)
    anna.edit(event_id, {"isCancelled": True, "sensitivity": "private"})
    seen = await ews.get(created.id, fields="calendar:IsCancelled item:Sensitivity calendar:AppointmentState")
    assert [seen.text(f"//t:{name}") for name in ("IsCancelled", "Sensitivity", "AppointmentState")] == [
        "true",
        "Private",
        "4",
    ]
