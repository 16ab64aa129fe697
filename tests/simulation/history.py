"""One history: users, faults, crashes and time, then quiet, then the oracle."""

from __future__ import annotations

import asyncio
import random
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING
from unittest.mock import patch

from calsync.engine import engine, rest
from calsync.engine.planning import make_plan
from calsync.records import Selection
from calsync.store.restore import _mark
from calsync.sync import budget
from calsync.sync.model import BOTH, Direction, Side
from tests.simulation import budgets, faults
from tests.simulation.calendars import add_calendars
from tests.simulation.database import look, new_disk
from tests.simulation.leaving import DAY, UNJUDGED, Departures
from tests.simulation.loop import Stuck, VirtualLoop
from tests.simulation.oracle import Oracle
from tests.simulation.pair import Pair
from tests.simulation.person import Person
from tests.simulation.rules import QUESTIONS, STRICT
from tests.simulation.scoping import judging
from tests.simulation.servers import Server
from tests.simulation.users import SEVERAL
from tests.simulation.world import POLLS, World

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import datetime

    from calsync.sync.asking import Hang
    from tests.simulation.database import Rows
    from tests.simulation.process import Process

ACCOUNTS = (1, 1, 1, 1, 1, 1, 1, 2)
"""How many accounts a history has. One of two costs twice as much, and seldom shows more."""
CHAPTERS = {1: range(2, 6), 2: range(2, 4)}
"""How many chapters it has, by its accounts."""
APPLIES = 0.04
"""How often a person has a plan carried out while the service runs."""
TAKEN_BACK = 0.04
"""How often much is taken back that was entered on the same day."""
RESTORES = 0.5
"""How often an old disk is put back by `calsync restore`, which has a person confirm what comes of it."""
LEAVES = 0.1
"""How often an account leaves in the end, and comes back."""
UNDOES = 0.35
"""How often a person undoes something while the service runs."""
WONDERS = 0.8
"""How often, where nobody knows whether calsync has made what the ledger tells last."""
UNMARKED = 0.3
"""How often a server without markers that breaks loses the answers to creates."""
SMALL_BUDGET = 0.07
"""How often accounts may write so little that it has to wait."""
FEW_AT_ONCE = 0.3
"""How often all of an account is read already where a few events are news."""
THROTTLES = 0.1
"""How often there are servers before which calsync's door stands."""
QUIET_RUNS = 1
"""So many runs have nothing to do when an account has come to rest."""
BOTS = 0.05
"""How often two programs begin to disagree, where they find a pair."""
LOOPING = 20
"""So many runs show what calsync makes of two programs that disagree."""
SPARE = 1
"""So many runs more than the others an account makes while one of them waits for its next try, or is off."""
PATIENCE = 24
"""So many quiet days an account may take to come to rest."""


def play(seed: int, allowed: Collection[str] = faults.NAMES) -> World:
    """Play the history of a seed to its end. The world holds its violations, its excuses and its trace."""
    dice = random.Random(seed)
    leaves = "leaves" in allowed and dice.random() < LEAVES
    allowed = frozenset(allowed) - (UNJUDGED if leaves else {"leaves"})
    two_runners = "second_runner" in allowed and dice.random() < 0.1
    loop = VirtualLoop(dice)
    with ExitStack() as stack:
        disk = stack.enter_context(closing(new_disk()))
        stack.callback(loop.close)
        stack.callback(loop.bury)
        world = World(loop, dice, disk)
        stack.enter_context(patch.object(engine, "make_plan", judging(world, make_plan)))
        stack.enter_context(_limits(world, random.Random(f"limits {seed}"), allowed))
        history = History(world, allowed, two_runners=two_runners)
        try:
            loop.run_until_complete(history.play())
        except Stuck:
            world.fail("stuck", "nothing is left to run")
        return world


