"""What a person keeps is kept, unless what is missing had come back before, and calsync learns of it later.

Nobody is asked twice, unless a rebuild dropped the first word.
"""

from __future__ import annotations

from collections import defaultdict
from contextvars import copy_context
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.desk.decisions import Case
from calsync.engine import Report
from calsync.records import LedgerEntry
from calsync.sync.brakes import DELETES, PRIVATE_DELETED, REWRITES, RULES
from calsync.sync.choices import AMBIGUOUS, CONFLICT, RELEASED, UNSURE, Choice
from calsync.sync.model import Direction, Event, Link, Observation, Side, Timed
from calsync.sync.plan import Kind, Operation, Plan
from calsync.testing.clock import START
from calsync.testing.rows import Place
from calsync.values import replace
from tests.simulation.database import Left
from tests.simulation.pair import MAKING
from tests.simulation.person import Person
from tests.simulation.witness import marked
from tests.simulation.writes import MINUTES

if TYPE_CHECKING:
    from calsync.records import AccountState
    from calsync.sync.model import Field
    from tests.simulation.pair import Pair

LEFT, RIGHT = Side.LEFT, Side.RIGHT
MEETING = Event(summary="Besichtigung", when=Timed(START, START + timedelta(hours=1)))


def _a_run_settles_all(pair: Pair, *links: tuple[str, str | None]) -> None:
    pair.report, pair.begun, pair.begun_at = Report(), len(pair.journal), pair.world.clock.now()
    pair.witness.look(_nothing_left(*links))


def _nothing_left(*links: tuple[str, str | None]) -> Left:
    return Left(links=links, seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=[])


def _is_copied(pair: Pair, source: str) -> None:
    """Have calsync copy an event of the left."""
    made = copy_context()
    made.run(MAKING.set, f"v1:anna:1:{marked(source)}")
    made.run(pair.calendars[RIGHT].rows.add, MEETING, by_us=True, reminder_minutes=MINUTES)


def _remembered(pair: Pair, link: Link) -> AccountState:
    state = pair.world.loop.run_until_complete(pair.world.disk.store().load(pair.name, pair.world.clock.now()))
    state.links[link.id] = link
    return state


def _released(event_id: str) -> LedgerEntry:
    return LedgerEntry(
        run=1,
        at=START,
        kind=Kind.DELETE,
        side=LEFT,
        reason=RELEASED,
        event_id=event_id,
        source_id=None,
        link=1,
        before={},
        after={},
    )


def _held_delete(event_id: str) -> Case:
    return Case(
        name="1",
        side=LEFT,
        event_id=event_id,
        kind=Kind.DELETE,
        reason="brake_deletes",
        since=START,
        left=None,
        right=None,
        gone=RIGHT,
        choices=[Choice.KEEP],
        decided=None,
        shown="",
    )


