"""Each write is judged by the event that it belongs to, under whatever id that one is known by now."""

from __future__ import annotations

from contextvars import copy_context
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from calsync.engine import Report
from calsync.errors import Retry
from calsync.ports import may_change
from calsync.sync.model import Draft, Event, Side, Timed
from calsync.testing.clock import START
from calsync.testing.rows import Place
from calsync.values import replace
from tests.simulation.database import Left
from tests.simulation.errand import UNDOING
from tests.simulation.pair import MAKING, TAKEN
from tests.simulation.rules import CALL, VIEWING, OptionalRules

if TYPE_CHECKING:
    from tests.simulation.pair import Pair

LEFT, RIGHT = Side.LEFT, Side.RIGHT
MEETING = Event(summary="Termin 1 mit Text", when=Timed(START, START + timedelta(hours=1)), private=True)
MASK = Event(summary="Privat", when=MEETING.when)
LATER = Timed(START + timedelta(days=1), START + timedelta(days=1, hours=1))


def _copied_by_calsync(
    pair: Pair, side: Side, source: str, event: Event, *, lost: bool = False, marker: str | None = None
) -> str:
    """Have calsync copy what it was told to a side, and link it, unless its answer is lost, and return its id."""
    pair.calendars[side.other].told.add(pair.calendars[side.other].rows.rows[source].revision)
    made = copy_context()
    made.run(MAKING.set, f"v1:anna:1:{sha256(source.encode()).hexdigest()[:16]}")
    copy = made.run(pair.calendars[side].rows.add, event, by_us=True, marker=marker, reminder_minutes=15).id
    left, right = (source, copy) if side is RIGHT else (copy, source)
    links = [] if lost else [(left, right)]
    behind = Left(links=links, seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=[])
    pair.witness.look(behind)
    pair.backwards.look(behind)
    return copy


def _moves(pair: Pair, side: Side, event_id: str) -> str:
    """Have a user move an event where its server gives it a new id."""
    rows = pair.calendars[side].rows
    event = rows.rows[event_id].event
    pair.calendars[side].user_purge(event_id)
    moved = rows.add(event, by_us=False).id
    pair.reborn[side, moved] = (side, event_id)
    return moved


def _broken(pair: Pair) -> list[str]:
    return [violation.partition(":")[0] for violation in pair.world.violations]


@pytest.mark.parametrize(("private", "broken"), [(True, ["I14"]), (False, [])])
def test_a_text_is_shown_once_its_event_is_not_private_any_more_under_its_new_id(
    pair: Pair, private: bool, broken: list[str]
) -> None:
    original = pair.calendars[LEFT].user_create(MEETING)
    copy = _copied_by_calsync(pair, RIGHT, original, MASK)
    moved = _moves(pair, LEFT, original)
    pair.calendars[LEFT].user_edit(moved, private=private)
    rows = pair.calendars[RIGHT].rows
    rows.change(copy, by_us=True, event=replace(rows.rows[copy].event, summary=MEETING.summary))
    assert _broken(pair) == broken


@pytest.mark.parametrize(("again", "broken"), [(False, ["I2"]), (True, [])])
def test_a_mask_whose_create_was_repeated_while_a_user_hid_it_is_nobodys_copy(
    pair: Pair, again: bool, broken: list[str]
) -> None:
    original = pair.calendars[LEFT].user_create(MEETING)
    pair.calendars[LEFT].told.add(pair.calendars[LEFT].rows.rows[original].revision)
    rows = pair.calendars[RIGHT].rows
    made = copy_context()
    made.run(MAKING.set, f"v1:anna:1:{sha256(original.encode()).hexdigest()[:16]}")
    masks = [made.run(rows.add, MASK, by_us=True, marker="v1", reminder_minutes=15).id for _ in range(1 + again)]
    _copied_by_calsync(pair, LEFT, masks[-1], MASK)
    assert _broken(pair) == broken


