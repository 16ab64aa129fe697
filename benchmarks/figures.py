"""Figures beside their bounds, and the table of them."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

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
