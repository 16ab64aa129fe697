"""Accounts that nobody wrote down: everybody in FLOWFACT with a mailbox of the same address."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from calsync.app import App
from calsync.errors import ConfigError, LoginError, Retry
from calsync_sandbox.graph.errors import GraphError, mailbox_not_enabled
from calsync_sandbox.sandbox import Account, Person, Sandbox
from tests.e2e.conftest import World

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from calsync.ports import Person as Known
    from calsync.results import AccountResult, SyncResult
    from calsync.testing import FakeClock


class Office:
    """Five users: one written down, one inactive, one without a mailbox, one excluded; only Bert is discovered."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bert = world.sandbox.add_person("bert@example.de", first="Bert", last="Beispiel")
        self.emil = world.sandbox.add_person("emil@extern.example", first="Emil", last="Extern")
        self.cora = world.sandbox.add_person("cora@example.de", first="Cora", last="Ehemalig")
        self.cora.user["active"] = False  # type: ignore[index] # the sandbox's own dictionary
        self.dora = world.sandbox.flowfact.add_user("dora@example.de", first="Dora", last="Ohne")
        self.configure()

    def configure(self, *, written: bool = True, **discover: Any) -> None:
        accounts = [Account(name="anna", person=self.world.anna)] if written else []
        discover = {"exclude": ["*@EXTERN.example"], **discover}
        self.world.configuration = self.world.sandbox.write_configuration(
            self.world.folder, accounts, discover=discover
        )

    @property
    def name(self) -> str:
        """Bert's account."""
        return str(self.bert.user["id"])

    def event(self, person: Person, subject: str, hours: float = 0) -> None:
        """Create an event in somebody's Outlook."""
        self.world.event(subject, hours=hours)
        created = self.world.in_outlook(subject)
        person.mailbox.create({"subject": subject, "start": created["start"], "end": created["end"]})
        self.world.anna.mailbox.delete(created["id"])

    def readdress(self, address: str) -> None:
        """Give Bert another address, in FLOWFACT."""
        self.bert.user["loginRelatedMailAddress"] = address  # type: ignore[index] # as above

    async def sync(self) -> dict[str, AccountResult]:
        result: SyncResult = await self.world.sync_all()
        return dict(result.accounts)

    def owners(self) -> dict[str, list[str]]:
        """Return whose each appointment in FLOWFACT is, by subject."""
        entities = self.world.sandbox.flowfact.entities.values()
        return {one["subject"]["values"][0]: one["assignee"]["values"] for one in entities}


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


async def test_everybody_with_a_mailbox_of_the_same_address_is_synced_and_nobody_else(office: Office) -> None:
    world = office.world
    office.event(office.bert, "Berts Termin")
    office.event(office.emil, "Emils Termin")
    office.event(office.cora, "Coras Termin")
    world.event("Annas Termin")
    results = await office.sync()
    assert {name: result.ok for name, result in results.items()} == {"anna": True, office.name: True}
    assert office.owners() == {"Berts Termin": [office.bert.user["id"]], "Annas Termin": [world.anna.user["id"]]}
    world.expect_no_mail()


async def test_a_second_run_makes_no_new_account_and_writes_nothing(office: Office) -> None:
    office.event(office.bert, "Berts Termin")
    await office.sync()
    office.world.clear()
    for _ in range(2):
        assert set(await office.sync()) == {"anna", office.name}
    assert office.world.writes() == []
    assert office.world.stored("SELECT name FROM account ORDER BY name") == sorted([("anna",), (office.name,)])


async def test_a_person_with_a_new_address_keeps_the_account(office: Office) -> None:
    world = office.world
    office.event(office.bert, "Berts Termin")
    await office.sync()
    world.sandbox.graph.readdress(office.bert.mailbox, "bert.neu@example.de")
    office.readdress("bert.neu@example.de")
    world.clear()
    office.event(office.bert, "Noch ein Termin", hours=3)
    results = await office.sync()
    assert set(results) == {"anna", office.name}
    assert (results[office.name].error, results[office.name].left.created) == (None, 1)
    assert sorted(office.owners()) == ["Berts Termin", "Noch ein Termin"]
    assert len(world.writes()) == 1


