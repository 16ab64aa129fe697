"""The judge of leaving holds against calsync what is lost or changed by it, and what comes back twice."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from contextvars import copy_context
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from calsync.desk.decisions import Case
from calsync.engine import Leaving, Report
from calsync.errors import Blocked
from calsync.sync.choices import AMBIGUOUS, Choice
from calsync.sync.model import Event, Observation, Side, Timed
from calsync.sync.plan import Kind, Plan
from calsync.testing.clock import START
from calsync.testing.rows import Place
from calsync.values import replace
from tests.simulation.database import Left
from tests.simulation.errand import LEAVING, UNDOING
from tests.simulation.pair import MAKING
from tests.simulation.rules import CALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.pair import Pair

LEFT, RIGHT = Side.LEFT, Side.RIGHT
MEETING = Event(summary="Termin 1 mit Text", when=Timed(START, START + timedelta(hours=1)))


def _copies(pair: Pair, original: str) -> str:
    """Have calsync copy an event of the left; return the copy's id."""
    made = copy_context()
    made.run(MAKING.set, f"v1:anna:1:{sha256(original.encode()).hexdigest()[:16]}")
    copy: str = made.run(
        pair.calendars[RIGHT].rows.add, MEETING, by_us=True, marker=f"v1 {original}", reminder_minutes=15
    ).id
    return copy


def _pair_of(pair: Pair) -> tuple[str, str]:
    """Have calsync copy an event and remember both; return their ids."""
    for calendar in pair.calendars.values():
        calendar.behaviour.lag = timedelta(0)
        calendar.delays = (0.0,)
    original = pair.calendars[LEFT].user_create(MEETING)
    copy = _copies(pair, original)
    _run_leaves(pair, original, copy)
    raw = pair.world.disk.raw
    raw.execute("INSERT INTO account (name) VALUES ('anna')")
    raw.execute(
        "INSERT INTO link (account, id, left_id, right_id, state, left_base, right_base)"
        " VALUES ('anna', 1, :left, :right, 'awake', '{}', '{}')",
        {"left": original, "right": copy},
    )
    return original, copy


def _run_leaves(pair: Pair, original: str, copy: str) -> None:
    """Have the judges look at what a run left behind: this link."""
    left = Left(
        links=[(original, copy)], seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=[]
    )
    pair.witness.look(left)
    pair.backwards.look(left)


@contextmanager
def _leaving(pair: Pair) -> Iterator[None]:
    """Have what calsync writes be done because the account leaves, a while later."""
    pair.world.loop.run_until_complete(pair.world.clock.sleep(1))
    pair.leaves.begins()
    tokens = LEAVING.set(True), UNDOING.set(True)
    yield
    LEAVING.reset(tokens[0])
    UNDOING.reset(tokens[1])


def _twins(left: str, right: str) -> Case:
    """Return the case of an event of the left, which may belong together with one of the right."""
    return Case(
        name="1",
        side=RIGHT,
        event_id=left,
        kind=Kind.CREATE,
        reason=AMBIGUOUS,
        since=START,
        left=Observation(id=left, event=MEETING, revision="r1"),
        right=Observation(id=right, event=MEETING, revision="r1"),
        gone=None,
        choices=[*Choice],
        decided=None,
        shown="",
    )


def _left(pair: Pair) -> None:
    with _leaving(pair):
        for side, calendar in pair.calendars.items():
            for event_id in calendar.markers():
                pair.calendars[side].rows.unmark(event_id)
    pair.world.disk.raw.execute("DELETE FROM link")
    pair.leaves.left(Leaving(plan=Plan(()), hash="", staying=0, run=1))


def _broken(pair: Pair) -> list[str]:
    return [violation.partition(":")[0] for violation in pair.world.violations]


def test_a_copy_may_go_while_its_original_is_there(pair: Pair) -> None:
    _, copy = _pair_of(pair)
    with _leaving(pair):
        pair.calendars[RIGHT].rows.change(copy, by_us=True, place=Place.TRASH)
    assert _broken(pair) == []


