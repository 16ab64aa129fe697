"""The judge of undoing holds against calsync what nobody asked for, and what was not calsync's to take back."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import contextmanager
from contextvars import copy_context
from datetime import timedelta
from hashlib import sha256
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from calsync.desk.decisions import Case
from calsync.engine import Report
from calsync.records import LedgerEntry, Selection
from calsync.sync.choices import UNSURE, Choice
from calsync.sync.model import FIELDS, Event, Observation, Side, Timed
from calsync.sync.plan import Kind
from calsync.testing.clock import START
from calsync.testing.rows import Place
from calsync.values import replace
from tests.simulation.database import Left
from tests.simulation.errand import UNDOING, Undoing
from tests.simulation.loop import PROCESS
from tests.simulation.oracle import Oracle
from tests.simulation.pair import MAKING
from tests.simulation.rules import CALL
from tests.simulation.undone import expected
from tests.simulation.undos import IMAGES, Undertaking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.pair import Pair

LEFT, RIGHT = Side.LEFT, Side.RIGHT
MEETING = Event(summary="Termin 1 mit Text", when=Timed(START, START + timedelta(hours=1)))
LATER = START + timedelta(hours=9)
IMAGE = {name: MEETING.value(name) for name in FIELDS}


def _copied(pair: Pair, event: Event = MEETING) -> tuple[str, str]:
    """Have calsync copy an event to the right; return both ids."""
    original = pair.calendars[LEFT].user_create(event)
    copy = _copied_by_calsync(pair, original, event)
    _run_leaves(pair, (original, copy))
    return original, copy


def _copied_by_calsync(pair: Pair, original: str, event: Event = MEETING) -> str:
    made = copy_context()
    made.run(MAKING.set, f"v1:anna:1:{sha256(original.encode()).hexdigest()[:16]}")
    return made.run(pair.calendars[RIGHT].rows.add, event, by_us=True, reminder_minutes=15).id


def _run_leaves(pair: Pair, *links: tuple[str, str]) -> None:
    left = Left(links=links, seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=[])
    pair.witness.look(left)
    pair.backwards.look(left)


def _link(pair: Pair, original: str, copy: str) -> None:
    """Have the store remember a pair."""
    account = {"account": "anna", "left": original, "right": copy}
    raw = pair.world.disk.raw
    raw.execute("INSERT INTO account (name) VALUES (:account)", account)
    raw.execute(
        "INSERT INTO link (account, id, left_id, right_id, state, left_base, right_base)"
        " VALUES (:account, 1, :left, :right, 'awake', '{}', '{}')",
        account,
    )


def _servers_tell_at_once(pair: Pair) -> None:
    """Have both servers tell of a change without a lag, and store what is written as it is."""
    for calendar in pair.calendars.values():
        calendar.behaviour.lag, calendar.behaviour.normalise = timedelta(0), lambda event: event


def _is_to_be_undone(pair: Pair, kind: Kind) -> None:
    """Have the store remember that a write to the copy of that pair is on its way, which undoes another one."""
    pair.world.disk.raw.execute(
        "INSERT INTO intent (account, marker, kind, side, reason, link, changes, run, begun, looks)"
        " VALUES ('anna', 'v1:anna:2:', ?, 'right', 'undone', 1, '{}', 2, '2026-03-02T08:00:00Z', 0)",
        (kind,),
    )


def _row(kind: Kind, copy: str, **more: Any) -> LedgerEntry:
    values: dict[str, Any] = {"run": 1, "at": START, "side": RIGHT, "reason": "changed", "id": 1, "link": 1}
    return LedgerEntry(kind=kind, event_id=copy, **{**values, **more})


@contextmanager
def _undoing(pair: Pair, *rows: LedgerEntry) -> Iterator[None]:
    """Have what calsync writes undo these rows."""
    now = Undertaking(
        begun=len(pair.journal),
        begun_at=pair.world.clock.now(),
        chosen=rows,
        all=rows,
        awake={},
        disturbed=False,
    )
    pair.undos._now = now
    token = UNDOING.set(True)
    yield
    UNDOING.reset(token)
    pair.undos._now = None


def _expected(pair: Pair, original: str, copy: str, row: LedgerEntry) -> int:
    """Have a run deal with all; return of how many events the judge knows what they show once this is undone."""
    pair.report, pair.begun, pair.begun_at = Report(), len(pair.journal), pair.world.clock.now()
    _run_leaves(pair, (original, copy))
    now = Undertaking(
        begun=len(pair.journal),
        begun_at=pair.world.clock.now(),
        chosen=[row],
        all=[],
        awake={1: {LEFT: (LEFT, original), RIGHT: (RIGHT, copy)}},
        disturbed=False,
    )
    return len([*expected(pair, now)])


def _writes(pair: Pair, side: Side, event_id: str, **values: Any) -> list[str]:
    """Have calsync write to an event, and return the names of the invariants that this breaks."""
    rows = pair.calendars[side].rows
    rows.change(event_id, by_us=True, event=replace(rows.rows[event_id].event, **values))
    return _broken(pair)


def _broken(pair: Pair) -> list[str]:
    return [violation.partition(":")[0] for violation in pair.world.violations]


def test_what_nobody_asked_for_is_a_finding(pair: Pair) -> None:
    _, copy = _copied(pair)
    token = UNDOING.set(True)
    assert _writes(pair, RIGHT, copy, summary="Termin 0 mit Text") == ["I15"]
    UNDOING.reset(token)


def test_another_event_is_not_what_was_chosen(pair: Pair) -> None:
    (_, copy), (_, other) = _copied(pair), _copied(pair)
    row = _row(Kind.UPDATE, copy, before={"summary": "Termin 0 mit Text"}, after={"summary": MEETING.summary})
    with _undoing(pair, row):
        assert _writes(pair, RIGHT, other, summary="Termin 0 mit Text") == ["I15"]


def test_only_what_calsync_wrote_is_replaced_and_by_what_was_there_before(pair: Pair) -> None:
    _, copy = _copied(pair)
    row = _row(Kind.UPDATE, copy, before={"summary": "Termin 0 mit Text"}, after={"summary": MEETING.summary})
    with _undoing(pair, row):
        assert _writes(pair, RIGHT, copy, summary="Termin 0 mit Text") == []
    pair.calendars[RIGHT].user_edit(copy, summary="Termin 2 mit Text")
    with _undoing(pair, row):
        assert _writes(pair, RIGHT, copy, summary="Termin 0 mit Text") == ["I15"]


def test_a_chain_ends_where_a_person_wrote(pair: Pair) -> None:
    _, copy = _copied(pair)
    rows = (
        _row(Kind.UPDATE, copy, before={"summary": "Termin 8 mit Text"}, after={"summary": "Termin 7 mit Text"}),
        _row(Kind.UPDATE, copy, before={"summary": "Termin 0 mit Text"}, after={"summary": MEETING.summary}, id=2),
    )
    with _undoing(pair, *rows):
        assert _writes(pair, RIGHT, copy, summary="Termin 8 mit Text") == ["I15"]


def test_an_edited_copy_is_not_deleted(pair: Pair) -> None:
    _, copy = _copied(pair)
    pair.calendars[RIGHT].user_edit(copy, summary="Termin 2 mit Text")
    with _undoing(pair, _row(Kind.CREATE, copy, after=IMAGE)):
        pair.calendars[RIGHT].rows.change(copy, by_us=True, place=Place.TRASH)
    assert _broken(pair) == ["I15"]


@pytest.mark.parametrize(("lag", "broken"), [(0, ["I15"]), (60, [])])
def test_the_last_one_is_not_deleted_where_the_command_was_told_that_it_is_the_last(
    pair: Pair, lag: int, broken: list[str]
) -> None:
    original, copy = _copied(pair)
    _link(pair, original, copy)
    pair.calendars[LEFT].behaviour.lag = timedelta(seconds=lag)
    pair.calendars[LEFT].user_delete(original)
    with _undoing(pair, _row(Kind.CREATE, copy, after=IMAGE)):
        pair.calendars[RIGHT].rows.change(copy, by_us=True, place=Place.TRASH)
    assert _broken(pair) == broken


@pytest.mark.parametrize(
    ("happens", "expects"),
    [
        ("nothing", 1),
        ("the original goes", 0),
        ("a rule keeps it", 0),
        ("its type is not synced any more", 0),
        ("both are edited before it is recorded", 0),
    ],
)
def test_a_create_is_undone_where_its_original_is_there_and_no_rule_stands_in_the_way(
    pair: Pair, happens: str, expects: int
) -> None:
    _servers_tell_at_once(pair)
    summary = "Termin 5 mit Text" if happens == "a rule keeps it" else MEETING.summary
    original, copy = _copied(pair, replace(MEETING, summary=summary, types=(CALL,)))
    pair.strict = "guard"
    pair.optional.types = happens == "its type is not synced any more"
    if happens == "the original goes":  # the answer to the create was lost, so it is told later
        pair.calendars[LEFT].user_delete(original)
    elif "edited" in happens:
        pair.calendars[LEFT].user_edit(original, summary="Termin 2 mit Text")
        pair.calendars[RIGHT].user_edit(copy, summary="Termin 2 mit Text")
    assert _expected(pair, original, copy, _row(Kind.CREATE, copy, after=IMAGE, at=LATER)) == expects


@pytest.mark.parametrize(("goes", "expects"), [(False, 1), (True, 0)])
def test_an_update_is_undone_where_the_other_event_is_there(pair: Pair, goes: bool, expects: int) -> None:
    _servers_tell_at_once(pair)
    original, copy = _copied(pair)
    if goes:  # which a feed tells after the write
        pair.calendars[LEFT].user_delete(original)
    row = _row(Kind.UPDATE, copy, before=IMAGE, after=IMAGE, at=LATER)
    assert _expected(pair, original, copy, row) == expects


@pytest.mark.parametrize(
    ("back", "lag", "broken"), [("copy", 60, []), ("copy", 0, ["I15"]), ("original", 60, ["I15"])]
)
def test_what_is_created_anew_has_no_partner_that_calsync_was_told_of_and_is_not_there_itself(
    pair: Pair, back: str, lag: int, broken: list[str]
) -> None:
    """What was deleted is asked about by its id; a partner whose create is undone with it is not."""
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    _servers_tell_at_once(pair)
    original, copy = _copied(pair)
    right.user_delete(copy)
    left.rows.change(original, by_us=True, place=Place.TRASH)
    left.behaviour.lag = right.behaviour.lag = timedelta(seconds=lag)
    if back == "copy":
        right.user_restore(copy)
    else:
        left.user_restore(original)
    pair.report, pair.begun, pair.begun_at = Report(), len(pair.journal), pair.world.clock.now()
    _run_leaves(pair)
    rows = (
        _row(Kind.CREATE, copy, source_id=original, after=IMAGE),
        _row(Kind.DELETE, original, side=LEFT, source_id=copy, before=IMAGE, id=2),
    )
    marker = _is_to_be_created_anew(pair, rows[1])
    with _undoing(pair, *rows):
        made = copy_context()
        made.run(MAKING.set, marker)
        made.run(left.rows.add, MEETING, by_us=True)
    assert _broken(pair) == broken


@pytest.mark.parametrize(
    ("back", "broken"),
    [
        ("before", {"I14"}),
        ("before, and gone again meanwhile", set()),
        ("untold", set()),
        ("meanwhile", set()),
        ("never", set()),
    ],
)
def test_what_is_created_anew_may_show_the_texts_of_a_private_one_that_was_gone_as_far_as_the_command_knew(
    pair: Pair, back: str, broken: set[str]
) -> None:
    left = pair.calendars[LEFT]
    left.behaviour.lag = timedelta(0)
    private = left.user_create(replace(MEETING, private=True))
    left.user_delete(private)
    if back == "untold":
        left.behaviour.lag = timedelta(seconds=30)
        pair.world.loop.run_until_complete(asyncio.sleep(60))
    if back.startswith(("before", "untold")):
        left.user_restore(private)
    with _undoing(pair):
        if back.endswith("gone again meanwhile"):
            left.user_move_away(private)
        if back == "meanwhile":
            left.user_restore(private)
        _copied_by_calsync(pair, private)
    assert {each for each in _broken(pair) if each == "I14"} == broken


def _is_to_be_created_anew(pair: Pair, delete: LedgerEntry) -> str:
    """Have the store remember a delete, and that it is being undone; return the marker of what undoes it."""
    marker = f"v1:anna:2:{sha256((delete.source_id or '').encode()).hexdigest()[:16]}"
    before, after = IMAGES.put("anna", delete.before, delete.after)
    values = {"event": delete.event_id, "source": delete.source_id, "before": before, "after": after}
    raw = pair.world.disk.raw
    raw.execute("INSERT INTO account (name) VALUES ('anna')")
    raw.execute(
        "INSERT INTO ledger (account, id, run, at, kind, side, reason, event_id, source_id, link, before_image,"
        " after_image) VALUES ('anna', 2, 1, '2026-03-02T08:00:00Z', 'delete', 'left', 'deleted', :event, :source,"
        " 1, :before, :after)",
        values,
    )
    raw.execute(
        "INSERT INTO intent (account, marker, kind, side, reason, changes, run, begun, looks, undoes)"
        " VALUES ('anna', ?, 'create', 'left', 'undone', '{}', 2, '2026-03-02T08:00:00Z', 0, 2)",
        (marker,),
    )
    return marker


@pytest.mark.parametrize(("settled", "broken"), [(False, ["I15"]), (True, [])])
def test_an_undone_copy_is_not_made_again_unless_its_delete_came_when_another_runner_had_settled_it(
    pair: Pair, settled: bool, broken: list[str]
) -> None:
    """It counts as a user's delete then, which the target of a one-way account may have restored."""
    _servers_tell_at_once(pair)
    original, copy = _copied(pair)
    _link(pair, original, copy)
    pair.report, pair.begun, pair.begun_at = Report(), len(pair.journal), pair.world.clock.now()
    _run_leaves(pair, (original, copy))
    if not settled:
        _is_to_be_undone(pair, Kind.DELETE)
    with _undoing(pair, _row(Kind.CREATE, copy, after=IMAGE)):
        pair.calendars[RIGHT].rows.change(copy, by_us=True, place=Place.TRASH)
    _copied_by_calsync(pair, original)
    assert _broken(pair) == broken