async def test_an_address_that_leads_to_another_mailbox_stops_that_account_only(office: Office) -> None:
    world = office.world
    office.event(office.bert, "Berts Termin")
    await office.sync()
    world.sandbox.graph.add_mailbox("neu@example.de")
    office.readdress("neu@example.de")
    world.event("Annas Termin")
    for _ in range(3):
        results = await office.sync()
        assert results["anna"].ok
        assert "its right calendar is not the one that was synced so far" in str(results[office.name].error)
    assert sorted(office.owners()) == ["Annas Termin", "Berts Termin"]


async def test_a_mailbox_that_disappears_fails_its_account_and_no_other(office: Office) -> None:
    world = office.world
    office.event(office.bert, "Berts Termin")
    await office.sync()
    office.bert.mailbox.refusal = mailbox_not_enabled()
    world.event("Annas Termin")
    results = await office.sync()
    assert (results["anna"].ok, results["anna"].left.created) == (True, 1)
    assert "no active mailbox" in str(results[office.name].error)
    office.bert.mailbox.refusal = None
    assert (await office.sync())[office.name].ok
    assert sorted(office.owners()) == ["Annas Termin", "Berts Termin"]


async def test_somebody_who_is_excluded_later_is_left_as_is(office: Office) -> None:
    office.event(office.bert, "Berts Termin")
    await office.sync()
    office.configure(exclude=["bert@*", "emil@*"])
    office.world.clear()
    assert set(await office.sync()) == {"anna"}
    office.configure()
    assert (await office.sync())[office.name].ok
    assert office.world.writes() == []


async def test_only_who_is_included(office: Office) -> None:
    office.configure(include=["b*@example.de"], exclude=[], written=False)
    assert set(await office.sync()) == {office.name}


async def test_an_account_that_is_written_down_under_the_same_name_goes_on(office: Office) -> None:
    office.event(office.bert, "Berts Termin")
    await office.sync()
    office.world.clear()
    accounts = [
        Account(name=name, person=one) for name, one in (("anna", office.world.anna), (office.name, office.bert))
    ]
    office.world.configuration = office.world.sandbox.write_configuration(office.world.folder, accounts)
    assert set(await office.sync()) == {"anna", office.name}
    assert office.world.writes() == []


async def test_one_discovered_account_can_be_chosen_by_its_name(office: Office) -> None:
    async with App.open(office.world.configuration, clock=office.world.clock) as app:
        assert list((await app.sync(office.name)).accounts) == [office.name]
        assert list((await app.sync("anna")).accounts) == ["anna"]
        with pytest.raises(ConfigError, match=f"no account 'x'; accounts are: anna, {office.name}"):
            await app.sync("x")


async def test_the_plan_shows_pairs_and_who_was_left_out_before_anything_is_written(live: World) -> None:
    office = Office(live)
    office.event(office.bert, "Berts Termin")
    ended = await live.command("plan")
    lines = ended.output.splitlines()
    assert (ended.code, ended.errors, lines[0], lines[2]) == (0, "", "discovered: 1", "left out: 4")
    assert lines[1].split() == [office.name, "bert@example.de", "bert@example.de"]
    told = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines[3:7]}
    assert told["anna@example.de"] == "An account in the configuration has this calendar already."
    assert told["cora@example.de"] == "This user is not active."
    assert told["dora@example.de"].startswith("There is no mailbox of this address")
    assert "Microsoft Graph knows no active mailbox" in told["dora@example.de"]
    assert told["emil@extern.example"] == "The configuration leaves this address out."
    assert f"{office.name} (plan " in ended.output
    ended = await live.command("plan", "--json")
    discovered = {one["address"]: one for one in json.loads(ended.output)["discovered"]}
    assert discovered["bert@example.de"] == {
        "account": office.name,
        "address": "bert@example.de",
        "mailbox": "bert@example.de",
        "reason": None,
        "error": None,
    }
    assert {address: one["reason"] for address, one in discovered.items() if one["reason"]} == {
        "anna@example.de": "written_down",
        "cora@example.de": "inactive",
        "dora@example.de": "not_opened",
        "emil@extern.example": "excluded",
    }
    assert live.writes() == []
    assert not (live.folder / "calsync.db").exists()


