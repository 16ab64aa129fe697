"""Connections: one sign-in for many accounts, and no calendar in two of them."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from calsync.config import Config
from calsync.config.model import (
    AccountConfig,
    Address,
    ConnectionConfig,
    RuleConfig,
    Service,
    SideConfig,
    WindowConfig,
)
from calsync.connections import Connections
from calsync.errors import AccountError, ConfigError, LoginError, PluginError, Retry
from calsync.loader import Loaded
from calsync.ports import Calendar, Provider, ProviderSpec, ReadOnly, RuleSpec
from calsync.sync.model import Capabilities, Direction, Side
from calsync.sync.rules import Rule
from calsync.testing import FakeClock, MemoryCalendar
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.ports import CalendarRequest, Finding, Host

TRUSTED = Capabilities(trusted_times=True)


class Office(Provider):
    """A tenant with calendars in memory. A calendar's name and its alias `NAME@` lead to the same one."""

    def __init__(self) -> None:
        self.logins = 0
        self.signing_in = asyncio.Event()
        self.login_errors: list[BaseException] = []
        self.requests: list[CalendarRequest] = []
        self.capabilities = Capabilities()
        self.closed = False

    async def login(self) -> None:
        self.logins += 1
        self.signing_in.set()
        await asyncio.sleep(0)
        if self.login_errors:
            raise self.login_errors.pop(0)

    async def open(self, request: CalendarRequest) -> Calendar:
        self.requests.append(request)
        if request.settings["name"] == "nobody":
            raise AccountError("there is no such mailbox")
        return MemoryCalendar(request.settings["name"].rstrip("@"), capabilities=self.capabilities)

    async def check(self) -> Sequence[Finding]:
        return ()

    async def close(self) -> None:
        self.closed = True


class House:
    """Two connections of two systems, and as many accounts as a test wants."""

    def __init__(self) -> None:
        self.offices: dict[str, Office] = {}
        self.accounts: dict[str, AccountConfig] = {}

    def spec(self, name: str) -> ProviderSpec:
        def build(_: Mapping[str, Any], host: Host) -> Provider:
            return self.offices.setdefault(host.connection, Office())

        key = "address" if name == "post" else None
        return ProviderSpec(name=name, connection_schema={}, calendar_schema={}, open=build, address_key=key)

    def add(self, name: str, left: str, right: str, **settings: Any) -> AccountConfig:
        line = 10 * (len(self.accounts) + 1)
        account = AccountConfig(
            name=name,
            left=SideConfig(connection="crm", settings={"name": left}, line=line + 1),
            right=SideConfig(connection="mail", settings={"name": right}, line=line + 2),
            direction=Direction.BOTH,
            timezone=ZoneInfo("Europe/Berlin"),
            window=WindowConfig(past_days=90, future_days=365),
            policy="right",
            on_target_edit="keep",
            line=line,
        )
        self.accounts[name] = replace(account, **settings)
        return self.accounts[name]

    def connections(
        self,
        *,
        rules: Sequence[RuleConfig] = (RuleConfig(name="nothing", options={}, line=5),),
        versions: Mapping[str, str] = {},
        **providers: str,
    ) -> Connections:
        named = providers or {"crm": "flow", "mail": "post"}
        config = Config(
            path=Path("calsync.yaml"),
            service=Service(store=Path("calsync.db"), poll_seconds=60, listen=Address(host="127.0.0.1", port=1)),
            connections={
                name: ConnectionConfig(name=name, provider=provider, settings={}, line=1)
                for name, provider in named.items()
            },
            rules=tuple(rules),
            accounts=self.accounts,
            discover=None,
            web=None,
            plugin_dirs=(),
        )
        specs = {name: self.spec(name) for name in named.values()}
        built = {
            name: RuleSpec(name=name, schema={}, build=lambda _: Rule()) for name in (rule.name for rule in rules)
        }
        loaded = Loaded(providers=specs, rules=built, versions=versions)
        return Connections(config, loaded, FakeClock(), random.Random(1))


@pytest.fixture
def house() -> House:
    return House()


async def test_many_accounts_sign_in_once(house: House) -> None:
    accounts = [house.add(f"account {number}", f"left {number}", f"right {number}") for number in range(5)]
    connections = house.connections()
    await asyncio.gather(*(connections.open(account) for account in accounts))
    assert {name: office.logins for name, office in house.offices.items()} == {"crm": 1, "mail": 1}
    await connections.close()


async def test_of_a_crowd_only_so_many_accounts_are_opened_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = most = 0

    async def busy() -> None:
        nonlocal now, most
        now, most = now + 1, max(most, now + 1)
        await asyncio.sleep(0)
        now -= 1

    class Slow(Office):
        async def open(self, request: CalendarRequest) -> Calendar:
            await busy()
            return await super().open(request)

        async def check_calendar(self, calendar: Calendar) -> Sequence[Finding]:
            await busy()
            return await super().check_calendar(calendar)

    monkeypatch.setattr("calsync.connections.OPENED_AT_ONCE", 3)
    house.offices = {"crm": Slow(), "mail": Office()}
    accounts = [house.add(f"account {number}", f"left {number}", f"right {number}") for number in range(20)]
    connections = house.connections()
    opened = await asyncio.gather(*(connections.open(account) for account in accounts))
    assert [one.calendars[Side.LEFT].key for one in opened] == [f"left {number}" for number in range(20)]
    assert most == 3
    await connections.close()


