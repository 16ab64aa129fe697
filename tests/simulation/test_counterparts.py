"""A delete is held against calsync unless nothing could have told it; no excuse reaches further."""

from __future__ import annotations

from contextvars import copy_context
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from calsync.desk.decisions import Case
from calsync.sync.brakes import LEFT_ACCOUNT
from calsync.sync.choices import Choice
from calsync.sync.model import Event, Side, Timed
from calsync.sync.plan import Kind
from calsync.testing.clock import START
from calsync.testing.rows import Place
from calsync.values import replace
from tests.simulation.database import Left
from tests.simulation.pair import MAKING, TAKEN
from tests.simulation.witness import marked

if TYPE_CHECKING:
    from tests.simulation.pair import Pair

LEFT, RIGHT = Side.LEFT, Side.RIGHT
MEETING = Event(summary="Besichtigung", when=Timed(START, START + timedelta(hours=1)))
LATER = Timed(START + timedelta(days=1), START + timedelta(days=1, hours=1))


def _run_leaves(pair: Pair, *links: tuple[str, str]) -> None:
    """Have the witness look at what a run left behind: these links."""
    pair.witness.look(Left(links=links, seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=[]))


def _deleted_by_calsync(pair: Pair, side: Side, event_id: str, *links: tuple[str, str]) -> list[str]:
    """Have calsync delete an event and leave these links; return the names of the invariants that this breaks."""
    pair.calendars[side].rows.change(event_id, by_us=True, place=Place.TRASH)
    _run_leaves(pair, *links)
    return [violation.partition(":")[0] for violation in pair.world.violations]


def _copied_by_calsync(
    pair: Pair, side: Side, source: str, marker: str | None = None, event: Event = MEETING
) -> str:
    """Have calsync make a copy on a side, and return its id."""
    made = copy_context()
    made.run(MAKING.set, f"v1:anna:1:{sha256(source.encode()).hexdigest()[:16]}")
    return made.run(pair.calendars[side].rows.add, event, by_us=True, marker=marker, reminder_minutes=15).id


def _is_open(pair: Pair, marker: str | None, side: Side = LEFT) -> None:
    """Have the store remember that nobody knows what became of a create."""
    raw = pair.world.disk.raw
    raw.execute("INSERT INTO account (name) VALUES ('anna')")
    raw.execute(
        "INSERT INTO intent (account, marker, kind, side, reason, changes, run, begun, looks)"
        " VALUES ('anna', ?, 'create', ?, 'new', '{}', 1, '2026-03-02T08:00:00Z', 0)",
        (marker, side),
    )


def _duplicate_in_its_place(pair: Pair, marker: str | None = None, **edit: object) -> str:
    """Have a user edit a copy, and its duplicate be linked in its place and deleted; return the original's id."""
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    original, copy = left.user_create(MEETING), right.rows.add(MEETING, by_us=False, marker=marker).id
    _run_leaves(pair, (original, copy))
    duplicate = right.user_copy(copy)
    right.user_edit(copy, **edit)
    _run_leaves(pair, (original, duplicate))
    right.user_delete(duplicate)
    return original


def _left_the_account(event_id: str) -> Case:
    """Return the case of an event whose partner stands in another calendar."""
    return Case(
        name="1",
        side=RIGHT,
        event_id=event_id,
        kind=Kind.DELETE,
        reason=LEFT_ACCOUNT,
        since=START,
        left=None,
        right=None,
        gone=LEFT,
        choices=[Choice.RELEASE, Choice.KEEP],
        decided=None,
        shown="",
    )


def _copied_twice(pair: Pair, marker: str | None) -> tuple[str, str, str, int]:
    """Have a user delete a copy, and calsync make another one; return the original, both copies, and how long the
    journal was in between."""
    original = pair.calendars[RIGHT].user_create(MEETING)
    first = _copied_by_calsync(pair, LEFT, original)
    _run_leaves(pair, (first, original))
    kept = len(pair.journal)
    pair.calendars[LEFT].user_delete(first)
    second = _copied_by_calsync(pair, LEFT, original, marker)
    _run_leaves(pair, (second, original))
    return original, first, second, kept


