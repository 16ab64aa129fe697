"""Judges that an account may be left alone: a run that looks at all of it would decide and ask nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from calsync.engine import Report, Run
from calsync.engine.doubts import _unsure
from calsync.engine.notebook import BRAKE_SPAN, LEASE_LIFE, Notebook
from calsync.engine.planning import make_plan
from calsync.store.reading import read_account, read_rest
from calsync.sync.loops import Past
from calsync.sync.model import BOTH, Side
from calsync.sync.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync.engine import Account
    from calsync.records import AccountState
    from calsync.store.connection import Database
    from tests.simulation.pair import Pair

NOBODY = cast("Any", None)
"""What a plan alone does not ask."""


def judge_rest(pair: Pair, account: Account, raw: Database) -> None:
    """Judge a run that has left an account alone, without taking a turn."""
    now = pair.world.clock.now()
    if read_rest(pair.name, raw) is None:
        return  # another runner has begun to work on it since
    pair.world.mix["rest: left alone"] += 1
    run = run_of(pair, account, read_account(pair.name, now - BRAKE_SPAN, raw))
    for what in _left_to_do(run):
        pair.fail("rest", f"the account is left alone although {what}")


def _left_to_do(run: Run) -> Iterator[str]:
    plan = make_plan(run)
    state = run.notebook.state
    yield from (f"it would {each.kind}, {each.reason}" for each in plan.operations if each.kind is not Kind.SKIP)
    yield from (f"a base would move: {each.reason}" for each in plan.rebases)
    if state.intents or state.attempts or state.holds or run.unconfirmed or state.rebuild is not None:
        yield "something waits"
    for side in BOTH:
        if any(seen.standing.in_doubt for seen in state.seen[side].values()) or any(_unsure(run, side)):
            yield f"its {side} side would be asked"


def run_of(pair: Pair, account: Account, state: AccountState) -> Run:
    """Return the run that would plan what is remembered now."""
    now, window = pair.world.clock.now(), state.sides[Side.LEFT].window
    mappings = {side: account.calendars[side].capabilities.mapping_version for side in BOTH}
    return Run(
        account=account,
        notebook=Notebook(NOBODY, NOBODY, LEASE_LIFE, state, pair.world.clock, mappings),
        clock=pair.world.clock,
        random=NOBODY,
        now=now,
        number=state.run + 1,
        window=account.window(now) if window is None else window,
        past=Past(now=now, updates={}, creates={}),
        report=Report(),
    )