@pytest.mark.parametrize(("brought_back", "broken"), [(False, ["I2"]), (True, [])])
def test_no_original_is_made_from_its_mask_but_a_mask_that_a_user_brought_back_is_an_event_of_its_own(
    pair: Pair, brought_back: bool, broken: list[str]
) -> None:
    original = pair.calendars[LEFT].user_create(MEETING)
    mask = _copied_by_calsync(pair, RIGHT, original, MASK)
    if brought_back:
        pair.calendars[RIGHT].user_delete(mask)
        pair.calendars[RIGHT].user_restore(mask)
        copy = _copied_by_calsync(pair, LEFT, mask, MASK)
        _copied_by_calsync(pair, RIGHT, copy, MASK)
    else:
        _copied_by_calsync(pair, LEFT, mask, MASK)
    assert _broken(pair) == broken


@pytest.mark.parametrize(("told", "broken"), [(True, ["I2"]), (False, [])])
def test_a_copy_of_what_became_private_later_is_a_mask_only_if_calsync_was_told_so(
    pair: Pair, told: bool, broken: list[str]
) -> None:
    """Its original is a user's copy of a mask, and shows the same."""
    original = pair.calendars[LEFT].user_create(MASK)
    copy = _copied_by_calsync(pair, RIGHT, original, MASK)
    pair.calendars[LEFT].user_edit(original, private=True)
    if told:
        pair.calendars[LEFT].told.add(pair.calendars[LEFT].rows.rows[original].revision)
    pair.calendars[LEFT].user_delete(original)
    _copied_by_calsync(pair, LEFT, copy, MASK)
    assert _broken(pair) == broken


@pytest.mark.parametrize(
    ("left", "gone", "broken"), [(True, True, []), (True, False, ["I2"]), (False, True, ["I2"])]
)
def test_a_mask_that_stayed_as_its_account_left_is_an_event_of_its_own_once_its_original_is_gone(
    pair: Pair, left: bool, gone: bool, broken: list[str]
) -> None:
    original = pair.calendars[LEFT].user_create(MEETING)
    mask = _copied_by_calsync(pair, RIGHT, original, MASK)
    pair.leaves._is_left = left
    if gone:
        pair.calendars[LEFT].user_delete(original)
    _copied_by_calsync(pair, LEFT, mask, MASK)
    assert _broken(pair) == broken
    assert pair.world.excuses["left without its original"] == (not broken)


@pytest.mark.parametrize(("undone", "broken"), [(True, []), (False, ["I2"])])
def test_a_mask_that_an_undo_has_made_anew_is_an_event_of_its_own(
    pair: Pair, undone: bool, broken: list[str]
) -> None:
    original = pair.calendars[LEFT].user_create(MEETING)
    mask = _copied_by_calsync(pair, RIGHT, original, MASK)
    if undone:
        pair.undos.made[RIGHT, mask] = len(pair.journal)
    _copied_by_calsync(pair, LEFT, mask, MASK)
    assert [each for each in _broken(pair) if each == "I2"] == broken