def _put_back(pair: Pair, kept: int | None) -> None:
    """Put an old disk back, of when the journal was that long; None: it has forgotten nothing."""
    pair.was_put_back = True
    pair.forgotten += [] if kept is None else [(kept, len(pair.journal))]


def test_what_was_known_is_held_against_a_delete(pair: Pair) -> None:
    original = _duplicate_in_its_place(pair, when=LATER)
    assert _deleted_by_calsync(pair, LEFT, original) == ["I5"]


def test_behind_an_old_disk_a_moved_copy_without_a_marker_is_not_known(pair: Pair) -> None:
    pair.was_put_back = True
    original = _duplicate_in_its_place(pair, when=LATER)
    assert _deleted_by_calsync(pair, LEFT, original) == []
    assert pair.world.excuses["old disk: I5"] == 1


def test_behind_an_old_disk_a_copy_is_known_by_its_looks(pair: Pair) -> None:
    pair.was_put_back = True
    original = _duplicate_in_its_place(pair, description="mit Schlüssel")
    assert _deleted_by_calsync(pair, LEFT, original) == ["I5"]


def test_behind_an_old_disk_a_moved_copy_is_known_by_its_marker(pair: Pair) -> None:
    pair.was_put_back = True
    original = _duplicate_in_its_place(pair, "v1:anna:1:2", when=LATER)
    assert _deleted_by_calsync(pair, LEFT, original) == ["I5"]


@pytest.mark.parametrize(
    ("undone", "linked", "broken"), [(True, False, []), (False, False, ["I5"]), (True, True, ["I5"])]
)
def test_what_an_undo_has_made_anew_is_no_partner_of_the_copy_that_was_made_meanwhile(
    pair: Pair, undone: bool, linked: bool, broken: list[str]
) -> None:
    right = pair.calendars[RIGHT]
    original = right.user_create(MEETING)
    copy = _copied_by_calsync(pair, LEFT, original)
    _run_leaves(pair, (copy, original))
    right.user_delete(original)
    anew = _copied_by_calsync(pair, RIGHT, copy, marked(copy))
    if undone:
        pair.undos.made[RIGHT, anew] = len(pair.journal)
    if linked:
        _run_leaves(pair, (copy, anew))
    assert _deleted_by_calsync(pair, LEFT, copy) == broken


@pytest.mark.parametrize("disappear", ["user_move_away", "user_forbid"])
def test_what_is_only_out_of_sight_lives(pair: Pair, disappear: str) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    original, copy = left.user_create(MEETING), right.user_create(MEETING)
    _run_leaves(pair, (original, copy))
    getattr(left, disappear)(original)
    assert _deleted_by_calsync(pair, RIGHT, copy) == ["I5"]