async def test_a_sign_in_that_fails_is_tried_once_for_a_crowd(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calsync.connections.OPENED_AT_ONCE", 3)
    accounts = [house.add(f"account {number}", f"left {number}", f"right {number}") for number in range(20)]
    connections = house.connections()
    house.offices["crm"].login_errors = [Retry("down")]
    opened = await asyncio.gather(*(connections.open(account) for account in accounts), return_exceptions=True)
    assert [str(one) for one in opened] == ["down"] * 20
    assert house.offices["crm"].logins == 1
    await connections.close()


async def test_a_provider_is_told_whose_calendar_it_opens(house: House) -> None:
    anna = house.add("anna", "anna-crm", "anna-mail")
    connections = house.connections()
    opened = await connections.open(anna)
    assert {side: calendar.key for side, calendar in opened.calendars.items()} == {
        Side.LEFT: "anna-crm",
        Side.RIGHT: "anna-mail",
    }
    (request,) = house.offices["crm"].requests
    assert (request.account, request.settings["name"], request.timezone.key) == (
        "anna",
        "anna-crm",
        "Europe/Berlin",
    )
    await connections.close()


async def test_a_provider_is_told_the_address_of_the_other_side_where_that_names_one(house: House) -> None:
    mail = SideConfig(connection="mail", settings={"name": "b", "address": "anna@example.de"}, line=12)
    named, unnamed = replace(house.add("anna", "a", "b"), right=mail), house.add("ben", "c", "d")
    connections = house.connections()
    for account in (named, unnamed):
        await connections.open(account)
    told = [[one.other_address for one in house.offices[name].requests] for name in ("crm", "mail")]
    assert told == [["anna@example.de", None], [None, None]]
    await connections.close()


@pytest.mark.parametrize("error", [Retry("down"), LoginError("wrong token")])
async def test_a_failed_sign_in_is_tried_again_when_asked(house: House, error: Exception) -> None:
    anna = house.add("anna", "anna-crm", "anna-mail")
    connections = house.connections()
    house.offices["crm"].login_errors = [error]
    with pytest.raises(type(error)):
        await connections.open(anna)
    await connections.open(anna)
    assert house.offices["crm"].logins == 2
    await connections.close()


async def test_one_who_stops_waiting_does_not_stop_the_sign_in_of_the_others(house: House) -> None:
    house.add("anna", "anna-crm", "anna-mail")
    connections = house.connections()
    waiting = [asyncio.create_task(connections.login("crm")) for _ in range(2)]
    await house.offices["crm"].signing_in.wait()
    waiting[0].cancel()
    await waiting[1]
    assert house.offices["crm"].logins == 1
    await connections.close()


async def test_a_sign_in_that_a_changed_connection_cuts_off_ends_nobody_who_waits_for_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections = house.connections()
    monkeypatch.setattr(house.offices["crm"], "login", asyncio.Event().wait)
    waiting = asyncio.create_task(connections.login("crm"))
    await asyncio.sleep(0)
    connections._logins["crm"].cancel()
    with pytest.raises(Retry, match="connection crm: its sign-in was broken off"):
        await waiting
    await connections.close()


async def test_a_bug_of_a_provider_names_its_connection(house: House) -> None:
    anna = house.add("anna", "anna-crm", "anna-mail")
    connections = house.connections()
    house.offices["mail"].login_errors = [ValueError("the token eyJhbGciOi is malformed")]
    with pytest.raises(PluginError, match=r"connection mail: .*failed .*a bug, ValueError in") as caught:
        await connections.open(anna)
    assert "eyJhbGciOi" not in str(caught.value)
    await connections.close()


async def test_a_provider_that_wants_to_end_calsync_ends_its_connection_only(house: House) -> None:
    connections = house.connections()
    house.offices["crm"].login_errors = [SystemExit(0)]
    with pytest.raises(PluginError, match="connection crm: its provider wanted to end calsync"):
        await connections.login("crm")
    await connections.login("crm")
    await connections.close()


async def test_who_is_not_signed_in_yet_or_any_more_is_told_with_why(house: House) -> None:
    connections = house.connections()
    assert connections.unready() == {}  # nobody wants them
    house.offices["crm"].login_errors = [LoginError("crm: wrong token")]
    signing_in = asyncio.create_task(connections.login("crm"))
    await house.offices["crm"].signing_in.wait()
    assert connections.unready() == {"crm": "connection crm: it is signing in"}
    with pytest.raises(LoginError):
        await signing_in
    assert connections.unready() == {"crm": "crm: wrong token"}
    await connections.login("crm")
    assert connections.unready() == {}
    await connections.close()


async def test_an_unknown_mailbox_is_told(house: House) -> None:
    nobody = house.add("nobody", "anna-crm", "nobody")
    connections = house.connections()
    with pytest.raises(AccountError, match="no such mailbox"):
        await connections.open(nobody)
    await connections.close()


async def test_a_calendar_in_two_accounts_is_refused_with_both_lines(house: House) -> None:
    anna, berta = house.add("anna", "anna-crm", "team"), house.add("berta", "berta-crm", "team@")
    connections = house.connections()
    await connections.open(anna)
    with pytest.raises(ConfigError) as caught:
        await connections.open(berta)
    (problem,) = caught.value.problems
    assert problem.startswith("calsync.yaml:22: accounts.berta.right: this calendar stands in line 12")
    assert "accounts.anna.right" in problem
    await connections.open(anna)  # the same one again, as after a failure of its other side
    await connections.close()


async def test_two_connections_of_one_provider_may_lead_to_one_calendar(house: House) -> None:
    anna = house.add("anna", "shared", "shared")
    connections = house.connections(crm="post", mail="post")
    with pytest.raises(ConfigError, match=r"line 1[12] \(accounts\.anna"):
        await connections.open(anna)
    await connections.close()


async def test_equal_names_in_two_systems_are_two_calendars(house: House) -> None:
    anna = house.add("anna", "anna", "anna")
    connections = house.connections()
    await connections.open(anna)
    await connections.close()


async def test_the_newest_edit_is_known_between_two_trusted_clocks_only(house: House) -> None:
    anna = house.add("anna", "anna-crm", "anna-mail", policy="newest")
    connections = house.connections()
    house.offices["crm"].capabilities = TRUSTED
    with pytest.raises(ConfigError, match=r"calsync\.yaml:10: accounts\.anna\.policy: newest"):
        await connections.open(anna)
    house.offices["mail"].capabilities = TRUSTED
    await connections.open(anna)
    await connections.close()


@pytest.mark.parametrize(
    ("direction", "read_only"),
    [(Direction.BOTH, []), (Direction.LEFT_TO_RIGHT, [Side.LEFT]), (Direction.RIGHT_TO_LEFT, [Side.RIGHT])],
)
async def test_a_source_loses_its_write_methods(house: House, direction: Direction, read_only: list[Side]) -> None:
    anna = house.add("anna", "anna-crm", "anna-mail", direction=direction)
    connections = house.connections()
    account = connections.account(await connections.open(anna))
    assert [side for side in Side if isinstance(account.calendars[side], ReadOnly)] == read_only
    assert not any(hasattr(account.calendars[side], "create") for side in read_only)
    assert (account.past.days, account.future.days, account.policy) == (90, 365, "right")
    await connections.close()


async def test_the_rules_have_another_name_where_any_of_them_is_another(house: House) -> None:
    opened = await house.connections().open(house.add("anna", "anna", "anna"))
    one, two = RuleConfig(name="nothing", options={"a": 1}, line=5), RuleConfig(name="more", options={}, line=6)
    lists = [(), (one,), (two,), (one, two), (two, one), (replace(one, options={"a": 2}),)]
    versions = [{}, {"nothing": "0.1"}, {"nothing": "0.2"}]
    names = {house.connections(rules=rules).account(opened).rules for rules in lists}
    names |= {house.connections(rules=(one,), versions=each).account(opened).rules for each in versions}
    assert len(names) == len(lists) + len(versions) - 1
    moved = house.connections(rules=(replace(one, line=50),)).account(opened)
    assert moved.rules == house.connections(rules=(one,)).account(opened).rules


async def test_options_without_an_order_name_the_rules_alike_in_every_process(house: House) -> None:
    opened = await house.connections().open(house.add("anna", "anna", "anna"))
    words = [f"Art {number}" for number in range(50)]
    names = set()
    for order in (words, words[::-1]):
        options = {"names": frozenset(order), "more": {each: {each} for each in order}, "made": object()}
        rule = RuleConfig(name="nothing", options=options, line=5)
        names.add(house.connections(rules=(rule,)).account(opened).rules)
    assert len(names) == 1


async def test_closing_ends_a_sign_in_and_closes_every_provider(house: House) -> None:
    house.add("anna", "anna-crm", "anna-mail")
    connections = house.connections()
    waiting = asyncio.create_task(connections.login("crm"))
    await asyncio.sleep(0)
    await connections.close()
    assert all(office.closed for office in house.offices.values())
    with pytest.raises(Retry, match="broken off"):
        await waiting


async def test_one_connection_that_cannot_be_closed_keeps_no_other_one_open(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    connections = house.connections()

    async def broken() -> None:
        raise ValueError("the token eyJhbGciOi is malformed")

    monkeypatch.setattr(house.offices["mail"], "close", broken)
    await connections.close()
    assert house.offices["crm"].closed
    assert "connection mail cannot be closed: a bug, ValueError in" in caplog.text
    assert "eyJhbGciOi" not in caplog.text


async def test_people_see_what_each_connection_is_and_whether_pages_may_change_it(house: House) -> None:
    connections = house.connections(crm="flow", mail="post")
    assert {name: (one.title, one.provider, one.kept) for name, one in connections.systems().items()} == {
        "crm": ("crm", "flow", False),
        "mail": ("mail", "post", False),
    }
    await connections.close()
