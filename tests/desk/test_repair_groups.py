"""What many accounts have in common is told once, and each of them stays to be found."""

from __future__ import annotations

from calsync.desk.repair_groups import grouped
from calsync.desk.repairs import Cause, Repair
from calsync.testing.clock import START


def bad(account: str, reason: str | None = None) -> Repair:
    return Repair(cause=Cause.ACCOUNT, account=account, accounts=1, events=2, reason=reason, detail=f"{account}!")


def test_many_alike_are_one_group_at_the_place_of_the_first() -> None:
    other = Repair(cause=Cause.SIGN_IN, connection="mail", accounts=9)
    many = [bad(f"a{n}") for n in range(300)]
    first, group = grouped([other, *many])
    assert (first.lead, first.cards) == (other, [other])
    assert (group.lead.account, group.lead.accounts, group.lead.events) == (None, 300, 600)
    assert group.cards == many
    assert group.lead.detail is None


def test_two_alike_stand_one_by_one_and_another_reason_is_another_group() -> None:
    cards = [bad("a"), bad("b"), bad("c", "x"), bad("d", "x"), bad("e", "x")]
    assert [len(one.cards) for one in grouped(cards)] == [1, 1, 3]


def test_it_began_with_the_first_of_them() -> None:
    cards = [Repair(cause=Cause.ACCOUNT, account=name, since=since) for name, since in (("a", None), ("b", START))]
    (group,) = grouped([*cards, Repair(cause=Cause.ACCOUNT, account="c")])
    assert group.lead.since == START