@pytest.mark.parametrize(("known", "broken"), [(True, ["decision"]), (False, [])])
def test_a_copy_is_kept_unless_its_original_had_come_back_and_calsync_did_not_know(
    pair: Pair, known: bool, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    copy, original = _a_copy_whose_original_is_deleted(pair)
    right.user_restore(original)
    right.user_edit(original, cancelled=True)
    if known:
        _a_run_settles_all(pair, (copy, original))
    pair.decisions.take(_held_delete(copy), Choice.KEEP)
    left.rows.change(copy, by_us=True, place=Place.TRASH)
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(
    ("words", "broken"),
    [
        ([(DELETES, Choice.KEEP), (PRIVATE_DELETED, Choice.RELEASE)], []),
        ([(PRIVATE_DELETED, Choice.RELEASE), (DELETES, Choice.KEEP)], ["decision"]),
        ([(DELETES, Choice.KEEP), (PRIVATE_DELETED, Choice.KEEP)], ["decision", "decision"]),
        ([(DELETES, Choice.KEEP), (PRIVATE_DELETED, Choice.RELEASE), (DELETES, Choice.KEEP)], ["decision"]),
    ],
)
def test_a_copy_is_kept_unless_the_person_let_it_be_deleted_later_when_it_was_held_for_another_reason(
    pair: Pair, words: list[tuple[str, Choice]], broken: list[str]
) -> None:
    copy, _ = _a_copy_whose_original_is_deleted(pair)
    for reason, choice in words:
        pair.decisions.take(replace(_held_delete(copy), reason=reason), choice)
    pair.calendars[LEFT].rows.change(copy, by_us=True, place=Place.TRASH)
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken
    assert pair.world.excuses["chosen later"] == (not broken)


def _a_copy_whose_original_is_deleted(pair: Pair) -> tuple[str, str]:
    """Have a run know that; return the ids of the copy and of its original."""
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    left.behaviour.lag = right.behaviour.lag = timedelta(0)
    copy, original = left.user_create(MEETING), right.user_create(MEETING)
    right.user_delete(original)
    _a_run_settles_all(pair, (copy, original))
    return copy, original


def _twin(event_id: str, shown: Observation) -> Case:
    return replace(_held_delete(event_id), side=RIGHT, kind=Kind.CREATE, reason=AMBIGUOUS, gone=None, left=shown)


@pytest.mark.parametrize(
    ("happens", "broken"),
    [
        ("nothing", ["decision"]),
        ("it has a link", []),
        ("an edit", []),
        ("a delete before", []),
        ("a mark as private before", []),
        ("a series before", []),
        ("it was hidden", []),
        ("an equal one that calsync knew", ["decision"]),
        ("an equal one that a run did not find", []),
        ("an equal one before", []),
    ],
)
def test_a_twin_that_is_to_be_left_alone_is_so_behind_the_next_run_if_nothing_comes_in_between(
    pair: Pair, happens: str, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    left.behaviour.lag = right.behaviour.lag = timedelta(0)
    twin = left.user_create(MEETING)
    if happens.startswith("an equal one that"):
        equal = right.user_create(MEETING)
        right.lost = {equal} if "did not find" in happens else set()
    _a_run_settles_all(pair)
    if happens == "an equal one before":
        right.user_create(MEETING)
    if happens == "a delete before":
        left.user_delete(twin)
    if happens == "a mark as private before":
        left.user_edit(twin, private=True)
    if happens == "a series before":
        left.user_edit(twin, series=True)
    pair.decisions.take(_twin(twin, Observation(id=twin, event=MEETING, revision="r1")), Choice.KEEP)
    if happens == "an edit":
        left.user_edit(twin, description="Notiz 2 mit Text")
    elif happens == "it was hidden":
        pair.hidden.add(twin)
    pair.world.loop.run_until_complete(pair.world.clock.sleep(1))
    _a_run_settles_all(pair, *([(twin, None)] if happens == "it has a link" else []))
    pair.decisions.look(_nothing_left())
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(
    ("direction", "held", "broken"),
    [
        (Direction.RIGHT_TO_LEFT, False, []),
        (Direction.RIGHT_TO_LEFT, True, ["decision"]),
        (Direction.BOTH, False, ["decision"]),
    ],
)
def test_a_twin_is_left_alone_without_a_link_where_it_stands_on_a_target_and_nothing_looks_like_it_any_more(
    pair: Pair, direction: Direction, held: bool, broken: list[str]
) -> None:
    pair.direction = direction
    left = pair.calendars[LEFT]
    left.behaviour.lag = timedelta(0)
    seen = Observation(id=left.user_create(MEETING), event=MEETING, revision="r1")
    _a_run_settles_all(pair)
    pair.decisions.take(_twin(seen.id, seen), Choice.KEEP)
    pair.world.loop.run_until_complete(pair.world.clock.sleep(1))
    _a_run_settles_all(pair)
    hold = Operation(kind=Kind.HOLD, side=RIGHT, reason=AMBIGUOUS, source=seen)
    pair.report = Report(plan=Plan(operations=(hold,) * held))
    pair.decisions.look(_nothing_left())
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(
    ("choice", "partner", "broken"),
    [
        (Choice.PAIR, "deleted", []),
        (Choice.PAIR, "cancelled", []),
        (Choice.PAIR, "edited", ["decision"]),
        (Choice.PAIR, "as it was", ["decision"]),
        (Choice.KEEP, "deleted", ["decision"]),
    ],
)
def test_what_a_person_paired_is_not_copied_unless_the_other_one_had_gone_before_that(
    pair: Pair, choice: Choice, partner: str, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    left.behaviour.lag = right.behaviour.lag = timedelta(0)
    source, other = left.user_create(MEETING), right.user_create(MEETING)
    _a_run_settles_all(pair)
    if partner == "deleted":
        right.user_delete(other)
    elif partner != "as it was":
        right.user_edit(other, **{"cancelled": True} if partner == "cancelled" else {"summary": "Termin 2"})
    seen = [Observation(id=event_id, event=MEETING, revision="r1") for event_id in (source, other)]
    pair.decisions.take(replace(_twin(source, seen[0]), right=seen[1]), choice)
    _a_run_settles_all(pair, (source, other if choice is Choice.PAIR else None))
    _is_copied(pair, source)
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(
    ("partner", "paired", "broken"),
    [
        ("gone", "beside that", []),
        ("there", "beside that", ["decision"]),
        ("gone", "before a run", ["decision"]),
        ("gone", "not", ["decision"]),
    ],
)
def test_what_a_person_keeps_is_not_copied_unless_the_person_paired_it_beside_that_with_one_that_is_gone(
    pair: Pair, partner: str, paired: str, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    left.behaviour.lag = right.behaviour.lag = timedelta(0)
    source, other = left.user_create(MEETING), right.user_create(MEETING)
    _a_run_settles_all(pair)
    if partner == "gone":
        right.user_delete(other)
    seen = [Observation(id=event_id, event=MEETING, revision="r1") for event_id in (source, other)]
    if paired != "not":
        both = replace(_twin(other, seen[1]), side=LEFT, left=seen[0], right=seen[1])
        pair.decisions.take(both, Choice.PAIR)
    if paired == "before a run":
        pair.runs, pair.ruled = 1, True
    pair.decisions.take(_twin(source, seen[0]), Choice.KEEP)
    _a_run_settles_all(pair, (source, other))
    _is_copied(pair, source)
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(
    ("runs", "linked", "broken"), [(0, True, []), (0, False, ["decision"]), (1, True, ["decision"])]
)
def test_of_two_that_a_person_paired_with_the_same_one_before_a_run_heard_of_it_one_may_be_copied(
    pair: Pair, runs: int, linked: bool, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    left.behaviour.lag = right.behaviour.lag = timedelta(0)
    sources, other = [left.user_create(MEETING) for _ in range(2)], right.user_create(MEETING)
    _a_run_settles_all(pair)
    seen = [Observation(id=event_id, event=MEETING, revision="r1") for event_id in (*sources, other)]
    pair.ruled = True
    for source, shown in zip(sources, seen, strict=False):
        pair.decisions.take(replace(_twin(source, shown), right=seen[2]), Choice.PAIR)
        pair.runs += runs
    _a_run_settles_all(pair, (sources[0], other), (sources[1], None))
    raw = pair.world.disk.raw
    raw.execute("INSERT INTO account (name) VALUES ('anna')")
    raw.execute(
        "INSERT INTO link (account, id, left_id, right_id, state, left_base, right_base)"
        " VALUES ('anna', 1, ?, ?, 'awake', '{}', '{}')",
        (sources[0], other if linked else None),
    )
    _is_copied(pair, sources[1])
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(("number", "broken"), [(5, []), (1, ["decision"])])
def test_what_a_rule_kept_out_meanwhile_may_be_asked_anew(pair: Pair, number: int, broken: list[str]) -> None:
    event = replace(MEETING, summary=f"Termin {number} mit Text")
    twin = pair.calendars[LEFT].user_create(event)
    case = _twin(twin, Observation(id=twin, event=event, revision="r1"))
    pair.decisions.take(case, Choice.KEEP)
    pair.rule("admit")
    pair.rule(None)
    pair.decisions.ask(case)
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(("other", "broken"), [(True, []), (False, ["decision"])])
def test_nobody_is_asked_twice_but_about_another_event_that_looks_the_same(
    pair: Pair, other: bool, broken: list[str]
) -> None:
    twin = Observation(id=pair.calendars[LEFT].user_create(MEETING), event=MEETING, revision="r1")
    shown = Observation(id=pair.calendars[RIGHT].user_create(MEETING), event=MEETING, revision="r1")
    case = replace(_twin(twin.id, twin), right=shown)
    pair.decisions.take(case, Choice.PAIR)
    pair.decisions.ask(replace(case, right=replace(shown, id="another")) if other else case)
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(
    ("edits", "by_us", "done", "broken"),
    [
        (({"private": True}, {"private": False}), False, False, []),
        (({"private": True}, {"private": False}), False, True, ["decision"]),
        (({"summary": "Termin 2"}, {"summary": MEETING.summary}), True, False, ["decision"]),
        (({"attendee_count": 2},), False, False, ["decision"]),
    ],
)
def test_nobody_is_asked_twice_unless_a_user_made_what_was_shown_beside_it_another_thing_before_it_was_done(
    pair: Pair, edits: tuple[dict[str, Any], ...], by_us: bool, done: bool, broken: list[str]
) -> None:
    twin = Observation(id=pair.calendars[LEFT].user_create(MEETING), event=MEETING, revision="r1")
    shown = Observation(id=pair.calendars[RIGHT].user_create(MEETING), event=MEETING, revision="r1")
    case = replace(_twin(twin.id, twin), right=shown)
    pair.decisions.take(case, Choice.KEEP)
    if done:
        _a_run_settles_all(pair, (twin.id, None))
        pair.decisions.look(_nothing_left())
    rows = pair.calendars[RIGHT].rows
    for changes in edits:
        rows.change(shown.id, by_us=by_us, event=replace(rows.rows[shown.id].event, **changes))
    pair.decisions.ask(case)
    assert [violation.partition(":")[0] for violation in pair.world.violations if "before" in violation] == broken
    assert pair.world.excuses["beside another thing"] == (not broken)


@pytest.mark.parametrize(("read", "broken"), [(False, []), (True, ["decision"])])
def test_nobody_is_asked_twice_unless_calsync_had_not_read_yet_that_what_it_showed_was_another_thing_for_a_while(
    pair: Pair, read: bool, broken: list[str]
) -> None:
    twin = Observation(id=pair.calendars[LEFT].user_create(MEETING), event=MEETING, revision="r1")
    shown = Observation(id=pair.calendars[RIGHT].user_create(MEETING), event=MEETING, revision="r1")
    for summary in ("Termin 2", MEETING.summary):
        pair.calendars[RIGHT].user_edit(shown.id, summary=summary)
    case = replace(_twin(twin.id, twin), right=replace(shown, revision="r3") if read else shown)
    pair.decisions.take(case, Choice.KEEP)
    pair.decisions.ask(case)
    assert [violation.partition(":")[0] for violation in pair.world.violations if "before" in violation] == broken


def test_words_are_dropped_when_the_account_leaves(pair: Pair) -> None:
    case = _held_delete(pair.calendars[LEFT].user_create(MEETING))
    pair.decisions.take(case, Choice.KEEP)
    pair.decisions.left()
    pair.decisions.ask(case)
    assert pair.world.violations == []


@pytest.mark.parametrize(
    "when", ["with no rebuild", "before the disk was put back", "before that was noticed", "later"]
)
def test_nobody_is_asked_twice_but_for_words_that_a_rebuild_drops(pair: Pair, when: str) -> None:
    copy = pair.calendars[LEFT].user_create(MEETING)
    case = _held_delete(copy)
    if when == "before that was noticed":
        pair.forget(0, {}, ran=True)
    elif when == "later":
        pair.forget(0, {}, ran=True)
        pair.confirmed()
    pair.decisions.take(case, Choice.KEEP)
    if when == "before the disk was put back":
        pair.forget(0, {}, ran=True)
    if when.startswith("before"):
        pair.confirmed()
    pair.decisions.ask(case)
    broken = [violation.partition(":")[0] for violation in pair.world.violations]
    assert broken == ([] if when.startswith("before") else ["decision"])
    assert pair.world.excuses["old disk: a word that nobody had heard"] == (when == "before that was noticed")


@pytest.mark.parametrize(
    ("again", "broken"), [("while it is held", []), ("while it is blocked", []), ("", ["decision", "decision"])]
)
def test_what_a_person_chose_is_shown_unless_the_person_chose_otherwise_later(
    pair: Pair, again: str, broken: list[str]
) -> None:
    """As where a join link kept half of it from being written, and the rest of the pair was shown anew."""
    for calendar in pair.calendars.values():
        calendar.behaviour.lag, calendar.behaviour.normalise = timedelta(0), lambda event: event
    events = {LEFT: replace(MEETING, summary="Termin 1"), RIGHT: replace(MEETING, summary="Termin 2")}
    ids = {side: pair.calendars[side].user_create(event) for side, event in events.items()}
    shown = {side: Observation(id=ids[side], event=event, revision="r1") for side, event in events.items()}
    link = Link(id=1, left=ids[LEFT], right=ids[RIGHT])
    held = Operation(
        kind=Kind.HOLD,
        side=RIGHT,
        reason=CONFLICT,
        link=link,
        target=shown[RIGHT],
        changes={"summary": "Termin 1"},
    )
    case = replace(_held_delete(ids[RIGHT]), side=RIGHT, kind=Kind.UPDATE, reason=CONFLICT)
    case = replace(case, left=shown[LEFT], right=shown[RIGHT], gone=None)
    _a_run_settles_all(pair, (ids[LEFT], ids[RIGHT]))
    pair.report = Report(plan=Plan(operations=(held,)))
    pair.decisions.take(case, Choice.LEFT)
    if again:
        pair.report.plan = pair.report.plan if "held" in again else Plan(operations=())
        pair.decisions.take(case, Choice.RIGHT)
    rows = pair.calendars[LEFT].rows
    rows.change(ids[LEFT], by_us=True, event=replace(rows.rows[ids[LEFT]].event, summary="Termin 2"))
    pair.decisions.at_rest(_remembered(pair, link), defaultdict(list))
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(
    ("chosen", "fields", "written", "broken"),
    [
        (Choice.LEFT, ("description",), "Notiz 2", []),
        (Choice.LEFT, ("description",), "Notiz 3", ["decision"]),
        (Choice.LEFT, ("summary",), "Notiz 2", ["decision"]),
        (Choice.LEFT, (), "Notiz 2", ["decision"]),
        (Choice.KEEP, ("description",), "Notiz 2", ["decision"]),
        (None, (), "Notiz 2", ["decision"]),
    ],
)
def test_what_a_person_kept_from_being_written_is_not_unless_the_person_chose_it_later(
    pair: Pair, chosen: Choice | None, fields: tuple[Field, ...], written: str, broken: list[str]
) -> None:
    """As where the server cut what both sides were left to show, beside a write that the person released."""
    for calendar in pair.calendars.values():
        calendar.behaviour.lag, calendar.behaviour.normalise = timedelta(0), lambda event: event
    events = {LEFT: replace(MEETING, description="Notiz 2 mit"), RIGHT: replace(MEETING, description="Notiz 1")}
    ids = {side: pair.calendars[side].user_create(event) for side, event in events.items()}
    shown = {side: Observation(id=ids[side], event=event, revision="r1") for side, event in events.items()}
    _a_run_settles_all(pair, (ids[LEFT], ids[RIGHT]))
    kept = replace(_held_delete(ids[RIGHT]), side=RIGHT, kind=Kind.UPDATE, reason=REWRITES)
    kept = replace(kept, left=shown[LEFT], right=shown[RIGHT], gone=None)
    pair.decisions.take(kept, Choice.KEEP)
    pair.decisions.words[-1] = replace(pair.decisions.words[-1], fields=("description",))
    if chosen:
        pair.decisions.take(replace(kept, side=LEFT, event_id=ids[LEFT], reason=UNSURE), chosen)
        pair.decisions.words[-1] = replace(pair.decisions.words[-1], fields=fields)
    rows = pair.calendars[RIGHT].rows
    rows.change(ids[RIGHT], by_us=True, event=replace(rows.rows[ids[RIGHT]].event, description=written))
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(
    ("then", "broken"),
    [
        ("it is kept", []),
        ("it is kept without its pair", []),
        ("it was kept without its pair before a run", ["decision"]),
        ("it is no longer synced", []),
        ("nothing", ["decision"]),
    ],
)
def test_what_a_person_released_is_deleted_unless_the_person_kept_it_when_a_rule_held_it_or_left_it_out(
    pair: Pair, then: str, broken: list[str]
) -> None:
    left = pair.calendars[LEFT]
    copy, original = _a_copy_whose_original_is_deleted(pair)
    if then.endswith("before a run"):
        pair.decisions.take(replace(_held_delete(copy), kind=Kind.HOLD), Choice.KEEP)
        pair.runs, pair.ruled = 1, True
    pair.decisions.take(_held_delete(copy), Choice.RELEASE)
    if then == "it is kept without its pair":
        pair.decisions.take(replace(_held_delete(copy), kind=Kind.HOLD), Choice.KEEP)
    elif then == "it is kept":
        pair.decisions.take(replace(_held_delete(copy), reason=RULES), Choice.KEEP)
    elif then == "it is no longer synced":
        left.rows.change(copy, by_us=False, event=replace(MEETING, series=True))
    pair.decisions.at_rest(_remembered(pair, Link(id=1, left=copy, right=original)), defaultdict(list))
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(
    ("edit", "anew", "broken"),
    [
        ({"summary": "Termin 2"}, True, []),
        ({"summary": "Termin 2"}, False, ["decision"]),
        ({"location": "Raum 2"}, True, ["decision"]),
    ],
)
def test_what_a_person_released_is_deleted_unless_its_pair_is_back_as_a_user_had_edited_it_since_it_was_held(
    pair: Pair, edit: dict[str, Any], anew: bool, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    copy, original = _a_copy_whose_original_is_deleted(pair)
    pair.world.loop.pass_time(60)
    left.user_edit(copy, **edit)
    _a_run_settles_all(pair, (copy, original))
    pair.decisions.take(_held_delete(copy), Choice.RELEASE)
    if anew:
        made = copy_context()
        made.run(MAKING.set, f"v1:anna:1:{marked(copy)}")
        event = replace(left.rows.rows[copy].event, location="")
        original = made.run(right.rows.add, event, by_us=True, reminder_minutes=MINUTES).id
        pair.witness.read()
    pair.decisions.at_rest(_remembered(pair, Link(id=1, left=copy, right=original)), defaultdict(list))
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(
    ("told", "pair_of", "broken"),
    [
        ("an earlier run", "the copy", ["decision"]),
        ("the run that asked about it once more", "the copy", []),
        ("nobody", "the copy", []),
        ("an earlier run", "another one", []),
    ],
)
def test_a_release_does_not_outlive_a_restore_of_the_pair_that_a_run_was_told_of(
    pair: Pair, told: str, pair_of: str, broken: list[str]
) -> None:
    right = pair.calendars[RIGHT]
    copy, original = _a_copy_whose_original_is_deleted(pair)
    shown = Observation(id=original if pair_of == "the copy" else "another", event=MEETING, revision="r1")
    pair.decisions.take(replace(_held_delete(copy), right=shown), Choice.RELEASE)
    right.user_restore(original)
    if told != "nobody":  # else it was deleted again before a slow server answered
        right.told.add(right.rows.rows[original].revision)
    pair.world.loop.pass_time(60)
    _a_run_settles_all(pair, (copy, original))
    right.user_delete(original)
    if told == "an earlier run":
        pair.begun = len(pair.journal)
    pair.decisions._judge_release(_released(copy))
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(
    ("happens", "passes"),
    [([], True), (["user_forbid", "user_restore"], True), (["user_delete", "user_restore"], False)],
)
def test_what_a_person_released_passes_the_brakes_also_once_calsync_could_not_see_it_for_a_while(
    pair: Pair, happens: list[str], passes: bool
) -> None:
    copy, _ = _a_copy_whose_original_is_deleted(pair)
    pair.decisions.take(_held_delete(copy), Choice.RELEASE)
    for each in happens:
        getattr(pair.calendars[LEFT], each)(copy)
    pair.world.loop.pass_time(60)
    _a_run_settles_all(pair)
    assert pair.decisions.passes((LEFT, copy)) == passes


@pytest.mark.parametrize("meddlesome", [True, False])
def test_when_all_is_quiet_a_person_says_something_else_of_what_is_held_again(
    pair: Pair, meddlesome: bool
) -> None:
    pair.world.meddlesome = meddlesome
    case = replace(_held_delete("left-1"), choices=[Choice.RELEASE, Choice.KEEP])
    person = Person(pair.world)
    pair.decisions.take(case, Choice.RELEASE)
    assert person._offers(pair, case) == (case.choices if meddlesome else [Choice.KEEP])
    assert person._offers(pair, replace(case, reason=RULES)) == case.choices
    pair.decisions.take(case, Choice.KEEP)
    assert person._offers(pair, case) == case.choices


@pytest.mark.parametrize(("planned", "broken"), [(True, ["decision"]), (False, [])])
def test_nobody_is_asked_twice_unless_the_word_came_between_other_rules_and_the_run_that_plans_under_them(
    pair: Pair, planned: bool, broken: list[str]
) -> None:
    copy, original = pair.calendars[LEFT].user_create(MEETING), pair.calendars[RIGHT].user_create(MEETING)
    pair.calendars[RIGHT].user_delete(original)
    _a_run_settles_all(pair, (copy, original))
    pair.runs, pair.ruled = 1, planned
    pair.decisions.take(_held_delete(copy), Choice.RELEASE)
    pair.ruled = True
    pair.decisions.ask(_held_delete(copy))
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(
    ("released", "deleted", "broken"),
    [
        (True, "before", []),
        (True, "behind", ["decision"]),
        (True, "by a user", []),
        (True, "by a user, and again behind", ["decision"]),
        (False, "by a user", ["decision"]),
    ],
)
def test_what_an_old_disk_finds_to_be_deleted_was_released_and_sent_before_it_was_put_back_or_its_user_deleted_it(
    pair: Pair, released: bool, deleted: str, broken: list[str]
) -> None:
    left = pair.calendars[LEFT]
    copy = left.user_create(MEETING)
    _a_run_settles_all(pair)
    if released:
        pair.decisions.take(_held_delete(copy), Choice.RELEASE)
    if deleted == "before":
        left.rows.change(copy, by_us=True, place=Place.TRASH)
    pair.decisions.forget(ran=True)
    if "by a user" in deleted:
        left.user_delete(copy)
    if "again" in deleted:
        left.user_restore(copy)
    if "behind" in deleted:
        left.rows.change(copy, by_us=True, place=Place.TRASH)
    pair.decisions._judge_release(_released(copy))
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken
