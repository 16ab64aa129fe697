"""Who may sign in, and whose an account is: only as long as it is about the same calendars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.people import Person, Role
from calsync.records import Lease, SideState
from calsync.store import SqliteStore, back_up, restore
from calsync.sync.model import Side

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=7)


@pytest.fixture
async def anna(store: SqliteStore) -> Person:
    return await invited(store, "Anna", Role.USER, "hash-1")


async def invited(store: SqliteStore, name: str, role: Role | None, invitation: str) -> Person:
    person = await store.people.invite(name, role, invitation, LATER, NOW)
    assert person is not None
    return person


async def seen(store: SqliteStore, lease: Lease, left: str, right: str) -> None:
    """Let a run say which calendars the account is about."""
    async with store.transaction(lease) as transaction:
        for side, calendar in ((Side.LEFT, left), (Side.RIGHT, right)):
            state = SideState(token="x", listed_at=NOW, listed_run=1, round=1, calendar=calendar)
            transaction.put_side(side, state)


async def test_who_is_invited_has_no_way_in_yet(store: SqliteStore, anna: Person) -> None:
    assert (anna.name, anna.role, anna.joined, anna.created) == ("Anna", Role.USER, False, NOW)
    assert await store.people.named("anna") == anna
    assert await store.people.invited("hash-1", NOW) == anna


@pytest.mark.parametrize("name", ["CLARA ÖZTÜRK", "clara o\u0308ztu\u0308rk", "Clara Öztürk"])
async def test_a_name_is_the_same_in_any_case_and_however_its_umlauts_are_composed(
    store: SqliteStore, name: str
) -> None:
    clara = await invited(store, "Clara Öztürk", Role.USER, "hash-1")
    assert await store.people.named(name) == clara
    again = await invited(store, name, None, "hash-2")
    assert (again.id, again.name) == (clara.id, "Clara Öztürk")
    assert await invited(store, "Jörg Groß", None, "hash-3") == await store.people.named("JÖRG GROSS")
    assert len(await store.people.all()) == 2


async def test_an_invitation_ends(store: SqliteStore, anna: Person) -> None:
    assert await store.people.invited("hash-1", LATER) is None
    assert await store.people.accept("hash-1", LATER, password="x") is None
    assert await store.people.invited("hash-2", NOW) is None


async def test_a_new_invitation_ends_the_former_one_and_may_give_another_role(
    store: SqliteStore, anna: Person
) -> None:
    again = await invited(store, "ANNA", Role.ADMINISTRATOR, "hash-2")
    assert (again.id, again.name, again.administrator) == (anna.id, "Anna", True)
    assert await store.people.invited("hash-1", NOW) is None
    assert await store.people.all() == [again]
    assert await invited(store, "Anna", None, "hash-3") == again
    assert await store.people.invite("Anna", Role.USER, "hash-4", LATER, NOW) is None, "nobody else is one"
    assert await store.people.invited("hash-3", NOW) == again


async def test_an_invitation_is_used_once(store: SqliteStore, anna: Person) -> None:
    accepted = await store.people.accept("hash-1", NOW, password="hashed")
    assert accepted is not None
    assert (accepted.id, accepted.password, accepted.joined) == (anna.id, "hashed", True)
    assert await store.people.accept("hash-1", NOW, password="other") is None


async def test_a_microsoft_account_is_one_persons(store: SqliteStore, anna: Person) -> None:
    await store.people.accept("hash-1", NOW, microsoft=("tenant", "object"))
    await store.people.invite("Bernd", Role.USER, "hash-2", LATER, NOW)
    assert await store.people.accept("hash-2", NOW, microsoft=("tenant", "object")) is None
    found = await store.people.of_microsoft("tenant", "object")
    assert found is not None
    assert (found.id, found.microsoft) == (anna.id, True)
    assert await store.people.of_microsoft("other tenant", "object") is None


async def test_a_second_invitation_replaces_every_way_in(store: SqliteStore, anna: Person) -> None:
    people = store.people
    await people.accept("hash-1", NOW, microsoft=("tenant", "object"))
    await people.begin_session("session", anna.id, NOW, NOW)
    await people.add_token("token", anna.id, "backup script", NOW, 1)
    await people.invite("Anna", Role.USER, "hash-2", LATER, NOW)
    assert await people.session("session") is not None
    await people.accept("hash-2", NOW, password="hashed")
    assert await people.session("session") is None
    assert await people.of_token("token") is None
    assert await people.of_microsoft("tenant", "object") is None


async def test_sessions_begin_are_used_and_end(store: SqliteStore, anna: Person) -> None:
    await store.people.begin_session("one", anna.id, NOW, NOW)
    await store.people.touch_session("one", LATER)
    session = await store.people.session("one")
    assert session is not None
    assert (session.person, session.began, session.seen) == (anna, NOW, LATER)
    await store.people.begin_session("two", anna.id, LATER, NOW + timedelta(seconds=1))
    assert await store.people.session("one") is None
    await store.people.end_session("two")
    assert await store.people.session("two") is None


async def test_a_new_password_ends_the_other_sessions(store: SqliteStore, anna: Person) -> None:
    for each in ("one", "two"):
        await store.people.begin_session(each, anna.id, NOW, NOW)
    await store.people.set_password(anna.id, "hashed", keep="two")
    assert await store.people.session("one") is None
    session = await store.people.session("two")
    assert session is not None
    assert session.person.password == "hashed"


async def test_a_token_is_its_owners_to_revoke(store: SqliteStore, anna: Person) -> None:
    bernd = await invited(store, "Bernd", Role.USER, "hash-2")
    assert await store.people.add_token("token", anna.id, "backup script", NOW, 1)
    assert not await store.people.add_token("other", anna.id, "one too many", NOW, 1)
    (token,) = await store.people.tokens(anna.id)
    assert (token.name, token.created) == ("backup script", NOW)
    assert await store.people.revoke_token(bernd.id, token.id) is None
    assert await store.people.of_token("token") == anna
    assert await store.people.revoke_token(anna.id, token.id) == "backup script"
    assert await store.people.of_token("token") is None


async def test_who_is_removed_has_no_way_in(store: SqliteStore, anna: Person) -> None:
    people = store.people
    await people.begin_session("session", anna.id, NOW, NOW)
    await people.add_token("token", anna.id, "backup script", NOW, 1)
    await people.give(anna.id, "anna")
    await people.remove(anna.id)
    assert await people.session("session") is None
    assert await people.of_token("token") is None
    assert await people.invited("hash-1", NOW) is None
    assert (await people.all(), await people.owners()) == ([], [])


async def test_an_account_is_given_and_taken(store: SqliteStore, anna: Person) -> None:
    await store.people.give(anna.id, "anna")
    await store.people.give(anna.id, "anna")
    assert await store.people.owned(anna.id) == {"anna"}
    assert await store.people.owners() == [(anna.id, "anna")]
    assert await store.people.owner_names(["anna", "carla"]) == [("anna", "Anna")]
    assert await store.people.owner_names(["carla"]) == []
    assert [await store.people.found(part) for part in ("NN", "rn")] == [{"anna"}, frozenset()]
    await store.people.take(anna.id, "anna")
    assert await store.people.owned(anna.id) == frozenset()


async def test_an_account_that_is_about_another_calendar_is_not_the_former_owners(
    store: SqliteStore, lease: Lease, anna: Person
) -> None:
    await seen(store, lease, "crm/1", "mail/1")
    await store.people.give(anna.id, "anna")
    assert await store.people.owned(anna.id) == {"anna"}
    await seen(store, lease, "crm/1", "mail/2")
    assert await store.people.owned(anna.id) == frozenset()
    assert await store.people.owners() == []
    assert (await store.people.owner_names(["anna"]), await store.people.found("anna")) == ([], frozenset())
    await store.people.give(anna.id, "anna")  # somebody has looked at it
    assert await store.people.owned(anna.id) == {"anna"}


async def test_an_account_that_was_given_before_its_first_run_is_held_to_what_that_saw(
    store: SqliteStore, lease: Lease, anna: Person
) -> None:
    await store.people.give(anna.id, "anna")
    await seen(store, lease, "crm/1", "mail/1")
    assert await store.people.owned(anna.id) == {"anna"}
    await seen(store, lease, "crm/2", "mail/1")
    assert await store.people.owned(anna.id) == frozenset()


async def test_a_restored_backup_lets_nobody_in_who_has_not_a_password(
    store: SqliteStore, anna: Person, path: Path, tmp_path: Path
) -> None:
    people = store.people
    await people.begin_session("session", anna.id, NOW, NOW)
    await people.add_token("token", anna.id, "backup script", NOW, 1)
    await people.give(anna.id, "anna")
    await back_up(path, tmp_path / "saved.db")
    await store.close()
    await restore(path, tmp_path / "saved.db", tmp_path / "kept.db", [])
    again = await SqliteStore.open(path)
    assert await again.people.session("session") is None
    assert await again.people.of_token("token") is None
    assert await again.people.invited("hash-1", NOW) is None
    assert await again.people.owned(anna.id) == {"anna"}
    await again.close()
