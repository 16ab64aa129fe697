"""Play many histories: `python -m tests.simulation --seeds 1000 --jobs 2`, or show one: `--seed 17 --trace`."""

from __future__ import annotations

import argparse
import gc
import logging
import sys
import time
from collections import Counter
from contextlib import ExitStack
from functools import lru_cache, partial
from multiprocessing import Pool
from typing import TYPE_CHECKING

from calsync.store import codec
from tests.postgresql import REQUIRED, NotThere, new_database, server
from tests.simulation import faults
from tests.simulation.database import use
from tests.simulation.database_postgresql import PostgresDisk
from tests.simulation.determinism import differences
from tests.simulation.exhaustive import interrupted
from tests.simulation.history import play
from tests.simulation.mutants import MUTANTS
from tests.simulation.users import ACTIONS
from tests.simulation.world import BUDGETS, DECISIONS, LEAVINGS, PLANS, RARE, UNDOINGS

if TYPE_CHECKING:
    from collections.abc import Callable

SHOWN = 25
SHORT = 3000
"""Fewer histories may miss what is rare."""
MOST = 2000
"""So many histories a mutant may survive."""
DECODED = 1024
"""So many texts of the store stay decoded: more than a history has, and each is read dozens of times."""


def _one(task: tuple[int, tuple[str, ...]]) -> tuple[int, list[str], Counter[str], Counter[str]]:
    seed, allowed = task
    gc.collect(0)  # what the last history left, as long as it is at hand: left alone, it takes a twentieth longer
    try:
        world = play(seed, allowed)
    except Exception as error:  # noqa: BLE001 - a bug of the simulation is a finding too
        return seed, [f"crash: {type(error).__name__} {error}"], Counter(), Counter()
    return seed, world.violations, world.excuses, world.mix


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


EXPECTED = (
    *faults.NAMES,
    *(f"user: {name}" for name in (*ACTIONS, "cross", "overtake", "overtake_leaving", "overtake_undo")),
    *(f"decision: {decision}" for decision in DECISIONS),
    *(f"undo: {what}" for what in UNDOINGS),
    *(f"plan: {what}" for what in PLANS),
    *(f"leave: {what}" for what in LEAVINGS),
    *BUDGETS,
    *(f"fault: {write} UnknownOutcome after" for write in ("create", "update", "delete")),
    *(f"fault: {write} UnknownOutcome before" for write in ("create", "update")),
    "killed",
    "frozen",
    "cancelled a run",
    "lock_store: refused",
    "switch: stopped a run",
    "refusing_server: refused",
    "restored",
    "few_at_once",
    "rules: kept out until they changed",
    "rest: left alone",
    "scope: judged, with events besides",
    "scope: imagined",
)
"""What so many histories as `make test` plays must have seen at least once."""


def _show(seed: int, allowed: tuple[str, ...], *, trace: bool) -> bool:
    world = play(seed, allowed)
    _say(*(world.trace if trace else []), *world.violations, f"seed {seed}: {world.hash}")
    return bool(world.violations)


def _begin(conninfo: str | None) -> None:
    """Begin a process that plays histories, on a server where one is named.

    It collects no garbage in the middle of a history: what one leaves is small, and little of it goes in circles.
    And it remembers what the store makes of a text, which is always the same.
    """
    if conninfo is not None:
        use(partial(PostgresDisk, new_database(conninfo)))
    for decode in (codec.observation, codec.base):
        setattr(codec, decode.__name__, _remembering(decode))
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)


def _remembering(decode: Callable[[str], object]) -> Callable[..., object]:
    """Return what decodes a text once, whatever one reading has in common."""
    known = lru_cache(DECODED)(decode)

    def decoded(text: str, same: codec.Same | None = None) -> object:
        del same
        return known(text)

    return decoded


def _many(first: int, seeds: int, jobs: int, allowed: tuple[str, ...], conninfo: str | None) -> bool:
    excuses: Counter[str] = Counter()
    mix: Counter[str] = Counter()
    failed, started = 0, time.monotonic()
    tasks = ((seed, allowed) for seed in range(first, first + seeds))
    with Pool(jobs, initializer=_begin, initargs=(conninfo,)) as pool:
        for seed, violations, granted, mixed in pool.imap_unordered(_one, tasks, chunksize=8):
            excuses += granted
            mix += mixed
            failed += bool(violations)
            if violations and failed <= SHOWN:
                _say(f"seed {seed}: {violations[0]}")
    seconds = time.monotonic() - started
    _say("mix:", *(f"  {name}: {count}" for name, count in sorted(mix.items())))
    _say("excuses:", *(f"  {name}: {count}" for name, count in sorted(excuses.items())))
    _say(f"{seeds} histories in {seconds:.1f} s ({seeds / seconds / jobs:.0f} per second and process)")
    whole = allowed == faults.NAMES and seeds >= SHORT
    missing = [f"never occurred: {name}" for name in EXPECTED if whole and not mix[name]]
    unknown = [f"stands in no table: {name}" for name in sorted(mix) if _is_unknown(name)]
    _say(*missing, *unknown, f"{failed} broke an invariant")
    return bool(failed or missing or unknown)


