"""Before somebody confirms, it is said what would be written, and what stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.desk.planned import MOST, planned
from calsync.sync.model import Direction, Side
from calsync.sync.plan import Kind
from calsync.values import replace
from calsync_rules.private_mask import PrivateMask
from tests.desk.office import MEETING

if TYPE_CHECKING:
    from tests.desk.office import Office

TITLES = {Side.LEFT: "FLOWFACT", Side.RIGHT: "Outlook"}


async def test_what_waits_for_a_confirmation_is_told_as_a_write(office: Office) -> None:
    office.accounts["anna"] = replace(office.accounts["anna"], direction=Direction.LEFT_TO_RIGHT)
    await office.run()
    office.right.user_create(MEETING)
    office.right.user_create(replace(MEETING, summary="Jour fixe", series=True))
    await office.store.settings.set_direction("anna", Direction.BOTH, "Petra", office.clock.now())
    await office.run()
    report = await office.plan("anna")
    found = planned(report)
    assert (found.hash, found.waits) == (report.plan.hash, True)
    assert found.counts == {(Kind.CREATE, Side.LEFT): 1}
    (write,) = found.writes
    assert write.when == MEETING.when
    assert write.sentence(TITLES, "en") == f"“{MEETING.summary}” is created in FLOWFACT."
    assert write.sentence(TITLES, "de") == f"„{MEETING.summary}“ wird in FLOWFACT angelegt."
    assert found.others == {"series": 1}


async def test_updates_and_deletes_are_told_as_well(office: Office) -> None:
    first, second = (office.left.user_create(replace(MEETING, summary=name)) for name in ("eins", "zwei"))
    await office.run()
    office.left.user_edit(first, summary="eins B", description="neu")
    office.left.user_delete(second)
    await office.plan("anna")
    found = planned(await office.plan("anna"))  # a delete is proven by the look behind the one that missed it
    assert not found.waits
    assert sorted(one.sentence(TITLES, "de") for one in found.writes) == [
        "„eins B“ wird in Outlook geändert: Betreff, Notizen.",
        "„zwei“ wird in Outlook gelöscht.",
    ]


async def test_of_each_write_it_is_told_what_becomes_of_each_field_and_why(office: Office) -> None:
    office.rules = [*office.rules, PrivateMask("Privat")]
    edited = office.left.user_create(replace(MEETING, summary="eins", description="alt"))
    await office.run()
    office.left.user_edit(edited, description="neu")
    office.left.user_create(replace(MEETING, summary="Zahnarzt", private=True))
    found = planned(await office.plan("anna"))
    update, create = sorted(found.writes, key=lambda one: one.kind is Kind.CREATE)
    assert [(one.field, one.old, one.new, one.rule) for one in update.changes] == [
        ("description", "alt", "neu", None)
    ]
    assert (update.reason, update.why("en")) == ("changed", "It was changed on the other side.")
    assert [(one.field, one.old, one.new, one.rule) for one in create.changes] == [
        ("summary", None, "Privat", "private_mask"),
        ("when", None, MEETING.when, None),
        ("description", None, "", "private_mask"),
    ]


async def test_others_than_the_owner_see_no_text_of_what_is_private(office: Office) -> None:
    office.rules = [*office.rules, PrivateMask("Privat")]
    edited = office.left.user_create(replace(MEETING, summary="Zahnarzt", description="Dr. Weh"))
    await office.run()
    office.left.user_edit(edited, private=True)
    (own,) = planned(await office.plan("anna")).writes
    assert [(one.field, one.old, one.new) for one in own.changes] == [
        ("summary", "Zahnarzt", "Privat"),
        ("description", "Dr. Weh", ""),
    ]
    (theirs,) = planned(await office.plan("anna")).discreet().writes
    assert [(one.field, one.old, one.new) for one in theirs.changes] == [
        ("summary", "Privat", "Privat"),
        ("description", "", ""),
    ]


async def test_of_a_long_plan_the_first_writes_are_shown_and_all_are_counted(office: Office) -> None:
    for number in range(MOST + 5):
        office.left.user_create(replace(MEETING, summary=f"Termin {number}"))
    found = planned(await office.plan("anna"))
    assert (len(found.writes), found.counts) == (MOST, {(Kind.CREATE, Side.RIGHT): MOST + 5})


async def test_what_a_guard_keeps_back_names_the_rule(office: Office) -> None:
    edited = office.left.user_create(MEETING)
    await office.run()
    (copy,) = office.right.events()
    office.right.user_edit(copy, attendee_count=2)
    office.left.user_edit(edited, summary="verlegt")
    found = planned(await office.plan("anna"))
    assert [(one.reason, one.rule) for one in found.left_alone] == [("has_attendees", "attendee_stripping")]