@pytest.mark.parametrize(
    ("frees", "broken"),
    [("no command", ["I15"]), ("its own", ["I15"]), ("a later one", []), ("one that is frozen", [])],
)
def test_an_undone_copy_may_be_made_again_once_a_later_command_has_freed_its_original(
    pair: Pair, frees: str, broken: list[str]
) -> None:
    """As one that undoes the undo. The command that undid it must not end its link."""
    _servers_tell_at_once(pair)
    original, copy = _copied(pair)
    _link(pair, original, copy)
    raw, errand = pair.world.disk.raw, Undoing(pair, Selection(ids=[]), None)

    async def undo(*, deletes: bool = False, ends_link: bool, frozen: bool = False) -> None:
        async with pair.undos.undertaken(errand):
            if deletes:
                pair.undos._parted[LEFT, original] = len(pair.journal)
            if ends_link:
                raw.execute("DELETE FROM link")
            if frozen:
                _copied_by_calsync(pair, original)

    run = pair.world.loop.run_until_complete
    run(undo(deletes=True, ends_link=frees == "its own"))
    if frees.startswith(("a later", "one")):
        run(undo(ends_link=True, frozen=frees.startswith("one")))
    _copied_by_calsync(pair, original)
    assert _broken(pair) == broken


def test_what_a_command_told_is_heard_before_it_is_forgotten(pair: Pair) -> None:
    """The next run may come a month later."""
    raw = pair.world.disk.raw
    raw.execute("INSERT INTO account (name) VALUES (?)", (pair.name,))

    async def undo() -> None:
        async with pair.undos.undertaken(Undoing(pair, Selection(ids=[1]), None)):
            raw.execute(
                "INSERT INTO ledger (account, run, at, kind, side, reason, before_image, after_image)"
                " VALUES (?, 1, '2026-03-02T08:00:00Z', 'update', 'right', 'undone', '{}', '{}')",
                (pair.name,),
            )

    pair.world.loop.run_until_complete(undo())
    assert [entry.reason for entry in pair.witness.ledger] == ["undone"]


