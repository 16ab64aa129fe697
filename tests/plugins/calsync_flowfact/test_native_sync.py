"""FLOWFACT's own calendar sync and calsync on one mailbox: refused, and told how to switch it off."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import AccountError, Retry
from calsync_flowfact.native_sync import KNOWN_SECONDS
from calsync_sandbox.faults import Fault
from tests.plugins.calsync_flowfact.conftest import WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.ports import Calendar, Provider

ON = {"email": "anna@example.de", "settings": {"sync.calendar": "true"}}


async def listed(calendar: Calendar) -> None:
    async for _ in calendar.changes(None, WINDOW):
        pass


@pytest.mark.parametrize(
    ("account", "refused"),
    [
        ({"email": "ANNA@example.de", "settings": {"sync.calendar": "true"}}, True),
        ({"email": "x@example.de", "ownerId": "anna", "settings": {"sync.calendar": "True"}}, True),
        ({"email": "anna@example.de", "settings": {"sync.calendar.toFF": "true"}}, True),
        (
            {"email": "anna@example.de", "settings": {"sync.calendar": "false", "sync.calendar.toFF": "true"}},
            False,
        ),
        ({"email": "anna@example.de", "settings": {"sync.calendar": "false"}}, False),
        ({"email": "anna@example.de", "settings": {"sync.email": "true"}}, False),
        ({"email": "anna@example.de"}, False),
        ({"email": "ben@example.de", "settings": {"sync.calendar": "true"}}, False),
    ],
)
async def test_a_mailbox_that_flowfact_syncs_itself_is_refused(
    loopback: Any, account: dict[str, Any], refused: bool
) -> None:
    owner = {"ownerId": loopback.anna["id"]} if account.get("ownerId") else {}
    loopback.server.nylas_accounts.append(account | owner)
    await loopback.provider.login()
    if not refused:
        await loopback.calendar()
        return
    with pytest.raises(AccountError, match="own calendar sync") as caught:
        await loopback.calendar()
    assert str(caught.value).startswith("account anna: ")
    assert "Bitte schalten Sie sie in FLOWFACT aus" in str(caught.value)
    assert "Einstellungen > Benutzerverwaltung > E-Mail-Synchronisierung" in str(caught.value)
    assert "@" not in str(caught.value)


async def test_a_warning_and_silence_are_a_choice(
    loopback: Any, providers: Callable[..., Provider], caplog: pytest.LogCaptureFixture
) -> None:
    loopback.server.nylas_accounts.append(ON)
    for policy, warnings in (("warn", 1), ("ignore", 0)):
        caplog.clear()
        loopback.provider = providers(on_native_sync=policy)
        await loopback.provider.login()
        with caplog.at_level(logging.WARNING):
            await loopback.calendar()
        assert len([one for one in caplog.messages if "own calendar sync" in one]) == warnings


async def test_who_switches_it_off_need_not_start_calsync_anew(loopback: Any) -> None:
    loopback.server.nylas_accounts.append(ON)
    await loopback.provider.login()
    with pytest.raises(AccountError):
        await loopback.calendar()
    loopback.server.nylas_accounts.clear()
    loopback.clock.advance(KNOWN_SECONDS)
    await listed(await loopback.calendar())


async def test_who_switches_it_on_later_is_refused_at_the_daily_listing(loopback: Any) -> None:
    await loopback.provider.login()
    calendar = await loopback.calendar()
    await listed(calendar)
    loopback.server.nylas_accounts.append(ON)
    loopback.clock.advance(KNOWN_SECONDS)
    with pytest.raises(AccountError, match="own calendar sync"):
        await listed(calendar)


async def test_many_accounts_ask_once(loopback: Any) -> None:
    await loopback.provider.login()
    for user in ("anna@example.de", "ben@example.de"):
        await loopback.calendar(user=user)
    assert len(loopback.server.sent("GET", "/nylas-service/")) == 1


@pytest.mark.parametrize("status", [403, 404])
async def test_it_may_be_unknown_and_the_check_tells(loopback: Any, status: int) -> None:
    loopback.server.faults.add(Fault(path="nylas", status=status, times=None))
    await loopback.provider.login()
    await loopback.calendar()
    findings = await loopback.provider.check()
    assert any("own calendar sync" in one.message for one in findings if one.severity == "warning")


async def test_an_outage_does_not_hide_it(loopback: Any) -> None:
    loopback.server.faults.add(Fault(path="nylas", status=500, times=None))
    with pytest.raises(Retry):
        await loopback.provider.login()


async def test_it_is_never_changed(loopback: Any) -> None:
    loopback.server.nylas_accounts.append(ON)
    await loopback.provider.login()
    with pytest.raises(AccountError):
        await loopback.calendar()
    assert {one.method for one in loopback.server.sent(path_contains="nylas")} == {"GET"}
