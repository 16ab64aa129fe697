"""FLOWFACT's own calendar sync and calsync on one mailbox: refused, and told how to switch it off."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import AccountError, Retry
from calsync.ports import CalendarRequest
from calsync.values import replace
from calsync_flowfact.native_sync import BELIEVED, KNOWN_SECONDS
from calsync_sandbox.faults import Fault
from tests.plugins.calsync_flowfact.conftest import BERLIN, WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.ports import Calendar, Provider

ON = {"email": "anna@example.de", "settings": {"sync.calendar": "true"}}


async def listed(calendar: Calendar, token: str | None = None) -> str | None:
    """Read all pages and return the new token."""
    async for page in calendar.changes(token, WINDOW):
        token = page.token or token
    return token


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


async def test_who_switches_it_on_while_the_service_runs_is_refused_at_the_next_look(
    loopback: Any, providers: Callable[..., Provider]
) -> None:
    """FLOWFACT is asked again at every tenth poll, once for all calendars."""
    loopback.provider = providers(poll_seconds=60)
    await loopback.provider.login()
    anna, ben = await loopback.calendar(), await loopback.calendar(user="ben@example.de")
    tokens = {calendar: await listed(calendar) for calendar in (anna, ben)}
    loopback.server.nylas_accounts.append(ON)
    loopback.server.clear()
    for _ in range(9):
        loopback.clock.advance(60)
        for calendar in (anna, ben):
            tokens[calendar] = await listed(calendar, tokens[calendar])
    assert loopback.server.sent(path_contains="nylas") == []
    loopback.clock.advance(60)
    with pytest.raises(AccountError, match="own calendar sync"):
        await listed(anna, tokens[anna])
    await listed(ben, tokens[ben])
    with pytest.raises(AccountError, match="own calendar sync"):
        await listed(anna)
    assert len(loopback.server.sent(path_contains="nylas")) == 1


async def test_the_mailbox_that_an_account_syncs_with_counts_whoever_owns_it(loopback: Any) -> None:
    mailbox = {"email": "Termine@example.de", "ownerId": loopback.ben["id"], "settings": {"sync.calendar": "true"}}
    loopback.server.nylas_accounts.append(mailbox)
    await loopback.provider.login()
    await loopback.calendar()
    asked = CalendarRequest(
        account="anna",
        settings={"user": "anna@example.de"},
        timezone=BERLIN,
        other_address="termine@Example.de",
    )
    with pytest.raises(AccountError, match="own calendar sync"):
        await loopback.provider.open(asked)
    await loopback.provider.open(replace(asked, other_address="anna@example.de"))


@pytest.mark.parametrize("body", [b'[{"email": "anna@example.de"}]', b'{"error": "x"}'])
async def test_an_answer_of_another_shape_does_not_say_that_it_is_off(loopback: Any, body: bytes) -> None:
    loopback.server.faults.add(Fault(path="nylas", status=200, body=body, times=None))
    await loopback.provider.login()
    await loopback.calendar()
    findings = await loopback.provider.check()
    assert any("own calendar sync" in one.message for one in findings if one.severity == "warning")


@pytest.mark.parametrize(("policy", "requests", "warnings"), [("ignore", 0, 0), ("warn", 1, 1)])
async def test_an_outage_stops_nobody_who_does_not_refuse(
    loopback: Any, providers: Callable[..., Provider], policy: str, requests: int, warnings: int
) -> None:
    loopback.server.faults.add(Fault(path="nylas", status=500, times=None))
    loopback.provider = providers(on_native_sync=policy)
    await loopback.provider.login()
    await listed(await loopback.calendar())
    found = [one.message for one in await loopback.provider.check() if "own calendar sync" in one.message]
    assert len(found) == warnings
    assert len(loopback.server.sent(path_contains="nylas")) == requests


@pytest.mark.parametrize(
    "fault", [Fault(status=500), Fault(status=403), Fault(status=404), Fault(status=200, body=b'{"error": "x"}')]
)
async def test_an_outage_while_the_service_runs_leaves_what_was_told_before(loopback: Any, fault: Fault) -> None:
    loopback.server.nylas_accounts.append(ON)
    await loopback.provider.login()
    loopback.server.faults.add(replace(fault, path="nylas", times=None))
    loopback.clock.advance(KNOWN_SECONDS)
    await listed(await loopback.calendar(user="ben@example.de"))
    with pytest.raises(AccountError, match="own calendar sync"):
        await loopback.calendar()


async def test_what_was_told_is_believed_for_a_day_where_nothing_is_told_any_more(loopback: Any) -> None:
    """There may be no such service any more: nobody would switch anything off there."""
    loopback.server.nylas_accounts.append(ON)
    await loopback.provider.login()
    loopback.server.faults.add(Fault(path="nylas", status=404, times=None))
    loopback.clock.advance(BELIEVED.total_seconds() - 1)
    with pytest.raises(AccountError, match="own calendar sync"):
        await loopback.calendar()
    loopback.clock.advance(KNOWN_SECONDS)
    await loopback.calendar()


async def test_the_log_is_warned_once_while_it_is_on(
    loopback: Any, providers: Callable[..., Provider], caplog: pytest.LogCaptureFixture
) -> None:
    loopback.server.nylas_accounts.append(ON)
    loopback.provider = providers(on_native_sync="warn")
    await loopback.provider.login()
    calendar = await loopback.calendar()
    token = await listed(calendar)
    for accounts in ([], [ON]):
        loopback.clock.advance(KNOWN_SECONDS)
        loopback.server.nylas_accounts[:] = accounts
        token = await listed(calendar, token)
    assert len([one for one in caplog.messages if "own calendar sync" in one]) == 2


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
