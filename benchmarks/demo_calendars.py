"""Plays `calsync demo` with every real calendar, one after the other, then with all of them together.

Prints one line for each; the exit code is 1 if one did not come true. It takes a few minutes, so it is no test.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

CALENDARS = Path(__file__).parents[2] / "shared" / "data" / "calendars"
HEAD = ("calendar", "entries", "on both", "series", "refused", "invitations", "converged", "seconds")
WIDTHS = (32, 9, 9, 8, 9, 13, 11, 9)


def main() -> int:
    """Play the demos with the calendars that are given, or with all that there are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("calendars", nargs="*", type=Path)
    parser.add_argument("--exchange", default="graph", help="which Exchange to play with")
    parser.add_argument("--sign-in", default="application", help="who signs in to Microsoft 365")
    arguments = parser.parse_args()
    paths = arguments.calendars or sorted(CALENDARS.glob("*.ics"))
    if not paths:
        print(f"there are no calendars in {CALENDARS}; name some: make demo-calendars ARGS=FILE.ics")
        return 1
    print(_line(HEAD))
    how = ["--exchange", arguments.exchange, "--sign-in", arguments.sign_in]
    good = [_play(path.name, [path], how) for path in paths]
    if len(paths) > 1:
        good.append(_play("all together", paths, how))
    return 0 if all(good) else 1


def _play(name: str, paths: list[Path], how: list[str]) -> bool:
    """Play one demo and print its line; return whether all that it promises came true."""
    options = [option for path in paths for option in ("--calendar", str(path))]
    command = [sys.executable, "-m", "calsync", "demo", "--once", "--json", *how, *options]
    started = time.monotonic()
    ended = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    seconds = time.monotonic() - started
    found: dict[str, Any] = json.loads(ended.stdout or "{}")
    good = ended.returncode == 0 and found.get("ok") is True
    print(_line((name, *_numbers(found), f"{seconds:.1f}")) + ("" if good else "  FAILED"), flush=True)
    return good


def _numbers(found: dict[str, Any]) -> tuple[str, ...]:
    """Return the columns between name and seconds; a demo that broke off has none."""
    if "imported" not in found:
        return ("-",) * (len(HEAD) - 2)
    imported = found["imported"]
    counts = [imported[key] for key in ("entries", "on_both_sides", "reported_as_series", "refused")]
    converged = "yes" if found["converged"] else "no"
    return (*(f"{count:,}" for count in (*counts, found["invitations_sent"])), converged)


def _line(cells: tuple[str, ...]) -> str:
    first, *others = zip(cells, WIDTHS, strict=True)
    return first[0].ljust(first[1]) + "".join(cell.rjust(width) for cell, width in others)


if __name__ == "__main__":
    sys.exit(main())
