"""Who gets an account without being written down, who does not, and why."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from calsync.config import Config
from calsync.config.model import (
    AccountConfig,
    Address,
    ConnectionConfig,
    DiscoverConfig,
    Service,
    SideConfig,
    WindowConfig,
)
from calsync.connections import Connections, Opened
from calsync.discovery import CHOSEN, Discovery, accounts_of, finding, left_behind
from calsync.errors import AccountError, LoginError, PluginError, Retry, UnknownAddress
from calsync.loader import Loaded
from calsync.ports import Person, Provider, ProviderSpec
from calsync.reasons import known
from calsync.results import Discovered
from calsync.roster import Roster
from calsync.store import FileRuns
from calsync.sync.model import Direction, Side
from calsync.testing import FakeClock, MemoryCalendar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.discovery import Found
    from calsync.ports import Calendar, CalendarRequest, Finding


class System(Provider):
    """Lists people, and has a calendar for each id or address that leads to one."""

    def __init__(self) -> None:
        self.persons: list[Person] = []
        self.leads: dict[str, str] = {}
        """Address -> mailbox, in the mail system."""
        self.errors: dict[str, Exception] = {}
        self.opened: list[str] = []
        self.told: list[str | None] = []
        """The other side's address that each calendar was opened with."""

    async def login(self) -> None:
        pass

    async def people(self) -> Sequence[Person]:
        return self.persons

    async def open(self, request: CalendarRequest) -> Calendar:
        who = str(request.settings.get("id") or request.settings.get("mailbox"))
        self.opened.append(who)
        self.told.append(request.other_address)
        await asyncio.sleep(0)
        if who in self.errors:
            raise self.errors[who]
        if "mailbox" in request.settings and who not in self.leads:
            raise UnknownAddress("no mailbox")
        return MemoryCalendar(self.leads.get(who, who))

    async def check(self) -> Sequence[Finding]:
        return ()

    async def close(self) -> None:
        pass


class Company:
    """A CRM that lists people, a mail system that finds them, and what is configured of both."""

    def __init__(self) -> None:
        self.crm, self.mail = System(), System()
        self.include: tuple[str, ...] = ("*",)
        self.exclude: tuple[str, ...] = ()
        self.known: set[str] = set()
        self.written: list[AccountConfig] = []

    def add(self, person: str, *addresses: str, active: bool = True, mailbox: bool = True) -> None:
        """Add somebody with addresses, the first of which leads to a mailbox of its name."""
        self.crm.persons.append(Person(id=person, addresses=addresses, active=active))
        if mailbox and addresses:
            self.mail.leads[addresses[0]] = addresses[0]

    def write_down(self, name: str, person: str, mailbox: str) -> None:
        self.written.append(account(name, {"id": person}, {"mailbox": mailbox}))

    async def discover(self) -> Sequence[Found]:
        return await (await self.discovery()).find()

    async def discovery(self) -> Discovery:
        config, connections = await self.opened()
        assert config.discover is not None
        return Discovery(config.discover, connections, config.accounts, self.known)

    async def roster(self, folder: Path) -> Roster:
        return Roster(*await self.opened(), FileRuns(folder / "calsync.db.runs"))

    async def opened(self) -> tuple[Config, Connections]:
        """Open the accounts that are written down."""
        config = Config(
            web=None,
            path=Path("calsync.yaml"),
            service=Service(store=Path("calsync.db"), poll_seconds=60, listen=Address(host="127.0.0.1", port=1)),
            connections={
                name: ConnectionConfig(name=name, provider=name, settings={}, line=1) for name in ("crm", "mail")
            },
            rules=(),
            accounts={one.name: one for one in self.written},
            discover=DiscoverConfig(
                account=account("discover", {}, {}),
                lists=Side.LEFT,
                person_key="id",
                address_key="mailbox",
                include=self.include,
                exclude=self.exclude,
            ),
            plugin_dirs=(),
        )
        systems = {"crm": self.crm, "mail": self.mail}
        specs = {
            name: ProviderSpec(
                name=name,
                connection_schema={},
                calendar_schema={},
                open=opener(system),
                address_key="mailbox" if name == "mail" else None,
            )
            for name, system in systems.items()
        }
        connections = Connections(config, Loaded(providers=specs, rules={}), FakeClock(), random.Random(1))
        for one in self.written:
            await connections.open(one)
        return config, connections

    async def reasons(self) -> Mapping[str, str | None]:
        return {one.told.account: one.told.reason for one in await self.discover()}

    async def mailboxes(self) -> Mapping[str, str]:
        found = accounts_of(await self.discover())
        return {name: config.right.settings["mailbox"] for name, config in found.items()}


def opener(system: System) -> Any:
    return lambda _settings, _host: system


def account(name: str, left: Mapping[str, Any], right: Mapping[str, Any]) -> AccountConfig:
    return AccountConfig(
        name=name,
        left=SideConfig(connection="crm", settings=left, line=1),
        right=SideConfig(connection="mail", settings=right, line=2),
        direction=Direction.BOTH,
        timezone=ZoneInfo("Europe/Berlin"),
        window=WindowConfig(past_days=90, future_days=365),
        policy="right",
        on_target_edit="keep",
        line=1,
    )


