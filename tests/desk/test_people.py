"""Inviting, listing and removing people."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.desk import Access, People, Refused
from calsync.people import Role

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