@pytest.mark.parametrize(("undone", "broken"), [(True, []), (False, ["I4", "I4"])])
def test_what_a_user_deleted_just_before_an_undo_was_to_may_be_copied_again(
    pair: Pair, undone: bool, broken: list[str]
) -> None:
    _servers_tell_at_once(pair)
    original, copy = _copied(pair)
    pair.report, pair.begun, pair.begun_at = Report(), len(pair.journal), pair.world.clock.now()
    _run_leaves(pair, (original, copy))
    pair.calendars[RIGHT].user_delete(copy)
    if undone:
        pair.witness.ledger.append(_row(Kind.DELETE, copy, reason="undone", before=IMAGE))
    again = _copied_by_calsync(pair, original)
    _run_leaves(pair, (original, again))
    store = pair.world.disk.store()
    state = pair.world.loop.run_until_complete(store.load(pair.name, pair.world.clock.now()))
    Oracle(pair)._deletes(state, defaultdict(list))
    assert _broken(pair) == broken


@pytest.mark.parametrize("forgets", [False, True])
def test_a_command_may_not_forget_whose_copy_it_deletes(pair: Pair, forgets: bool) -> None:
    _servers_tell_at_once(pair)
    original, copy = _copied(pair)
    _link(pair, original, copy)
    pair.report, pair.begun, pair.begun_at = Report(), len(pair.journal), pair.world.clock.now()
    _run_leaves(pair, (original, copy))
    _is_to_be_undone(pair, Kind.DELETE)

    async def undo() -> None:
        async with pair.undos.undertaken(Undoing(pair, Selection(ids=[1]), None)):
            with _undoing(pair, _row(Kind.CREATE, copy, after=IMAGE)):
                pair.calendars[RIGHT].rows.change(copy, by_us=True, place=Place.TRASH)
            if forgets:
                pair.world.disk.raw.execute("DELETE FROM link")

    pair.world.loop.run_until_complete(undo())
    _copied_by_calsync(pair, original)
    assert _broken(pair) == ["I15"]


