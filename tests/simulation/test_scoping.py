"""A plan for some events is compared with the one for all that its run would make, of what that run knows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.records import Held
from calsync.sync.choices import UNSURE, Choice, Decision
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from calsync.testing.clock import START
from tests.simulation.scoping import forget_meanwhile

if TYPE_CHECKING:
    from calsync.records import AccountState
    from tests.simulation.pair import Pair

HELD = Held(side=Side.RIGHT, event_id="right-1", kind=Kind.UPDATE, reason=UNSURE, since=START)


def _remembered(pair: Pair, decision: Decision | None) -> AccountState:
    state = pair.world.loop.run_until_complete(pair.world.disk.store().load(pair.name, START))
    if decision is not None:
        state.decisions, state.holds = {HELD.key: decision}, {HELD.key: HELD}
    return state


@pytest.mark.parametrize(
    ("said", "known", "counts"),
    [
        (timedelta(seconds=1), False, False),
        (timedelta(), False, False),
        (timedelta(), True, True),
        (timedelta(seconds=-1), False, True),
    ],
)
def test_what_a_person_says_while_a_run_goes_on_counts_for_none_of_its_plans(
    pair: Pair, said: timedelta, known: bool, counts: bool
) -> None:
    decision = Decision(
        side=HELD.side,
        event_id=HELD.event_id,
        kind=HELD.kind,
        reason=HELD.reason,
        choice=Choice.KEEP,
        fingerprint="",
        since=START,
        at=START + said,
    )
    state = _remembered(pair, decision)
    forget_meanwhile(state, _remembered(pair, decision if known else None), START)
    assert ([*state.decisions], [*state.holds]) == (([HELD.key], [HELD.key]) if counts else ([], []))
