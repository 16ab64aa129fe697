"""A person connects the own mailbox and nobody else's, to the calendar that an administrator has said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from calsync.desk import Audit, OwnSignIns
from calsync.desk.invalid import MISSING, Invalid
from calsync.desk.refused import Refused
from calsync.desk.self_service import PATIENCE, OwnMailboxes
from calsync.desk.setup import Setup
from calsync.errors import LoginError, StoreError
from calsync.http import HttpFactory
from calsync.people import Role
from calsync.sync.model import Direction
from tests.desk.servers import ANNA, BACK, BERLIN, BERT, PASSWORD, TENANT, Servers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Sequence
    from pathlib import Path

    from calsync.people import Person
    from calsync.ports import NamedCalendar
    from calsync.store import SqliteStore


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Servers]:
    office = Servers(tmp_path)
    servers = (office.authority, office.graph, office.ews)
    for server in servers:
        await server.start()
    office.configure()
    yield office
    for server in servers:
        await server.stop()


@pytest.fixture
def own(office: Servers, store: SqliteStore, audit: Audit) -> OwnMailboxes:
    async def known() -> Sequence[str]:
        return ()

    clock = office.house.clock
    return OwnMailboxes(Setup(office.file, clock), store.people, store.assignments, known, clock, audit)


@pytest.fixture
def counted() -> list[str]:
    """Return the connections of the requests that are counted, which whoever signs in again sends."""
    return []


@pytest.fixture
def again(office: Servers, store: SqliteStore, audit: Audit, counted: list[str]) -> OwnSignIns:
    http = HttpFactory(office.house.clock, lambda name, _status, _seconds: counted.append(name))
    return OwnSignIns(Setup(office.file, office.house.clock, http=http), store.people, audit)


@pytest.fixture
async def anna(store: SqliteStore, office: Servers) -> Person:
    now = office.house.clock.now()
    person = await store.people.invite("Anna", Role.USER, "hash", now, now)
    assert person is not None
    await store.assignments.assign(person.id, "anna-crm")
    return person


async def back(office: Servers, own: OwnMailboxes, person: Person, address: str | None = ANNA) -> Any:
    """Let somebody sign in in the browser, and return what it comes back with."""
    office.authority.codes.at_the_browser = None if address is None else office.authority.people.add(address)
    begun = await own.begin_sign_in(person, BACK)
    location = office.authority.codes.issue(dict(parse_qsl(urlsplit(begun.address).query)))
    return begun.flow, dict(parse_qsl(urlsplit(location).query))


async def signed_in(office: Servers, own: OwnMailboxes, person: Person) -> Sequence[NamedCalendar]:
    return await own.finish_sign_in(person, *await back(office, own, person))


async def refused(call: Awaitable[object]) -> str:
    with pytest.raises(Refused) as error:
        await call
    return error.value.word


async def test_a_person_signs_in_picks_a_calendar_and_has_an_account(
    office: Servers, own: OwnMailboxes, again: OwnSignIns, anna: Person, store: SqliteStore
) -> None:
    offer = await own.offer(anna)
    assert (offer.left, offer.right, offer.by_browser, offer.fields) == ("crm", "m365", True, [])
    (calendar,) = await signed_in(office, own, anna)
    assert await own.connect(anna, calendar.id, BERLIN) == "anna-crm"
    account = office.config().accounts["anna-crm"]
    assert (account.kept, account.left.settings) == (True, {"name": "anna-crm"})
    assert account.right.settings == {"mailbox": ANNA}
    connection = office.config().connections[account.right.connection]
    assert connection.settings["sign_in"] == "delegated"
    assert "client_secret" not in connection.settings
    assert await store.people.owned(anna.id) == {"anna-crm"}
    async with office.house.open() as app:
        assert (await app.sync(None)).accounts["anna-crm"].error is None
    assert [one for one in office.authority.secrets() if one.encode() in office.lying()] == []
    assert await refused(own.offer(anna)) == "has_account"
    assert (await again.offer(anna, "anna-crm")).by_browser
    (told,) = await store.settings.audit(9)
    assert (told.who, told.what, told.account, told.after) == ("Anna", "account_added", "anna-crm", "anna-crm")


async def test_exchange_takes_the_server_of_the_operator_and_the_password_of_the_person(
    office: Servers, own: OwnMailboxes, again: OwnSignIns, anna: Person, counted: list[str]
) -> None:
    office.configure(right="exchange")
    office.graph.mailbox(ANNA).add_calendar("Büro")
    assert [field.key for field in (await own.offer(anna)).fields] == ["username", "password"]
    given = {"username": "EX\\anna", "password": PASSWORD}
    calendars = await own.sign_in(anna, given, ANNA)
    assert [one.name for one in calendars][1:] == ["Büro"]
    await own.connect(anna, calendars[1].id, BERLIN)
    account = office.config().accounts["anna-crm"]
    settings = office.config().connections[account.right.connection].settings
    assert (settings["url"], settings["username"]) == (office.ews.ews_url, "EX\\anna")
    assert account.right.settings == {"mailbox": ANNA, "calendar": calendars[1].id}
    assert PASSWORD.encode() not in office.lying()
    async with office.house.open() as app:
        assert (await app.sync(None)).accounts["anna-crm"].error is None
    assert (await again.offer(anna, "anna-crm")).filled == {"username": "EX\\anna"}
    await again.change_password(anna, "anna-crm", given)
    assert set(counted) == {account.right.connection}
    with pytest.raises(LoginError):
        await again.change_password(anna, "anna-crm", {**given, "password": "wrong"})
    assert await refused(again.change_password(anna, "berta", given)) == "account_unknown"
    bert = {"username": "EX\\bert", "password": PASSWORD}
    assert await refused(again.change_password(anna, "anna-crm", bert)) == "mailbox_not_own"


async def test_nobody_chooses_a_server_or_another_mailbox(
    office: Servers, own: OwnMailboxes, anna: Person
) -> None:
    office.configure(right="exchange")
    given = {"username": "EX\\anna", "password": PASSWORD}
    for fields, wrong in (
        ({**given, "url": "https://evil.example/ews"}, {"url": "unknown key"}),
        ({"username": "EX\\anna"}, {"password": str(MISSING)}),
    ):
        with pytest.raises(Invalid) as error:
            await own.sign_in(anna, fields, ANNA)
        assert error.value.keys == wrong
    assert await refused(own.sign_in(anna, given, BERT)) == "mailbox_not_own"
    with pytest.raises(LoginError):
        await own.sign_in(anna, {**given, "password": "wrong"}, ANNA)
    assert await refused(own.connect(anna, "any", BERLIN)) == "sign_in_over"
    assert not (office.house.folder / "calsync.db.yaml").exists()


async def test_only_calendars_of_the_list_can_be_picked(office: Servers, own: OwnMailboxes, anna: Person) -> None:
    await signed_in(office, own, anna)
    bert = office.graph.mailbox(BERT)
    assert bert is not None
    assert await refused(own.connect(anna, bert.store.primary, BERLIN)) == "calendar_unknown"


async def test_without_an_assignment_nothing_is_connected(
    office: Servers, own: OwnMailboxes, anna: Person, store: SqliteStore
) -> None:
    await store.assignments.assign(anna.id, None)
    assert await refused(own.offer(anna)) == "nobody_assigned"  # before anybody is asked for a password
    assert await refused(own.begin_sign_in(anna, BACK)) == "nobody_assigned"
    assert await refused(own.sign_in(anna, {}, ANNA)) == "nobody_assigned"
    await store.assignments.assign(anna.id, "anna-crm")
    (calendar,) = await signed_in(office, own, anna)
    await store.assignments.assign(anna.id, None)
    assert await refused(own.connect(anna, calendar.id, BERLIN)) == "nobody_assigned"
    await store.assignments.assign(anna.id, "anna-crm")
    assert await own.connect(anna, calendar.id, BERLIN) == "anna-crm"


async def test_where_the_operator_discovers_the_address_that_was_proven_says_who_it_is(
    office: Servers, own: OwnMailboxes, anna: Person, store: SqliteStore
) -> None:
    await store.assignments.assign(anna.id, None)
    discover = (
        "accounts: {discover: {left: {connection: crm}, right: {connection: m365}, timezone: Europe/Berlin}}\n"
    )
    office.configure(more=discover)
    (calendar,) = await signed_in(office, own, anna)
    assert await own.connect(anna, calendar.id, BERLIN) == "7"


async def test_a_calendar_on_the_other_side_belongs_to_one_account(
    office: Servers, own: OwnMailboxes, anna: Person, store: SqliteStore
) -> None:
    (calendar,) = await signed_in(office, own, anna)
    await own.connect(anna, calendar.id, BERLIN)
    async with office.house.open() as app:
        await app.sync(None)
    now = office.house.clock.now()
    bert = await store.people.invite("Bert", Role.USER, "other", now, now)
    assert bert is not None
    await store.assignments.assign(bert.id, "anna-crm")
    back_again = await back(office, own, bert, BERT)
    assert await refused(own.finish_sign_in(bert, *back_again)) == "member_taken"  # before a calendar is picked
    assert await refused(own.connect(bert, calendar.id, BERLIN)) == "calendar_unknown"


@pytest.mark.parametrize("kept", [True, False])
async def test_what_cannot_be_kept_leaves_no_account_that_is_nobodys(
    office: Servers,
    own: OwnMailboxes,
    anna: Person,
    store: SqliteStore,
    monkeypatch: pytest.MonkeyPatch,
    kept: bool,
) -> None:
    """The audit of an account that is there, or the account itself: the disk is full."""

    async def full(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    (calendar,) = await signed_in(office, own, anna)
    with monkeypatch.context() as disk:
        disk.setattr(Audit, "set_up", full) if kept else disk.setattr(Setup, "_change", full)
        with pytest.raises(StoreError, match="the disk is full"):
            await own.connect(anna, calendar.id, BERLIN)
    assert ("anna-crm" in office.config().accounts) is kept
    assert await store.people.owned(anna.id) == ({"anna-crm"} if kept else set())
    if not kept:
        assert await own.connect(anna, calendar.id, BERLIN) == "anna-crm"


async def test_denied_expired_and_foreign_sign_ins_connect_nothing(
    office: Servers, own: OwnMailboxes, anna: Person, store: SqliteStore
) -> None:
    with pytest.raises(LoginError, match="did not agree"):
        await own.finish_sign_in(anna, *await back(office, own, anna, None))
    flow, answer = await back(office, own, anna)
    with pytest.raises(LoginError, match="another sign-in"):
        await own.finish_sign_in(anna, flow, {**answer, "state": "other"})
    office.house.clock.advance(PATIENCE.total_seconds() + 1)
    assert await refused(own.finish_sign_in(anna, flow, answer)) == "sign_in_over"
    now = office.house.clock.now()
    bert = await store.people.invite("Bert", Role.USER, "other", now + PATIENCE, now)
    assert bert is not None
    user_id = office.authority.people.add(ANNA).user_id
    assert await store.people.accept("other", now, microsoft=(TENANT, user_id)) is not None
    assert bert.id != anna.id
    assert await refused(signed_in(office, own, anna)) == "other_microsoft"


async def test_without_the_section_nobody_connects_anything(
    office: Servers, own: OwnMailboxes, anna: Person
) -> None:
    office.file.write_text(office.file.read_text().split("web:")[0])
    assert await refused(own.offer(anna)) == "self_service_off"
    assert await refused(own.begin_sign_in(anna, BACK)) == "self_service_off"


async def test_a_sign_in_that_has_expired_is_made_again_by_the_same_person(
    office: Servers, own: OwnMailboxes, again: OwnSignIns, anna: Person, store: SqliteStore
) -> None:
    (calendar,) = await signed_in(office, own, anna)
    await own.connect(anna, calendar.id, BERLIN, Direction.LEFT_TO_RIGHT)
    assert office.config().accounts["anna-crm"].direction is Direction.LEFT_TO_RIGHT
    for address, as_expected in ((BERT, False), (ANNA, True)):
        office.authority.codes.at_the_browser = office.authority.people.add(address)
        begun = await again.begin(anna, "anna-crm", BACK)
        location = office.authority.codes.issue(dict(parse_qsl(urlsplit(begun.address).query)))
        answer = dict(parse_qsl(urlsplit(location).query))
        if as_expected:
            await again.finish(anna, "anna-crm", begun.flow, answer)
        else:
            with pytest.raises(LoginError):
                await again.finish(anna, "anna-crm", begun.flow, answer)
    told = [(one.who, one.what) for one in await store.settings.audit(9)]
    assert told == [("Anna", "account_added"), ("Anna", "signed_in")]
    now = office.house.clock.now()
    bert = await store.people.invite("Bert", Role.USER, "other", now, now)
    assert bert is not None
    assert await refused(again.begin(bert, "anna-crm", BACK)) == "account_unknown"
