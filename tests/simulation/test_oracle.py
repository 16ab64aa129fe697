"""At rest a pair agrees, or calsync cannot know better."""

from __future__ import annotations

from collections import defaultdict
from contextvars import copy_context
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.engine import Report
from calsync.sync.model import Direction, Event, Link, Side, Timed
from calsync.testing.clock import START
from calsync.values import replace
from tests.simulation.database import Left
from tests.simulation.oracle import Oracle
from tests.simulation.pair import MAKING
from tests.simulation.witness import marked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.sync.view import TargetEdit
    from tests.simulation.pair import Pair

LEFT, RIGHT = Side.LEFT, Side.RIGHT
MEETING = Event(summary="Termin 1", when=Timed(START, START + timedelta(hours=1)))


@pytest.mark.parametrize(
    ("direction", "edits", "forgotten", "excuse"),
    [
        (Direction.LEFT_TO_RIGHT, "keep", True, "old disk"),
        (Direction.LEFT_TO_RIGHT, "keep", False, None),
        (Direction.LEFT_TO_RIGHT, "restore", True, None),
        (Direction.BOTH, "keep", True, None),
    ],
)
def test_what_calsync_wrote_behind_an_old_disk_stays_on_a_target_whose_edits_are_kept(
    pair: Pair, direction: Direction, edits: TargetEdit, forgotten: bool, excuse: str | None
) -> None:
    """As where a program puts back the source, and the disk knows of neither write."""
    pair.direction, pair.on_target_edit = direction, edits
    ids = {LEFT: pair.calendars[LEFT].user_create(MEETING)}
    target = pair.calendars[RIGHT].rows
    ids[RIGHT] = target.add(MEETING, by_us=True, reminder_minutes=15).id
    kept = len(pair.journal)
    target.change(ids[RIGHT], by_us=True, event=replace(MEETING, summary="Termin 2"))
    pair.forgotten += [(kept, len(pair.journal))] * forgotten
    _a_run_ends(pair, ids)
    rows = pair.calendars[LEFT].rows.rows[ids[LEFT]], target.rows[ids[RIGHT]]
    assert Oracle(pair)._excuse(Link(id=1, left=ids[LEFT], right=ids[RIGHT]), "summary", rows, [], []) == excuse


@pytest.mark.parametrize(
    ("then", "excuse"),
    [
        ([], "old disk"),
        ([(LEFT, "Termin 3")], None),
        (
            [(LEFT, "Termin 3"), (RIGHT, "Termin 3"), (LEFT, "Termin 2"), (RIGHT, "Termin 2"), (LEFT, "Termin 1")],
            None,
        ),
    ],
)
def test_what_was_written_behind_an_old_disk_stays_no_longer_than_its_source_does(
    pair: Pair, then: Sequence[tuple[Side, str]], excuse: str | None
) -> None:
    """`then`: what users enter on the left behind the confirmation, and calsync writes on the right."""
    pair.direction, pair.on_target_edit = Direction.LEFT_TO_RIGHT, "keep"
    left, target = pair.calendars[LEFT], pair.calendars[RIGHT].rows
    ids = {LEFT: left.user_create(MEETING), RIGHT: _copied(pair)}
    kept = len(pair.journal)
    left.user_edit(ids[LEFT], summary="Termin 2")
    target.change(ids[RIGHT], by_us=True, event=replace(MEETING, summary="Termin 2"))
    left.user_edit(ids[LEFT], summary="Termin 1")
    pair.forgotten.append((kept, len(pair.journal)))
    for side, summary in then:
        _a_run_ends(pair, ids)
        by_us, event = side is RIGHT, replace(MEETING, summary=summary)
        pair.calendars[side].rows.change(ids[side], by_us=by_us, event=event)
    _a_run_ends(pair, ids)
    rows = left.rows.rows[ids[LEFT]], target.rows[ids[RIGHT]]
    assert Oracle(pair)._excuse(Link(id=1, left=ids[LEFT], right=ids[RIGHT]), "summary", rows, [], []) == excuse


@pytest.mark.parametrize(("entered", "excuse"), [("Termin 1", "old disk"), ("Termin 3", None)])
def test_an_old_disk_tells_what_a_source_showed_that_was_edited_behind_it(
    pair: Pair, entered: str, excuse: str | None
) -> None:
    """What it knows is there again, or something else: that is an edit, and goes to the target."""
    pair.direction, pair.on_target_edit = Direction.LEFT_TO_RIGHT, "keep"
    left, target = pair.calendars[LEFT], pair.calendars[RIGHT].rows
    ids = {LEFT: left.user_create(MEETING), RIGHT: _copied(pair)}
    kept = len(pair.journal)
    left.user_edit(ids[LEFT], summary="Termin 2")
    target.change(ids[RIGHT], by_us=True, event=replace(MEETING, summary="Termin 2"))
    left.user_edit(ids[LEFT], summary=entered)
    pair.forgotten.append((kept, len(pair.journal)))
    _a_run_ends(pair, ids)
    rows = left.rows.rows[ids[LEFT]], target.rows[ids[RIGHT]]
    assert Oracle(pair)._excuse(Link(id=1, left=ids[LEFT], right=ids[RIGHT]), "summary", rows, [], []) == excuse