def test_the_last_one_must_stay(pair: Pair) -> None:
    original, copy = _pair_of(pair)
    pair.calendars[LEFT].user_delete(original)
    with _leaving(pair):
        pair.calendars[RIGHT].rows.change(copy, by_us=True, place=Place.TRASH)
    assert _broken(pair) == ["leave"]


@pytest.mark.parametrize("goes", ["user_delete", "user_forbid", "user_move_away"])
def test_an_original_may_go_behind_the_look_at_it(pair: Pair, goes: str) -> None:
    original, copy = _pair_of(pair)
    with _leaving(pair):
        getattr(pair.calendars[LEFT], goes)(original)
        pair.calendars[RIGHT].rows.change(copy, by_us=True, place=Place.TRASH)
    assert _broken(pair) == []


def test_an_original_must_stay(pair: Pair) -> None:
    original, _ = _pair_of(pair)
    with _leaving(pair):
        pair.calendars[LEFT].rows.change(original, by_us=True, place=Place.TRASH)
    assert _broken(pair) == ["leave"]


@pytest.mark.parametrize(("linked", "broken"), [(True, []), (False, ["leave"])])
def test_a_users_duplicate_must_stay_unless_it_was_taken_for_the_copy_whose_marker_it_carries(
    pair: Pair, linked: bool, broken: list[str]
) -> None:
    left, rows = pair.calendars[LEFT], pair.calendars[RIGHT].rows
    original, own = left.user_create(MEETING), left.user_create(MEETING)
    marker = f"v1:anna:1:{sha256(original.encode()).hexdigest()[:16]}"
    duplicate = rows.add(MEETING, by_us=False, marker=marker).id
    _run_leaves(pair, original if linked else own, duplicate)
    with _leaving(pair):
        rows.change(duplicate, by_us=True, place=Place.TRASH)
    assert _broken(pair) == broken


def test_what_stands_in_a_copy_alone_must_stay(pair: Pair) -> None:
    _, copy = _pair_of(pair)
    pair.calendars[RIGHT].user_edit(copy, description="Notiz 2 mit Text")
    with _leaving(pair):
        pair.calendars[RIGHT].rows.change(copy, by_us=True, place=Place.TRASH)
    assert _broken(pair) == ["leave"]


def test_nothing_but_its_marker_is_taken_from_an_event(pair: Pair) -> None:
    _, copy = _pair_of(pair)
    rows = pair.calendars[RIGHT].rows
    with _leaving(pair):
        rows.unmark(copy)
        assert _broken(pair) == []
        rows.change(copy, by_us=True, event=replace(rows.rows[copy].event, summary="Termin 2 mit Text"))
    assert _broken(pair)[0] == "leave"


def test_a_marker_that_stays_is_a_finding_unless_it_is_told(pair: Pair) -> None:
    _pair_of(pair)
    pair.leaves.begins()
    pair.leaves.left(Leaving(plan=Plan(()), hash="", staying=0, run=1))
    assert _broken(pair) == ["leave"]


@pytest.mark.parametrize(("edited", "broken"), [(False, ["leave"]), (True, [])])
def test_who_comes_back_finds_nothing_twice_but_what_was_edited_meanwhile(
    pair: Pair, edited: bool, broken: list[str]
) -> None:
    original, _ = _pair_of(pair)
    _left(pair)
    if edited:
        pair.calendars[LEFT].user_edit(original, summary="Termin 2 mit Text")
    _copies(pair, original)
    assert _broken(pair) == broken


@pytest.mark.parametrize(("linked", "broken"), [("the copy", ["leave"]), ("another one", [])])
def test_what_has_another_partner_by_the_last_command_is_an_event_of_its_own(
    pair: Pair, linked: str, broken: list[str]
) -> None:
    """As where a cancelled copy was made anew, and its user brought it back before calsync knew the new one."""
    original, copy = _pair_of(pair)
    another = _copies(pair, original)
    pair.leaves.begins()
    if linked == "another one":
        pair.world.disk.raw.execute("UPDATE link SET right_id = ?", (another,))
    _left(pair)
    made = copy_context()
    made.run(MAKING.set, f"v1:anna:1:{sha256(copy.encode()).hexdigest()[:16]}")
    made.run(pair.calendars[LEFT].rows.add, MEETING, by_us=True, reminder_minutes=15)
    assert [each for each in _broken(pair) if each == "leave"] == broken


