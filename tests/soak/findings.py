"""What a soak has seen, beside what is promised."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.soak.service import Sample

MEMORY_GROWTH = 0.05
TASK_GROWTH = FILE_GROWTH = 10
"""Connections of the moment, each with a task; a leak is of many accounts, again and again."""
STOP_SECONDS = 10.0
OVERWRITTEN = 0.01
"""Of all values: FLOWFACT knows no conditional write, so seldom one is written over that was just entered."""
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One figure."""

    name: str
    seen: str
    bound: str = ""
    kept: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that counts."""

    seconds: float
    accounts: int
    entered: int
    overwritten: int
    complaints: Sequence[str]
    """Lost, double and missing appointments, what waits for a person, and requests that no server allows."""
    converged: bool
    requests: int
    faults: Mapping[str, int]
    restarts: int
    reloads: int
    longest_stop: float
    exit_codes: Sequence[int]
    mails: int
    pages: int
    """Pages that visitors were given in the second half."""
    messages: int
    """What open pages were told there."""
    refused: Mapping[str, int]
    """What else they were answered there, by path and status."""
    bugs: int
    """Tracebacks in the log."""
    first: Sample
    """At the rest in the middle, after the last restart."""
    last: Sample
    """At the rest at the end, of the same process."""
    samples: Sequence[Sample]
    """Between them."""

    @property
    def kept(self) -> bool:
        """Tell whether all promises are kept."""
        return all(check.kept for check in self.checks())

    def checks(self) -> list[Check]:
        """Return all figures, each with its bound where there is one."""
        first, last = self.first, self.last
        growth = last.memory / first.memory - 1
        memory = f"{first.memory / MIB:.1f} to {last.memory / MIB:.1f} MiB, {growth:+.1%}"
        peak = max((one.memory for one in self.samples), default=last.memory)
        share = (last.cpu - first.cpu) / max(1.0, last.at - first.at)
        return [
            Check(name="time", seen=f"{self.seconds:.0f} s"),
            Check(name="accounts", seen=f"{self.accounts}"),
            Check(name="values that people entered", seen=f"{self.entered}"),
            Check(name="requests", seen=f"{self.requests}"),
            Check(name="restarts, reloads", seen=f"{self.restarts}, {self.reloads}"),
            *(Check(name=f"fault: {name}", seen=f"{number}") for name, number in self.faults.items()),
            Check(name="CPU in the second half", seen=f"{share:.0%} of one core"),
            _at_most("lost, double, missing, waiting", len(self.complaints), 0),
            Check(name="both sides agree", seen=str(self.converged), bound="True", kept=self.converged),
            _at_most("just entered, and written over", self.overwritten, int(self.entered * OVERWRITTEN)),
            _at_most("mails", self.mails, 0),
            Check(
                name="pages, messages to open ones",
                seen=f"{self.pages}, {self.messages}",
                bound="some",
                kept=min(self.pages, self.messages) > 0,
            ),
            _at_most("pages refused", sum(self.refused.values()), 0),
            *(Check(name=f"refused: {name}", seen=f"{number}") for name, number in self.refused.items()),
            _at_most("tracebacks in the log", self.bugs, 0),
            Check(
                name="memory in the second half",
                seen=memory,
                bound=f"{MEMORY_GROWTH:+.0%}",
                kept=growth < MEMORY_GROWTH,
            ),
            Check(name="memory, the most of it", seen=f"{peak / MIB:.1f} MiB"),
            _grown("tasks at rest", first.tasks, last.tasks, TASK_GROWTH),
            _grown("open files at rest", first.files, last.files, FILE_GROWTH),
            Check(
                name="longest stop",
                seen=f"{self.longest_stop:.1f} s",
                bound=f"{STOP_SECONDS:.0f} s",
                kept=self.longest_stop <= STOP_SECONDS,
            ),
            Check(name="exit codes", seen=f"{self.exit_codes}", bound="[0]", kept=self.exit_codes == [0]),
        ]

    def table(self) -> str:
        """Return a line per figure, and one per complaint."""
        checks = self.checks()
        width = max(len(check.name) for check in checks)
        rows = [
            f"{check.name.ljust(width)}  {check.seen:>36}  {check.bound:>8}{'' if check.kept else '  MISSED'}"
            for check in checks
        ]
        return "\n".join([*rows, *self.complaints])

    def as_json(self) -> dict[str, Any]:
        """Return everything, for a program."""
        return asdict(self) | {"kept": self.kept, "checks": [asdict(check) for check in self.checks()]}


def _at_most(name: str, seen: int, bound: int) -> Check:
    return Check(name=name, seen=f"{seen}", bound=f"{bound}", kept=seen <= bound)


def _grown(name: str, first: int, last: int, bound: int) -> Check:
    return Check(name=name, seen=f"{first} to {last}", bound=f"{bound:+}", kept=last - first <= bound)
