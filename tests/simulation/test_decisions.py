"""What a person keeps is kept, unless what is missing had come back before, and calsync learns of it later.

Nobody is asked twice, unless a rebuild dropped the first word.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.desk.decisions import Case
from calsync.engine import Report
from calsync.sync.choices import Choice
from calsync.sync.model import Event, Side, Timed
from calsync.sync.plan import Kind
from calsync.testing.clock import START
from calsync.testing.rows import Place
from tests.simulation.database import Left

if TYPE_CHECKING:
    from tests.simulation.pair import Pair

LEFT, RIGHT = Side.LEFT, Side.RIGHT
MEETING = Event(summary="Besichtigung", when=Timed(START, START + timedelta(hours=1)))


def _a_run_settles_all(pair: Pair, *links: tuple[str, str]) -> None:
    pair.report, pair.begun, pair.begun_at = Report(), len(pair.journal), pair.world.clock.now()
    pair.witness.look(Left(links=links, seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=[]))


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
    left.behaviour.lag = right.behaviour.lag = timedelta(0)
    copy, original = left.user_create(MEETING), right.user_create(MEETING)
    right.user_delete(original)
    _a_run_settles_all(pair, (copy, original))
    right.user_restore(original)
    right.user_edit(original, cancelled=True)
    if known:
        _a_run_settles_all(pair, (copy, original))
    pair.decisions.take(_held_delete(copy), Choice.KEEP)
    left.rows.change(copy, by_us=True, place=Place.TRASH)
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(
    "when", ["with no rebuild", "before the disk was put back", "before that was noticed", "later"]
)
def test_nobody_is_asked_twice_but_for_words_that_a_rebuild_drops(pair: Pair, when: str) -> None:
    copy = pair.calendars[LEFT].user_create(MEETING)
    case = _held_delete(copy)
    if when == "before that was noticed":
        pair.forget(0, [], ran=True)
    elif when == "later":
        pair.forget(0, [], ran=True)
        pair.confirmed()
    pair.decisions.take(case, Choice.KEEP)
    if when == "before the disk was put back":
        pair.forget(0, [], ran=True)
    if when.startswith("before"):
        pair.confirmed()
    pair.decisions.ask(case)
    broken = [violation.partition(":")[0] for violation in pair.world.violations]
    assert broken == ([] if when.startswith("before") else ["decision"])
    assert pair.world.excuses["old disk: a word that nobody had heard"] == (when == "before that was noticed")


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