@contextmanager
def _limits(world: World, dice: random.Random, allowed: Collection[str]) -> Iterator[None]:
    """Let some histories have a small budget of writes, servers that throttle, or plans for a few events only.

    The dice are of their own, so that the other histories go on as they did.
    """
    small, throttles, few = dice.random() < SMALL_BUDGET, dice.random() < THROTTLES, dice.random() < FEW_AT_ONCE
    if throttles and "throttles" in allowed:
        world.servers = {side: Server(world, side, dice) for side in BOTH}
    with ExitStack() as stack:
        if few:
            world.mix["few_at_once"] += 1
            stack.enter_context(patch.object(rest, "MOST", dice.choice([1, 3])))
        if small and "small_budget" in allowed:
            world.mix["small_budget"] += 1
            world.budget = hourly, daily = budgets.drawn(dice)
            stack.enter_context(patch.object(budget, "HOURLY", hourly))
            stack.enter_context(patch.object(budget, "DAILY", daily))
        yield


class History:
    """Directs a world: what happens, and when."""

    def __init__(
        self, world: World, allowed: frozenset[str], *, two_runners: bool, accounts: int | None = None
    ) -> None:
        self.world = world
        self.dice = world.dice
        self.rules_dice = random.Random(hash(world.dice.getstate()[1]))
        """Of their own, so that what else happens in a history goes on as it did without these rules."""
        self.person = Person(world, allowed)
        self.departures = Departures(world)
        self.allowed = allowed
        self.two_runners = two_runners
        if two_runners:  # so that one of them runs an account while the other one is frozen in the middle of it
            world.poll_seconds = min(POLLS)
        self._kept: tuple[Rows, dict[str, int], dict[str, int], dict[str, dict[Hang, datetime]]] | None = None
        for name in ("anna", "ben")[: accounts or self.dice.choice(ACCOUNTS)]:
            world.pairs[name] = self._pair(name)

    async def play(self) -> None:
        for pair in self.world.pairs.values():
            for _ in range(self.dice.randrange(0, 5)):
                pair.users.act()
            if self._draws("busy_calendar", 0.02):
                pair.users.fill(self.dice.choice(list(Side)))
        for _ in range(self.dice.choice(CHAPTERS[len(self.world.pairs)])):
            await self._chapter()
        if "leaves" in self.allowed:
            await self._leave(self.dice.choice(list(self.world.pairs.values())))
        await self._come_to_rest()

    async def short(self, interruption: Callable[[Process], None] | None, step: int) -> None:
        """Play a first sync and a second one behind some edits, in one process that is interrupted at a step."""
        (pair,) = self.world.pairs.values()
        for _ in range(4):
            pair.users.create(self.dice.choice(list(Side)))
        process = self.world.start()
        if interruption is not None:
            process.after_steps(step, partial(interruption, process))
        await pair.after_runs(1)
        for _ in range(5):
            pair.users.act()
        self._break_server(pair)
        await pair.after_runs(1)
        await self._come_to_rest()

    def _pair(self, name: str) -> Pair:
        dice = self.dice
        pair = Pair(self.world, name)
        chances = {Side.LEFT: 0.3, Side.RIGHT: 0.1}
        unconditional = [side for side, chance in chances.items() if self._draws("no_condition", chance)]
        naive, doorbells = self._draws("naive", 0.3), self._draws("doorbells", 0.3)
        times = self._draws("trusted_times", 0.5)
        add_calendars(pair, unconditional=unconditional, naive=naive, doorbells=doorbells, trusted_times=times)
        pair.direction = dice.choice([Direction.BOTH] * 4 + list(Direction))
        pair.policy = dice.choice(["right", "left", "hold", "hold", "newest"])
        pair.on_target_edit = dice.choice(["keep", "restore"])
        pair.poisoned = dice.choice(QUESTIONS) if self._draws("poisoned_rule", 0.15) else None
        pair.hanging = self._draws("hanging_rule", 0.1)
        pair.refusing = self._draws("refusing_server", 0.1)
        if self._draws("asks_first", 0.05):
            pair.first_sync = "ask"
            pair.closed = {side for side in BOTH if pair.direction.writes(side)}
        if self._chooses("optional_rules", 0.2):
            pair.optional.locations = self.rules_dice.random() < 0.7
            pair.optional.types = self.rules_dice.random() < 0.5
        pair.configure()
        return pair

    def _chooses(self, name: str, chance: float) -> bool:
        """Tell whether something happens with the rules that an account may leave; as `_draws`."""
        chosen = self.rules_dice.random() < chance and name in self.allowed
        self.world.mix[name] += chosen
        return chosen

    async def _reconfigure(self) -> None:
        """Let somebody choose another direction, or other rules."""
        if self._draws("turn_direction", 0.06):
            if any(pair.running for pair in self.world.pairs.values()) or self.dice.random() < 0.5:
                await self._stop_all()
            faults.turn_direction(self.world)
        if self._chooses("change_rules", 0.06):
            await self._change_rules()

    async def _change_rules(self) -> None:
        """Have another configuration read: no account runs while its calendars are opened anew."""
        await self._stop_all()
        pair = self.rules_dice.choice(list(self.world.pairs.values()))
        if not pair.running:
            pair.optional.change(self.rules_dice)
            pair.configure()
            pair.note(f"rules {pair.optional}")

    async def _chapter(self) -> None:
        """Let users act, something break, and the service run for a while."""
        world, dice = self.world, self.dice
        for pair in world.pairs.values():
            for _ in range(dice.randrange(1, 5)):
                pair.users.act()
            if dice.random() < 0.6:
                self._break_server(pair)
        quarrels = dice.choice(list(world.pairs.values()))
        bots = dice.random() < BOTS and "bots" in self.allowed and faults.bots(quarrels)
        world.mix["bots"] += bots
        for server in world.servers.values():
            server.throttle_soon()
        await self._reconfigure()
        names = [name for name in world.pairs if not self._draws("switch_off", 0.1)] or list(world.pairs)
        if bots:  # nobody else has anything to do with it
            names = [quarrels.name]
        process = self._process(names)
        if dice.random() < (0.8 if self.two_runners else 0.4):
            self._break_process(process)
        world.meddlesome = not bots or dice.random() < 0.5  # else users seldom leave the pair to the programs
        await self._run_for_a_while(names, LOOPING if bots else dice.choice([1, 1, 1, 2]))
        world.meddlesome = True
        if process.dead or dice.random() < 0.3:
            await self._pause()
        if dice.random() < 0.4:
            faults.mend(world)

    async def _run_for_a_while(self, names: list[str], runs: int) -> None:
        """Let these accounts run so often; meanwhile a person decides, applies plans, undoes."""
        world, dice = self.world, self.dice
        deciding = [
            self.person.decide(pair, 0.7, after=dice.choice([0, 0.5, 3, 100, 1.5 * world.poll_seconds]))
            for pair in self._drawn("decides", 0.5)
        ]
        undoing = [
            self.person.undo(pair, after=dice.choice([0, 3, 100]))
            for pair in world.pairs.values()
            if pair.witness.ledger and self._draws("undoes", WONDERS if self.person.doubts(pair) else UNDOES)
        ]
        applying = [self.person.apply(pair) for pair in self._drawn("applies_plans", APPLIES)]
        running = [world.pairs[name].after_runs(runs, SPARE) for name in names]
        await asyncio.gather(*running, *deciding, *applying, *undoing)
        for pair in self._drawn("taken_back", TAKEN_BACK):
            await self._take_back(pair)

    async def _take_back(self, pair: Pair) -> None:
        """Have much go of what was entered on one day, as a person says, and users go on behind that.

        What a person wanted counts for no brake on that day, and what a person keeps is kept.
        """
        begun, side = self.world.clock.now(), self.dice.choice(list(Side))
        pair.users.fill(side, SEVERAL)
        await pair.after_runs(1)
        if self._draws("undoes", 0.5):
            await self.person.undo(pair, after=0, selection=Selection(since=begun))
        else:
            pair.users.clear_out(side)
            await pair.after_runs(1)
            await self._decide_all(pair)
        await pair.after_runs(1)
        for _ in range(self.dice.choice([1, 2])):
            pair.users.go_on(side)
            await pair.after_runs(1)

    async def _pause(self) -> None:
        """Stop the service for a while, in which a person may look after it."""
        await self._stop_all()
        if self._draws("long_pause", 0.5):
            for pair in self.world.pairs.values():  # the next run may come when it is forgotten
                pair.witness.listen(look(self.world.disk.raw, pair.name))
            await asyncio.sleep(self.dice.choice([600, 7200, DAY, 2.2 * DAY, 11 * DAY, 35 * DAY]))
        for pair in self.world.pairs.values():
            if self._draws("changes_rules", 0.2):
                pair.rule(self.dice.choice([None, *(one for one in STRICT if one != pair.strict)]))
            if self._draws("applies_plans", 0.15):
                for _ in range(self.dice.randrange(0, 3)):
                    pair.users.act()
                await self.person.apply(pair)
        await self._put_back()
        for pair in self.world.pairs.values():
            waits = bool(pair.turned) or pair.first_sync == "ask"
            if waits and self.dice.random() < 0.5 and pair in await self.person.waiting():
                await self.person.confirm(pair)

    async def _leave(self, pair: Pair) -> None:
        """Have an account leave in the midst of it all, and come back."""
        await self._stop_all()
        faults.mend(self.world)
        if not await self._confirm_all():
            return
        self.world.mix["leaves"] += 1
        self.world.meddlesome = self.dice.random() < 0.7
        if not await self.departures.leave(pair):
            return
        for _ in range(self.dice.choice([0, 0, 2])):
            pair.users.act()
        pair.closed |= {side for side in BOTH if pair.direction.writes(side)}
        await self.departures.later()
        self.world.mix["leave: came back"] += 1

    async def _put_back(self) -> None:
        """Keep a copy of the disk, put it in its place, or an empty one, as after a broken machine."""
        if self.two_runners:
            return
        if self._draws("lost_store", 0.02):
            for pair in self.world.pairs.values():
                pair.users.save(self.dice.choice(list(Side)))
            self.world.disk.restore({})
            self.world.note("the store is lost")
            for pair in self.world.pairs.values():
                pair.switched(on=True)  # that somebody had switched it off was kept there alone
                pair.forget(0, {}, ran=await self.world.runs.get(pair.name) > 0)
        elif self._kept is None and any(pair.runs for pair in self.world.pairs.values()):
            runs = {name: await self.world.runs.get(name) for name in self.world.pairs}
            lengths = {pair.name: len(pair.journal) for pair in self.world.pairs.values()}
            noted = {pair.name: {**pair.noted} for pair in self.world.pairs.values()}
            self._kept = self.world.disk.snapshot(), runs, lengths, noted
        elif self._kept is not None and self._draws("old_disk", 0.2):
            disk, ran, lengths, noted = self._kept
            self.world.disk.restore(disk)
            self.world.note("the disk is put back")
            for pair in self.world.pairs.values():  # whatever the old disk says
                self.world.switch(pair, on=True)
            by_command = random.Random(str(lengths)).random() < RESTORES
            if by_command:
                self.world.mix["restored"] += 1
                _mark(self.world.pairs, self.world.disk.raw)
            for pair in self.world.pairs.values():
                ran_since = await self.world.runs.get(pair.name) != ran[pair.name]
                pair.forget(lengths[pair.name], {**noted[pair.name]}, ran=ran_since or by_command)

    async def _confirm_all(self) -> bool:
        """Have a person confirm the plan of each account that waits for it; return whether none waits any more."""
        for _ in range(6):
            waiting = await self.person.waiting()
            if not waiting:
                return True
            for pair in waiting:
                if pair.off_since is not None:  # then no run makes the links that are to be made before
                    self.world.switch(pair, on=True)
            self.world.start()
            await asyncio.gather(*(pair.after_runs(1) for pair in self.world.pairs.values()))
            await self._stop_all()
            pause = max((server.pause for server in self.world.servers.values()), default=0)
            if pause:  # a command sends nothing as long as a server asks to wait
                await asyncio.sleep(pause)
            for pair in waiting:
                await self.person.confirm(pair)
        waiting = await self.person.waiting()
        for pair in waiting:
            if pair.was_put_back:
                self.world.excuse("a rebuild that a person must sort out")
            else:
                pair.fail("rest", "its new direction cannot be confirmed")
        return not waiting

    async def _decide_all(self, pair: Pair) -> int:
        """Have a person decide all that waits."""
        return await self.person.decide(pair, 1) if "decides" in self.allowed else 0

    def _process(self, names: list[str]) -> Process:
        """Return a process that serves these accounts: one that runs already, or a new one."""
        living = self.world.living()
        if self.two_runners and len(living) < 2 and self.dice.random() < 0.5:
            self.world.mix["second_runner"] += bool(living)
            return self.world.start(names)
        if living and not self.two_runners and set(living[0].names) != set(names) and self._draws("reload", 0.5):
            living[0].reload(names)
            return living[0]
        for process in living:
            if set(process.names) >= set(names):
                return process
        return self.world.start(names) if not living or self.two_runners else self._instead(living, names)

    def _instead(self, living: list[Process], names: list[str]) -> Process:
        """Replace a process whose configuration lacks an account."""
        for process in living:
            process.kill()
        return self.world.start(names)

    def _break_server(self, pair: Pair) -> None:
        choices = [fault for fault in faults.SERVER_FAULTS if fault.__name__ in self.allowed]
        if not choices:
            return
        fault = self.dice.choice(choices)
        side = self.dice.choice(list(Side))
        unmarked = [one for one, calendar in pair.calendars.items() if not calendar.capabilities.marker]
        if unmarked and faults.creates_lost in choices and self.dice.random() < UNMARKED:
            fault, side = faults.creates_lost, self.dice.choice(unmarked)
        fault(pair, pair.calendars[side], self.dice)
        self.world.mix[fault.__name__] += 1
        pair.note(f"{fault.__name__} {side}")

    def _break_process(self, process: Process) -> None:
        choices = [fault for fault in faults.PROCESS_FAULTS if fault.__name__ in self.allowed]
        if choices:
            freezes = self.two_runners and faults.freeze in choices and self.dice.random() < 0.7
            fault = faults.freeze if freezes else self.dice.choice(choices)
            fault(self.world, process)
            self.world.mix[fault.__name__] += 1

    def _draws(self, name: str, chance: float) -> bool:
        """Tell whether a thing happens that `--faults` may leave out."""
        drawn = self.dice.random() < chance and name in self.allowed
        self.world.mix[name] += drawn
        return drawn

    def _drawn(self, name: str, chance: float) -> Iterator[Pair]:
        """Yield those accounts to which it happens."""
        yield from (pair for pair in self.world.pairs.values() if self._draws(name, chance))

    async def _stop_all(self) -> None:
        for process in self.world.living():
            await process.stop()

    def _switch_on(self) -> None:
        """Have every account switched on that somebody has ever switched off."""
        for pair in self.world.pairs.values():
            if pair.off_since is not None:
                self.world.switch(pair, on=True)

    async def _come_to_rest(self) -> None:
        """Let the service run undisturbed until no account has anything left to do; then judge."""
        world = self.world
        await self._stop_all()
        faults.mend(world)
        world.meddlesome = False
        for pair in world.pairs.values():
            pair.witness.overhear(look(world.disk.raw, pair.name))  # under the rules under which it happened
            pair.bots.texts.clear()
            pair.users.allow_everything()
            pair.poisoned, pair.hanging, pair.switches_at = None, False, None
            pair.rule(None)
        self._switch_on()
        world.note("quiet")
        if not await self._confirm_all():
            return
        for day in range(PATIENCE):
            await asyncio.sleep(1.2 * DAY)  # so that both sides are listed in full
            process = world.start()
            runs = 1 if day else 2
            await asyncio.gather(*(pair.after_runs(runs) for pair in world.pairs.values()))
            await process.stop()
            failed = [pair for pair in world.pairs.values() if pair.report is None]
            if not all(pair.waited_in_vain() for pair in failed):
                world.fail("rest", f"a quiet run failed: {[pair.failure for pair in failed]}")
                return
            if failed:
                continue
            if any(pair.report is not None and pair.report.rebuild for pair in world.pairs.values()):
                if (
                    not await self._confirm_all()
                ):  # a store that was lost tells so once its calendars tell all again
                    return
                continue
            decided = sum([await self._decide_all(pair) for pair in world.pairs.values()])
            if not decided and all(pair.rests >= QUIET_RUNS for pair in world.pairs.values()):
                break
        else:
            world.fail("rest", "an account does not come to rest")
            return
        store = world.disk.store()
        for pair in world.pairs.values():
            Oracle(pair).judge(await store.load(pair.name, world.clock.now()))
