"""Times calsync against the least that its requests cost, and against other clients that do the same work.

The sandbox's servers run in a process of their own, and so does each client. Prints each figure beside its bound
and its lower bound, and writes all of them as JSON; the exit code is 1 if a bound is missed. What is measured:
docs/explanation/performance.md.

Run: python -m benchmarks [--rounds 3] [--json FILE] [PART ...]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import parts
from benchmarks.environment import BIN
from benchmarks.figures import as_json, contest_table, measured_table, table
from benchmarks.machine import machine, told

if TYPE_CHECKING:
    from benchmarks.parts import Found


def main() -> int:
    """Measure the wanted parts one after another, and print what they cost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts.ALL)}; without any, all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, default=Path("dist/bench.json"))
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - parts.ALL.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    if not BIN.is_dir():
        parser.error(f"the clients to compare with are not in {BIN}: make bench installs them")
    about = machine()
    print(told(about))
    found, seconds = parts.Found(), {}
    for name in arguments.parts or parts.ALL:
        began = time.monotonic()
        parts.ALL[name](found, arguments.rounds)
        seconds[name] = time.monotonic() - began
        print(f"{name}: {seconds[name]:.0f} s", file=sys.stderr)
    _print(found)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    content = {"machine": about, "load_behind": machine()["load"], "rounds": arguments.rounds}
    content |= {"seconds": seconds} | as_json(found.ratios, found.figures, found.contests)
    arguments.json.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    kept = [one.kept for one in found.ratios] + [one.kept for one in found.figures]
    return 0 if all(kept) else 1


def _print(found: Found) -> None:
    if found.ratios:
        print(f"\n{table(found.ratios)}")
    if found.figures:
        print(f"\n{measured_table(found.figures)}")
    if found.contests:
        print(f"\n{contest_table(found.contests)}")


if __name__ == "__main__":
    sys.exit(main())
