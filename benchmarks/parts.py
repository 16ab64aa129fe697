"""The parts of `make bench`, each of which adds what it has measured."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.caldav import synced_by_vdirsyncer
from benchmarks.calendars import spread, window
from benchmarks.crowd import crowd
from benchmarks.deciding import rates
from benchmarks.doorbell import POLL_SECONDS, with_doorbell, without_doorbell
from benchmarks.figures import Contest, Figure, Measured
from benchmarks.first_sync import first_sync
from benchmarks.following import begin, follow
from benchmarks.reading import read
from benchmarks.reading_graph import read_graph
from benchmarks.sandbox_process import SandboxProcess
from benchmarks.starting import start
from benchmarks.syncing import life
from benchmarks.tenant import polled
from benchmarks.workers import ACCOUNTS, JOBS, WORKERS, figures, measure
from calsync.service.backoff import SETTLE_SECONDS
from tests.postgresql import NotThere

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.cost import Cost
    from benchmarks.first_sync import FirstSync
    from benchmarks.syncing import Life
    from calsync_sandbox.configuration import Exchange

EVENTS = 5000
CHANGES = EVENTS // 100
TENANTS = (1, 100, 5000)
"""Accounts of one FLOWFACT tenant."""
READERS: Mapping[Exchange, Callable[[SandboxProcess, int, int], dict[str, Cost]]] = {
    "exchange_ews": read,
    "graph": read_graph,
}
NAMES: Mapping[Exchange, str] = {"exchange_ews": "of Exchange", "graph": "through Graph"}
READING_BOUNDS = {"exchangelib": (0.25, 1.0)}
"""What is promised of reading: the client's CPU and the time, in those of another client."""
READING_BOUND, SYNC_BOUND = 1.3, 1.2
"""In the time of the bare loop."""
GROWTH_BOUND = 1.3
"""The time of the same changes in a calendar ten times as large."""
LARGE = 50_000
MEMORY_BOUND, DOUBLING_BOUND = 500.0, 2.2
"""MB of a first sync of LARGE events, and how many times it is that of half of them."""
OFTEN = 3
"""Calendars that are synced already are synced so many times as often as others: each takes a part of a second."""
SMALL = 1000
"""So many events are synced beside vdirsyncer: with twice as many, its Radicale needs three times as long."""
LATENCY = 0.01
"""Seconds that a server takes before it answers, where it is on another machine and has a database."""
CHANGES_PER_ROUND = 2


@dataclass(slots=True)
class Found:
    """What was measured."""

    ratios: list[Figure] = field(default_factory=list)
    figures: list[Measured] = field(default_factory=list)
    contests: list[Contest] = field(default_factory=list)


def deciding(found: Found, _rounds: int) -> None:
    found.figures += rates()


def starting(found: Found, rounds: int) -> None:
    start()  # whatever compiles, does it now
    found.contests.append(_contest("cold start", [start() for _ in range(rounds)]))


def reading(found: Found, rounds: int) -> None:
    """Read EVENTS events of Exchange, and through Graph."""
    for exchange, read_once in READERS.items():
        clients: dict[str, list[Cost]] = {}
        with SandboxProcess(exchange, partial(spread, EVENTS)) as sandbox:
            for number in range(rounds):
                for name, cost in read_once(sandbox, EVENTS, number).items():
                    clients.setdefault(name, []).append(cost)
        what = f"reading {EVENTS:,} events {NAMES[exchange]}"
        found.contests.append(Contest(what, clients))
        for other in sorted(clients.keys() - {"calsync", "bare loop"}):
            cpu, wall = READING_BOUNDS.get(other, (None, None))
            found.ratios += [
                _ratio(f"{what}, client CPU, {other}", clients, other, "cpu", cpu),
                _ratio(f"{what}, time, {other}", clients, other, "wall", wall),
            ]
        bound = READING_BOUND if exchange == "exchange_ews" else None
        found.ratios.append(_ratio(f"{what}, time, bare loop", clients, "bare loop", "wall", bound))


def following(found: Found, rounds: int) -> None:
    """Follow a calendar of Exchange that was read before, without changes and with some."""
    with SandboxProcess("exchange_ews", partial(spread, EVENTS)) as sandbox:
        known = begin(sandbox)
        for changes in (0, CHANGES):
            costs = [follow(sandbox, known, changes) for _ in range(rounds)]
            found.contests.append(_contest(f"following Exchange, {changes} changes", costs))


def importing(found: Found, rounds: int) -> None:
    """Import EVENTS events into FLOWFACT, of Exchange and through Graph, and SMALL ones between slow servers."""
    for exchange, name in NAMES.items():
        syncs = [first_sync(exchange, partial(spread, EVENTS)) for _ in range(rounds)]
        what = f"first sync of {EVENTS:,} events {name}"
        clients = _beside_bare_loop(found, what, syncs, SYNC_BOUND)
        found.ratios.append(_ratio(f"{what}, client CPU, bare loop", clients, "bare loop", "cpu"))
        found.figures.append(_requests(f"{what}: requests of each", syncs))
    slow = [first_sync("graph", partial(spread, SMALL), LATENCY) for _ in range(rounds)]
    what = f"first sync of {SMALL:,} events through Graph, answers after {LATENCY * 1000:.0f} ms"
    _beside_bare_loop(found, what, slow)