@pytest.mark.parametrize(
    ("happens", "counts"), [("no run", False), ("a run that did nothing", True), ("it is carried over", True)]
)
def test_what_a_user_deleted_as_the_account_left_is_gone_for_good_only_where_a_run_could_carry_it_over(
    pair: Pair, happens: str, counts: bool
) -> None:
    original, copy = _pair_of(pair)
    pair.report, pair.begun, pair.begun_at = Report(), len(pair.journal), pair.world.clock.now()
    _run_leaves(pair, original, copy)
    pair.calendars[RIGHT].user_delete(copy)
    if happens == "it is carried over":
        pair.calendars[LEFT].rows.change(original, by_us=True, place=Place.TRASH)
    elif happens != "no run":
        pair.world.loop.pass_time(60)
        pair.begun, pair.begun_at = len(pair.journal), pair.world.clock.now()
        _run_leaves(pair, original, copy)
    _left(pair)
    assert [*pair.witness.clean_deletes] == [(RIGHT, copy)] * counts


@pytest.mark.parametrize(("days", "stays", "counts"), [(31, True, False), (31, False, True), (1, True, True)])
def test_a_copy_of_what_a_feed_told_once_more_after_a_month_stays_where_the_account_leaves_before_it_is_found(
    pair: Pair, days: int, stays: bool, counts: bool
) -> None:
    original, copy = _pair_of(pair)
    pair.report, pair.begun, pair.begun_at = Report(), len(pair.journal), pair.world.clock.now()
    _run_leaves(pair, original, copy)
    pair.calendars[RIGHT].user_delete(copy)
    pair.calendars[LEFT].rows.change(original, by_us=True, place=Place.TRASH)
    pair.backwards.look(Left(links=(), seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=()))
    pair.world.loop.pass_time(days * 86400)
    again = _copies(pair, original)
    if not stays:
        pair.calendars[RIGHT].rows.change(again, by_us=True, place=Place.TRASH)
    _left(pair)
    assert [*pair.witness.clean_deletes] == [(RIGHT, copy)] * counts


@pytest.mark.parametrize(("edited", "broken"), [(False, ["leave"]), (True, [])])
def test_what_was_edited_behind_the_look_of_a_command_that_forgot_it_is_not_known_again_by_a_later_one(
    pair: Pair, edited: bool, broken: list[str]
) -> None:
    """As where that one was killed right behind that."""
    original, _ = _pair_of(pair)
    with _leaving(pair):
        if edited:
            pair.calendars[LEFT].user_edit(original, summary="Termin 2 mit Text")
        pair.world.disk.raw.execute("DELETE FROM link")
    _left(pair)
    _copies(pair, original)
    assert _broken(pair) == broken


@pytest.mark.parametrize(
    ("choice", "broken"), [(None, ["leave"]), (Choice.RELEASE, []), (Choice.PAIR, []), (Choice.KEEP, [])]
)
def test_who_comes_back_may_be_told_which_of_several_belong_together_or_to_none(
    pair: Pair, choice: Choice | None, broken: list[str]
) -> None:
    original, copy = _pair_of(pair)
    _left(pair)
    if choice is not None:
        pair.decisions.take(_twins(original, copy), choice)
    _copies(pair, original)
    assert _broken(pair) == broken


def test_who_comes_back_may_be_told_that_a_partner_belongs_to_another_one(pair: Pair) -> None:
    original, copy = _pair_of(pair)
    _left(pair)
    twin = pair.calendars[LEFT].user_copy(original)
    pair.decisions.take(_twins(twin, copy), Choice.PAIR)
    _copies(pair, original)
    assert _broken(pair) == []


@pytest.mark.parametrize(("known", "broken"), [(True, ["leave"]), (False, [])])
def test_who_comes_back_may_take_a_twin_that_the_leaving_could_not_see(
    pair: Pair, known: bool, broken: list[str]
) -> None:
    original, _ = _pair_of(pair)
    pair.calendars[RIGHT].user_create(MEETING)
    pair.calendars[RIGHT].behaviour.lag = timedelta(seconds=0 if known else 60)
    _left(pair)
    _copies(pair, original)
    assert _broken(pair) == broken


