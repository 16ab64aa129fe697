"""What goes wrong: servers, networks, disks, machines, and people who run them. Each by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import AccountError, EventError, LoginError, Retry, UnknownOutcome
from calsync.store.connection import fetch
from calsync.sync.model import Direction
from calsync.sync.view import Standing
from calsync.testing.rows import Place
from tests.simulation.database import SEEN

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from calsync.testing.faults import Method
    from tests.simulation.calendars import SlowCalendar
    from tests.simulation.pair import Pair
    from tests.simulation.process import Process
    from tests.simulation.witness import Node
    from tests.simulation.world import World

ANY_PAIR = 0.2
"""How often two programs disagree about whichever pair, also one that calsync leaves alone."""
READS: tuple[Method, ...] = ("changes", "read", "locate", "find_marker")
CHANGES: tuple[Method, ...] = ("create", "update", "delete")


def reads_fail(pair: Pair, calendar: SlowCalendar, dice: random.Random) -> None:
    """The server is down, busy, or takes back the consent."""
    errors = [lambda: Retry("down"), lambda: Retry("busy", after=30), lambda: LoginError("consent lost")]
    calendar.faults.add(
        dice.choice(READS), dice.choice(errors), times=dice.choice([1, 2]), after=dice.random() < 0.5
    )
    del pair


def writes_fail(pair: Pair, calendar: SlowCalendar, dice: random.Random) -> None:
    """A write is refused, or carried out although its answer is lost."""
    after = dice.random() < 0.5
    errors: list[Callable[[], Exception]] = [lambda: UnknownOutcome("lost")]
    if not after:
        errors += [lambda: Retry("throttled"), lambda: EventError("refused"), lambda: AccountError("read-only")]
    calendar.faults.add(dice.choice(CHANGES), dice.choice(errors), times=dice.choice([1, 1, 3]), after=after)
    del pair


def tokens_lost(pair: Pair, calendar: SlowCalendar, dice: random.Random) -> None:
    """The server forgets how far the feed was read."""
    calendar.drop_tokens()
    del pair, dice


def creates_lost(pair: Pair, calendar: SlowCalendar, dice: random.Random) -> None:
    """The answers to creates are lost."""
    error, after = UnknownOutcome("lost"), dice.random() < 0.7
    calendar.faults.add("create", lambda: error, times=dice.choice([1, 2, 5]), after=after)
    del pair


def event_is_lost(pair: Pair, calendar: SlowCalendar, dice: random.Random) -> None:
    """A database that lags answers for one run: a listing lacks an event, and it is gone for who asks."""
    settled = pair.world.clock.now() - calendar.behaviour.lag
    told_otherwise = calendar.behaviour.stale | {row.id for row in calendar.behaviour.repeated}
    # Told as removed, as it has left the window: that and an id that is gone is a proof.
    told_otherwise |= {
        row["event_id"]
        for row in fetch(pair.world.disk.raw, SEEN, {"account": pair.name})
        if (row["side"], row["standing"]) == (calendar.side, Standing.TOMBSTONE)
    }
    ids = [
        event_id
        for event_id in calendar.events()
        if (calendar.side, event_id) not in pair.reborn
        and event_id not in told_otherwise | pair.hidden  # gone in two runs is a proof
        and calendar.rows.rows[event_id].modified <= settled
    ]
    calendar.losing = set(dice.sample(ids, min(len(ids), 2)))
    calendar.behaviour.hidden |= calendar.losing
    pair.hidden |= calendar.losing
    calendar.drop_tokens()


def listing_hides(pair: Pair, calendar: SlowCalendar, dice: random.Random) -> None:
    """Listings and the feed leave events out, and claim to be complete."""
    ids = [each for each in calendar.events() if (calendar.side, each) not in pair.reborn]
    calendar.behaviour.hidden.update(dice.sample(ids, min(len(ids), 2)))
    pair.hidden |= calendar.behaviour.hidden


def feed_is_stale(pair: Pair, calendar: SlowCalendar, dice: random.Random) -> None:
    """Listings and the feed tell events as they were before their last change, deleted ones too."""
    ids = [row.id for row in calendar.rows.rows.values() if row.place in (Place.CALENDAR, Place.TRASH)]
    calendar.behaviour.stale.update(dice.sample(ids, min(len(ids), 3)))
    pair.hidden |= calendar.behaviour.stale
    if dice.random() < 0.5:
        calendar.drop_tokens()


def feed_repeats(pair: Pair, calendar: SlowCalendar, dice: random.Random) -> None:
    """Listings and the feed tell old states of some events once more, behind what is new."""
    rows = [change.after for change in calendar.rows.log if change.after.place is not Place.FORBIDDEN]
    calendar.behaviour.repeated += dice.sample(rows, min(len(rows), 3))
    pair.retold |= {row.id for row in calendar.behaviour.repeated}


def listing_breaks_off(pair: Pair, calendar: SlowCalendar, dice: random.Random) -> None:
    """A listing in full ends before it is complete."""
    calendar.behaviour.listing_pages = 1
    calendar.drop_tokens()
    del pair, dice


SERVER_FAULTS: tuple[Callable[[Pair, SlowCalendar, random.Random], None], ...] = (
    reads_fail,
    writes_fail,
    creates_lost,
    tokens_lost,
    listing_hides,
    event_is_lost,
    feed_is_stale,
    feed_repeats,
    listing_breaks_off,
)


def mend(world: World) -> None:
    """Let all servers work again."""
    for server in world.servers.values():
        server.mend()
    for pair in world.pairs.values():
        for calendar in pair.calendars.values():
            calendar.faults.clear()
            calendar.behaviour.hidden.clear()
            calendar.losing.clear()
            calendar.behaviour.stale.clear()
            calendar.behaviour.repeated.clear()
            calendar.behaviour.listing_pages = None


def kill(world: World, process: Process) -> None:
    process.after_steps(world.dice.randrange(1, 250), process.kill)


def cancel(world: World, process: Process) -> None:
    process.after_steps(world.dice.randrange(1, 250), process.cancel_runs)


def freeze(world: World, process: Process) -> None:
    """A machine stops for a while, shorter or longer than a lease lives."""
    seconds = world.dice.choice([20, 100, 290, 1000, 1000, 5000])
    process.after_steps(world.dice.randrange(1, 250), lambda: process.freeze(seconds))


def lock_store(world: World, process: Process) -> None:
    """Another program, as a backup may be, keeps the database locked for longer than calsync waits."""
    times = world.dice.choice([1, 2, 8])

    def lock() -> None:
        process.locked = times

    process.after_steps(world.dice.randrange(1, 250), lock)


def come_and_go(world: World, process: Process) -> None:
    """The configuration is read anew without an account, and once more with it, in the middle of a run."""
    gone = world.dice.choice(process.names)

    def reload() -> None:
        process.reload([name for name in process.names if name != gone], process.names)

    process.after_steps(world.dice.randrange(1, 250), reload)


def switch(world: World, process: Process) -> None:
    """A person switches an account off in the middle of its run, and on again a while later."""
    pair = world.pairs[world.dice.choice(process.names)]
    if world.dice.random() < 0.5:
        pair.switches_at = world.dice.choice([1, 1, 2, 5])
    else:
        process.after_steps(world.dice.randrange(1, 250), lambda: world.switch_for_a_while(pair))


PROCESS_FAULTS: tuple[Callable[[World, Process], None], ...] = (
    kill,
    cancel,
    freeze,
    lock_store,
    come_and_go,
    switch,
)


def turn_direction(world: World) -> None:
    """Somebody chooses another direction: each run begins with the one that is chosen."""
    pair = world.dice.choice(list(world.pairs.values()))
    direction = world.dice.choice([Direction.BOTH, *Direction])
    if direction is not pair.direction:
        pair.turned.append(len(pair.journal))
    pair.direction = direction
    pair.note(f"direction {pair.direction}")


def _is_plain(pair: Pair, node: Node) -> bool:
    """Tell whether an event is one that calsync reads and writes, whatever the other one of its pair is."""
    side, event_id = node
    row = pair.calendars[side].rows.present(event_id)
    if row is None or not pair.account().window(pair.world.clock.now()).holds(row.event.when):
        return False
    event = row.event
    return event.attendee_count == 0 and not (event.private or event.series or event.cancelled)


def bots(pair: Pair) -> bool:
    """Let two programs disagree about the summary of one pair, and never give in; tell whether there is a pair."""
    found = [(node, partner) for node in pair.witness.members() if (partner := pair.backwards.partner(node))]
    any_pair = pair.dice.random() < ANY_PAIR
    pairs = [both for both in found if any_pair or all(_is_plain(pair, node) for node in both)]
    if pairs:
        for number, (side, event_id) in enumerate(pair.dice.choice(pairs)):
            pair.bots.texts[side, event_id] = f"Programm {number} besteht darauf"
        pair.note(f"bots {list(pair.bots.texts)}")
    return bool(pairs)


NAMES = (
    *(fault.__name__ for fault in SERVER_FAULTS),
    *(fault.__name__ for fault in PROCESS_FAULTS),
    turn_direction.__name__,
    bots.__name__,
    "second_runner",
    "switch_off",
    "reload",
    "long_pause",
    "old_disk",
    "lost_store",
    "optional_rules",
    "change_rules",
    "poisoned_rule",
    "hanging_rule",
    "refusing_server",
    "no_condition",
    "naive",
    "trusted_times",
    "busy_calendar",
    "taken_back",
    "doorbells",
    "decides",
    "undoes",
    "applies_plans",
    "changes_rules",
    "asks_first",
    "leaves",
    "small_budget",
    "throttles",
)
"""What `--faults` may name."""
