"""Inviting, listing and removing people."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.desk import Access, Audit, People, Refused
from calsync.people import OPERATOR, Role

if TYPE_CHECKING:
    from calsync.testing import FakeClock

GOOD = "vier grüne Schafe"


async def test_an_invitation_lets_one_person_in_within_seven_days(
    people: People, access: Access, clock: FakeClock
) -> None:
    invitation = await people.invite(" Anna ", Role.USER, ["anna"])
    assert invitation.until - clock.now() == timedelta(days=7)
    assert (await access.invited(invitation.secret)).name == "Anna"
    (member,) = await people.all()
    assert (member.person.name, member.accounts) == ("Anna", ("anna",))


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "An\u202ena", "An\nna"])
async def test_a_name_that_cannot_be_read_is_refused(people: People, name: str) -> None:
    with pytest.raises(Refused, match="1 to 64 characters"):
        await people.invite(name, Role.USER)


async def test_only_accounts_that_are_there_can_be_given(people: People) -> None:
    with pytest.raises(Refused, match="no account of this name"):
        await people.invite("Anna", Role.USER, ["anna", "clara"])
    assert await people.all() == []
    invitation = await people.invite("Anna", Role.USER)
    with pytest.raises(Refused, match="no account of this name"):
        await people.give("Anna", "clara")
    assert await people.accounts_of(invitation.person) == frozenset()


async def test_users_see_their_own_accounts_and_administrators_all(people: People) -> None:
    anna = (await people.invite("Anna", Role.USER, ["anna"])).person
    chef = (await people.invite("Chef", Role.ADMINISTRATOR)).person
    assert [await people.may_see(anna, each) for each in ("anna", "bernd", "clara")] == [True, False, False]
    assert await people.may_see(chef, "bernd")
    await people.take("anna", "anna")
    assert not await people.may_see(anna, "anna")


async def test_everybody_is_listed_with_their_accounts_and_accounts_with_their_owners(people: People) -> None:
    await people.invite("Bernd", Role.USER, ["bernd"])
    await people.invite("anna", Role.USER, ["anna", "bernd"])
    await people.invite("Chef", Role.ADMINISTRATOR)
    assert [(one.person.name, one.accounts) for one in await people.all()] == [
        ("anna", ("anna", "bernd")),
        ("Bernd", ("bernd",)),
        ("Chef", ()),
    ]
    assert await people.owners(["anna", "bernd", "clara"]) == {"anna": ["anna"], "bernd": ["anna", "Bernd"]}


async def test_nobody_removes_themselves_so_one_administrator_is_left(people: People) -> None:
    chef = (await people.invite("Chef", Role.ADMINISTRATOR)).person
    with pytest.raises(Refused, match="nobody removes themselves"):
        await people.remove("chef", by=chef)
    await people.remove("chef")
    assert await people.all() == []
    with pytest.raises(Refused, match="nobody of this name"):
        await people.remove("chef")


async def test_names_do_not_reach_the_log(people: People, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    await people.invite("Anna Canary", Role.USER)
    await people.remove("Anna Canary")
    assert "was invited as user" in caplog.text
    assert "Canary" not in caplog.text


async def test_who_is_invited_again_keeps_the_role_unless_another_one_is_named(people: People) -> None:
    await people.invite("Chef", Role.ADMINISTRATOR)
    await people.invite("Chefin", Role.ADMINISTRATOR)
    assert (await people.invite("CHEF")).person.administrator
    assert (await people.invite("Anna")).person.role is Role.USER
    assert not (await people.invite("Chef", Role.USER)).person.administrator
    assert (await people.invite("Anna", Role.ADMINISTRATOR)).person.administrator


async def test_nobody_changes_their_own_role(people: People) -> None:
    chef = (await people.invite("Chef", Role.ADMINISTRATOR)).person
    await people.invite("Chefin", Role.ADMINISTRATOR)
    with pytest.raises(Refused, match="nobody changes their own role"):
        await people.invite("chef", Role.USER, by=chef)
    assert (await people.named("Chef")).administrator
    assert (await people.invite("chef", Role.ADMINISTRATOR, by=chef)).person == chef


async def test_the_last_administrator_stays_one(people: People) -> None:
    await people.invite("Anna", Role.USER)
    first = await people.invite("Chef", Role.ADMINISTRATOR)
    with pytest.raises(Refused, match="last administrator"):
        await people.invite("Chef", Role.USER, ["anna"])
    assert (await people.named("Chef")).administrator
    assert await people.accounts_of(first.person) == frozenset()


async def test_the_audit_tells_whom_an_invitation_gave_which_accounts(people: People, audit: Audit) -> None:
    await people.invite("Anna", Role.USER, ["anna", "bernd"])
    told = [(one.what, one.account, one.after) for one in await audit.last(OPERATOR, 9)]
    assert told == [
        ("account_given", "bernd", "Anna"),
        ("account_given", "anna", "Anna"),
        ("person_invited", None, "Anna (user)"),
    ]
