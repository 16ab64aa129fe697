"""Getting in, staying in, and getting in no longer."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.desk import Access, Audit, People, Refused
from calsync.desk.access import IDLE, LONGEST, MOST_TOKENS
from calsync.desk.seldom import PAUSE
from calsync.people import OPERATOR, Person, Role
from tests.sqlite_file import raw

if TYPE_CHECKING:
    from calsync.store import SqliteStore
    from calsync.testing import FakeClock

GOOD = "vier grüne Schafe"
BETTER = "fünf blaue Schafe"


@pytest.fixture
async def anna(people: People, access: Access) -> Person:
    invitation = await people.invite("Anna", Role.USER)
    return await access.accept_with_password(invitation.secret, GOOD)


async def test_name_and_password_let_in(access: Access, anna: Person) -> None:
    assert await access.by_password("anna ", GOOD) == anna
    assert await access.by_password("anna", BETTER) is None
    assert await access.by_password("bernd", GOOD) is None


async def test_who_has_no_password_does_not_get_in_with_any(people: People, access: Access) -> None:
    await people.invite("Anna", Role.USER)
    assert await access.by_password("anna", "") is None


async def test_an_invitation_is_used_once_and_a_bad_password_does_not_use_it(
    people: People, access: Access
) -> None:
    secret = (await people.invite("Anna", Role.USER)).secret
    with pytest.raises(Refused, match="at least 12"):
        await access.accept_with_password(secret, "short")
    await access.accept_with_password(secret, GOOD)
    with pytest.raises(Refused, match="was used"):
        await access.accept_with_password(secret, GOOD)


async def test_an_invitation_expires(people: People, access: Access, clock: FakeClock) -> None:
    secret = (await people.invite("Anna", Role.USER)).secret
    clock.advance(timedelta(days=7).total_seconds())
    with pytest.raises(Refused, match="has expired"):
        await access.invited(secret)
    with pytest.raises(Refused, match="has expired"):
        await access.accept_with_microsoft(secret, "tenant", "object")


async def test_a_microsoft_account_is_known_by_tenant_and_object(people: People, access: Access) -> None:
    secret = (await people.invite("Anna", Role.USER)).secret
    anna = await access.accept_with_microsoft(secret, "tenant", "object")
    assert await access.by_microsoft("tenant", "object") == anna
    assert await access.by_microsoft("tenant", "other") is None
    assert await access.by_microsoft("other", "object") is None
    second = (await people.invite("Bernd", Role.USER)).secret
    with pytest.raises(Refused, match="somebody else"):
        await access.accept_with_microsoft(second, "tenant", "object")


async def test_a_session_ends_when_nobody_uses_it(access: Access, anna: Person, clock: FakeClock) -> None:
    session = await access.begin_session(anna)
    for _ in range(3):
        clock.advance((IDLE - timedelta(minutes=1)).total_seconds())
        assert await access.by_session(session) == anna
    clock.advance((IDLE + timedelta(seconds=1)).total_seconds())
    assert await access.by_session(session) is None


async def test_what_goes_on_by_itself_does_not_prolong_a_session(
    access: Access, anna: Person, clock: FakeClock
) -> None:
    session = await access.begin_session(anna)
    clock.advance((IDLE - timedelta(minutes=1)).total_seconds())
    assert await access.by_session(session, used=False) == anna
    clock.advance(timedelta(minutes=2).total_seconds())
    assert await access.by_session(session, used=False) is None


async def test_a_session_ends_after_a_week_in_any_case(access: Access, anna: Person, clock: FakeClock) -> None:
    session, began = await access.begin_session(anna), clock.now()
    while clock.now() - began < LONGEST:
        assert await access.by_session(session) == anna
        clock.advance(timedelta(hours=11).total_seconds())
    assert await access.by_session(session) is None


async def test_every_sign_in_has_a_session_of_its_own(access: Access, anna: Person) -> None:
    first, second = await access.begin_session(anna), await access.begin_session(anna)
    assert first != second
    assert len(first) >= 43  # 256 bits
    await access.end_session(first)
    assert await access.by_session(first) is None
    assert await access.by_session(second) == anna
    assert await access.by_session("guessed") is None


async def test_a_new_password_needs_the_present_one_and_ends_other_sessions(access: Access, anna: Person) -> None:
    here, elsewhere = await access.begin_session(anna), await access.begin_session(anna)
    with pytest.raises(Refused, match="present password"):
        await access.change_password(anna, BETTER, BETTER, here)
    await access.change_password(anna, GOOD, BETTER, here)
    assert await access.by_session(here) is not None
    assert await access.by_session(elsewhere) is None
    assert await access.by_password("anna", GOOD) is None


async def test_an_api_token_is_shown_once_and_revoked(access: Access, anna: Person) -> None:
    token = await access.make_api_token(anna, "Skript")
    (kept,) = await access.api_tokens(anna)
    assert (kept.name, token.startswith("calsync_")) == ("Skript", True)
    assert await access.by_api_token(token) == anna
    await access.revoke_api_token(anna, kept.id)
    assert await access.by_api_token(token) is None
    with pytest.raises(Refused, match="1 to 64"):
        await access.make_api_token(anna, " ")


async def test_what_opens_something_is_not_in_the_store(
    people: People, access: Access, anna: Person, store: SqliteStore
) -> None:
    secrets = [
        (await people.invite("Bernd", Role.USER)).secret,
        await access.begin_session(anna),
        await access.make_api_token(anna, "Skript"),
        GOOD,
    ]
    dump = await store._reader.call(lambda database: "\n".join(raw(database).iterdump()))
    assert "Skript" in dump
    assert [secret for secret in secrets if secret in dump] == []


async def test_a_new_password_ends_api_tokens(people: People, access: Access, anna: Person) -> None:
    token = await access.make_api_token(anna, "Skript")
    await access.change_password(anna, GOOD, BETTER, await access.begin_session(anna))
    assert await access.by_api_token(token) is None
    token = await access.make_api_token(anna, "Skript")
    await access.accept_with_password((await people.invite("Anna")).secret, GOOD)
    assert await access.by_api_token(token) is None


async def test_nobody_has_more_api_tokens_than_are_kept_in_view(
    people: People, access: Access, anna: Person
) -> None:
    for number in range(MOST_TOKENS):
        await access.make_api_token(anna, f"Skript {number}")
    with pytest.raises(Refused, match="revoke one"):
        await access.make_api_token(anna, "one more")
    assert len(await access.api_tokens(anna)) == MOST_TOKENS
    await access.revoke_api_token(anna, (await access.api_tokens(anna))[0].id)
    await access.make_api_token(anna, "one more")
    bernd = await access.accept_with_password((await people.invite("Bernd")).secret, GOOD)
    await access.make_api_token(bernd, "Skript")


async def test_the_audit_tells_how_somebody_gets_in_from_now_on(
    people: People, access: Access, audit: Audit, anna: Person
) -> None:
    await access.make_api_token(anna, "Skript")
    (kept,) = await access.api_tokens(anna)
    await access.revoke_api_token(anna, kept.id)
    await access.revoke_api_token(anna, kept.id)  # it is none any more
    await access.change_password(anna, GOOD, BETTER, await access.begin_session(anna))
    await access.accept_with_microsoft((await people.invite("Anna")).secret, "tenant", "object")
    told = [(one.who, one.what, one.after) for one in reversed(await audit.last(OPERATOR, 9))]
    assert told == [
        ("operator", "person_invited", "Anna (user)"),
        ("Anna", "invitation_used", "password"),
        ("Anna", "token_made", "Skript"),
        ("Anna", "token_revoked", "Skript"),
        ("Anna", "password_changed", None),
        ("operator", "person_invited", "Anna (user)"),
        ("Anna", "invitation_used", "Microsoft tenant/object"),
    ]


async def test_a_wrong_password_is_warned_of_once_in_a_while_without_a_name(
    people: People, access: Access, anna: Person, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    await access.accept_with_password((await people.invite("Bernd")).secret, GOOD)

    async def warned(*names: str) -> list[str]:
        caplog.clear()
        for name in names:
            await access.by_password(name, "wrong")
        return [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]

    assert await warned("anna", "ANNA", "bernd", "eve", "mallory") == [
        f"a sign-in failed: wrong password for person {anna.id}",
        f"a sign-in failed: wrong password for person {anna.id + 1}",
        "a sign-in failed: nobody has this name",
    ]
    assert await warned("anna", "eve") == []
    assert await access.by_password("anna", GOOD) == anna
    clock.advance(PAUSE.total_seconds())
    assert len(await warned("anna", "anna", "eve")) == 2
    assert "mallory" not in caplog.text.lower()