@pytest.mark.parametrize(("touched", "broken"), [(False, True), (True, False)])
def test_what_was_created_anew_is_not_deleted_again_unless_somebody_has_touched_it(
    pair: Pair, touched: bool, broken: bool
) -> None:
    left = pair.calendars[LEFT]
    original, copy = _copied(pair)
    pair.calendars[RIGHT].user_delete(copy)
    left.rows.change(original, by_us=True, place=Place.TRASH)
    pair.report, pair.begun, pair.begun_at = Report(), len(pair.journal), pair.world.clock.now()
    _run_leaves(pair)
    deleted = _row(Kind.DELETE, original, side=LEFT, source_id=copy, before=IMAGE, id=2)
    marker = _is_to_be_created_anew(pair, deleted)
    with _undoing(pair, deleted):
        made = copy_context()
        made.run(MAKING.set, marker)
        anew = made.run(left.rows.add, MEETING, by_us=True).id
    if touched:
        left.user_edit(anew, summary="Termin 2 mit Text")
    left.rows.change(anew, by_us=True, place=Place.TRASH)
    told = f"I15: anna: {(LEFT, anew)} was created anew, and is deleted again"
    assert (told in pair.world.violations) == broken


@pytest.mark.parametrize(("summary", "broken"), [("Termin 1", []), ("Termin 2 mit Text", ["I15"])])
def test_what_was_undone_is_not_written_again_where_a_server_cuts_the_other_side_beside_another_write(
    pair: Pair, summary: str, broken: list[str]
) -> None:
    _servers_tell_at_once(pair)
    original, copy = _copied(pair)
    pair.report, pair.begun, pair.begun_at = Report(), len(pair.journal), pair.world.clock.now()
    _run_leaves(pair, (original, copy))
    _link(pair, original, copy)
    _is_to_be_undone(pair, Kind.UPDATE)
    row = _row(Kind.UPDATE, copy, before={"summary": "Termin 0 mit Text"}, after={"summary": MEETING.summary})
    with _undoing(pair, row):
        _writes(pair, RIGHT, copy, summary="Termin 0 mit Text")
    rows = pair.calendars[LEFT].rows
    rows.change(original, by_us=True, event=replace(rows.rows[original].event, summary=summary))
    assert [each for each in _broken(pair) if each == "I15"] == broken


