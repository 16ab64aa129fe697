"""How long it takes to undo a thousand writes: to be shown what that would do, and to have it done.

An import into FLOWFACT is undone, each appointment read and deleted. Both commands run as users run them, with the
start of Python and the sign-in in their seconds. Run: python -m benchmarks.undo
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.calendars import spread
from benchmarks.sandbox_process import SandboxProcess

WRITES = 1000
BOUND = 60.0
"""Seconds for both commands."""
EVER = "2020-01-01"


@dataclass(frozen=True, slots=True)
class Undo:
    """What was measured."""

    shown: float
    """Seconds until it was shown what would be undone."""
    done: float
    """Seconds until it was undone."""
    writes: int
    """How many writes were undone."""

    @property
    def kept(self) -> bool:
        return self.writes == WRITES and self.shown + self.done <= BOUND


def undo() -> Undo:
    """Import a calendar of an Exchange into an empty FLOWFACT, and undo all of it."""
    with (
        SandboxProcess("exchange_ews", partial(spread, WRITES)) as sandbox,
        tempfile.TemporaryDirectory() as folder,
    ):
        configuration = sandbox.write_configuration(folder)
        _told("sync", "-c", configuration)
        plan, shown = _told("undo", "-c", configuration, "--account", "anna", "--since", EVER)
        confirmed = ("--confirm", plan["hash"])
        result, done = _told("undo", "-c", configuration, "--account", "anna", "--since", EVER, *confirmed)
    return Undo(shown=shown, done=done, writes=result["left"]["deleted"])


def _told(*arguments: str) -> tuple[dict[str, Any], float]:
    """Return what a command of calsync prints, and its seconds."""
    began = time.monotonic()
    command = [sys.executable, "-m", "calsync", *arguments, "--json"]
    printed = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    seconds = time.monotonic() - began
    told: dict[str, Any] = json.loads(printed)
    return told, seconds


def undo_line(found: Undo) -> str:
    missed = "" if found.kept else "  MISSED"
    total = found.shown + found.done
    return (
        f"undoing {found.writes:,} writes: {found.shown:.1f} s to be shown, {found.done:.1f} s to be done,"
        f" {total:.1f} s of {BOUND:.0f} s{missed}"
    )


def main() -> int:
    found = undo()
    print(undo_line(found))
    return 0 if found.kept else 1


if __name__ == "__main__":
    sys.exit(main())
