"""The judges of approved plans and of changed rules hold against calsync what no person has seen or decided."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import copy_context
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from calsync.engine import Applied, Report
from calsync.sync.approved import Approved
from calsync.sync.model import Draft, Event, Observation, Side, Timed, Window
from calsync.sync.plan import Kind, Operation, Plan
from calsync.testing.clock import START
from calsync.testing.rows import Place
from calsync.values import replace
from tests.simulation.database import Left
from tests.simulation.pair import APPLYING, MAKING
from tests.simulation.plans import Applying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.pair import Pair
    from tests.simulation.rules import Strictness

LEFT, RIGHT = Side.LEFT, Side.RIGHT
MEETING = Event(summary="Termin 5 mit Text", when=Timed(START, START + timedelta(hours=1)))
WINDOW = Window(START - timedelta(days=90), START + timedelta(days=365))


def _broken(pair: Pair) -> list[str]:
    return [violation.partition(":")[0] for violation in pair.world.violations]


def _makes(pair: Pair, original: str, event: Event = MEETING) -> str:
    """Have calsync copy an event to the right; return the copy's id."""
    made = copy_context()
    made.run(MAKING.set, f"v1:anna:1:{sha256(original.encode()).hexdigest()[:16]}")
    copy: str = made.run(pair.calendars[RIGHT].rows.add, event, by_us=True, reminder_minutes=15).id
    return copy


def _run_leaves(pair: Pair, *links: tuple[str, str]) -> None:
    left = Left(links=links, seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=[])
    pair.report = Report()
    pair.begun = len(pair.journal)
    pair.begun_at = pair.world.clock.now() + timedelta(days=1)
    pair.witness.look(left)
    pair.backwards.look(left)


# Plans.


def _seen(event_id: str, event: Event = MEETING) -> Observation:
    return Observation(id=event_id, event=event, revision="1")


@contextmanager
def _applying(pair: Pair, *operations: Operation) -> Iterator[Applying]:
    plan = Plan(operations)
    approved = Approved(hash=plan.hash, waits=None, window=WINDOW, calendars={}, lines=[])
    applying = Applying(pair, approved, plan)
    token = APPLYING.set(applying)
    yield applying
    APPLYING.reset(token)


def _create(source: str) -> Operation:
    draft = Draft(summary=MEETING.summary, when=MEETING.when, description="", reminder=15)
    return Operation(kind=Kind.CREATE, side=RIGHT, reason="new", source=_seen(source), draft=draft)


def test_what_a_person_has_seen_may_be_written(pair: Pair) -> None:
    original = pair.calendars[LEFT].user_create(MEETING)
    with _applying(pair, _create(original)) as applying:
        _makes(pair, original)
        applying.applied = Applied(plan=Plan(()))
        applying.judge_outcome()
    assert _broken(pair) == []


def test_another_create_and_another_value_and_a_delete_are_findings(pair: Pair) -> None:
    original, other = (pair.calendars[LEFT].user_create(MEETING) for _ in range(2))
    copy, rows = _makes(pair, original), pair.calendars[RIGHT].rows
    update = Operation(
        kind=Kind.UPDATE,
        side=RIGHT,
        reason="changed",
        source=_seen(original),
        target=_seen(copy),
        changes={"summary": "Termin 8 mit Text"},
    )
    with _applying(pair, _create(original), update):
        rows.change(copy, by_us=True, event=replace(rows.rows[copy].event, summary="Termin 8 mit Text"))
        assert _broken(pair) == []
        rows.change(copy, by_us=True, event=replace(rows.rows[copy].event, summary="Termin 9 mit Text"))
        assert _broken(pair) == ["plan"]
        rows.change(copy, by_us=True, place=Place.TRASH)
        assert _broken(pair) == ["plan"] * 2
        _makes(pair, other)
        assert _broken(pair) == ["plan"] * 3


@pytest.mark.parametrize("begun", [True, False])
def test_a_command_that_was_killed_before_it_had_begun_on_an_empty_disk_has_confirmed_nothing(
    pair: Pair, begun: bool
) -> None:
    pair.closed = {RIGHT}
    pair.world.switch(pair, on=True)  # whoever switches it makes its row
    pair.world.disk.raw.execute("UPDATE account SET run = ?", (int(begun),))
    with _applying(pair) as applying:
        applying.approved = replace(applying.approved, waits="first_sync")
        applying.judge_outcome()
    assert pair.closed == (set() if begun else {RIGHT})