@pytest.fixture
def company() -> Company:
    return Company()


async def test_a_person_becomes_an_account_that_is_named_by_the_id(company: Company) -> None:
    company.add("u-1", "Bert@example.de")
    (found,) = await company.discover()
    assert found.told == Discovered(account="u-1", address="Bert@example.de", mailbox="Bert@example.de")
    config = found.config
    assert config is not None
    assert (config.name, config.left.settings, config.right.settings) == (
        "u-1",
        {"id": "u-1"},
        {"mailbox": "Bert@example.de"},
    )


async def test_who_is_left_out_and_why(company: Company) -> None:
    company.exclude = ("chef@*", "*@extern.example")
    company.add("inactive", "ina@example.de", active=False)
    company.add("nowhere")
    company.add("junk", "no address")
    company.add("chef", "a@example.de", "Chef@example.de")
    company.add("extern", "emil@EXTERN.example")
    company.add("alone", "dora@example.de", mailbox=False)
    assert await company.reasons() == {
        "inactive": "inactive",
        "nowhere": "no_address",
        "junk": "no_address",
        "chef": "excluded",
        "extern": "excluded",
        "alone": "not_opened",
    }
    assert company.mail.opened == ["dora@example.de"]


async def test_only_who_is_included(company: Company) -> None:
    company.include = ("*@example.de",)
    company.add("in", "bert@example.de")
    company.add("out", "bert@example.com")
    assert await company.reasons() == {"in": None, "out": "excluded"}


async def test_the_first_address_that_leads_to_a_mailbox_is_taken(company: Company) -> None:
    company.add("u-1", "privat@web.example", "bert@example.de", "b@example.de", mailbox=False)
    company.mail.leads = {"bert@example.de": "m", "b@example.de": "m"}
    assert await company.mailboxes() == {"u-1": "bert@example.de"}


async def test_a_mailbox_that_is_denied_is_no_reason_to_take_the_one_of_another_address(company: Company) -> None:
    company.add("u-1", "bert@example.de", "office@example.de")
    company.mail.leads["office@example.de"] = "office"
    company.mail.errors["bert@example.de"] = AccountError("denied (403)")
    (found,) = await company.discover()
    assert (found.told.reason, found.told.error) == ("not_opened", "denied (403)")
    assert company.mail.opened == ["bert@example.de"]


async def test_no_mailbox_is_opened_by_an_address_that_is_not_included(company: Company) -> None:
    company.include = ("*@sales.example.de",)
    company.add("u-1", "chef@example.de", "bert@sales.example.de")
    assert await company.reasons() == {"u-1": "not_opened"}
    assert company.mail.opened == ["bert@sales.example.de"]


async def test_an_address_of_two_people_is_nobodys(company: Company) -> None:
    company.add("u-1", "info@example.de", "bert@example.de")
    company.add("u-2", "INFO@example.de")
    company.add("gone", "bert@example.de", active=False)
    company.mail.leads["bert@example.de"] = "bert"
    assert await company.mailboxes() == {"u-1": "bert@example.de"}
    assert (await company.reasons())["u-2"] == "shared_address"


async def test_a_mailbox_that_two_people_lead_to_stays_with_the_account_that_has_run_before(
    company: Company,
) -> None:
    company.add("new", "alias@example.de")
    company.add("old", "bert@example.de")
    company.mail.leads["alias@example.de"] = "bert@example.de"
    company.known = {"old"}
    assert await company.reasons() == {"new": "shared_address", "old": None}


async def test_what_is_written_down_is_never_discovered_by_whichever_calendar(company: Company) -> None:
    company.add("u-1", "anna@example.de")
    company.add("u-2", "bert@example.de")
    company.add("u-3", "cora@example.de")
    company.mail.leads["alias@example.de"] = "bert@example.de"
    company.write_down("anna", "u-1", "anna@example.de")
    company.write_down("other", "u-9", "alias@example.de")
    company.crm.persons.append(Person(id="other", addresses=("x@example.de",), active=True))
    assert await company.reasons() == {
        "u-1": "written_down",
        "u-2": "written_down",
        "u-3": None,
        "other": "written_down",
    }


async def test_an_account_that_has_run_before_does_not_vanish_with_its_mailbox(company: Company) -> None:
    company.add("u-1", "bert@example.de", mailbox=False)
    company.add("u-2", "cora@example.de", mailbox=False)
    company.known = {"u-1"}
    assert await company.reasons() == {"u-1": None, "u-2": "not_opened"}


async def test_why_a_calendar_cannot_be_opened_is_told(company: Company) -> None:
    company.add("u-1", "bert@example.de")
    company.crm.errors["u-1"] = AccountError("FLOWFACT's own sync is on")
    (found,) = await company.discover()
    assert (found.told.reason, found.told.error) == ("not_opened", "FLOWFACT's own sync is on")


