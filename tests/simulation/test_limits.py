"""The judges of what limits calsync see what goes beyond it, and what keeps within it is no finding."""

from __future__ import annotations

import asyncio
import random
from contextvars import copy_context
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from calsync.desk.decisions import Case
from calsync.engine import Report
from calsync.errors import Retry
from calsync.records import LedgerEntry
from calsync.sync import budget
from calsync.sync.brakes import BUDGET, REWRITES
from calsync.sync.choices import Choice
from calsync.sync.model import Direction, Event, Observation, Side, Timed
from calsync.sync.plan import Kind, Operation
from calsync.testing.clock import START
from calsync.testing.rows import Place
from calsync.values import replace
from tests.simulation.database import Left
from tests.simulation.history import History, play
from tests.simulation.mutants_limits import everything_at_once, pauses_are_not_kept, pauses_are_not_shared
from tests.simulation.pair import MAKING, TAKEN
from tests.simulation.servers import Server
from tests.simulation.writes import MINUTES

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tests.simulation.mutants import Mutant
    from tests.simulation.pair import Pair

LEFT, RIGHT = Side.LEFT, Side.RIGHT
MEETING = Event(summary="Besichtigung", when=Timed(START, START + timedelta(hours=1)))
HOUR = timedelta(hours=1)
NOTHING_LEFT = Left(links=(), seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=())
SMALL = 56
"""The seed of a history with a small budget."""


def _writes(pair: Pair, *ages: timedelta, reason: str = "changed") -> list[str]:
    """Have the ledger tell of updates so long ago, and return what their judge says."""
    now = START + timedelta(days=2)
    pair.world.budget = 2, 3
    pair.witness.ledger += [
        LedgerEntry(run=1, at=now - age, kind=Kind.UPDATE, side=RIGHT, reason=reason) for age in ages
    ]
    pair.budgets.look(NOTHING_LEFT)
    return [violation.partition(":")[0] for violation in pair.world.violations]


def _decided(pair: Pair, event_id: str, choice: Choice, kind: Kind = Kind.UPDATE, reason: str = REWRITES) -> None:
    """Have a person decide about an event of the right that is held."""
    case = Case(
        name="1",
        side=RIGHT,
        event_id=event_id,
        kind=kind,
        reason=reason,
        since=START,
        left=None,
        right=None,
        gone=None,
        choices=[Choice.RELEASE, Choice.KEEP],
        decided=None,
        shown="",
    )
    pair.decisions.take(case, choice)


def test_more_than_an_hour_s_budget_is_a_finding(pair: Pair) -> None:
    assert _writes(pair, HOUR, timedelta(minutes=59), timedelta()) == []
    assert _writes(pair, timedelta()) == ["budget", "budget"]  # of the hour, and of the day


def test_more_than_a_day_s_budget_is_a_finding(pair: Pair) -> None:
    assert _writes(pair, 25 * HOUR, 23 * HOUR, 3 * HOUR, timedelta()) == []
    assert _writes(pair, timedelta()) == ["budget"]


@pytest.mark.parametrize("reason", ["released", "undone", "leaving", "decided", "unknown_outcome"])
def test_what_a_person_wanted_is_no_part_of_it(pair: Pair, reason: str) -> None:
    assert _writes(pair, *[timedelta()] * 9, reason=reason) == []


@pytest.mark.parametrize(("undoes", "found"), [(7, 0), (None, 2)])
def test_what_undoes_a_delete_is_no_part_of_it_also_where_its_answer_was_lost(
    pair: Pair, undoes: int | None, found: int
) -> None:
    created = LedgerEntry(run=1, at=START, kind=Kind.CREATE, side=RIGHT, reason="adopted", undoes=undoes)
    pair.witness.ledger.append(created)
    pair.world.budget = 0, 0
    pair.budgets.look(NOTHING_LEFT)
    assert len(pair.world.violations) == found  # of the hour, and of the day