def _is_unknown(name: str) -> bool:
    """Tell whether something was decided of which nobody would notice that it is not decided any more."""
    return name.startswith(("decision: ", "undo: ")) and name not in (*EXPECTED, *RARE)


def _hunt(task: tuple[str, int, tuple[str, ...]]) -> tuple[str, int | None, str]:
    """Return how many histories it took until a mutant was caught, None where it was not, and by what.

    A history that breaks an invariant without the mutant, too, has not caught it.
    """
    name, most, allowed = task
    for seed in range(most):
        with MUTANTS[name]():
            _, violations, _, _ = _one((seed, allowed))
        if violations and not _one((seed, allowed))[1]:
            return name, seed + 1, violations[0]
    return name, None, ""


def _hunt_all(names: list[str], jobs: int, allowed: tuple[str, ...]) -> bool:
    _say(f"{'mutant':28} histories until caught")
    with Pool(jobs, initializer=_begin, initargs=(None,), maxtasksperchild=1) as pool:
        results = []
        for name, caught, by in pool.imap(_hunt, [(name, MOST, allowed) for name in names], chunksize=1):
            results.append(caught is not None)
            _say(f"{name:28} {caught if caught is not None else 'NOT CAUGHT':>6}  {by[:90]}")
    return not all(results)


def _interrupt_everywhere(seed: int) -> tuple[int, list[str]]:
    """Return how many histories a scenario gave, and what they broke."""
    worlds = 0
    found = []
    for how, world in interrupted(seed):
        worlds += 1
        found += [f"seed {seed}, {how}: {violation}" for violation in world.violations]
    return worlds, found


def _exhaust(first: int, scenarios: int, jobs: int) -> bool:
    total, broken, started = 0, 0, time.monotonic()
    with Pool(jobs, initializer=_begin, initargs=(None,)) as pool:
        for worlds, found in pool.imap(_interrupt_everywhere, range(first, first + scenarios), chunksize=1):
            total += worlds
            broken += bool(found)
            _say(*found[:3])
    seconds = time.monotonic() - started
    _say(f"{scenarios} scenarios, killed and cancelled at each step: {total} histories in {seconds:.1f} s")
    _say(f"{broken} broke an invariant")
    return bool(broken)


def _compare(first: int, seeds: int, allowed: tuple[str, ...]) -> bool:
    found = list(differences(first, seeds, allowed))
    _say(*found[:SHOWN], f"{seeds} histories played twice, {len(found)} went another way")
    return bool(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many histories")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the seed of the first one")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--seed", type=int, help="play one history")
    parser.add_argument("--trace", action="store_true", help="print what happened in it")
    parser.add_argument(
        "--mutants", nargs="*", metavar="NAME", help="break one protection after the other, or only these"
    )
    parser.add_argument(
        "--exhaustive", type=int, default=0, help="so many scenarios, killed and cancelled at every step"
    )
    parser.add_argument(
        "--determinism", type=int, default=0, help="so many histories, twice, with other hashes of strings"
    )
    parser.add_argument("--faults", default=",".join(faults.NAMES), help="what may go wrong, by commas")
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite", help="what it is kept in")
    arguments = parser.parse_args()
    logging.disable()
    with ExitStack() as stack:
        try:
            conninfo = stack.enter_context(server()).conninfo if arguments.store == "postgresql" else None
        except NotThere as missing:
            _say(str(missing))
            return REQUIRED
        return _play(parser, arguments, conninfo)


def _play(parser: argparse.ArgumentParser, arguments: argparse.Namespace, conninfo: str | None) -> int:
    """Do what was asked for. Mutants and the like are about the engine: they have their disk in memory."""
    allowed = tuple(name for name in arguments.faults.split(",") if name)
    if unknown := set(arguments.mutants or ()) - set(MUTANTS):
        parser.error(f"unknown mutants: {', '.join(sorted(unknown))}; known are {', '.join(MUTANTS)}")
    if unknown := set(allowed) - set(faults.NAMES):
        parser.error(f"unknown faults: {', '.join(sorted(unknown))}; known are {', '.join(faults.NAMES)}")
    if arguments.mutants is not None:
        return _hunt_all(arguments.mutants or [*MUTANTS], arguments.jobs, allowed)
    if arguments.exhaustive:
        return _exhaust(arguments.first, arguments.exhaustive, arguments.jobs)
    if arguments.determinism:
        return _compare(arguments.first, arguments.determinism, allowed)
    if arguments.seed is not None:
        _begin(conninfo)
        return _show(arguments.seed, allowed, trace=arguments.trace)
    return _many(arguments.first, arguments.seeds, arguments.jobs, allowed, conninfo)


if __name__ == "__main__":
    sys.exit(main())