@pytest.mark.parametrize(("linked", "broken"), [(False, []), (True, ["I5"])])
def test_a_late_create_of_a_frozen_runner_lives_on_its_own_unless_it_is_linked(
    pair: Pair, linked: bool, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    original, copy = right.user_create(MEETING), left.user_create(MEETING)
    _run_leaves(pair, (copy, original))
    late = _copied_by_calsync(pair, LEFT, original)
    pair.witness.excuse_late_write(pair.journal[-1])
    left.user_delete(copy)
    _run_leaves(pair, (late if linked else copy, original))
    assert _deleted_by_calsync(pair, RIGHT, original) == broken


@pytest.mark.parametrize(
    ("late", "joined", "broken"), [(True, True, []), (True, False, ["I5"]), (False, True, ["I5"])]
)
def test_a_late_create_goes_with_what_calsync_made_of_it_while_its_original_was_left_out(
    pair: Pair, late: bool, joined: bool, broken: list[str]
) -> None:
    right = pair.calendars[RIGHT]
    original = right.user_create(MEETING)
    copy = _copied_by_calsync(pair, LEFT, original, marked(original))
    if late:
        pair.witness.excuse_late_write(pair.journal[-1])
    other = _copied_by_calsync(pair, RIGHT, copy)
    _run_leaves(pair, (copy, other if joined else original))
    right.user_delete(other)
    assert _deleted_by_calsync(pair, LEFT, copy) == broken


@pytest.mark.parametrize(("source", "broken"), [(0, []), (1, ["I5"])])
def test_a_copy_that_the_same_run_made_belongs_to_its_source(pair: Pair, source: int, broken: list[str]) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    originals, copy = [left.user_create(MEETING), left.user_create(MEETING)], right.user_create(MEETING)
    for original in originals:
        _run_leaves(pair, (original, copy))
    right.user_delete(copy)
    left.user_delete(originals[0])
    _copied_by_calsync(pair, RIGHT, originals[source])
    _is_open(pair, pair.journal[-1].marker, RIGHT)
    assert _deleted_by_calsync(pair, LEFT, originals[1]) == broken


@pytest.mark.parametrize(("turned_away", "broken"), [(True, []), (False, ["I5"])])
def test_a_runner_that_was_turned_away_does_not_tell_what_becomes_of_a_copy_that_another_one_has_made(
    pair: Pair, turned_away: bool, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    originals, copy = [left.user_create(MEETING), left.user_create(MEETING)], right.user_create(MEETING)
    for original in originals:
        _run_leaves(pair, (original, copy))
    right.user_delete(copy)
    left.user_delete(originals[0])
    _copied_by_calsync(pair, RIGHT, originals[0], "v1:anna:1:2")
    pair.failure = TAKEN if turned_away else ""
    _run_leaves(pair)
    assert _deleted_by_calsync(pair, LEFT, originals[1]) == broken


@pytest.mark.parametrize(
    ("marker", "linked", "broken"), [(False, False, []), (True, False, ["I5"]), (False, True, ["I5"])]
)
def test_a_lost_copy_without_a_marker_is_nobody_s_unless_a_link_ever_named_it(
    pair: Pair, marker: bool, linked: bool, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    original, equal = left.user_create(MEETING), right.user_create(MEETING)
    copy = _copied_by_calsync(pair, RIGHT, original, "v1:anna:1:2" if marker else None)
    _run_leaves(pair, *[(original, copy)] * linked)
    _run_leaves(pair, (original, equal))
    right.user_delete(equal)
    assert _deleted_by_calsync(pair, LEFT, original) == broken
    assert right.rows.present(copy) is not None


@pytest.mark.parametrize(
    ("happens", "broken"),
    [
        ("it is hidden", []),
        ("nothing", ["I5"]),
        ("it is linked and hidden", ["I5"]),
        ("it is hidden, and the first one lives", ["I5"]),
    ],
)
def test_a_copy_made_anew_that_a_user_hid_before_it_was_known_keeps_no_original_from_its_delete(
    pair: Pair, happens: str, broken: list[str]
) -> None:
    left = pair.calendars[LEFT]
    original, first = pair.calendars[RIGHT].user_create(MEETING), left.user_create(MEETING)
    _run_leaves(pair, (first, original))
    if "lives" not in happens:
        left.user_delete(first)
    second = _copied_by_calsync(pair, LEFT, original, "v1:anna:1:2")
    _run_leaves(pair, *[(second, original)] * ("linked" in happens))
    if "hidden" in happens:
        left.user_move_away(second)
    _run_leaves(pair, (first, original))
    assert _deleted_by_calsync(pair, RIGHT, original) == broken


@pytest.mark.parametrize(("linked", "broken"), [(True, ["I5"]), (False, [])])
def test_a_copy_that_a_killed_run_has_linked_is_known_from_then_on(
    pair: Pair, linked: bool, broken: list[str]
) -> None:
    left, raw = pair.calendars[LEFT], pair.world.disk.raw
    original, first = pair.calendars[RIGHT].user_create(MEETING), left.user_create(MEETING)
    _run_leaves(pair, (first, original))
    left.user_delete(first)
    pair.run_begins()
    second = _copied_by_calsync(pair, LEFT, original, "v1:anna:1:2")
    raw.execute("INSERT INTO account (name) VALUES (?)", (pair.name,))
    raw.execute(
        "INSERT INTO link (account, id, left_id, right_id, state, left_base, right_base)"
        " VALUES (?, 1, ?, ?, 'awake', '{}', '{}')",
        (pair.name, second if linked else first, original),
    )
    pair.run_begins()
    left.user_move_away(second)
    assert _deleted_by_calsync(pair, RIGHT, original) == broken


@pytest.mark.parametrize(
    ("gone", "marker", "alike", "broken"),
    [
        (True, None, True, []),
        (False, None, True, ["I5"]),
        (True, "v1:anna:1:2", True, ["I5"]),
        (True, None, False, []),  # the one that was edited counts as a user's event
        (False, None, False, ["I5"]),
    ],
)
def test_equal_creates_share_what_they_have_made_where_no_marker_tells(
    pair: Pair, gone: bool, marker: str | None, alike: bool, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    originals = [right.user_create(MEETING) for _ in range(2)]
    copies = [_copied_by_calsync(pair, LEFT, original, marker) for original in originals]
    _run_leaves(pair)
    if not alike:
        left.user_edit(copies[1], summary="Übergabe")
    if gone:
        right.user_delete(originals[1])
    assert _deleted_by_calsync(pair, LEFT, copies[0]) == broken


@pytest.mark.parametrize(("gone", "broken"), [(True, []), (False, ["I5"])])
@pytest.mark.parametrize("other", ["was deleted by its user", "was never made"])
def test_the_other_one_of_two_equal_creates_may_have_made_nothing_that_is_there(
    pair: Pair, other: str, gone: bool, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    originals = [right.user_create(MEETING) for _ in range(2)]
    copy = _copied_by_calsync(pair, LEFT, originals[0])
    if other == "was deleted by its user":
        left.user_delete(_copied_by_calsync(pair, LEFT, originals[1]))
    _run_leaves(pair)
    if gone:
        right.user_delete(originals[1])
    assert _deleted_by_calsync(pair, LEFT, copy) == broken


@pytest.mark.parametrize(
    ("lost", "joined", "broken"), [(True, True, []), (False, True, ["I5"]), (True, False, ["I5"])]
)
def test_an_original_under_a_new_id_may_be_joined_with_the_duplicate_of_its_copy_where_that_one_s_own_was_lost(
    pair: Pair, lost: bool, joined: bool, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    original = left.user_create(MEETING)
    copy = _copied_by_calsync(pair, RIGHT, original, marked(original))
    _run_leaves(pair, (original, copy))
    duplicate = right.user_copy(copy)
    if lost:
        _copied_by_calsync(pair, LEFT, duplicate)
    _run_leaves(pair, (original, copy))
    left.user_purge(original)
    moved = left.rows.add(MEETING, by_us=False).id
    pair.reborn[LEFT, moved] = LEFT, original
    assert _deleted_by_calsync(pair, RIGHT, copy, *[(moved, duplicate)] * joined) == broken


@pytest.mark.parametrize(("gone", "broken"), [(True, []), (False, ["I5"])])
def test_what_a_create_is_still_open_for_may_be_taken_for_the_copy_of_an_equal_one(
    pair: Pair, gone: bool, broken: list[str]
) -> None:
    right = pair.calendars[RIGHT]
    originals = [right.user_create(MEETING) for _ in range(2)]
    copies = [_copied_by_calsync(pair, LEFT, original) for original in originals]
    _is_open(pair, pair.journal[-2].marker)
    if gone:
        right.user_delete(originals[1])
    assert _deleted_by_calsync(pair, LEFT, copies[0]) == broken


@pytest.mark.parametrize(
    ("happens", "broken"),
    [
        ("the other one goes", []),
        ("nothing", ["I5"]),  # the other one has no copy any more
        ("the other one and its copy go", ["I5"]),
        ("each was linked with its own, and the other one goes", ["I5"]),
    ],
)
def test_of_equal_creates_the_copy_of_one_may_be_joined_with_the_other_where_no_marker_tells(
    pair: Pair, happens: str, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    one, other = right.user_create(MEETING), right.user_create(MEETING)
    copies = _copied_by_calsync(pair, LEFT, one), _copied_by_calsync(pair, LEFT, other)
    if "its own" in happens:
        _run_leaves(pair, (copies[0], one), (copies[1], other))
    if happens != "nothing":
        right.user_delete(other)
    if "its copy" in happens:
        left.rows.change(copies[1], by_us=True, place=Place.TRASH)
    else:
        left.rows.change(copies[1], by_us=True, event=replace(left.rows.rows[copies[1]].event, summary="Privat"))
    assert _deleted_by_calsync(pair, LEFT, copies[0], (copies[1], one))[:1] == broken


@pytest.mark.parametrize(
    ("marker", "made"), [("v1:anna:1:2", MEETING), (None, replace(MEETING, summary="Übergabe"))]
)
def test_a_copy_with_a_marker_or_of_another_event_is_no_one_else_s(
    pair: Pair, marker: str | None, made: Event
) -> None:
    right = pair.calendars[RIGHT]
    one, other = right.user_create(MEETING), right.user_create(made)
    copies = _copied_by_calsync(pair, LEFT, one, marker), _copied_by_calsync(pair, LEFT, other, marker, made)
    right.user_delete(other)
    assert _deleted_by_calsync(pair, LEFT, copies[0], (copies[1], one)) == ["I5"]


def test_both_of_two_equal_copies_are_needed_by_two_originals(pair: Pair) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    one, other = right.user_create(MEETING), right.user_create(MEETING)
    copies = _copied_by_calsync(pair, LEFT, one), _copied_by_calsync(pair, LEFT, other)
    links = (copies[1], one), (copies[0], other)
    _run_leaves(pair, *links)
    left.rows.change(copies[1], by_us=True, place=Place.TRASH)
    assert "I5" in _deleted_by_calsync(pair, LEFT, copies[0], *links)


def test_a_user_s_own_event_is_no_lost_copy_of_an_equal_one(pair: Pair) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    gone, own = right.user_create(MEETING), left.user_create(MEETING)
    lost, copy = _copied_by_calsync(pair, LEFT, gone), _copied_by_calsync(pair, RIGHT, own, "v1:anna:1:2")
    _run_leaves(pair, (own, copy))
    right.user_delete(gone)
    assert _deleted_by_calsync(pair, LEFT, own, (lost, copy)) == ["I5"]


def test_a_copy_is_joined_with_its_own_original_also_under_that_one_s_new_id(pair: Pair) -> None:
    right = pair.calendars[RIGHT]
    original = right.user_create(MEETING)
    copy = _copied_by_calsync(pair, LEFT, original)
    renewed = right.user_create(MEETING)
    pair.reborn[RIGHT, renewed] = RIGHT, original
    right.user_delete(original)
    killed = Left(
        links=[(copy, renewed)], seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=[]
    )
    pair.witness.overhear(killed)
    assert _deleted_by_calsync(pair, LEFT, copy) == ["I5"]


@pytest.mark.parametrize(
    ("hidden", "marker", "broken"),
    [(True, "v1:anna:1:2", []), (False, "v1:anna:1:2", ["I5"]), (True, "v1:anna:9:2", ["I5"])],
)
def test_the_duplicate_of_a_lost_copy_has_its_marker_and_counts_as_the_copy_where_a_listing_shows_nothing_else(
    pair: Pair, hidden: bool, marker: str, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    original = left.user_create(MEETING)
    copy = _copied_by_calsync(pair, RIGHT, original, "v1:anna:1:2")
    _run_leaves(pair)
    duplicate = right.rows.add(MEETING, by_us=False, marker=marker).id
    pair.hidden |= {copy} if hidden else set()
    _run_leaves(pair, (original, duplicate))
    right.user_delete(duplicate)
    assert _deleted_by_calsync(pair, LEFT, original) == broken


@pytest.mark.parametrize(
    ("marker", "first", "broken"),
    [(None, "nothing", []), ("v1:anna:1:2", "nothing", ["I5"]), (None, "its original", ["I5"])],
)
def test_a_lost_copy_without_a_marker_that_was_edited_is_an_event_like_any_other(
    pair: Pair, marker: str | None, first: str, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    original = left.user_create(MEETING)
    copy = _copied_by_calsync(pair, RIGHT, original, marker)
    _run_leaves(pair, *[(original, copy)] * (first == "its original"))
    right.user_edit(copy, when=LATER)
    second = _copied_by_calsync(pair, LEFT, copy, marker)
    _run_leaves(pair, (second, copy))
    left.user_delete(second)
    assert _deleted_by_calsync(pair, RIGHT, copy) == broken


@pytest.mark.parametrize(
    ("marker", "linked", "broken"), [(False, False, []), (True, False, ["I5"]), (False, True, ["I5"])]
)
def test_behind_an_old_disk_a_later_copy_is_known_by_its_marker_and_by_its_link(
    pair: Pair, marker: bool, linked: bool, broken: list[str]
) -> None:
    original, first, second, kept = _copied_twice(pair, "v1:anna:1:2" if marker else None)
    _put_back(pair, kept)
    _run_leaves(pair, (second if linked else first, original))
    assert _deleted_by_calsync(pair, RIGHT, original) == broken


@pytest.mark.parametrize(("forgotten", "broken"), [(True, []), (False, ["I5"])])
def test_behind_an_old_disk_a_marker_does_not_name_an_event_that_has_got_a_new_id_since(
    pair: Pair, forgotten: bool, broken: list[str]
) -> None:
    right = pair.calendars[RIGHT]
    original, first, _, kept = _copied_twice(pair, "v1:anna:1:2")
    _put_back(pair, kept if forgotten else None)
    renewed = right.user_create(MEETING)
    pair.reborn[RIGHT, renewed] = RIGHT, original
    right.user_purge(original)
    _run_leaves(pair, (first, renewed))
    assert _deleted_by_calsync(pair, RIGHT, renewed) == broken


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize(("forgotten", "broken"), [(True, []), (False, ["I5"])])
def test_behind_an_old_disk_what_was_moved_away_is_not_found(
    pair: Pair, forgotten: bool, back: bool, broken: list[str]
) -> None:
    """Neither a listing nor a search for markers shows what stands in another calendar."""
    left = pair.calendars[LEFT]
    original, first, second, kept = _copied_twice(pair, "v1:anna:1:2")
    left.user_move_away(second)
    _put_back(pair, kept if forgotten else None)
    _run_leaves(pair, (first, original))
    if back:
        left.rows.change(second, by_us=False, place=Place.CALENDAR)
    assert _deleted_by_calsync(pair, RIGHT, original) == broken


@pytest.mark.parametrize(
    ("asked", "seconds", "said", "broken"),
    [(True, 0, True, []), (True, 200, True, ["I5"]), (False, 0, True, ["I5"]), (True, 0, False, ["I5"])],
)
def test_what_comes_back_while_a_delete_that_a_person_wanted_is_on_its_way_cannot_stop_it(
    pair: Pair, asked: bool, seconds: int, said: bool, broken: list[str]
) -> None:
    """Only where it stood elsewhere when it was asked about just before; that counts for 200 seconds."""
    left, right, world = pair.calendars[LEFT], pair.calendars[RIGHT], pair.world
    world.meddlesome = False
    original, copy = left.user_create(MEETING), right.user_create(MEETING)
    _run_leaves(pair, (original, copy))
    left.user_move_away(original)
    if said:
        pair.decisions.take(_left_the_account(copy), Choice.RELEASE)

    async def work() -> None:
        pair.acts()
        target = (await right.read([copy]))[copy]
        if asked:
            await left.locate(original)
        await world.clock.sleep(seconds)
        right.delays = (1.0,)
        world.loop.call_later(1.5, left.user_restore, original)
        await right.delete(target)

    world.loop.run_until_complete(work())
    _run_leaves(pair)
    assert [violation.partition(":")[0] for violation in world.violations] == broken
    assert world.excuses["moved back meanwhile"] == (not broken)