def _beside_bare_loop(
    found: Found, what: str, syncs: Sequence[FirstSync], bound: float | None = None
) -> dict[str, list[Cost]]:
    clients = {"calsync": [each.sync for each in syncs], "bare loop": [each.bare_loop for each in syncs]}
    found.contests.append(Contest(what, clients))
    found.ratios.append(_ratio(f"{what}, time, bare loop", clients, "bare loop", "wall", bound))
    return clients


def growing(found: Found, rounds: int) -> None:
    """Sync calendars of EVENTS, half of LARGE and LARGE events: first, and with the same number of changes."""
    _beside_vdirsyncer(found, rounds)
    often = rounds * OFTEN
    small, half, large = life(EVENTS, CHANGES, often), life(LARGE // 2, CHANGES, 0), life(LARGE, CHANGES, often)
    found.contests += [
        Contest(f"{work}, {EVENTS:,} events", {"calsync": costs}) for work, costs in _works(small).items()
    ]
    found.contests += [
        Contest(f"no change, {LARGE:,} events", {"calsync": large.quiet}),
        Contest(f"{CHANGES} changed, {LARGE:,} events", {"calsync": large.changed}),
    ]
    growth = [one.wall / other.wall for one, other in zip(large.changed, small.changed, strict=True)]
    doubling = large.first.memory / half.first.memory
    found.figures += [
        Measured(f"{CHANGES} changes in {LARGE:,} events: times the time in {EVENTS:,}", growth, "", GROWTH_BOUND),
        Measured(f"first sync of {LARGE // 2:,} events: memory", [half.first.memory], "MB"),
        Measured(f"first sync of {LARGE:,} events: memory", [large.first.memory], "MB", MEMORY_BOUND),
        Measured(
            f"first sync of {LARGE:,} events: times the memory of half of it", [doubling], "", DOUBLING_BOUND
        ),
    ]


def _beside_vdirsyncer(found: Found, rounds: int) -> None:
    changes = SMALL // 100
    ours, theirs = _works(life(SMALL, changes, rounds)), synced_by_vdirsyncer(SMALL, changes)
    found.contests += [
        Contest(f"{work}, {SMALL:,} events", {"calsync": costs, "vdirsyncer": [theirs[work]]})
        for work, costs in ours.items()
    ]


def _works(one: Life) -> Mapping[str, Sequence[Cost]]:
    return {"first sync": [one.first], "no change": one.quiet, "1 % changed": one.changed}


def ringing(found: Found, rounds: int) -> None:
    """Let one account's changes reach FLOWFACT, with the doorbell and without."""
    changes = rounds * CHANGES_PER_ROUND
    found.figures += [
        Measured("Outlook to FLOWFACT, from the notification, one account", with_doorbell(changes), "s", 1.0),
        Measured("its lower bound: a ring waits for others", [SETTLE_SECONDS], "s"),
        Measured(
            f"Outlook to FLOWFACT, without doorbells, polled each {POLL_SECONDS} s",
            without_doorbell(changes),
            "s",
            float(POLL_SECONDS),
        ),
    ]


def tenants(found: Found, _rounds: int) -> None:
    """Poll a FLOWFACT tenant of few and of many accounts."""
    for accounts in TENANTS:
        poll = polled(accounts, window())
        name = f"a quiet poll of {accounts:,} accounts of one FLOWFACT tenant"
        found.figures += [
            Measured(f"{name}: requests", [poll.quiet_requests], "", 1.0),
            Measured(f"{name}: time", [poll.quiet_seconds], "s"),
        ]
        if not (poll.right and poll.woken == 1):
            raise RuntimeError(f"one change woke {poll.woken} of {accounts} accounts")


def crowds(found: Found, _rounds: int) -> None:
    found.figures += crowd()


def hosting(found: Found, _rounds: int) -> None:
    """Let workers on PostgreSQL read many accounts. Where there is none, say so."""
    try:
        found.figures += figures(measure(ACCOUNTS, WORKERS, JOBS))
    except NotThere as missing:
        print(missing, file=sys.stderr)


ALL: Mapping[str, Callable[[Found, int], None]] = {
    "deciding": deciding,
    "starting": starting,
    "reading": reading,
    "following": following,
    "importing": importing,
    "growing": growing,
    "ringing": ringing,
    "tenants": tenants,
    "crowds": crowds,
    "hosting": hosting,
}


def _contest(work: str, rounds: Sequence[Mapping[str, Cost]]) -> Contest:
    return Contest(work, {name: [one[name] for one in rounds] for name in rounds[0]})


def _ratio(
    name: str, clients: Mapping[str, Sequence[Cost]], other: str, what: str, bound: float | None = None
) -> Figure:
    rounds = len(clients[other])

    def seen(client: str) -> list[float]:
        return [getattr(cost, what) for cost in clients[client][:rounds]]

    return Figure(name=name, calsync=seen("calsync"), other=seen(other), least=seen("bare loop"), bound=bound)


def _requests(name: str, syncs: Sequence[FirstSync]) -> Measured:
    return Measured(name, [each.requests / max(1, each.created) for each in syncs], "")