async def test_the_check_tells_the_pairs_and_is_content_with_people_without_a_mailbox(live: World) -> None:
    office = Office(live)
    ended = await live.command("check")
    assert (ended.code, ended.errors) == (0, "")
    assert f"bert@example.de is account {office.name}, with the mailbox bert@example.de" in ended.output
    (dora,) = [line for line in ended.output.splitlines() if "dora@example.de" in line]
    assert dora.startswith("warning")
    assert f"account {office.name}" in ended.output


async def test_the_service_serves_discovered_accounts_and_logs_no_address(live: World) -> None:
    office = Office(live)
    office.event(office.bert, "Berts Termin")
    process = await live.start("run")
    await live.until(lambda: "Berts Termin" in office.owners())
    process.terminate()
    _, errors = await process.communicate()
    assert b"discovered 1 accounts, left out 4 people" in errors
    assert b"example.de" not in errors
    assert office.name.encode() in errors


async def test_the_service_serves_what_is_written_down_while_discovery_waits(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """The directory cannot be asked at first; when it can, the service goes on with everybody."""
    world = office.world
    office.event(office.bert, "Berts Termin")
    world.event("Annas Termin")
    caplog.set_level("INFO", "calsync.discovery")
    stop = asyncio.Event()
    async with App.open(world.configuration, clock=world.clock) as app:
        await app._connections.login("flowfact")
        provider = app._connections.provider("flowfact")
        people = provider.people
        provider.people = _unreachable  # type: ignore[method-assign] # the users are learnt with the sign-in
        service = asyncio.create_task(app.run(stop, asyncio.Event()))
        await world.until(lambda: "Annas Termin" in office.owners())
        assert any("discovery failed, next try in 60 s" in record.getMessage() for record in caplog.records)
        provider.people = people  # type: ignore[method-assign]
        while "Berts Termin" not in office.owners():
            world.clock.advance(60)  # type: ignore[attr-defined] # a FakeClock
            await asyncio.sleep(0.01)
        stop.set()
        await service


async def test_the_service_looks_again_for_a_mailbox_that_could_not_be_reached_by_all_addresses(
    office: Office,
) -> None:
    world = office.world
    office.bert.user["businessMailAddress"] = "bert.alt@example.de"  # type: ignore[index] # as above
    office.event(office.bert, "Berts Termin")
    office.bert.mailbox.refusal = GraphError(503, "ServiceUnavailable", "Busy.")
    stop = asyncio.Event()
    async with App.open(world.configuration, clock=world.clock) as app:
        service = asyncio.create_task(app.run(stop, asyncio.Event()))
        await world.until(lambda: bool(app.discovered))
        office.bert.mailbox.refusal = None
        while "Berts Termin" not in office.owners():
            world.clock.advance(60)  # type: ignore[attr-defined] # a FakeClock
            await asyncio.sleep(0.01)
        stop.set()
        await service


async def test_what_a_person_must_mend_before_anybody_is_discovered_ends_the_service(office: Office) -> None:
    office.configure(written=False)
    async with App.open(office.world.configuration, clock=office.world.clock) as app:
        app._connections.provider("flowfact").people = _refused  # type: ignore[method-assign]
        with pytest.raises(LoginError, match="wrong token"):
            await app.run(asyncio.Event(), asyncio.Event())
        with pytest.raises(LoginError, match="wrong token"):
            await app.sync(None)
        found = [(one.severity, one.message) for one in await app.check() if one.scope == "discovery"]
        assert found == [("error", "flowfact: wrong token")]


async def test_mailboxes_on_an_exchange_server_are_found_as_well(clock: FakeClock, tmp_path: Path) -> None:
    async with Sandbox(exchange="exchange_ews", now=lambda: clock.now().timestamp()) as sandbox:
        office = Office(
            World(sandbox, clock, sandbox.add_person("anna@example.de", first="A", last="B"), tmp_path)
        )
        async with App.open(office.world.configuration, clock=clock) as app:
            await app.plan(None)
            assert {one.address: one.reason for one in app.discovered} == {
                "anna@example.de": "written_down",
                "bert@example.de": None,
                "cora@example.de": "inactive",
                "dora@example.de": "not_opened",
                "emil@extern.example": "excluded",
            }


async def _refused() -> Sequence[Known]:
    raise LoginError("flowfact: wrong token")


async def _unreachable() -> Sequence[Known]:
    raise Retry("connection flowfact: cannot be reached")
