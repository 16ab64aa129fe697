"""Figures beside their bounds, the tables of them, and what a machine reads of them."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.cost import Cost

COLUMNS = (("calsync", 9), ("other", 9), ("ratio", 7), ("spread", 12), ("bound", 7), ("lower bound", 13))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """How many times calsync's seconds are those of another client; the seconds are one per round."""

    name: str
    calsync: Sequence[float]
    other: Sequence[float]
    least: Sequence[float]
    """What the bare loop needs: nobody needs less."""
    bound: float | None = None
    """The most that the ratio may be, where that is promised."""

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios."""
        return statistics.median(self._ratios)

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest ratio of a round."""
        return min(self._ratios), max(self._ratios)

    @property
    def lower_bound(self) -> float:
        return statistics.median(_ratios(self.least, self.other))

    @property
    def kept(self) -> bool:
        return self.bound is None or self.ratio <= self.bound

    @property
    def _ratios(self) -> list[float]:
        return _ratios(self.calsync, self.other)


def table(figures: Sequence[Figure]) -> str:
    """Return a line per figure: medians of seconds and ratios, the ratio's spread over the rounds, its bounds."""
    width = max(len(figure.name) for figure in figures)
    head = "".join(name.rjust(size) for name, size in COLUMNS)
    return "\n".join([" " * width + head, *(figure.name.ljust(width) + _cells(figure) for figure in figures)])


def _cells(figure: Figure) -> str:
    seconds = (f"{statistics.median(each):.2f} s" for each in (figure.calsync, figure.other))
    least, most = figure.spread
    bound = "-" if figure.bound is None else f"{figure.bound:.2f}"
    cells = (*seconds, f"{figure.ratio:.2f}", f"{least:.2f}-{most:.2f}", bound, f"{figure.lower_bound:.2f}")
    row = "".join(cell.rjust(size) for cell, (_, size) in zip(cells, COLUMNS, strict=True))
    return row if figure.kept else row + "  MISSED"


def _ratios(some: Sequence[float], others: Sequence[float]) -> list[float]:
    return [one / other for one, other in zip(some, others, strict=True)]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured again and again, beside the bound of its median."""

    name: str
    values: Sequence[float]
    unit: str
    bound: float | None = None
    at_least: bool = False
    """Whether the bound is the least; else it is the most."""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def kept(self) -> bool:
        if self.bound is None:
            return True
        return self.median >= self.bound if self.at_least else self.median <= self.bound


def measured_table(found: Sequence[Measured]) -> str:
    """Return a line per figure: the median, the spread, the bound, and whether it is kept."""
    width = max(len(one.name) for one in found)
    head = f"{'':{width}}{'median':>12}{'spread':>22}{'bound':>16}"
    return "\n".join([head, *(one.name.ljust(width) + _measured_cells(one) for one in found)])


def _measured_cells(one: Measured) -> str:
    spread = f"{number(min(one.values))} - {number(max(one.values))}"
    bound = "-" if one.bound is None else f"{'>=' if one.at_least else '<='} {number(one.bound)} {one.unit}"
    row = f"{number(one.median) + ' ' + one.unit:>12}{spread:>22}{bound:>16}"
    if one.bound is None:
        return row
    return row + ("  kept" if one.kept else "  MISSED")


def number(value: float) -> str:
    """Return a number with as many digits as are worth telling."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"  # noqa: PLR2004 - three digits are enough


@dataclass(frozen=True, slots=True)
class Contest:
    """The same work, done by several clients in the same run: what it costs each."""

    work: str
    costs: Mapping[str, Sequence[Cost]]


def contest_table(contests: Sequence[Contest]) -> str:
    """Return a line per client and work: medians of seconds, CPU, peak of memory and requests."""
    width = max(len(one.work) for one in contests) + 2
    head = f"{'':{width}}{'client':<14}{'time':>20}{'CPU':>10}{'memory':>10}{'requests':>10}"
    rows = (
        one.work.ljust(width) + _contest_row(name, costs) for one in contests for name, costs in one.costs.items()
    )
    return "\n".join([head, *rows])


def _contest_row(name: str, costs: Sequence[Cost]) -> str:
    walls = [cost.wall for cost in costs]
    wall = f"{statistics.median(walls):.2f} s ({min(walls):.2f}-{max(walls):.2f})"
    cpu = statistics.median(cost.cpu for cost in costs)
    memory, requests = max(cost.memory for cost in costs), statistics.median(cost.requests for cost in costs)
    return f"{name:<14}{wall:>20}{cpu:>8.2f} s{memory:>7,.0f} MB{requests:>10,.0f}"


def as_json(figures: Sequence[Figure], seen: Sequence[Measured], contests: Sequence[Contest]) -> dict[str, Any]:
    """Return all of it: every round's values, the medians, the bounds and whether they are kept."""
    return {
        "ratios": [
            {
                "name": one.name,
                "calsync": list(one.calsync),
                "other": list(one.other),
                "bare_loop": list(one.least),
                "ratio": one.ratio,
                "spread": one.spread,
                "at_most": one.bound,
                "kept": one.kept,
            }
            for one in figures
        ],
        "figures": [
            {
                "name": one.name,
                "unit": one.unit,
                "values": list(one.values),
                "median": one.median,
                "at_least" if one.at_least else "at_most": one.bound,
                "kept": one.kept,
            }
            for one in seen
        ],
        "contests": [
            {"work": one.work, "client": name, "rounds": [_cost(cost) for cost in costs]}
            for one in contests
            for name, costs in one.costs.items()
        ],
    }


def _cost(cost: Cost) -> dict[str, float]:
    return {name: getattr(cost, name) for name in ("wall", "cpu", "memory", "requests")}
