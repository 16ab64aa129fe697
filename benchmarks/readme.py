"""The table of the README, from what `make bench` has written. Run: python -m benchmarks.readme [JSON]"""

from __future__ import annotations

import json
import re
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.environment import ROOT
from benchmarks.figures import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

README = Path(ROOT) / "README.md"
JSON = Path(ROOT) / "dist" / "bench.json"
BEGIN, END = "<!-- python -m benchmarks.readme writes this -->", "<!-- as far as here -->"
_PLACE = re.compile(f"(?<={re.escape(BEGIN)}\n).*?(?={re.escape(END)})", re.DOTALL)


def written(text: str, content: Mapping[str, Any]) -> str:
    """Return the README with the table of these figures. Raises ValueError where it has no place for one."""
    if _PLACE.search(text) is None:
        raise ValueError(f"there is no place for a table between {BEGIN} and {END}")
    table = readme_table(content)
    return _PLACE.sub(lambda _: f"\n{table}\n\n", text)


def readme_table(content: Mapping[str, Any]) -> str:
    """Return what was measured where, and a row for each figure that a bound is promised for."""
    about = content["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    where = f"{about['cpus']} cores of {about['processor']}, load {about['load']:.1f}"
    took = sum(content["seconds"].values())
    head = [
        f"`make bench` took {took / 60:.1f} minutes, with {content['rounds']} rounds, on {where};",
        f"Python {about['python']}, {versions}:",
        "",
        "| | median | spread | promised | lower bound |",
        "|---|---|---|---|---|",
    ]
    ratios = [_ratio(one) for one in content["ratios"] if one["at_most"] is not None]
    figures = [_figure(one) for one in content["figures"] if _bound(one) is not None]
    return "\n".join([*head, *ratios, *figures])


def _ratio(one: Mapping[str, Any]) -> str:
    pairs = zip(one["bare_loop"], one["other"], strict=True)
    least = statistics.median(bare / other for bare, other in pairs)
    bound = f"{one['at_most']:.2f}"
    seen = f"{one['ratio']:.2f}"
    return _row(one["name"], seen, one["spread"], f"at most {bound}", f"{least:.2f}", one["kept"])


def _figure(one: Mapping[str, Any]) -> str:
    word = "at least" if "at_least" in one else "at most"
    bound = f"{word} {number(_bound(one))} {one['unit']}".rstrip()
    seen = f"{number(one['median'])} {one['unit']}".rstrip()
    spread = min(one["values"]), max(one["values"])
    return _row(one["name"], seen, spread, bound, "", one["kept"])


def _row(name: str, seen: str, spread: Sequence[float], bound: str, least: str, kept: bool) -> str:
    missed = "" if kept else ", **missed**"
    return f"| {name} | {seen} | {number(spread[0])} to {number(spread[1])} | {bound}{missed} | {least} |"


def _bound(one: Mapping[str, Any]) -> Any:
    return one.get("at_least", one.get("at_most"))


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else JSON
    content = json.loads(path.read_text("utf-8"))
    README.write_text(written(README.read_text("utf-8"), content), "utf-8")


if __name__ == "__main__":
    main()