async def test_who_cannot_be_asked_now_has_an_account_that_asks_again(company: Company) -> None:
    company.add("u-1", "bert@example.de")
    company.mail.errors["bert@example.de"] = Retry("mail: unreachable")
    assert await company.mailboxes() == {"u-1": "bert@example.de"}


@pytest.mark.parametrize("busy", ["old@example.de", "bert@example.de"])
async def test_who_could_not_be_asked_is_asked_again_by_all_addresses(company: Company, busy: str) -> None:
    company.add("u-1", "old@example.de", "bert@example.de", mailbox=False)
    company.mail.leads["bert@example.de"] = "bert"
    company.mail.errors[busy] = Retry("mail: unreachable")
    discovery = await company.discovery()
    unsure = accounts_of(await discovery.find())["u-1"]
    with pytest.raises(Retry, match="unreachable"):
        await discovery.again(unsure)
    company.mail.errors.clear()
    assert (await discovery.again(unsure)).right.settings == {"mailbox": "bert@example.de"}


async def test_who_is_asked_again_does_not_get_the_mailbox_of_another_account(company: Company) -> None:
    company.add("u-1", "bert@example.de")
    company.add("u-2", "alias@example.de")
    company.mail.leads["alias@example.de"] = "bert@example.de"
    company.mail.errors["alias@example.de"] = Retry("mail: unreachable")
    discovery = await company.discovery()
    unsure = accounts_of(await discovery.find())["u-2"]
    company.mail.errors.clear()
    with pytest.raises(AccountError, match="account u-2: "):
        await discovery.again(unsure)


async def test_an_account_whose_mailbox_was_found_keeps_its_address(company: Company) -> None:
    company.add("u-1", "bert@example.de")
    discovery = await company.discovery()
    sure = accounts_of(await discovery.find())["u-1"]
    company.mail.opened.clear()
    assert await discovery.again(sure) is sure
    assert company.mail.opened == []


async def test_what_discovery_has_opened_is_not_opened_again(company: Company, tmp_path: Path) -> None:
    company.add("u-1", "bert@example.de")
    company.add("u-2", "cora@example.de")
    company.mail.errors["cora@example.de"] = Retry("mail: unreachable")
    roster = await company.roster(tmp_path)
    names = await roster.discover()
    company.mail.errors.clear()
    found = await roster.try_open_found(names)
    assert all(isinstance(one, Opened) for one in found.values())
    assert Counter(company.mail.opened) == {"bert@example.de": 1, "cora@example.de": 2}
    assert Counter(company.crm.opened) == {"u-1": 1, "u-2": 2}


async def test_a_calendar_that_was_opened_with_another_address_is_opened_anew(
    company: Company, tmp_path: Path
) -> None:
    company.add("u-1", "privat@web.example", "bert@example.de", mailbox=False)
    company.mail.leads["bert@example.de"] = "bert"
    roster = await company.roster(tmp_path)
    found = await roster.try_open_found(await roster.discover())
    assert isinstance(found["u-1"], Opened)
    assert company.crm.told == ["privat@web.example", "bert@example.de"]
    assert company.mail.opened == ["privat@web.example", "bert@example.de"]


async def test_a_refused_sign_in_is_no_mailbox_that_is_missing(company: Company) -> None:
    company.add("u-1", "bert@example.de")
    company.mail.errors["bert@example.de"] = LoginError("mail: wrong token")
    with pytest.raises(LoginError, match="wrong token"):
        await company.discover()


async def test_an_id_that_cannot_name_an_account_is_the_plugins_fault(company: Company) -> None:
    company.add("u:1", "bert@example.de")
    with pytest.raises(PluginError, match=r"connection crm: .* cannot name an account"):
        await company.discover()


def test_findings_warn_of_what_nobody_has_chosen() -> None:
    assert all(known(reason) for reason in CHOSEN)
    paired = finding(Discovered(account="u-1", address="bert@example.de", mailbox="b@example.de"))
    assert (paired.severity, paired.message) == (
        "ok",
        "bert@example.de is account u-1, with the mailbox b@example.de",
    )
    told = finding(Discovered(account="u-1", address="", reason="no_address"))
    assert (told.severity, told.message[:15]) == ("warning", "u-1 is left out")
    told = finding(Discovered(account="u-1", address="a@b", reason="not_opened", error="it is gone"))
    assert told.message.endswith("cannot be opened. (it is gone)")
    assert finding(Discovered(account="u-1", address="a@b", reason="excluded")).severity == "ok"


def test_an_account_that_is_left_behind_is_logged_without_an_address() -> None:
    people = [
        Discovered(account="u-1", address="a@b", mailbox="a@b"),
        Discovered(account="u-2", address="b@b", reason="inactive"),
        Discovered(account="u-3", address="c@b", reason="written_down"),
        Discovered(account="u-4", address="d@b", reason="excluded"),
    ]
    assert left_behind(people, {"u-1", "u-2", "u-3"}) == [
        "account u-2 is not synced any more: This user is not active."
    ]