def test_what_was_refused_and_wrote_is_a_finding_and_so_is_half_of_it(pair: Pair) -> None:
    original = pair.calendars[LEFT].user_create(MEETING)
    with _applying(pair, _create(original)) as applying:
        applying.applied = Applied(plan=Plan(()))
        applying.judge_outcome()
        assert _broken(pair) == ["plan"]
        _makes(pair, original)
        applying.applied = Applied(plan=Plan(()), problem="it is another; nothing was written")
        applying.judge_outcome()
        assert _broken(pair) == ["plan"] * 2


# Rules.


def _rules_change(pair: Pair, strict: Strictness) -> str:
    """Have a rule that kept an event out taken away; return the event's id."""
    original = pair.calendars[LEFT].user_create(MEETING)
    pair.rule(strict)
    _run_leaves(pair)
    pair.ruled = True
    pair.rule(None)
    return original


@pytest.mark.parametrize("strict", ["admit", "guard"])
def test_a_write_that_only_a_change_of_the_rules_brings_is_a_finding(pair: Pair, strict: Strictness) -> None:
    _makes(pair, _rules_change(pair, strict))
    assert _broken(pair) == ["R1"]


def test_what_was_edited_since_may_be_written(pair: Pair) -> None:
    original = _rules_change(pair, "admit")
    pair.calendars[LEFT].user_edit(original, description="Notiz 1 mit Text")
    _makes(pair, original)
    assert _broken(pair) == []


def test_what_calsync_had_not_read_before_may_be_written(pair: Pair) -> None:
    pair.rule("admit")
    _run_leaves(pair)
    original = pair.calendars[LEFT].user_create(MEETING)
    pair.ruled = True
    pair.rule(None)
    _makes(pair, original)
    assert _broken(pair) == []


def test_what_a_person_had_decided_before_may_be_written(pair: Pair) -> None:
    original = pair.calendars[LEFT].user_create(MEETING)
    pair.rule("guard")
    _run_leaves(pair)
    raw = pair.world.disk.raw
    raw.execute("INSERT INTO account (name) VALUES ('anna')")
    raw.execute(
        "INSERT INTO decision (account, side, event_id, kind, reason, choice, fingerprint, since, at)"
        " VALUES ('anna', 'right', :event, 'update', 'changed_by_server', 'left', '', '', '')",
        {"event": original},
    )
    pair.ruled = True
    pair.rule(None)
    _makes(pair, original)
    assert _broken(pair) == []


def test_a_persons_word_about_the_whole_plan_ends_it(pair: Pair) -> None:
    original = _rules_change(pair, "admit")
    pair.confirmed()
    _makes(pair, original)
    assert _broken(pair) == []


@pytest.mark.parametrize(("written", "broken"), [(True, []), (False, ["I7"])])
def test_a_side_is_written_once_a_command_has_confirmed_it_though_that_is_frozen(
    pair: Pair, written: bool, broken: list[str]
) -> None:
    original = pair.calendars[LEFT].user_create(MEETING)
    raw = pair.world.disk.raw
    raw.execute("INSERT INTO account (name, run) VALUES ('anna', 1)")
    side = "INSERT INTO side (account, side, round, written) VALUES ('anna', 'right', 1, :written)"
    raw.execute(side, {"written": written})
    pair.closed = {RIGHT}
    approved = Approved(hash="", waits="direction", window=WINDOW, calendars={}, lines=[])
    pair.world.errands["person/1"] = Applying(pair, approved, Plan(()))
    _makes(pair, original)
    assert _broken(pair) == broken


def test_what_was_forgotten_was_so_before_the_first_write_of_the_plan_that_a_person_confirmed(pair: Pair) -> None:
    original = pair.calendars[LEFT].user_create(MEETING)
    pair.forget(0, {}, ran=True)
    with _applying(pair, _create(original)) as applying:
        applying.approved = replace(applying.approved, waits="rebuild")
        _makes(pair, original)
    assert pair.forgotten == [(0, 1)]
    assert not pair.put_back
    assert _broken(pair) == []
