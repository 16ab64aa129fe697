"""For every appointment: why it is, or is not, in the other calendar, by which rule, and when (I12)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, get_args

import pytest

from calsync.desk.refused import Refused
from calsync.errors import EventError
from calsync.people import Role
from calsync.reasons import Language
from calsync.records import Selection
from calsync.sync.choices import Choice
from calsync.sync.model import Direction, Side, Timed
from calsync.testing.clock import START
from calsync.values import replace
from calsync_rules.attendee_stripping import AttendeeStripping
from calsync_rules.private_mask import PrivateMask
from calsync_rules.reminder_once import ReminderOnce
from calsync_rules.series_skip import SeriesSkip
from tests.desk.office import BERLIN, MEETING

if TYPE_CHECKING:
    from calsync.desk.explain import Explanation
    from calsync.people import Person
    from tests.desk.office import Office

LEFT, RIGHT = Side.LEFT, Side.RIGHT


async def explained(office: Office, event_id: str, side: Side = LEFT, person: Person | None = None) -> Explanation:
    found = await office.explaining.explain(person or office.boss, "anna", side, event_id)
    assert found is not None
    for language in get_args(Language):  # whatever is told can be told in both languages
        assert found.sentence(language)
        told = [step.sentence(language, BERLIN) for step in found.steps]
        told += [sentence for one in found.rules for sentence in one.sentences(language)]
        assert all(told)
        assert "{" not in "".join([found.sentence(language), *found.notes(language), *told])
    return found


def told(found: Explanation) -> list[str]:
    return [step.sentence("de", BERLIN) for step in found.steps]


async def test_a_copy_says_where_it_came_from_and_when(office: Office) -> None:
    left = office.left.user_create(MEETING)
    await office.run()
    found = await explained(office, left)
    assert found.sentence("de") == (
        "„Besichtigung Haus Meyer“ steht in FLOWFACT und in Outlook: calsync hat den Termin am 02.03.2026 um "
        "09:01 aus FLOWFACT nach Outlook übernommen."
    )
    assert found.notes("de") == []
    steps = told(found)
    assert steps.index("In FLOWFACT wurde der Termin zum ersten Mal gelesen.") < steps.index(
        "„Besichtigung Haus Meyer“ wurde aus FLOWFACT nach Outlook übernommen."
    )
    assert [step.at for step in found.steps] == sorted(step.at for step in found.steps if step.at is not None)
    assert steps[-1].startswith("Was calsync nach Outlook geschrieben hat, wurde zurückgelesen")
    assert "In Outlook wurde der Termin zum ersten Mal gelesen." not in steps
    (right,) = office.right.events()
    assert (await explained(office, right, RIGHT)).sentence("de") == found.sentence("de")


async def test_what_both_sides_had_says_so_and_in_what_it_differs(office: Office) -> None:
    left = office.left.user_create(MEETING)
    office.right.user_create(replace(MEETING, description="andere Notiz"))
    await office.run()
    found = await explained(office, left)
    assert "Beide hatten den Termin schon vor calsync" in found.sentence("de")
    assert found.notes("de") == [
        "Beide unterscheiden sich in: Notizen. Das bleibt so, bis jemand einen der beiden ändert."
    ]


async def test_an_edit_that_is_still_to_be_carried_over_is_told(office: Office) -> None:
    left = office.left.user_create(MEETING)
    await office.run()
    office.left.user_edit(left, summary="Notar")
    await office.plan("anna")  # it reads, and writes nothing
    found = await explained(office, left)
    assert found.notes("de") == [
        "Beide unterscheiden sich in: Betreff. Einer davon wurde geändert; der nächste Lauf überträgt das."
    ]


async def test_of_a_pair_whose_one_event_is_gone_the_other_is_not_said_to_be_copied(office: Office) -> None:
    left = office.left.user_create(MEETING)
    office.left.user_create(replace(MEETING, summary="anderer"))
    await office.run()
    office.left.user_delete(left)
    await office.plan("anna")
    found = await explained(office, left)
    assert found.sentence("de").endswith(
        "steht in Outlook, aber nicht in FLOWFACT: Dort wurde der Termin gelöscht."
    )


async def test_a_rule_that_keeps_an_event_out_is_named(office: Office) -> None:
    left = office.left.user_create(replace(MEETING, series=True))
    await office.run()
    found = await explained(office, left)
    assert found.sentence("en") == (
        "“Besichtigung Haus Meyer” is in FLOWFACT, but not in Outlook: It belongs to a series, and series are not "
        "synced. Where it matters, enter single appointments."
    )
    (series, stripping) = found.rules
    assert (series.opinion.rule, series.opinion.refuses) == ("series_skip", "series")
    assert stripping.opinion.silent


async def test_what_each_rule_alters_is_told(office: Office) -> None:
    office.rules = (SeriesSkip(), PrivateMask("Privat"), ReminderOnce(15))
    left = office.left.user_create(replace(MEETING, private=True))
    await office.run()
    found = await explained(office, left)
    mine = {one.opinion.rule: one.opinion for one in found.rules if one.side is LEFT}
    assert mine["private_mask"].fields == ("summary", "description")
    assert mine["reminder_once"].reminder == 15
    assert "Die Kopie eines privaten Termins zeigt nur, dass die Zeit belegt ist." in found.notes("de")


async def test_a_block_names_the_rule_that_gives_it_and_what_to_do(office: Office) -> None:
    left = office.left.user_create(MEETING)
    await office.run()
    (right,) = office.right.events()
    office.right.user_edit(right, attendee_count=2)
    office.left.user_edit(left, summary="geändert")
    await office.run()
    found = await explained(office, left)
    assert "eine Änderung wird nicht übertragen: Der Termin hat in Outlook Teilnehmer" in found.sentence("de")
    blocks = {(one.side, one.opinion.rule): one.opinion.blocks for one in found.rules}
    assert blocks[RIGHT, "attendee_stripping"] == "has_attendees"
    assert blocks[LEFT, "attendee_stripping"] is None
    (since,) = [line for line in told(found) if line.startswith("Seither wird er nicht geändert")]
    assert since.endswith("(attendee_stripping)")


async def test_a_rule_that_raises_is_told_and_no_other_one_for_it(office: Office) -> None:
    class Broken(SeriesSkip):
        name = "broken"

        def admit(self, event: object) -> str | None:
            raise ZeroDivisionError

    left = office.left.user_create(MEETING)
    office.rules = (Broken(), AttendeeStripping())
    await office.run()
    found = await explained(office, left)
    assert [one.opinion.failed for one in found.rules] == ["rule_failed:broken", None]
    assert "Die Regel broken ist gescheitert" in found.sentence("de")


async def test_what_waits_for_a_person_says_so_and_then_what_was_decided(office: Office) -> None:
    office.accounts["anna"] = replace(office.accounts["anna"], policy="hold")
    left = office.left.user_create(MEETING)
    await office.run()
    (right,) = office.right.events()
    office.left.user_edit(left, summary="links")
    office.right.user_edit(right, summary="rechts")
    await office.run()
    found = await explained(office, left)
    assert "calsync wartet auf eine Entscheidung: Beide Seiten haben dasselbe Feld geändert" in found.sentence(
        "de"
    )
    await office.decide(Choice.LEFT)
    found = await explained(office, left)
    assert "jemand hat darüber entschieden" in found.sentence("de")
    assert any(
        "Jemand hat entschieden: Was in FLOWFACT steht, wird in Outlook eingetragen" in one for one in told(found)
    )


async def test_a_refused_write_is_told_with_its_next_try(office: Office) -> None:
    office.right.faults.add("create", lambda: EventError("too long"))
    left = office.left.user_create(MEETING)
    await office.run()
    found = await explained(office, left)
    assert "aber nicht in Outlook, und eine Übertragung gelang noch nicht" in found.sentence("de")
    assert any("ist 1-mal hintereinander gescheitert" in line for line in told(found))


async def test_what_was_deleted_is_told_long_after_it_is_gone(office: Office) -> None:
    left = office.left.user_create(MEETING)
    office.left.user_create(replace(MEETING, summary="anderer"))
    await office.run()
    right = next(each for each, event in office.right.events().items() if event.summary == MEETING.summary)
    office.left.user_delete(left)
    await office.run(times=3)
    assert right not in office.right.events()
    for event, side in ((right, RIGHT), (left, LEFT)):
        (hit,) = (await office.explaining.find(office.boss, "anna", event)).rows
        assert (hit.side, hit.event_id) == (side, event)
    found = await explained(office, right, RIGHT)
    assert found.sentence("de").startswith(
        "„Besichtigung Haus Meyer“ ist weder in FLOWFACT noch in Outlook noch da: calsync hat den Termin am 02.03."
    )
    assert "weil es ihn in FLOWFACT nicht mehr gab" in found.sentence("de")


@pytest.mark.parametrize(
    ("off", "told_as"),
    [(False, "übernimmt ihn im nächsten Lauf"), (True, "Dieses Konto ist ausgeschaltet")],
)
async def test_what_was_read_and_not_copied_yet_says_what_it_waits_for(
    office: Office, off: bool, told_as: str
) -> None:
    await office.run()
    left = office.left.user_create(MEETING)
    await office.plan("anna")  # it reads, and writes nothing
    if off:
        await office.steering.switch(office.boss, "anna", on=False)
    assert told_as in (await explained(office, left)).sentence("de")


async def test_an_event_that_may_be_gone_says_that_this_is_not_sure(office: Office) -> None:
    left = office.left.user_create(MEETING)
    await office.run()
    office.left.user_purge(left)
    office.left.drop_tokens()
    await office.run()
    found = await explained(office, left)
    assert any("Vielleicht gibt es den Termin" in line or "sicher" in line for line in told(found))


async def test_in_an_account_of_one_direction_the_target_is_told(office: Office) -> None:
    office.accounts["anna"] = replace(office.accounts["anna"], direction=Direction.LEFT_TO_RIGHT)
    right = office.right.user_create(MEETING)
    await office.run()
    found = await explained(office, right, RIGHT)
    assert "aber nicht in FLOWFACT: Dieses Konto synchronisiert nur in eine Richtung" in found.sentence("de")


async def test_words_of_a_subject_find_one_of_each_pair(office: Office) -> None:
    office.left.user_create(replace(MEETING, summary="Besichtigung Größe 5"))
    office.left.user_create(replace(MEETING, summary="Notar", when=_later(1)))
    office.right.user_create(replace(MEETING, summary="Notar zwei", when=_later(2)))
    await office.run()
    hits = await office.explaining.find(office.boss, "anna", "GRÖSSE besicht")
    assert [hit.summary for hit in hits.rows] == ["Besichtigung Größe 5"]
    assert (await office.explaining.find(office.boss, "anna", "notar")).total == 2
    assert (await office.explaining.find(office.boss, "anna", "Zahnarzt")).rows == []
    assert (await office.explaining.find(office.boss, "anna", "  ")).rows == []


def _later(days: int) -> Timed:
    start = START + timedelta(days=days + 1)
    return Timed(start, start + timedelta(hours=1))


async def test_an_unknown_event_is_no_life(office: Office) -> None:
    await office.run()
    assert await office.explaining.explain(office.boss, "anna", LEFT, "nobody") is None


async def test_of_another_ones_account_nothing_is_told(office: Office) -> None:
    left = office.left.user_create(MEETING)
    await office.run()
    bernd = await office.user("bernd", "bernd")
    with pytest.raises(Refused, match="no account"):
        await office.explaining.explain(bernd, "anna", LEFT, left)
    with pytest.raises(Refused, match="no account"):
        await office.explaining.find(bernd, "anna", "Besichtigung")


async def test_what_is_private_is_told_to_its_owner_alone(office: Office) -> None:
    office.rules = (SeriesSkip(), PrivateMask("Privat"), ReminderOnce(15))
    secret = replace(MEETING, summary="Zahnarzt", description="Wurzel", private=True)
    left = office.left.user_create(secret)
    await office.run()
    office.left.user_edit(left, summary="Zahnarzt Dr. Weh")
    await office.run()
    boss = (await office.people.invite("chef", Role.ADMINISTRATOR, ())).person
    anna = await office.user("anna.muster", "anna")
    assert "Zahnarzt Dr. Weh" in (await explained(office, left, person=anna)).sentence("de")
    found = await explained(office, left, person=boss)
    everything = [
        found.sentence("de"),
        *told(found),
        str(found.pair),
        str([step.activity for step in found.steps]),
    ]
    assert found.sentence("de").startswith("„Privat“")
    assert not any("Zahnarzt" in text or "Wurzel" in text for text in everything)
    assert (await office.explaining.find(boss, "anna", "zahnarzt")).rows == []
    (hit,) = (await office.explaining.find(boss, "anna", "privat")).rows
    assert hit.summary == "Privat"
    assert [hit.summary for hit in (await office.explaining.find(anna, "anna", "zahnarzt")).rows] == [
        "Zahnarzt Dr. Weh"
    ]


async def test_what_was_undone_is_not_said_to_be_missing_on_the_other_side(office: Office) -> None:
    left = office.left.user_create(MEETING)
    await office.run()
    await undone(office)
    found = await explained(office, left)
    assert "„Besichtigung Haus Meyer“ wurde in Outlook gelöscht, weil jemand das so wollte." in "".join(
        told(found)
    )
    office.left.user_delete(left)
    await office.run(times=2)
    assert (await explained(office, left)).sentence("de") == (
        "„Besichtigung Haus Meyer“ ist weder in FLOWFACT noch in Outlook noch da: calsync hat den Termin am "
        "02.03.2026 um 09:01 in Outlook gelöscht, weil jemand das so wollte; in FLOWFACT gibt es ihn auch nicht "
        "mehr."
    )


@pytest.mark.parametrize("remove", [None, RIGHT])
async def test_of_what_was_forgotten_nobody_says_that_it_is_gone(office: Office, remove: Side | None) -> None:
    left = office.left.user_create(MEETING)
    await office.run()
    seen = await office.leave("anna", remove, "Chefin", None)
    await office.leave("anna", remove, "Chefin", seen.hash)
    found = await explained(office, left)
    assert found.sentence("de") == (
        "Wo „Besichtigung Haus Meyer“ jetzt steht, weiß calsync nicht mehr: Das Konto hat calsync verlassen."
    )
    assert found.sentence("en") == (
        "calsync does not know any more where “Besichtigung Haus Meyer” is: the account has left calsync."
    )


async def undone(office: Office) -> None:
    """Undo all that the first run wrote."""
    selection = Selection(run=1)
    shown = await office.undo("anna", selection, None)
    assert (await office.undo("anna", selection, shown.plan.hash)).problem is None