@pytest.mark.parametrize(
    ("outside", "marker", "linked", "broken"),
    [
        (True, False, False, []),
        (False, False, False, ["I4"]),
        (True, True, False, ["I4"]),
        (True, False, True, ["I4"]),
    ],
)
def test_what_a_lost_create_made_outside_the_window_without_a_marker_outlives_its_family_unless_a_link_named_it(
    pair: Pair, outside: bool, marker: bool, linked: bool, broken: list[str]
) -> None:
    """Its user has moved another copy of the same event into the window, where it is an event of its own."""
    original, day = pair.calendars[LEFT].user_create(MEETING), timedelta(days=365 if outside else 1)
    event = replace(MEETING, when=Timed(START - day, START - day + timedelta(hours=1)))
    made = copy_context()
    made.run(MAKING.set, f"v1:anna:1:{marked(original)}")
    rows, name = pair.calendars[RIGHT].rows, "v1:anna:1:2" if marker else None
    one, other = (made.run(rows.add, event, by_us=True, marker=name, reminder_minutes=15).id for _ in range(2))
    _a_run_ends(pair, {LEFT: original, RIGHT: other if linked else one})
    _a_run_ends(pair, {LEFT: original, RIGHT: one})
    Oracle(pair)._gone((RIGHT, one), [(RIGHT, other)], {}, defaultdict(list))
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken
    assert pair.world.excuses["out of sight: I4"] == (not broken)


@pytest.mark.parametrize(
    ("lost", "marker", "broken"),
    [
        ("never linked", None, []),
        ("left alone by a person", None, []),
        ("linked with its original", None, ["I3"]),
        ("never linked", "v1:anna:1:2", ["I3"]),
    ],
)
def test_a_second_copy_may_be_there_only_where_a_create_was_lost_and_no_marker_tells(
    pair: Pair, lost: str, marker: str | None, broken: list[str]
) -> None:
    original = pair.calendars[LEFT].user_create(MEETING)
    made = copy_context()
    made.run(MAKING.set, f"v1:anna:1:{marked(original)}")
    rows = pair.calendars[RIGHT].rows
    first, second = (
        made.run(rows.add, MEETING, by_us=True, marker=marker, reminder_minutes=15).id for _ in range(2)
    )
    if lost == "linked with its original":
        _a_run_ends(pair, {LEFT: original, RIGHT: first})
    links = [(original, second), *[(None, first)] * (lost == "left alone by a person")]
    left = Left(links=links, seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=[])
    pair.witness.look(left)
    Oracle(pair)._duplicates(defaultdict(list))
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(
    ("restored", "forgotten", "broken"), [(True, True, []), (True, False, ["I3"]), (False, True, ["I3"])]
)
def test_what_came_back_beside_its_new_copy_may_be_copied_once_more_where_a_disk_knows_of_neither(
    pair: Pair, restored: bool, forgotten: bool, broken: list[str]
) -> None:
    right, original = pair.calendars[RIGHT], pair.calendars[LEFT].user_create(MEETING)
    made = copy_context()
    made.run(MAKING.set, f"v1:anna:1:{marked(original)}")

    def copied(marker: str) -> str:
        return made.run(right.rows.add, MEETING, by_us=True, marker=marker, reminder_minutes=15).id

    ids = {LEFT: original, RIGHT: copied("v1:1")}
    _a_run_ends(pair, ids)
    kept = len(pair.journal)
    right.user_delete(ids[RIGHT])
    _a_run_ends(pair, {LEFT: original, RIGHT: copied("v1:2")})
    if restored:
        right.user_restore(ids[RIGHT])
    else:
        right.user_create(MEETING)
        copied("v1:4")
    _a_run_ends(pair, {LEFT: original, RIGHT: copied("v1:3")})
    if forgotten:
        pair.forgotten.append((kept, len(pair.journal)))
    Oracle(pair)._duplicates(defaultdict(list))
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(("edited", "excuse"), [(True, "direction turned"), (False, None)])
def test_a_pair_differs_behind_a_turn_only_where_a_user_edited_it(
    pair: Pair, edited: bool, excuse: str | None
) -> None:
    rows = [calendar.rows.add(MEETING, by_us=True, reminder_minutes=15) for calendar in pair.calendars.values()]
    changed = replace(rows[1].event, summary="Termin 2")
    pair.turned.append(0)
    after = pair.calendars[RIGHT].rows.change(rows[1].id, by_us=not edited, event=changed)
    pair.witness.read()
    link = Link(id=1, left=rows[0].id, right=rows[1].id)
    assert Oracle(pair)._excuse(link, "summary", (rows[0], after), [], []) == excuse


def _copied(pair: Pair) -> str:
    """Have calsync copy the meeting to the right, and return the copy's id."""
    return pair.calendars[RIGHT].rows.add(MEETING, by_us=True, reminder_minutes=15).id


def _a_run_ends(pair: Pair, ids: Mapping[Side, str]) -> None:
    pair.report, pair.begun, pair.begun_at = Report(), len(pair.journal), pair.world.clock.now()
    links = [(ids[LEFT], ids[RIGHT])]
    left = Left(links=links, seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=[])
    pair.witness.look(left)