@pytest.mark.parametrize(
    ("lag", "edited", "broken"), [(60, "since", []), (60, "before", ["leave"]), (0, "since", ["leave"])]
)
def test_such_a_twin_may_have_been_edited_since_but_a_listing_must_have_been_able_to_show_it_as_it_was(
    pair: Pair, lag: int, edited: str, broken: list[str]
) -> None:
    """What the leaving could see is no excuse: of a pair that had a twin then, both ids are kept."""
    original, _ = _pair_of(pair)
    right, sleep = pair.calendars[RIGHT], pair.world.clock.sleep
    right.behaviour.lag = timedelta(seconds=lag)
    twin = right.user_create(MEETING)
    if edited == "before":
        right.user_edit(twin, summary="Termin 2 mit Text")
        pair.world.loop.run_until_complete(sleep(lag))
    _left(pair)
    if edited == "since":
        right.user_edit(twin, summary="Termin 2 mit Text")
    _copies(pair, original)
    assert _broken(pair) == broken


@pytest.mark.parametrize(("types", "broken"), [(False, ["leave"]), (True, [])])
def test_who_comes_back_cannot_know_a_partner_that_takes_no_part(
    pair: Pair, types: bool, broken: list[str]
) -> None:
    pair.optional.types = types
    original, copy = _pair_of(pair)
    pair.calendars[LEFT].user_edit(original, types=(CALL,))
    _left(pair)
    made = copy_context()
    made.run(MAKING.set, f"v1:anna:2:{sha256(copy.encode()).hexdigest()[:16]}")
    made.run(pair.calendars[LEFT].rows.add, MEETING, by_us=True, marker=f"v1 {copy}", reminder_minutes=15)
    assert _broken(pair) == broken


@pytest.mark.parametrize(("edited", "apart"), [(False, False), (True, True)])
def test_both_may_differ_later_only_where_they_did_or_one_was_edited_meanwhile(
    pair: Pair, edited: bool, apart: bool
) -> None:
    original, copy = _pair_of(pair)
    _left(pair)
    if edited:
        pair.calendars[LEFT].user_edit(original, summary="Termin 2 mit Text")
    rows = [pair.calendars[LEFT].rows.rows[original], pair.calendars[RIGHT].rows.rows[copy]]
    assert pair.leaves.apart(rows, "summary") is apart
    assert pair.leaves.differed(("summary", "Termin 1")) is apart


def test_what_differed_when_it_left_may_differ_for_good(pair: Pair) -> None:
    original, copy = _pair_of(pair)
    pair.calendars[RIGHT].user_edit(copy, summary="Termin 2 mit Text")
    _left(pair)
    rows = [pair.calendars[LEFT].rows.rows[original], pair.calendars[RIGHT].rows.rows[copy]]
    assert pair.leaves.apart(rows, "summary")
    assert not pair.leaves.apart(rows, "when")


@pytest.mark.parametrize(
    ("read", "mails"), [("behind it", 2), ("before it", 0), ("in a run before", 2), ("never", 2)]
)
def test_whoever_takes_a_marker_away_is_refused_what_a_user_has_changed_since_this_run_read_it(
    pair: Pair, read: str, mails: int
) -> None:
    """A provider reads the event itself, also a naive one, which refuses nothing that calsync could know."""
    _, copy = _pair_of(pair)
    calendar = pair.calendars[RIGHT]
    calendar.behaviour.naive = True

    async def invited() -> None:
        pair.acts()
        if read != "never":
            await calendar.read([copy])
        if read == "in a run before":
            pair.acts()
        calendar.user_edit(copy, attendee_count=2)
        if read == "behind it":
            await calendar.read([copy])
        with suppress(Blocked):
            await calendar.unmark(copy)

    pair.world.loop.run_until_complete(invited())
    assert calendar.mails == mails
    assert (calendar.rows.rows[copy].marker is None) == (mails > 0)