@pytest.mark.parametrize(
    ("late", "settled", "broken"), [(True, False, ["I15"]), (True, True, []), (False, True, ["I15"])]
)
def test_what_was_undone_is_not_carried_over_unless_it_came_late_when_another_runner_had_settled_it(
    pair: Pair, late: bool, settled: bool, broken: list[str]
) -> None:
    """It counts as a user's edit then."""
    _servers_tell_at_once(pair)
    original, copy = _copied(pair)
    pair.report, pair.begun, pair.begun_at = Report(), len(pair.journal), pair.world.clock.now()
    _run_leaves(pair, (original, copy))
    _link(pair, original, copy)
    if not settled:
        _is_to_be_undone(pair, Kind.UPDATE)
    row = _row(Kind.UPDATE, copy, before={"summary": "Termin 0 mit Text"}, after={"summary": MEETING.summary})
    frozen = PROCESS.set(cast("Any", SimpleNamespace(freezes=late)))
    with _undoing(pair, row):
        _writes(pair, RIGHT, copy, summary="Termin 0 mit Text")
    PROCESS.reset(frozen)
    assert [each for each in _writes(pair, LEFT, original, summary="Termin 0 mit Text") if each == "I15"] == broken


@pytest.mark.parametrize(
    ("misled", "told", "broken"), [(True, False, []), (True, True, ["I15"]), (False, False, ["I15"])]
)
def test_what_was_undone_is_not_written_again_unless_an_edit_comes_to_light_of_which_a_feed_told_the_state_before(
    pair: Pair, misled: bool, told: bool, broken: list[str]
) -> None:
    left = pair.calendars[LEFT]
    _servers_tell_at_once(pair)
    original, copy = _copied(pair)
    left.told.add(left.rows.rows[original].revision)
    left.user_edit(original, summary="Termin 3 mit Text")
    if misled:
        pair.hidden.add(original)
    if told:
        left.told.add(left.rows.rows[original].revision)
    pair.report, pair.begun, pair.begun_at = Report(), len(pair.journal), pair.world.clock.now()
    _run_leaves(pair, (original, copy))
    _link(pair, original, copy)
    _is_to_be_undone(pair, Kind.UPDATE)
    row = _row(Kind.UPDATE, copy, before={"summary": "Termin 0 mit Text"}, after={"summary": "Termin 3 mit Text"})
    rows = pair.calendars[RIGHT].rows
    rows.change(copy, by_us=True, event=replace(rows.rows[copy].event, summary="Termin 3 mit Text"))
    with _undoing(pair, row):
        _writes(pair, RIGHT, copy, summary="Termin 0 mit Text")
    rows.change(copy, by_us=True, event=replace(rows.rows[copy].event, summary="Termin 3 mit Text"))
    assert [each for each in _broken(pair) if each == "I15"] == broken


