"""Imagines news of an account at rest, and judges that a plan for these would be the one for all.

What users do in a history seldom meets what rests: an event that gets the uid of a pair which nobody has touched,
the twin of one that only the other side has, an id that was buried. Nothing of it happens. The dice are its own.
"""

from __future__ import annotations

from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from calsync.engine import engine
from calsync.engine.notebook import BRAKE_SPAN
from calsync.engine.planning import make_plan
from calsync.engine.pull import observed
from calsync.ports import Page
from calsync.store.reading import _read_part, read_account, read_rest
from calsync.sync.model import BOTH, Side
from calsync.sync.view import Standing
from calsync.values import replace
from tests.simulation.resting import run_of
from tests.simulation.scoping import differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync.engine import Account, Run
    from calsync.records import AccountState
    from calsync.store.connection import Database
    from calsync.sync.model import Observation
    from tests.simulation.pair import Pair

IMAGINES = 0.5
"""How often an account at rest is judged: it takes longer than most of what is played."""
Told = tuple[Side, "Observation | str", str | None]
"""An event of a side as a feed tells it, or the id of one that is deleted, and the uid that a read shows."""


def judge_imagined(pair: Pair, account: Account, raw: Database) -> None:
    """Judge an account that rests, without taking a turn."""
    rest, since = read_rest(pair.name, raw), pair.world.clock.now() - BRAKE_SPAN
    if rest is None or pair.hanging:  # a rule that never answers ends the process that asks
        return
    dice = Random(f"{pair.name} {rest.run} {len(pair.journal)}")
    if dice.random() >= IMAGINES:
        return
    everything = read_account(pair.name, since, raw)
    told = [news for _ in range(dice.randrange(1, 5)) for news in _imagined(dice, everything)]
    feeds = {side: SimpleNamespace(news=[_page(side, told)], ended=True) for side in BOTH}
    scope = vars(engine)["scope_of"](account, rest, cast("Any", feeds))
    part = None if scope is None else _read_part(pair.name, scope, raw)
    if part is None or part.scope is None:
        return
    some = replace(everything, seen=part.seen, links=part.links, tombstones=part.tombstones, scope=part.scope)
    of_part, whole = run_of(pair, account, some), run_of(pair, account, everything)
    for run in (of_part, whole):
        _hear(run, told)
    if of_part.notebook.outgrown():
        return
    pair.world.mix["scope: imagined"] += 1
    for what in differences(of_part, make_plan(of_part), whole, make_plan(whole), part.scope):
        pair.fail("scope", f"a plan for imagined news differs from one for all: {what}")


def _imagined(dice: Random, state: AccountState) -> Iterator[Told]:
    """Yield one piece of news about some event that is remembered or buried."""
    side = dice.choice(list(Side))
    known = [seen.observation for _, seen in sorted(state.seen[side].items())]
    if not known:
        return
    one = dice.choice(known)
    new = replace(one, id=f"imagined-{dice.random()}", revision="imagined", modified=None)
    alone = replace(new, event=replace(new.event, uid=None))
    kind = dice.choice(["deleted", "deleted", "edited", "copied", "read_as_copied", "twin", "back"])
    buried = sorted(event_id for where, event_id in state.tombstones if where is side)
    if kind == "deleted":
        yield side, one.id, None
    elif kind == "edited":
        edited = replace(one.event, summary="imagined")
        yield side, replace(new, id=one.id, event=edited), one.event.uid
    elif kind == "copied":
        yield side, new, new.event.uid
    elif kind == "read_as_copied":
        yield side, alone, one.event.uid
    elif kind == "twin":
        yield side.other, alone, None
    elif buried:
        yield side, replace(alone, id=dice.choice(buried)), None


def _page(side: Side, told: list[Told]) -> Page:
    news = [what for where, what, _ in told if where is side]
    return Page(
        observations=[what for what in news if not isinstance(what, str)],
        removed=[what for what in news if isinstance(what, str)],
    )


def _hear(run: Run, told: list[Told]) -> None:
    """Remember the news as a run would that has looked at them."""
    for side, what, uid in told:
        seen = run.notebook.state.seen[side]
        if isinstance(what, str):
            known = seen.get(what)
            if known is not None:
                seen[what] = replace(known, standing=Standing.DELETED, standing_run=run.number)
        else:
            read = replace(what, event=replace(what.event, uid=uid))
            seen[what.id] = observed(seen.get(what.id), read, run.number, 0, anew=False)
