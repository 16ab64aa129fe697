"""Signing in, opening calendars, and what a check tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from aioresponses import CallbackResult

from calsync.errors import AccountError, CalsyncError, LoginError, Retry, UnknownAddress
from calsync.testing import MemoryCalendar
from calsync.values import replace
from calsync_exchange_ews import calsync_providers
from calsync_exchange_ews.auth.auto import Auto
from calsync_exchange_ews.auth.basic import Basic
from calsync_exchange_ews.auth.bearer import Bearer
from calsync_exchange_ews.auth.spnego import Spnego
from tests.plugins.calsync_exchange_ews.conftest import (
    URL,
    answer,
    built,
    fault,
    folder,
    folders,
    item,
    listed,
    message,
    read,
    soap,
    zones,
)

if TYPE_CHECKING:
    from calsync.ports import CalendarRequest
    from calsync.testing import FakeClock
    from calsync_exchange_ews.provider import ExchangeProvider
    from tests.plugins.calsync_exchange_ews.conftest import Script


def missing(code: str) -> bytes:
    return answer("GetFolder", message("GetFolder", code=code))


@pytest.mark.parametrize(
    "reply",
    [
        folders(folder("root")),
        missing("ErrorNonExistentMailbox"),
        CallbackResult(status=500, body=fault("ErrorNonExistentMailbox")),
        CallbackResult(status=500, body=fault("")),
    ],
)
async def test_any_answer_in_soap_proves_the_sign_in(
    provider: ExchangeProvider, script: Script, reply: Any
) -> None:
    script.on("GetFolder", reply)
    await provider.login()
    assert len(script.requests) == 1
    assert "Impersonation" not in script.sent("GetFolder")[0]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (CallbackResult(status=401, headers={"WWW-Authenticate": "Basic"}), LoginError),
        (CallbackResult(status=403), LoginError),
        (CallbackResult(status=404), LoginError),
        (CallbackResult(status=302, headers={"Location": "https://evil.example/owa"}), LoginError),
        (CallbackResult(status=503), Retry),
        (CallbackResult(body=b"<html>Sign in</html>"), Retry),
    ],
)
async def test_other_answers_do_not(
    provider: ExchangeProvider, script: Script, reply: Any, error: type[CalsyncError]
) -> None:
    script.on("GetFolder", reply)
    with pytest.raises(error):
        await provider.login()


async def test_wrong_credentials_are_tried_once_per_start(
    provider: ExchangeProvider, script: Script, request_of_anna: CalendarRequest
) -> None:
    script.on("GetFolder", CallbackResult(status=401, headers={"WWW-Authenticate": "Basic"}))
    for _ in range(3):
        with pytest.raises(LoginError, match="not tried again"):
            await provider.login()
        with pytest.raises(LoginError):
            await provider.open(request_of_anna)
    assert len(script.requests) == 1


async def test_a_mailbox_s_own_calendar_is_opened(
    provider: ExchangeProvider, script: Script, request_of_anna: CalendarRequest
) -> None:
    calendar = await provider.open(request_of_anna)
    assert calendar.key == "calendar-id"
    own, trash = script.sent("GetFolder")
    assert '<t:DistinguishedFolderId Id="calendar"><t:Mailbox><t:EmailAddress>anna@example.de<' in own
    assert 'Id="deleteditems"' in trash
    assert '<t:TimeZoneDefinition Id="W. Europe Standard Time"/>' in own


async def test_another_calendar_is_found_by_name_or_id(
    provider: ExchangeProvider, script: Script, request_of_anna: CalendarRequest
) -> None:
    script.on("GetFolder", folders(folder("trash-id")))
    other = folder("f", "Haus").replace("IPF.Appointment", "IPF.Note")
    for wanted, key in (("HAUS", "b"), ("c", "c")):
        script.on("FindFolder", listed(folder("a"), other, last="false"), listed(folder("b", "Haus"), folder("c")))
        settings = {"mailbox": "anna@example.de", "calendar": wanted}
        assert (await provider.open(replace(request_of_anna, settings=settings))).key == key


@pytest.mark.parametrize("found", [listed(), listed(folder("a", "Haus"), folder("b", "Haus"))])
async def test_a_calendar_that_is_not_one_is_told(
    provider: ExchangeProvider, script: Script, request_of_anna: CalendarRequest, found: bytes
) -> None:
    script.on("FindFolder", found)
    settings = {"mailbox": "anna@example.de", "calendar": "Haus"}
    with pytest.raises(AccountError, match="account anna: the mailbox has"):
        await provider.open(replace(request_of_anna, settings=settings))


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (missing("ErrorFolderNotFound"), "the user may not see it"),
        (missing("ErrorAccessDenied"), "right to read"),
        (missing("ErrorNonExistentMailbox"), "graph"),
        (missing("ErrorNonPrimarySmtpAddress"), "primary address"),
        (missing("ErrorNobodyKnows"), "NobodyKnows"),
        (fault("ErrorImpersonateUserDenied"), "ApplicationImpersonation"),
        (answer("GetFolder", message("GetFolder", "<m:Folders/>")), "no calendar"),
    ],
)
async def test_what_cannot_be_opened_is_told(
    provider: ExchangeProvider, script: Script, request_of_anna: CalendarRequest, reply: bytes, said: str
) -> None:
    script.on("GetFolder", reply)
    with pytest.raises((AccountError, Retry), match=said) as error:
        await provider.open(request_of_anna)
    assert "anna@example.de" not in str(error.value)
    assert isinstance(error.value, UnknownAddress) == (b"ErrorNonExistentMailbox" in reply)


async def test_a_zone_without_a_windows_name_is_told(
    provider: ExchangeProvider, request_of_anna: CalendarRequest
) -> None:
    zone = ZoneInfo("Europe/Zaporozhye")
    with pytest.raises(AccountError, match="Windows has no name"):
        await provider.open(replace(request_of_anna, timezone=zone))


async def test_impersonation(
    script: Script, options: dict[str, Any], clock: FakeClock, request_of_anna: CalendarRequest
) -> None:
    provider = built({**options, "impersonate": True}, clock)
    await provider.open(request_of_anna)
    whom = "<t:ConnectingSID><t:PrimarySmtpAddress>anna@example.de<"
    assert all(whom in body for body in script.sent("GetFolder"))
    await provider.close()


@pytest.mark.parametrize(
    ("auth", "kind"),
    [("basic", Basic), ("ntlm", Spnego), ("negotiate", Spnego), ("auto", Auto), ("bearer", Bearer)],
)
async def test_each_scheme_has_its_way(options: dict[str, Any], clock: FakeClock, auth: str, kind: type) -> None:
    application = {"tenant_id": "t", "client_id": "c", "client_secret": "made-up"}
    provider = built({**options, **application, "auth": auth}, clock)
    assert isinstance(provider._login(), kind)
    await provider.close()


async def test_a_check_tells_what_it_found(
    provider: ExchangeProvider, script: Script, request_of_anna: CalendarRequest
) -> None:
    await provider.login()
    script.on("", CallbackResult(status=401, headers={"WWW-Authenticate": "Negotiate, NTLM"}))
    product, signed_in = await provider.check()
    assert (product.severity, signed_in.severity) == ("warning", "ok")
    assert product.message.startswith("connection exchange: it says it is Exchange 2019 (15.2.1118.7), which ")
    assert signed_in.message == "connection exchange: signed in; the server offers negotiate, ntlm"
    script.on("GetFolder", folders(folder("calendar-id", rights="false")), missing("ErrorAccessDenied"))
    calendar = await provider.open(request_of_anna)
    assert [one.severity for one in await provider.check_calendar(calendar)] == ["ok", "ok", "error", "warning"]


@pytest.mark.parametrize(
    ("version", "severity"),
    [
        ("15.2.2562.17", "ok"),
        ("15.1.2507.6", "warning"),
        ("14.3.123.4", "warning"),
        ("", "warning"),
        ("99.1.1.1", "warning"),
    ],
)
async def test_the_product(provider: ExchangeProvider, script: Script, version: str, severity: str) -> None:
    script.on("", CallbackResult(status=200))
    provider._client.server_version = version
    provider._client.version = "Exchange2010_SP2"
    first, second, third = await provider.check()
    assert (first.severity, second.severity, third.severity) == (severity, "warning", "ok")
    assert "no sign-in" in third.message


@pytest.mark.parametrize(
    "reply",
    [
        answer("GetServerTimeZones", message("GetServerTimeZones", code="ErrorTimeZone")),
        answer("GetServerTimeZones", message("GetServerTimeZones")),
        zones(),
        zones("Tokyo Standard Time"),
        fault("ErrorInvalidRequest"),
        CallbackResult(status=500, body=b""),
        soap("<m:What/>"),
    ],
)
async def test_what_a_server_lacks_is_a_warning(
    provider: ExchangeProvider, script: Script, request_of_anna: CalendarRequest, reply: Any
) -> None:
    calendar = await provider.open(request_of_anna)
    script.on("GetServerTimeZones", reply)
    found, _ = await provider.check_calendar(calendar)
    assert found.severity == "warning"
    assert URL not in found.message


async def test_calendars_that_cannot_be_listed_are_told(
    provider: ExchangeProvider, script: Script, request_of_anna: CalendarRequest
) -> None:
    script.on("FindFolder", answer("FindFolder", message("FindFolder", code="ErrorAccessDenied")))
    settings = {"mailbox": "anna@example.de", "calendar": "Haus"}
    with pytest.raises(AccountError, match="right to read"):
        await provider.open(replace(request_of_anna, settings=settings))
    calendar = await provider.open(request_of_anna)
    *_, found = await provider.check_calendar(calendar)
    assert (found.severity, "other calendars cannot be listed" in found.message) == ("warning", True)


def test_the_plugin_hands_over_one_provider() -> None:
    assert [spec.name for spec in calsync_providers()] == ["exchange_ews"]


async def test_what_a_trial_ends_in_is_told(
    provider: ExchangeProvider, script: Script, request_of_anna: CalendarRequest
) -> None:
    calendar = await provider.open(request_of_anna)
    script.on("CreateItem", answer("CreateItem", message("CreateItem", code="ErrorAccessDenied")))
    (found,) = await provider.try_writes(calendar)
    assert found.severity == "error"
    created = '<m:Items><t:CalendarItem><t:ItemId Id="one" ChangeKey="k1"/></t:CalendarItem></m:Items>'
    for operation in ("CreateItem", "UpdateItem"):
        script.on(operation, answer(operation, message(operation, created)))
    script.on("DeleteItem", answer("DeleteItem", message("DeleteItem")))
    script.on("GetItem", read(item()))
    assert [one.severity for one in await provider.try_writes(calendar)] == ["ok"]
    script.on("DeleteItem", answer("DeleteItem", message("DeleteItem", code="ErrorCannotDeleteObject")))
    (found,) = await provider.try_writes(calendar)
    assert (found.severity, "2000-01-01" in found.message) == ("error", True)
    script.on("GetItem", answer("GetItem", message("GetItem", code="ErrorItemNotFound")))
    assert [one.severity for one in await provider.try_writes(calendar)] == ["error", "error"]
    assert await provider.try_writes(MemoryCalendar("other")) == ()
