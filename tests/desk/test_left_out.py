"""For every event that is not synced: why, since when, and how many there are of its kind (I12)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, get_args

import pytest

from calsync.desk.left_out import How, LeftOut
from calsync.errors import EventError
from calsync.reasons import Language
from calsync.sync.model import AllDay, Side
from calsync.testing.clock import START
from calsync.values import replace
from tests.desk.office import MEETING

if TYPE_CHECKING:
    from tests.desk.office import Office


async def test_what_takes_no_part_is_listed_with_its_reason(office: Office) -> None:
    office.left.user_create(replace(MEETING, summary="Jour fixe", series=True))
    far = (START + timedelta(days=800)).date()
    office.right.user_create(replace(MEETING, summary="Messe", when=AllDay(far, far + timedelta(days=1))))
    await office.run()
    page = await office.showing.left_out(office.boss, "anna")
    assert dict(page.counts) == {(How.SKIPPED, "series"): 1}
    (series,) = page.rows
    assert (series.summary, series.side, series.system, series.since) == (
        "Jour fixe",
        Side.LEFT,
        "FLOWFACT",
        office.clock.now(),
    )
    assert series.sentence("de") == (
        "„Jour fixe“ wird nicht synchronisiert. Der Termin gehört zu einer Serie, und Serien werden nicht "
        "synchronisiert. Tragen Sie bei Bedarf bitte einzelne Termine ein."
    )


async def test_what_needs_a_person_comes_first_and_can_be_looked_at_alone(office: Office) -> None:
    busy = office.left.user_create(MEETING)
    parted = office.left.user_create(replace(MEETING, summary="Notar"))
    await office.run()
    copies = {event.summary: each for each, event in office.right.events().items()}
    office.right.user_edit(copies["Besichtigung Haus Meyer"], attendee_count=2)
    office.left.user_edit(busy, summary="Besichtigung 2")
    office.left.user_edit(parted, series=True)
    office.left.user_create(replace(MEETING, summary="Jour fixe", series=True))
    office.right.faults.add("create", lambda: EventError("too long"))
    office.left.user_create(replace(MEETING, summary="sehr lang"))
    await office.run(times=2)
    page = await office.showing.left_out(office.boss, "anna")
    assert [one.rule for one in page.rows] == ["attendee_stripping", None, None, None]
    assert [(one.how, one.summary) for one in page.rows] == [
        (How.BLOCKED, "Besichtigung Haus Meyer"),
        (How.FAILED, "sehr lang"),
        (How.SKIPPED, "Jour fixe"),
        (How.ASLEEP, "Notar"),
    ]
    assert dict(page.counts) == {
        (How.BLOCKED, "has_attendees"): 1,
        (How.FAILED, "refused"): 1,
        (How.SKIPPED, "series"): 1,
        (How.ASLEEP, "series"): 1,
    }
    failed = page.rows[1]
    assert (failed.side, failed.system) == (Side.LEFT, "FLOWFACT")  # where it stands: it has no copy yet
    alone = await office.showing.left_out(office.boss, "anna", how=How.ASLEEP)
    assert ([one.summary for one in alone.rows], alone.total, len(alone.counts)) == (["Notar"], 1, 4)


async def test_what_waits_for_a_person_is_listed_as_held(office: Office) -> None:
    for number in range(7):
        office.left.user_create(replace(MEETING, summary=f"Termin {number}"))
    await office.run()
    for event in [*office.left.events()]:
        office.left.user_delete(event)
    await office.run(times=3)
    page = await office.showing.left_out(office.boss, "anna", most=3)
    assert dict(page.counts) == {(How.HELD, "brake_deletes"): 7}
    assert (len(page.rows), page.total) == (3, 7)
    assert {one.system for one in page.rows} == {"Outlook"}
    rest = await office.showing.left_out(office.boss, "anna", offset=3, most=10)
    assert len({one.event_id for one in (*page.rows, *rest.rows)}) == 7


async def test_what_is_synced_again_is_not_listed_any_more(office: Office) -> None:
    series = office.left.user_create(replace(MEETING, series=True))
    await office.run()
    office.left.user_edit(series, series=False)
    await office.run()
    assert (await office.showing.left_out(office.boss, "anna")).rows == []


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("how", How)
def test_each_way_has_its_sentence_in_both_languages(how: How, language: Language) -> None:
    one = LeftOut(
        how=how,
        reason="window",
        side=Side.LEFT,
        system="FLOWFACT",
        event_id="1",
        summary="Notar",
        when=None,
        since=None,
    )
    sentence = one.sentence(language)
    assert sentence.startswith("„Notar“ " if language == "de" else "“Notar” ")
    assert "{" not in sentence