@pytest.mark.parametrize("reason", ["overruled", "linked_different", "adopted"])
@pytest.mark.parametrize(("choice", "found"), [(Choice.RELEASE, [0, 2]), (Choice.KEEP, [2, 4])])
def test_a_release_is_about_one_write_whatever_the_ledger_tells_of_it(
    pair: Pair, reason: str, choice: Choice, found: list[int]
) -> None:
    """A value that lost by it, or a create that was found, has a reason of its own."""
    event_id = pair.calendars[RIGHT].user_create(MEETING)
    _decided(pair, event_id, choice)
    pair.world.budget = 0, 0
    judged = []
    for run in (1, 2):
        now = START + timedelta(hours=run)
        written = LedgerEntry(run=run, at=now, kind=Kind.UPDATE, side=RIGHT, reason=reason, event_id=event_id)
        pair.witness.ledger.append(written)
        pair.budgets.look(NOTHING_LEFT)
        judged.append(len(pair.world.violations))
    assert judged == found  # of the hour, and of the day


@pytest.mark.parametrize(
    ("kind", "held", "reason"), [(Kind.UPDATE, REWRITES, "changed"), (Kind.CREATE, BUDGET, "adopted")]
)
def test_what_a_person_has_released_is_no_part_of_it_whatever_it_is_called_and_only_once(
    pair: Pair, kind: Kind, held: str, reason: str
) -> None:
    assert _writes(pair, timedelta(), timedelta()) == []
    _decided(pair, "event", Choice.RELEASE, kind, held)
    write = LedgerEntry(
        run=2,
        at=START + timedelta(days=2),
        kind=kind,
        side=RIGHT,
        reason=reason,
        event_id="event",
        source_id="event",
    )
    pair.witness.ledger.append(write)
    assert _writes(pair) == []
    pair.witness.ledger.append(write)
    assert _writes(pair) == ["budget"]


@pytest.mark.parametrize(("reason", "found"), [(BUDGET, 1), ("conflict", 0)])
def test_what_waits_for_the_budget_at_rest_is_a_finding(pair: Pair, reason: str, found: int) -> None:
    pair.budgets.at_rest([Operation(kind=Kind.HOLD, side=RIGHT, reason=reason)])
    assert len(pair.world.violations) == found


@pytest.mark.parametrize(("refusing", "found"), [(True, 0), (False, 1)])
def test_what_a_server_refuses_for_ever_may_wait_for_it(pair: Pair, refusing: bool, found: int) -> None:
    pair.refusing = refusing
    source = Observation(id="event", event=replace(MEETING, summary="Termin 13 mit Text"), revision="r1")
    pair.budgets.at_rest([Operation(kind=Kind.HOLD, side=RIGHT, reason=BUDGET, source=source, wanted=Kind.CREATE)])
    assert len(pair.world.violations) == found


@pytest.mark.parametrize(("known", "broken"), [(False, []), (True, ["I5"])])
def test_a_side_has_not_lost_all_as_long_as_one_more_is_there_for_all_that_calsync_knows(
    pair: Pair, known: bool, broken: list[str]
) -> None:
    """As where a user deletes what a create has made whose answer was lost."""
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    left.behaviour.lag = right.behaviour.lag = timedelta(0)
    links = [(left.user_create(MEETING), right.user_create(MEETING)) for _ in range(2)]
    made = copy_context()
    made.run(MAKING.set, f"v1:anna:1:{sha256(left.user_create(MEETING).encode()).hexdigest()[:16]}")
    right.user_delete(made.run(right.rows.add, MEETING, by_us=True, reminder_minutes=MINUTES).id)
    pair.report, pair.unended = Report(), 1
    pair.begun = len(pair.journal) if known else 0
    pair.witness.look(replace(NOTHING_LEFT, links=links))
    for original, copy in links:
        left.user_delete(original)
        right.rows.change(copy, by_us=True, place=Place.TRASH)
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(("linked", "broken"), [(True, []), (False, ["I5"])])
def test_a_copy_whose_runner_has_not_recorded_it_yet_is_one_of_a_pair(
    pair: Pair, linked: bool, broken: list[str]
) -> None:
    """As where its process is stopped then, and another one finds it by its marker."""
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    left.behaviour.lag = right.behaviour.lag = timedelta(0)
    links = [(left.user_create(MEETING), right.user_create(MEETING))] * linked
    copies = []
    for _ in range(2):
        made = copy_context()
        made.run(MAKING.set, f"v1:anna:1:{sha256(left.user_create(MEETING).encode()).hexdigest()[:16]}")
        copies.append(made.run(right.rows.add, MEETING, by_us=True, reminder_minutes=MINUTES).id)
    pair.failure, pair.begun = TAKEN, len(pair.journal)
    pair.witness.look(replace(NOTHING_LEFT, links=links))
    pair.unended = 1
    for copy in copies:
        right.rows.change(copy, by_us=True, place=Place.TRASH)
    assert [
        violation.partition(":")[0] for violation in pair.world.violations if "within a day" in violation
    ] == broken