@pytest.mark.parametrize(
    ("edited", "broken"), [("the mask", []), ("its original", []), ("neither", ["leave", "I2"])]
)
def test_a_mask_is_an_event_of_its_own_where_it_or_its_original_was_edited_when_the_account_had_left(
    pair: Pair, edited: str, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    original = left.user_create(MEETING)
    mask = _copied_by_calsync(pair, RIGHT, original, MASK)
    pair.world.loop.pass_time(1)
    pair.leaves.begins()
    pair.leaves._pairs = {(LEFT, original): (RIGHT, mask), (RIGHT, mask): (LEFT, original)}
    pair.leaves._is_left = True
    pair.witness.partners.clear()
    for calendar, event_id in ((right, mask), (left, original)):
        calendar.behaviour.lag = timedelta(0)
        if edited == ("the mask" if calendar is right else "its original"):
            calendar.user_edit(event_id, when=LATER)
    _copied_by_calsync(pair, LEFT, mask, MASK)
    assert _broken(pair) == broken


@pytest.mark.parametrize(
    ("lost", "taken", "broken"), [(True, True, []), (True, False, ["I2"]), (False, True, ["I2"])]
)
def test_a_mask_of_a_lost_create_is_an_event_of_its_own_where_its_duplicate_was_taken_for_it(
    pair: Pair, lost: bool, taken: bool, broken: list[str]
) -> None:
    right = pair.calendars[RIGHT]
    original = pair.calendars[LEFT].user_create(MEETING)
    mask = _copied_by_calsync(pair, RIGHT, original, MASK, lost=lost, marker="v1")
    pair.hidden.add(mask)
    duplicate = right.user_copy(mask)
    pair.calendars[LEFT].user_delete(original)
    if taken:
        right.rows.change(duplicate, by_us=True, place=Place.TRASH)
    _copied_by_calsync(pair, LEFT, mask, MASK)
    assert _broken(pair) == broken


def test_a_mask_of_a_lost_create_looks_like_a_user_s_event_where_it_carries_no_marker(pair: Pair) -> None:
    original = pair.calendars[LEFT].user_create(MEETING)
    mask = _copied_by_calsync(pair, RIGHT, original, MASK, lost=True)
    _copied_by_calsync(pair, LEFT, mask, MASK)
    assert _broken(pair) == []
    assert pair.world.excuses["duplicate of a lost copy"] == 1


@pytest.mark.parametrize(("known", "broken"), [("", []), ("by its create", ["I2"]), ("by its link", ["I2"])])
def test_so_does_one_whose_runner_was_stopped_while_another_one_was_turned_away(
    pair: Pair, known: str, broken: list[str]
) -> None:
    original = pair.calendars[LEFT].user_create(MEETING)
    pair.failure = TAKEN
    mask = _copied_by_calsync(pair, RIGHT, original, MASK, lost=True)
    raw = pair.world.disk.raw
    raw.execute("INSERT INTO account (name) VALUES ('anna')")
    if known == "by its create":
        raw.execute(
            "INSERT INTO intent (account, marker, kind, side, reason, changes, run, begun, looks)"
            " VALUES ('anna', ?, 'create', 'right', 'new', '{}', 1, '2026-03-02T08:00:00Z', 0)",
            (pair.journal[-1].marker,),
        )
    elif known:
        raw.execute(
            "INSERT INTO link (account, id, left_id, right_id, state, left_base, right_base)"
            " VALUES ('anna', 1, ?, ?, 'awake', '{}', '{}')",
            (original, mask),
        )
    _copied_by_calsync(pair, LEFT, mask, MASK)
    assert _broken(pair) == broken
    assert pair.world.excuses["duplicate of a lost copy"] == (not broken)


@pytest.mark.parametrize(("there", "broken"), [(True, ["I2"]), (False, [])])
def test_a_mask_that_was_gone_already_when_a_feed_told_of_it_may_be_copied(
    pair: Pair, there: bool, broken: list[str]
) -> None:
    original = pair.calendars[LEFT].user_create(MEETING)
    mask = _copied_by_calsync(pair, RIGHT, original, MASK)
    pair.retold.add(mask)
    if not there:
        pair.calendars[RIGHT].user_move_away(mask)
    _copied_by_calsync(pair, LEFT, mask, MASK)
    assert _broken(pair) == broken


@pytest.mark.parametrize(("private", "broken"), [(True, ["I2"]), (False, [])])
def test_what_a_user_calls_as_a_mask_is_none_once_its_original_is_not_private(
    pair: Pair, private: bool, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    original = left.user_create(MEETING)
    copy = _copied_by_calsync(pair, RIGHT, original, replace(MEETING, private=False))
    left.user_edit(original, private=private)
    right.user_edit(copy, summary="Privat")
    _copied_by_calsync(pair, LEFT, copy, MASK)
    assert [each for each in _broken(pair) if each == "I2"] == broken


@pytest.mark.parametrize(
    ("private", "undone", "broken"), [(False, True, []), (False, False, ["I2"]), (True, True, ["I2"])]
)
def test_a_mask_that_a_person_had_put_back_is_none_once_its_original_is_not_private(
    pair: Pair, private: bool, undone: bool, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    original = left.user_create(MEETING)
    copy = _copied_by_calsync(pair, RIGHT, original, MASK)
    left.user_edit(original, private=private)
    right.rows.change(copy, by_us=True, event=replace(MASK, summary=MEETING.summary))
    undoing = copy_context()
    undoing.run(UNDOING.set, undone)
    undoing.run(right.rows.change, copy, by_us=True, event=MASK)
    _copied_by_calsync(pair, LEFT, copy, MASK)
    assert [each for each in _broken(pair) if each == "I2"] == broken


def _a_run_has_dealt_with_all(pair: Pair, *links: tuple[str, str], told: bool = True) -> None:
    for calendar in pair.calendars.values():
        calendar.behaviour.lag = timedelta(0)
    pair.report, pair.begun, pair.begun_at = Report(), len(pair.journal), pair.world.clock.now()
    rows = {**pair.calendars[LEFT].rows.rows, **pair.calendars[RIGHT].rows.rows}
    for side, event_id in ((side, each) for link in links for side, each in zip(Side, link, strict=True) if told):
        pair.calendars[side].told.add(rows[event_id].revision)
    pair.witness.look(Left(links=links, seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=[]))


@pytest.mark.parametrize(("known", "broken"), [(True, ["I14"]), (False, [])])
def test_a_copy_of_a_call_is_not_written_once_calsync_knows_that_it_is_one(
    pair: Pair, known: bool, broken: list[str]
) -> None:
    pair.optional = OptionalRules(types=True)
    original = pair.calendars[LEFT].user_create(replace(MEETING, private=False, types=(VIEWING,)))
    copy = _copied_by_calsync(pair, RIGHT, original, replace(MEETING, private=False))
    _a_run_has_dealt_with_all(pair, (original, copy))
    pair.calendars[LEFT].user_edit(original, types=(CALL,))
    if known:
        _a_run_has_dealt_with_all(pair, (original, copy))
    rows = pair.calendars[RIGHT].rows
    rows.change(copy, by_us=True, event=replace(rows.rows[copy].event, summary="Termin 2 mit Text"))
    assert _broken(pair) == broken


@pytest.mark.parametrize(("run", "broken"), [("was told", ["I14"]), ("asked when it was away", []), ("none", [])])
def test_of_what_became_of_an_event_just_before_it_went_away_nothing_tells(
    pair: Pair, run: str, broken: list[str]
) -> None:
    pair.optional = OptionalRules(types=True)
    original = pair.calendars[LEFT].user_create(replace(MEETING, private=False, types=(VIEWING,)))
    copy = _copied_by_calsync(pair, RIGHT, original, replace(MEETING, private=False))
    _a_run_has_dealt_with_all(pair, (original, copy))
    pair.calendars[LEFT].user_edit(original, types=(CALL,))
    if run != "none":
        _a_run_has_dealt_with_all(pair, (original, copy), told=run == "was told")
    pair.calendars[LEFT].user_move_away(original)
    _a_run_has_dealt_with_all(pair, (original, copy))
    rows = pair.calendars[RIGHT].rows
    rows.change(copy, by_us=True, event=replace(rows.rows[copy].event, summary="Termin 2 mit Text"))
    assert _broken(pair) == broken


@pytest.mark.parametrize(
    ("known", "runs", "fate", "written", "broken"),
    [
        (False, 1, "deleted", "delete", []),
        (False, 2, "deleted", "delete", []),
        (False, 3, "deleted", "delete", ["I14"]),
        (True, 1, "deleted", "delete", ["I14"]),
        (False, 1, "moved away", "delete", ["I14"]),
        (False, 1, "linked and deleted", "delete", ["I14"]),
        (False, 1, "deleted", "update", ["I14"]),
        (False, 1, "there", "delete", ["I14"]),
    ],
)
def test_a_copy_of_a_call_goes_whose_user_deleted_that_under_a_new_id_before_its_pair_could_follow(
    pair: Pair, known: bool, runs: int, fate: str, written: str, broken: list[str]
) -> None:
    pair.optional = OptionalRules(types=True)
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    for _ in range(6):  # others, so that no brake holds what is the last one
        left.user_create(replace(MEETING, private=False))
    original = left.user_create(replace(MEETING, private=False, types=(VIEWING,)))
    copy = _copied_by_calsync(pair, RIGHT, original, replace(MEETING, private=False))
    _a_run_has_dealt_with_all(pair, (original, copy))
    left.user_edit(original, types=(CALL,))
    if known:
        _a_run_has_dealt_with_all(pair, (original, copy))
    moved = _moves(pair, LEFT, original)
    for _ in range(runs):
        _a_run_has_dealt_with_all(pair, (original, copy))
        left.told.add(left.rows.rows[moved].revision)
    if fate == "linked and deleted":
        links = [(moved, copy)]
        pair.backwards.look(
            Left(links=links, seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=[])
        )
    if fate == "moved away":
        left.user_move_away(moved)
    elif fate != "there":
        left.user_delete(moved)
    change = {"place": Place.TRASH} if written == "delete" else {"event": replace(MEETING, summary="Termin 2")}
    right.rows.change(copy, by_us=True, **change)
    assert [each for each in _broken(pair) if each == "I14"] == broken
    assert pair.world.excuses["gone before its pair followed"] == (not broken)


@pytest.mark.parametrize(
    ("kept", "away", "broken"),
    [
        ("ahead of the edit", "before it was put back", []),
        ("ahead of the run that read it", "before it was put back", []),
        ("behind that run", "before it was put back", ["I14"]),
        ("ahead of the edit", "behind that", ["I14"]),
    ],
)
def test_an_old_disk_does_not_tell_what_became_of_an_event_that_was_away_when_it_was_put_back(
    pair: Pair, kept: str, away: str, broken: list[str]
) -> None:
    pair.optional = OptionalRules(types=True)
    original = pair.calendars[LEFT].user_create(replace(MEETING, private=False, types=(VIEWING,)))
    copy = _copied_by_calsync(pair, RIGHT, original, replace(MEETING, private=False))
    _a_run_has_dealt_with_all(pair, (original, copy))
    lengths = {"ahead of the edit": len(pair.journal)}
    pair.calendars[LEFT].user_edit(original, types=(CALL,))
    lengths["ahead of the run that read it"] = len(pair.journal)
    pair.calendars[LEFT].user_create(MEETING)
    _a_run_has_dealt_with_all(pair, (original, copy))
    pair.calendars[LEFT].user_create(MEETING)
    lengths["behind that run"] = len(pair.journal)
    if away == "before it was put back":
        pair.calendars[LEFT].user_delete(original)
    pair.forget(lengths[kept], {}, ran=True)
    _a_run_has_dealt_with_all(pair, (original, copy))
    if away == "behind that":
        pair.calendars[LEFT].user_delete(original)
    pair.confirmed()
    pair.calendars[RIGHT].rows.change(copy, by_us=True, place=Place.TRASH)
    assert _broken(pair) == broken


@pytest.mark.parametrize(("crossed", "broken"), [(False, ["I14"]), (True, [])])
def test_a_call_itself_is_not_written_unless_its_user_was_quicker(
    pair: Pair, crossed: bool, broken: list[str]
) -> None:
    pair.optional = OptionalRules(types=True)
    original = pair.calendars[LEFT].user_create(replace(MEETING, private=False, types=(VIEWING,)))
    pair.calendars[LEFT].user_edit(original, types=(CALL,))
    rows = pair.calendars[LEFT].rows
    if crossed:
        pair.calendars[LEFT].crossed[rows.rows[original].revision] = rows.rows[original]
    rows.change(original, by_us=True, event=replace(rows.rows[original].event, summary="Termin 2 mit Text"))
    assert _broken(pair) == broken


@pytest.mark.parametrize(
    ("was_added", "broken"),
    [("before that", ["I8"]), ("in the gap", []), ("before it was checked, and edited in the gap", ["I8"])],
)
def test_a_join_link_is_not_taken_away_unless_its_user_was_quicker(
    pair: Pair, was_added: str, broken: list[str]
) -> None:
    right = pair.calendars[RIGHT]
    meeting = right.user_create(replace(MEETING, private=False))
    if "before" in was_added:
        right.user_edit(meeting, online_meeting=True)
    checked = right.rows.rows[meeting]
    if "gap" in was_added:
        right.user_edit(meeting, online_meeting=True, summary="Termin 2 mit Text")
        right.crossed[right.rows.rows[meeting].revision] = checked
    event = replace(right.rows.rows[meeting].event, description="Notiz 3", online_meeting=False)
    right.rows.change(meeting, by_us=True, event=event)
    assert _broken(pair) == broken


def test_a_write_asks_whether_it_may_be_sent_as_every_provider_does(pair: Pair) -> None:
    def refuse() -> None:
        raise Retry("the lease is over")

    async def write() -> None:
        may_change.set(refuse)
        draft = Draft(summary=MASK.summary, when=MASK.when, description="", reminder=None)
        await pair.calendars[RIGHT].create(draft, "v1:anna:1:2")

    with pytest.raises(Retry):
        pair.world.loop.run_until_complete(write())
    assert pair.journal == []