@pytest.mark.parametrize(
    ("word", "choice", "written", "broken"),
    [
        ("behind", Choice.LEFT, MEETING.summary, []),
        ("behind", Choice.LEFT, "Termin 4 mit Text", ["I15"]),
        ("behind", Choice.KEEP, MEETING.summary, ["I15"]),
        ("ahead", Choice.LEFT, MEETING.summary, ["I15"]),
    ],
)
def test_what_was_undone_is_not_written_again_unless_a_person_has_chosen_it_since(
    pair: Pair, word: str, choice: Choice, written: str, broken: list[str]
) -> None:
    """As where nobody could tell whether the server or a user had cut what an undo had put back."""
    _servers_tell_at_once(pair)
    original, copy = _copied(pair)
    _link(pair, original, copy)
    _is_to_be_undone(pair, Kind.UPDATE)
    pair.report, pair.begun, pair.begun_at = Report(), len(pair.journal), pair.world.clock.now()
    _run_leaves(pair, (original, copy))
    row = _row(Kind.UPDATE, copy, before={"summary": "Termin 0 mit Text"}, after={"summary": MEETING.summary})
    if word == "ahead":
        _decided(pair, original, copy, choice)
    with _undoing(pair, row):
        _writes(pair, RIGHT, copy, summary="Termin 0 mit Text")
    if word == "behind":
        _decided(pair, original, copy, choice)
    assert [each for each in _writes(pair, RIGHT, copy, summary=written) if each == "I15"] == broken


def _decided(pair: Pair, original: str, copy: str, choice: Choice) -> None:
    """Have a person say which summary of a pair is to be on both sides."""
    seen = [Observation(id=original, event=MEETING, revision="r1")]
    seen.append(Observation(id=copy, event=replace(MEETING, summary="Termin 0 mit Text"), revision="r1"))
    case = Case(
        name="1",
        side=RIGHT,
        event_id=copy,
        kind=Kind.UPDATE,
        reason=UNSURE,
        since=START,
        left=seen[0],
        right=seen[1],
        gone=None,
        choices=[choice],
        decided=None,
        shown="",
    )
    pair.decisions.take(case, choice)


@pytest.mark.parametrize(("forgotten", "broken"), [(True, False), (False, True)])
def test_a_copy_whose_create_a_disk_has_forgotten_goes_with_what_it_replaced(
    pair: Pair, forgotten: bool, broken: bool
) -> None:
    original, copy = _copied(pair)
    pair.calendars[RIGHT].user_delete(copy)
    kept = len(pair.journal)
    again = _copied_by_calsync(pair, original)
    if forgotten:
        pair.forgotten.append((kept, len(pair.journal)))
    rows = _row(Kind.CREATE, copy, after=IMAGE), _row(Kind.UPDATE, again, before=IMAGE, after=IMAGE, id=2)
    with _undoing(pair, *rows):
        pair.calendars[RIGHT].rows.change(again, by_us=True, place=Place.TRASH)
    assert ("I15" in _broken(pair)) == broken


def test_both_sides_differ_only_as_they_were_left(pair: Pair) -> None:
    original, copy = _copied(pair)
    row = _row(Kind.UPDATE, copy, before={"summary": "Termin 0 mit Text"}, after={"summary": MEETING.summary})
    _link(pair, original, copy)
    _is_to_be_undone(pair, Kind.UPDATE)
    with _undoing(pair, row):
        _writes(pair, RIGHT, copy, summary="Termin 0 mit Text")
    rows = [pair.calendars[LEFT].rows.rows[original], pair.calendars[RIGHT].rows.rows[copy]]
    assert pair.undos.apart(rows, "summary")
    assert not pair.undos.apart(rows, "description")
    pair.calendars[LEFT].user_edit(original, summary="Termin 3 mit Text")
    assert not pair.undos.apart([pair.calendars[LEFT].rows.rows[original], rows[1]], "summary")


@pytest.mark.parametrize(
    ("entered", "told", "apart"),
    [
        ("Termin 0 mit Text", MEETING.summary, True),
        ("Termin 2 mit Text", MEETING.summary, False),
        ("Termin 0 mit Text", "Termin 3 mit Text", False),
    ],
)
def test_both_sides_differ_too_where_a_user_entered_just_what_an_undo_was_to_write(
    pair: Pair, entered: str, told: str, apart: bool
) -> None:
    """It counts as carried out, unless the other side shows something else than what calsync had written."""
    original, copy = _copied(pair)
    _link(pair, original, copy)
    pair.calendars[RIGHT].user_edit(copy, summary=entered)
    undone = {"before": {"summary": told}, "after": {"summary": "Termin 0 mit Text"}}
    pair.undos.hear(_row(Kind.UPDATE, copy, reason="undone", **undone))
    rows = [pair.calendars[LEFT].rows.rows[original], pair.calendars[RIGHT].rows.rows[copy]]
    assert pair.undos.apart(rows, "summary") is apart


@pytest.mark.parametrize(("series", "expects"), [(False, 1), (True, 0)])
def test_a_create_of_a_run_that_was_killed_is_undone_unless_its_original_is_a_series_by_now(
    pair: Pair, series: bool, expects: int
) -> None:
    _servers_tell_at_once(pair)
    original = pair.calendars[LEFT].user_create(replace(MEETING, series=series))
    pair.report, pair.begun, pair.begun_at = Report(), len(pair.journal), pair.world.clock.now()
    _run_leaves(pair)
    copy = _copied_by_calsync(pair, original)
    row = _row(Kind.CREATE, copy, source_id=original, after=IMAGE, at=START + timedelta(hours=9))
    now = Undertaking(
        begun=len(pair.journal),
        begun_at=pair.world.clock.now(),
        chosen=[row],
        all=[row],
        awake={1: {LEFT: (LEFT, original), RIGHT: (RIGHT, copy)}},
        disturbed=False,
    )
    assert len([*expected(pair, now)]) == expects