@pytest.mark.parametrize(
    ("goes", "turned_away", "broken"),
    [("by itself", True, []), ("by itself", False, ["I5"]), ("by calsync", True, ["I5"])],
)
def test_a_pair_that_a_run_has_let_go_counts_while_that_run_goes_on(
    pair: Pair, goes: str, turned_away: bool, broken: list[str]
) -> None:
    """Another one that is turned away meanwhile looks into its midst, and not at what it has left."""
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    left.behaviour.lag = right.behaviour.lag = timedelta(0)
    links = [(left.user_create(MEETING), right.user_create(MEETING)) for _ in range(2)]
    gone = left.user_create(MEETING), right.user_create(MEETING)
    pair.unended = 1
    for seen in ([*links, gone], links):
        pair.begun = len(pair.journal)
        pair.witness.look(replace(NOTHING_LEFT, links=seen))
        pair.deletes.look()
        pair.failure = TAKEN if turned_away else ""
        if seen is not links:
            left.user_delete(gone[0])
            right.rows.change(gone[1], by_us=goes == "by calsync", place=Place.TRASH)
    for original, copy in links:
        left.user_delete(original)
        right.rows.change(copy, by_us=True, place=Place.TRASH)
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


@pytest.mark.parametrize(("state", "broken"), [("awake", []), ("parted", ["I5"]), (None, ["I5"])])
def test_a_pair_that_the_run_itself_has_found_is_one_more(
    pair: Pair, state: str | None, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    left.behaviour.lag = right.behaviour.lag = timedelta(0)
    *links, equal = [(left.user_create(MEETING), right.user_create(MEETING)) for _ in range(3)]
    pair.witness.look(replace(NOTHING_LEFT, links=links))
    pair.unended, pair.begun = 1, len(pair.journal)
    raw = pair.world.disk.raw
    raw.execute("INSERT INTO account (name) VALUES (?)", (pair.name,))
    for number, (link, now) in enumerate([*((link, "awake") for link in links), (equal, state)]):
        if now is not None:
            raw.execute(
                "INSERT INTO link (account, id, left_id, right_id, state, left_base, right_base)"
                " VALUES (?, ?, ?, ?, ?, '{}', '{}')",
                (pair.name, number, *link, now),
            )
    for original, copy in links:
        left.user_delete(original)
        right.rows.change(copy, by_us=True, place=Place.TRASH)
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken


class Calls:
    """Calls of two mailboxes at one server, each of which takes a second."""

    def __init__(self, pair: Pair, places: int) -> None:
        self.world = pair.world
        self.server = Server(pair.world, LEFT, random.Random(0))
        self.server.concurrency = places
        self.done: list[str] = []

    def play(self, *calls: Coroutine[Any, Any, object]) -> list[BaseException]:
        """Make these calls at once, and return what was raised."""

        async def all_of_them() -> list[object]:
            return await asyncio.gather(*calls, return_exceptions=True)

        found = self.world.loop.run_until_complete(all_of_them())
        return [one for one in found if isinstance(one, BaseException)]

    async def ask(self, mailbox: str, *, after: float = 0) -> None:
        await self.world.clock.sleep(after)

        async def work() -> None:
            await self.world.clock.sleep(1)
            self.done.append(mailbox)

        await self.server.ask(mailbox, work, changes=False)

    def throttles(self, seconds: float) -> None:
        self.server._throttle(seconds)


def test_a_server_is_asked_for_as_much_at_once_as_it_takes(pair: Pair) -> None:
    calls, began = Calls(pair, places=2), pair.world.clock.now()
    assert calls.play(*(calls.ask("anna") for _ in range(6))) == []
    assert pair.world.clock.now() - began == timedelta(seconds=3)
    assert pair.world.violations == []


def test_more_at_once_is_a_finding(pair: Pair) -> None:
    calls = Calls(pair, places=1)
    with everything_at_once():
        calls.server._by_mailbox = True
        calls.play(calls.ask("anna"), calls.ask("ben"))
    assert [one.partition(":")[0] for one in pair.world.violations] == ["requests"]


def test_a_short_pause_is_waited_for_by_all_accounts_of_the_connection(pair: Pair) -> None:
    calls = Calls(pair, places=4)
    calls.server._by_mailbox = False
    calls.throttles(20)
    calls.play(calls.ask("anna"), *(calls.ask("ben", after=second) for second in range(1, 19)))
    assert pair.world.violations == []
    assert pair.world.mix["throttles: refused"] == 1  # only the first one met it


def test_a_long_pause_ends_what_is_asked_and_nothing_is_sent(pair: Pair) -> None:
    calls = Calls(pair, places=4)
    calls.server._by_mailbox = False
    calls.throttles(2000)
    found = calls.play(calls.ask("anna"), calls.ask("ben", after=5))
    assert [type(one) for one in found] == [Retry, Retry]
    assert calls.done == []
    assert (pair.world.mix["throttles: refused"], pair.world.mix["throttles: nothing was sent"]) == (1, 1)


@pytest.mark.parametrize("mutant", [pauses_are_not_shared, pauses_are_not_kept])
def test_whoever_asks_in_a_pause_is_a_finding(pair: Pair, mutant: Mutant) -> None:
    calls = Calls(pair, places=4)
    calls.server._by_mailbox = False
    calls.throttles(2000)
    with mutant():
        calls.play(calls.ask("anna"), calls.ask("ben", after=5))
    assert {one.partition(":")[0] for one in pair.world.violations} == {"requests"}


@pytest.mark.parametrize(
    ("busy", "failure", "excused"),
    [
        (True, "NotSent account anna: the lease was not renewed in time, nothing was sent", True),
        (False, "NotSent account anna: the lease was not renewed in time, nothing was sent", False),
        (True, "Retry left: busy", False),
    ],
)
def test_only_where_requests_wait_for_their_turn_a_quiet_run_may_send_nothing(
    pair: Pair, busy: bool, failure: str, excused: bool
) -> None:
    if busy:
        pair.world.servers = {LEFT: Server(pair.world, LEFT, random.Random(0))}
    pair.failure = failure
    assert pair.waited_in_vain() is excused
    assert pair.world.excuses["a busy server"] == excused


def test_a_person_confirms_once_the_servers_serve_again(pair: Pair) -> None:
    world = pair.world
    history = History(world, frozenset(), two_runners=False, accounts=1)
    world.servers = {LEFT: Server(world, LEFT, random.Random(0))}
    world.servers[LEFT]._throttle(7000)
    world.meddlesome = False
    waiting = world.pairs["anna"]
    waiting.direction, waiting.first_sync, waiting.closed = Direction.LEFT_TO_RIGHT, "ask", {RIGHT}
    assert world.loop.run_until_complete(history._confirm_all())
    assert world.violations == []


def test_no_limit_outlives_its_history() -> None:
    assert (budget.HOURLY, budget.DAILY) == (200, 500)
    world = play(SMALL)
    assert world.budget is not None
    assert (budget.HOURLY, budget.DAILY) == (200, 500)
