"""An Exchange Server that answers by a script."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import voluptuous as vol
from aioresponses import CallbackResult

from calsync.http import HttpFactory
from calsync.ports import CalendarRequest, Host
from calsync.testing import FakeClock
from calsync_exchange_ews import PROVIDER
from calsync_exchange_ews.calendar import ExchangeCalendar
from calsync_exchange_ews.provider import ExchangeProvider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aioresponses import aioresponses


URL = "https://mail.example.de/EWS/Exchange.asmx"
BERLIN = ZoneInfo("Europe/Berlin")
ENVELOPE = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
    ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"'
    ' xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors"><s:Header>'
    '<t:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="1118" MinorBuildNumber="7"'
    ' Version="V2017_07_11"/></s:Header><s:Body>{}</s:Body></s:Envelope>'
)


def soap(inside: str) -> bytes:
    """Return an envelope around a body's content."""
    return ENVELOPE.format(inside).encode()


def message(operation: str, inside: str = "", code: str = "NoError", kind: str = "") -> str:
    """Return the answer about one item."""
    kind = kind or ("Success" if code == "NoError" else "Error")
    told = f"<m:ResponseCode>{code}</m:ResponseCode>"
    return f'<m:{operation}ResponseMessage ResponseClass="{kind}">{told}{inside}</m:{operation}ResponseMessage>'


def answer(operation: str, *messages: str) -> bytes:
    """Return a whole answer."""
    inside = f"<m:ResponseMessages>{''.join(messages)}</m:ResponseMessages>"
    return soap(f"<m:{operation}Response>{inside}</m:{operation}Response>")


def fault(code: str, values: str = "") -> bytes:
    """Return a fault with this response code; of the code "" one without a detail."""
    detail = f"<e:ResponseCode>{code}</e:ResponseCode><t:MessageXml>{values}</t:MessageXml>" if code else ""
    return soap(
        f"<s:Fault><faultcode>s:Server</faultcode><faultstring>No.</faultstring>"
        f"{f'<detail>{detail}</detail>' if detail else ''}</s:Fault>"
    )


def item(event_id: str = "one", key: str = "k1", **fields: str) -> str:
    """Return a plain appointment; fields by their element's name, "" leaves one out."""
    values = {
        "ItemClass": "IPM.Appointment",
        "Subject": "Notartermin",
        "Body": "Ausweise",
        "ReminderIsSet": "true",
        "UID": f"uid-{event_id}",
        "Start": "2026-03-10T09:00:00Z",
        "End": "2026-03-10T10:00:00Z",
        "IsAllDayEvent": "false",
        "IsMeeting": "false",
        "IsCancelled": "false",
        "IsRecurring": "false",
        "CalendarItemType": "Single",
        "MyResponseType": "Unknown",
        "AppointmentState": "0",
        **fields,
    }
    told = "".join(f"<t:{name}>{value}</t:{name}>" for name, value in values.items() if value)
    return (
        f'<t:CalendarItem><t:ItemId Id="{event_id}" ChangeKey="{key}"/><t:ParentFolderId Id="calendar-id"/>{told}'
        '<t:StartTimeZone Id="W. Europe Standard Time"/></t:CalendarItem>'
    )


def read(*items: str) -> bytes:
    """Return the answer to a GetItem."""
    return answer("GetItem", *(message("GetItem", f"<m:Items>{each}</m:Items>") for each in items))


def folder(folder_id: str, name: str = "Kalender", rights: str = "true", private: str = "true") -> str:
    granted = (
        f"<t:CreateContents>{rights}</t:CreateContents><t:Read>true</t:Read>"
        f"<t:ViewPrivateItems>{private}</t:ViewPrivateItems>"
    )
    return (
        f'<t:CalendarFolder><t:FolderId Id="{folder_id}"/><t:FolderClass>IPF.Appointment</t:FolderClass>'
        f"<t:DisplayName>{name}</t:DisplayName><t:EffectiveRights>{granted}</t:EffectiveRights></t:CalendarFolder>"
    )


def folders(*found: str) -> bytes:
    """Return the answer to a GetFolder."""
    return answer("GetFolder", *(message("GetFolder", f"<m:Folders>{each}</m:Folders>") for each in found))


def zones(*ids: str) -> bytes:
    """Return the answer to a GetServerTimeZones."""
    told = "".join(f'<t:TimeZoneDefinition Id="{each}" Name="{each}"/>' for each in ids)
    inside = f"<m:TimeZoneDefinitions>{told}</m:TimeZoneDefinitions>"
    return answer("GetServerTimeZones", message("GetServerTimeZones", inside))


def listed(*found: str, last: str = "true") -> bytes:
    """Return the answer to a FindFolder."""
    root = f'<m:RootFolder IncludesLastItemInRange="{last}"><t:Folders>{"".join(found)}</t:Folders></m:RootFolder>'
    return answer("FindFolder", message("FindFolder", root))


class Script:
    """Answers in the order given, operation by operation; the last answer of each is repeated."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        """Operation and body of each request."""
        self._answers: defaultdict[str, list[bytes | CallbackResult | Exception]] = defaultdict(list)

    def on(self, operation: str, *answers: bytes | CallbackResult | Exception) -> None:
        self._answers[operation] = [*answers]

    def sent(self, operation: str) -> list[str]:
        return [body for name, body in self.requests if name == operation]

    def answer(self, _url: Any, data: Any = None, **_named: Any) -> CallbackResult:
        body = (getattr(data, "_value", data) or b"").decode()
        found = re.search(r"<m:(\w+)", body)
        operation = found[1] if found else ""
        self.requests.append((operation, body))
        waiting = self._answers[operation]
        assert waiting, f"nobody expects {operation}"
        result = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(result, Exception):
            raise result
        return result if isinstance(result, CallbackResult) else CallbackResult(body=result)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def script(wire: aioresponses) -> Script:
    """Return a server that knows the folders of Anna's mailbox."""
    script = Script()
    wire.post(URL, callback=script.answer, repeat=True)
    script.on("GetFolder", folders(folder("calendar-id")), folders(folder("trash-id", "Deleted Items")))
    script.on("FindFolder", listed(folder("calendar-id")))
    script.on("GetServerTimeZones", zones("W. Europe Standard Time"))
    return script


@pytest.fixture
def options() -> dict[str, Any]:
    """Return a connection's keys as they stand in the YAML; a test may add to them."""
    return {"url": URL, "auth": "basic", "username": "EX\\anna", "password": "made-up"}


@pytest.fixture
async def provider(script: Script, options: dict[str, Any], clock: FakeClock) -> AsyncIterator[ExchangeProvider]:
    opened = built(options, clock)
    yield opened
    await opened.close()


def built(options: dict[str, Any], clock: FakeClock) -> ExchangeProvider:
    """Build a provider as the host does."""
    host = Host(connection="exchange", clock=clock, random=random.Random(1), http=HttpFactory(clock))
    opened = PROVIDER.open(vol.Schema(PROVIDER.connection_schema)(options), host)
    assert isinstance(opened, ExchangeProvider)
    return opened


@pytest.fixture
def request_of_anna() -> CalendarRequest:
    return CalendarRequest(account="anna", settings={"mailbox": "anna@example.de"}, timezone=BERLIN)


@pytest.fixture
async def calendar(
    provider: ExchangeProvider, script: Script, request_of_anna: CalendarRequest
) -> ExchangeCalendar:
    """Return Anna's own calendar, opened; what was asked for it is forgotten."""
    opened = await provider.open(request_of_anna)
    assert isinstance(opened, ExchangeCalendar)
    script.requests.clear()
    return opened
