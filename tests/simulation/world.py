"""A simulated world: one virtual time, one disk, the accounts, and the calsync processes that serve them."""

from __future__ import annotations

import hashlib
from collections import Counter
from contextvars import copy_context
from typing import TYPE_CHECKING

from calsync.service.turns import AT_ONCE
from calsync.store import MemoryRuns, statements
from calsync.sync.choices import UNDONE
from tests.simulation.clock import VirtualClock
from tests.simulation.excuses import EXCUSES
from tests.simulation.process import Process

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from datetime import datetime

    from calsync.engine import Report
    from calsync.sync.model import Side
    from calsync.sync.plan import Plan
    from tests.simulation.database import Disk
    from tests.simulation.errand import Errand
    from tests.simulation.loop import VirtualLoop
    from tests.simulation.pair import Pair
    from tests.simulation.servers import Server

DECISIONS = (
    "block has_attendees",
    "block not_organised_here",
    "create new",
    "create recreated",
    "create released",
    "create restored",
    "delete deleted",
    "delete released",
    "hold ambiguous",
    "hold brake_deletes",
    "hold brake_rewrites",
    "hold budget",
    "hold changed_by_server",
    "hold conflict",
    "hold direction",
    "hold left_account",
    "hold first_sync",
    "hold guarded",
    "hold loop",
    "hold private_original_deleted",
    "hold rebuild",
    "hold rebuild_ambiguous",
    "hold rebuild_conflict",
    "hold rebuild_orphan",
    "hold rule_failed",
    "hold rule_hangs",
    "hold rules",
    "link linked_different",
    "link matched",
    "link moved",
    "part deleted",
    "part kept",
    "part left_alone",
    "part target_deleted",
    "part target_edited",
    "skip cancelled",
    "skip kept_out",
    "skip one_way",
    "skip online_meeting",
    "skip other_type",
    "skip outside_window",
    "skip series",
    "sleep kept_out",
    "sleep other_type",
    "sleep series",
    "sleep window",
    "unlink both_deleted",
    "update changed",
    "update decided",
    "update overruled",
    "update released",
    "update restored",
    "wake kept_out",
    "wake other_type",
    "wake returned",
    "wake series",
    "wake window",
)
"""The rows of the decision table, by the kind and the reason of their operations."""
UNDOINGS = (
    "create",
    "delete",
    "unlink",
    "update",
    "gave back a create",
    "gave back a delete",
    "gave back an update",
    "killed",
    "frozen",
    "behind a quarrel",
    "of an undo",
    "refused",
    "while it is off",
    "block has_attendees",
    "skip doubt",
    "skip left_account",
    "skip other_type",
    "skip series",
    "skip undo_alone",
    "skip undo_altered",
    "skip undo_back",
    "skip undo_done",
    "skip undo_edited",
    "skip undo_gone",
    "skip undo_private",
    "skip undo_read_only",
    "skip undo_uncertain",
    "skip waits",
)
"""What undoing does, and why it leaves alone what it does."""
RARE = (
    "decision: hold changed_often",
    "undo: hold direction",
    "undo: hold guarded",
    "undo: hold rule_failed",
    "undo: skip kept_out",
    "undo: skip online_meeting",
    "undo: skip rule_failed",
    "undo: skip rule_hangs",
)
"""What fewer than one of 500 histories has: those that `make test` plays may miss it."""
PLANS = (
    "applied",
    "applied and confirmed",
    "killed",
    "refused",
    "refused, as the world had moved",
    "left something",
    "writes",
)
"""What becomes of plans that a person has carried out."""
BUDGETS = (
    "budget: held",
    "budget: carried out later",
    "throttles: refused",
    "throttles: waited for its turn",
    "throttles: waited for a pause",
    "throttles: nothing was sent",
)
"""What becomes of writes that the budget does not cover, and of requests that a server does not want now."""
LEAVINGS = ("copies stay", "removes left copies", "removes right copies", "killed", "came back")
"""What an account does that leaves."""
POLLS = (300.0, 3600.0, 6 * 3600.0)
"""Seconds between two runs of an account."""


