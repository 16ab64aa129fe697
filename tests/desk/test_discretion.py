"""What is private is shown to whom the account belongs to; an administrator sees when it is, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.desk.discretion import MASK
from calsync.desk.planned import planned
from calsync.errors import EventError
from calsync.people import Role
from calsync.sync.model import Side, Timed
from calsync.testing.clock import START
from calsync.values import replace
from tests.desk.office import MEETING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from calsync.people import Person
    from tests.desk.office import Office

DENTIST = replace(MEETING, summary="Zahnarzt", description="Wurzelbehandlung", private=True)
LATER = Timed(START + timedelta(days=3), START + timedelta(days=3, hours=1))
TOLD = ("Zahnarzt", "Wurzelbehandlung")


async def everything(office: Office, person: Person) -> str:
    """Return all that somebody is told of anna's events, as one text."""
    showing = office.showing
    parts = [
        await showing.pairs(person, "anna"),
        await showing.activity(person, "anna"),
        await showing.left_out(person, "anna"),
        await showing.holds(person, "anna"),
    ]
    return repr(parts)


async def synced(office: Office) -> None:
    office.left.user_create(DENTIST)
    await office.run()


async def changed(office: Office) -> None:
    await synced(office)
    (event,) = office.left.events()
    office.left.user_edit(event, description="Wurzelbehandlung, zweiter Teil", when=LATER)
    await office.run()


async def left_out(office: Office) -> None:
    office.left.user_create(replace(DENTIST, series=True))
    await office.run()


async def refused(office: Office) -> None:
    office.right.faults.add("create", lambda: EventError("too long"))
    office.left.user_create(DENTIST)
    await office.run()


async def blocked(office: Office) -> None:
    await synced(office)
    (event,), (copy,) = office.left.events(), office.right.events()
    office.right.user_edit(copy, attendee_count=2)
    office.left.user_edit(event, summary="Zahnarzt, später")
    await office.run()


async def undecided(office: Office) -> None:
    office.accounts["anna"] = replace(office.accounts["anna"], policy="hold")
    await synced(office)
    (event,), (copy,) = office.left.events(), office.right.events()
    office.left.user_edit(event, summary="Zahnarzt links")
    office.right.user_edit(copy, summary="Zahnarzt rechts")
    await office.run()


async def deleted(office: Office) -> None:
    await synced(office)
    (event,) = office.left.events()
    office.left.user_delete(event)
    await office.run(times=3)


@pytest.mark.parametrize("happens", [synced, changed, left_out, refused, blocked, undecided, deleted])
async def test_an_administrator_is_not_told_what_it_is(
    office: Office, happens: Callable[[Office], Awaitable[None]]
) -> None:
    anna = await office.user("Anna", "anna")
    chef = (await office.people.invite("Chef", Role.ADMINISTRATOR)).person
    await happens(office)
    for person, told in ((anna, True), (office.boss, True), (chef, False)):
        text = await everything(office, person)
        assert ("Zahnarzt" in text) is told, person.name
        assert not any(word in text for word in TOLD) or told


async def test_an_administrator_is_told_when_it_is_on_both_sides(office: Office) -> None:
    chef = (await office.people.invite("Chef", Role.ADMINISTRATOR)).person
    office.left.user_create(replace(DENTIST, attendee_count=1))
    await office.run()
    (copy,) = office.right.events()
    office.right.user_edit(copy, private=False)  # a system that does not know what is private
    await office.run()
    (pair,) = (await office.showing.pairs(chef, "anna")).rows
    for shown in pair.sides.values():
        assert shown is not None
        assert (shown.summary, shown.description, shown.when) == (MASK, "", DENTIST.when)
    assert pair.differing == ()


async def test_an_administrator_sees_the_own_private_events(office: Office) -> None:
    chef = (await office.people.invite("Chef", Role.ADMINISTRATOR, ["anna"])).person
    await synced(office)
    assert "Wurzelbehandlung" in await everything(office, chef)


async def test_an_administrator_is_told_all_that_is_not_private(office: Office) -> None:
    chef = (await office.people.invite("Chef", Role.ADMINISTRATOR)).person
    office.left.user_create(MEETING)
    office.left.user_create(replace(MEETING, summary="Jour fixe", series=True))
    await office.run()
    text = await everything(office, chef)
    assert all(word in text for word in (MEETING.summary, MEETING.description, "Jour fixe"))


async def test_what_nobody_knows_any_more_is_taken_for_private(office: Office) -> None:
    chef = (await office.people.invite("Chef", Role.ADMINISTRATOR)).person
    await deleted(office)
    rows = (await office.showing.activity(chef, "anna")).rows
    assert [row.kind for row in rows] == ["delete", "create"]
    assert {row.sentence("en").partition(" was ")[0] for row in rows} == {"An event"}
    assert rows[-1].when == DENTIST.when


async def test_a_plan_tells_others_what_is_written_and_not_what_it_is(office: Office) -> None:
    office.left.user_create(DENTIST)
    office.left.user_create(replace(MEETING, when=LATER))
    plan = planned(await office.plan("anna"))
    assert sorted(one.summary for one in plan.writes) == [MEETING.summary, "Zahnarzt"]
    discreet = plan.discreet()
    assert sorted(one.summary for one in discreet.writes) == [MEETING.summary, MASK]
    assert (discreet.hash, discreet.counts) == (plan.hash, plan.counts)


async def test_a_plan_knows_from_before_that_what_was_deleted_was_private(office: Office) -> None:
    await synced(office)
    (event,), (copy,) = office.left.events(), office.right.events()
    office.right.user_edit(copy, private=False)
    await office.run()
    office.left.user_delete(event)
    await office.plan("anna")
    (write,) = planned(await office.plan("anna")).discreet().writes
    assert (write.kind.value, write.side, write.summary) == ("delete", Side.RIGHT, MASK)
