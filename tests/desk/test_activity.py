"""What calsync did is told in plain sentences, with the systems' own names."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, get_args

import pytest

from calsync.desk import activity
from calsync.reasons import Language
from calsync.records import Selection
from calsync.sync.model import Side, Timed
from calsync.sync.plan import Kind
from calsync.testing.clock import START
from calsync.values import replace
from tests.desk.office import MEETING

if TYPE_CHECKING:
    from tests.desk.office import Office


async def told(office: Office, language: Language = "de", **wanted: object) -> list[str]:
    page = await office.showing.activity(office.boss, "anna", **wanted)  # type: ignore[arg-type] # as a test asks
    return [each.sentence(language) for each in page.rows]


async def test_a_copy_a_change_and_a_delete_are_told_newest_first(office: Office) -> None:
    event = office.left.user_create(MEETING)
    await office.run()
    office.left.user_edit(event, summary="Besichtigung Haus Schulz", description="Tor")
    await office.run()
    office.left.user_delete(event)
    await office.run(times=2)
    assert await told(office) == [
        "„Besichtigung Haus Schulz“ wurde in Outlook gelöscht, denn in FLOWFACT gibt es den Termin nicht mehr.",
        "„Besichtigung Haus Schulz“ wurde in Outlook an FLOWFACT angeglichen: Betreff, Notizen.",
        "„Besichtigung Haus Meyer“ wurde aus FLOWFACT nach Outlook übernommen.",
    ]
    assert await told(office, "en", kind=Kind.CREATE) == [
        "“Besichtigung Haus Meyer” was copied from FLOWFACT to Outlook."
    ]
    first = (await office.showing.activity(office.boss, "anna", kind=Kind.CREATE)).rows[0]
    assert (first.at, first.when) == (office.clock.now() - timedelta(minutes=3), MEETING.when)
    assert first.why("de") is None


async def test_what_was_replaced_is_shown_with_the_reason(office: Office) -> None:
    await office.edit_both()
    (last,) = (await office.showing.activity(office.boss, "anna", kind=Kind.UPDATE)).rows
    assert last.sentence("de") == "„rechts“ wurde in FLOWFACT an Outlook angeglichen: Betreff."
    assert last.before == {"summary": "links"}
    assert last.why("de") == (
        "Beide Seiten hatten dasselbe Feld geändert. Der Wert der anderen Seite gilt; der ersetzte Wert steht im "
        "Protokoll."
    )


async def test_a_changed_time_is_told_with_the_title_that_was_last_seen(office: Office) -> None:
    event = office.left.user_create(MEETING)
    await office.run()
    office.left.user_edit(event, when=Timed(START + timedelta(days=2), START + timedelta(days=2, hours=1)))
    await office.run()
    assert (await told(office))[0] == "„Besichtigung Haus Meyer“ wurde in Outlook an FLOWFACT angeglichen: Zeit."


async def test_what_was_done_to_an_event_that_is_gone_since_is_told_with_its_title(office: Office) -> None:
    event = office.left.user_create(MEETING)
    await office.run()
    office.left.user_edit(event, description="Tor klemmt")
    await office.run()
    office.left.user_delete(event)
    await office.run(times=2)
    update = "„Besichtigung Haus Meyer“ wurde in Outlook an FLOWFACT angeglichen: Notizen."
    assert await told(office, kind=Kind.UPDATE) == [update]
    office.left.user_create(replace(MEETING, summary="Übergabe"))  # whose link has the same number
    await office.run()
    assert await told(office, kind=Kind.UPDATE) == [update]


async def test_pages_follow_each_other_and_filters_keep_to_one_side(office: Office) -> None:
    for number in range(5):
        office.left.user_create(replace(MEETING, summary=f"Termin {number}"))
        await office.run()
    office.right.user_create(replace(MEETING, summary="von rechts"))
    await office.run()
    page = await office.showing.activity(office.boss, "anna", side=Side.RIGHT, most=2)
    assert [each.summary for each in page.rows] == ["Termin 4", "Termin 3"]
    page = await office.showing.activity(office.boss, "anna", side=Side.RIGHT, most=2, before=page.more)
    assert [each.summary for each in page.rows] == ["Termin 2", "Termin 1"]
    page = await office.showing.activity(office.boss, "anna", side=Side.RIGHT, most=2, before=page.more)
    assert ([each.summary for each in page.rows], page.more) == (["Termin 0"], None)
    assert await told(office, side=Side.LEFT) == ["„von rechts“ wurde aus Outlook nach FLOWFACT übernommen."]


async def test_a_title_is_cut_and_cannot_turn_the_sentence_around(office: Office) -> None:
    office.left.user_create(replace(MEETING, summary="A\u202eB" + "x" * 100))
    office.left.user_create(replace(MEETING, summary=""))
    await office.run()
    unnamed, long = sorted(await told(office))
    assert unnamed == "Ein Termin ohne Betreff wurde aus FLOWFACT nach Outlook übernommen."
    assert long.startswith("„ABxxx")
    assert "…“ wurde" in long
    assert len(long) < 150


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("kind", activity.KINDS)
def test_every_kind_has_its_sentence_in_both_languages(kind: str, language: Language) -> None:
    one = activity.Activity(
        number=1,
        at=START,
        run=1,
        kind=kind,
        reason="new",
        side=Side.RIGHT,
        source="FLOWFACT",
        target="Outlook",
        event_id=None,
        summary=None,
        when=None,
        before={},
        after={"summary": "x"},
    )
    sentence = one.sentence(language)
    assert sentence.startswith("Ein Termin " if language == "de" else "An event ")
    assert sentence.endswith(".")
    assert "{" not in sentence


async def test_what_was_undone_is_told_as_such(office: Office) -> None:
    event = office.left.user_create(MEETING)
    await office.run()
    office.left.user_edit(event, summary="Notar")
    await office.run()
    await undone(office, 2)
    (last, _) = (await office.showing.activity(office.boss, "anna", kind=Kind.UPDATE)).rows
    assert last.sentence("de") == "„Besichtigung Haus Meyer“ hat in Outlook seine früheren Werte zurück: Betreff."
    assert last.sentence("en") == "“Besichtigung Haus Meyer” has its former values back in Outlook: title."


async def test_a_copy_that_was_undone_and_came_back_was_deleted_because_somebody_wanted_that(
    office: Office,
) -> None:
    office.left.user_create(MEETING)
    await office.run()
    await undone(office, 1)
    (last,) = (await office.showing.activity(office.boss, "anna", kind=Kind.DELETE)).rows
    assert last.sentence("de") == (
        "„Besichtigung Haus Meyer“ wurde in Outlook gelöscht, weil jemand das so wollte."
    )
    await undone(office, last.run)
    (unlinked,) = (await office.showing.activity(office.boss, "anna", kind=Kind.UNLINK)).rows
    assert unlinked.sentence("de") == "„Besichtigung Haus Meyer“ gilt in FLOWFACT wieder als neuer Termin."
    assert unlinked.why("de") is None  # it does not stay as it is


async def test_what_is_created_anew_is_not_said_to_be_copied(office: Office) -> None:
    event = office.left.user_create(MEETING)
    office.left.user_create(replace(MEETING, summary="anderer"))
    await office.run()
    office.left.user_delete(event)
    await office.run(times=2)
    (gone,) = (await office.showing.activity(office.boss, "anna", kind=Kind.DELETE)).rows
    await undone(office, gone.run)
    assert (await told(office, kind=Kind.CREATE))[0] == (
        "„Besichtigung Haus Meyer“ wurde in Outlook wieder angelegt."
    )


async def test_a_copy_that_went_with_its_account_is_told_as_such(office: Office) -> None:
    office.left.user_create(MEETING)
    await office.run()
    seen = await office.leave("anna", Side.RIGHT, "Chefin", None)
    await office.leave("anna", Side.RIGHT, "Chefin", seen.hash)
    assert (await told(office, kind=Kind.DELETE)) == [
        "„Besichtigung Haus Meyer“ wurde in Outlook gelöscht, weil jemand das so wollte."
    ]


async def undone(office: Office, run: int) -> None:
    """Undo all that a run wrote."""
    selection = Selection(run=run)
    shown = await office.undo("anna", selection, None)
    assert (await office.undo("anna", selection, shown.plan.hash)).problem is None