class World:
    """All that a history acts on. Everything random comes from its dice, everything timely from its loop."""

    def __init__(self, loop: VirtualLoop, dice: random.Random, disk: Disk) -> None:
        self.loop = loop
        self.dice = dice
        self.disk = disk
        self.clock = VirtualClock(loop)
        self.runs = MemoryRuns()
        self.context = copy_context()
        self.poll_seconds = dice.choice(POLLS)
        self.places = dice.choice([1, AT_ONCE])
        """How many accounts may run at the same time."""
        self.budget: tuple[int, int] | None = None
        """A small budget of writes of each account, within an hour and within a day."""
        self.servers: dict[Side, Server] = {}
        """What the calendars stand behind; nothing where every request is answered at once."""
        self.pairs: dict[str, Pair] = {}
        self.processes: list[Process] = []
        self.errands: dict[str, Errand] = {}
        """What persons have had done, by their names as holders of leases."""
        self.meddlesome = True
        """Users and fate act in the middle of runs."""
        self._noted: list[tuple[datetime, str]] = []
        self.violations: list[str] = []
        self.excuses: Counter[str] = Counter()
        self.mix: Counter[str] = Counter()
        """How often each fault, each action of a user and each decision occurred."""

    @property
    def trace(self) -> list[str]:
        """What happened, line by line; put into words only when somebody asks."""
        return [f"{at:%d.%m. %H:%M:%S} {line}" for at, line in self._noted]

    @property
    def hash(self) -> str:
        """Name the history: equal for two that went the same way."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()[:16]

    def start(self, names: Sequence[str] | None = None) -> Process:
        """Start a process that serves all accounts, or only some."""
        process = Process(self, names or tuple(self.pairs), len(self.processes) + 1)
        self.processes.append(process)
        self.note(f"started {process.holder}: {', '.join(process.names)}")
        return process

    def living(self) -> list[Process]:
        return [process for process in self.processes if not process.dead]

    def is_dead(self, holder: str) -> bool:
        """Tell whether a holder of a lease is dead, as a process of the same machine can find out."""
        errand = self.errands.get(holder)
        alive = errand is not None and not errand.dead
        return not alive and all(process.dead for process in self.processes if process.holder == holder)

    def process_ended(self) -> None:
        """Wake those who wait for an account: nothing more comes from some process."""
        for pair in self.pairs.values():
            pair.wake()

    def switch(self, pair: Pair, *, on: bool) -> None:
        """Have another process set the switch of an account; some services learn of it at once."""
        values = {"account": pair.name, "value": int(on)}
        for statement in (statements.NEW_ACCOUNT, statements.SET["enabled"]):
            self.disk.raw.execute(statement, values)
        pair.switched(on=on)
        self.wake(pair, "it was set")

    def wake(self, pair: Pair, why: str) -> None:
        """Let some services learn of something about an account at once."""
        for process in self.living():
            if not process.frozen and self.dice.random() < 0.5:
                process.service.wake(pair.name, why)

    def switch_for_a_while(self, pair: Pair) -> None:
        """Switch an account off, and on again later."""
        self.switch(pair, on=False)
        later = self.dice.choice([1, 600, 20000])
        self.loop.call_later(later, lambda: self.switch(pair, on=True), context=self.context)

    def meddle(self, pair: Pair) -> None:
        """Let things happen in the middle of the run that begins."""
        for _ in range(self.dice.choice([0, 0, 0, 1, 2])):
            self.loop.call_later(self.dice.choice([0, 1, 3, 100]), self._meddle, pair, context=self.context)

    def _meddle(self, pair: Pair) -> None:
        if self.meddlesome:
            pair.users.act()

    def count_decisions(self, report: Report) -> None:
        for operation in report.plan.operations:
            self.mix[f"decision: {operation.kind} {operation.reason.partition(':')[0]}"] += 1

    def count_undoing(self, plan: Plan) -> None:
        for operation in plan.operations:
            reason = "" if operation.reason == UNDONE else f" {operation.reason.partition(':')[0]}"
            self.mix[f"undo: {operation.kind}{reason}"] += 1

    def note(self, line: str) -> None:
        self._noted.append((self.clock.now(), line))

    def excuse(self, name: str, detail: str = "") -> None:
        """Count an excuse of the table, with what it was about."""
        if name not in EXCUSES:
            self.fail("the judge", f"no such excuse stands in the table: {name}")
        self.excuses[f"{name}: {detail}" if detail else name] += 1

    def fail(self, invariant: str, text: str) -> None:
        self.violations.append(f"{invariant}: {text}")
        self.note(f"!! {invariant}: {text}")
