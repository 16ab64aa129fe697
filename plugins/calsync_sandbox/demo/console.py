"""What the demo says while it plays. Quiet, where only the JSON object may be printed."""

from __future__ import annotations

import textwrap
import unicodedata
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

_LINE = 100
_INDENT = " " * 6


class Console:
    """Prints lines to standard output."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet

    def say(self, line: str = "") -> None:
        if not self._quiet:
            click.echo(line)

    def title(self, line: str) -> None:
        """Begin a new part."""
        self.say()
        self.say(click.style(line, bold=True))

    def outcome(self, good: bool, line: str) -> None:
        """Say how something went, with a mark that colour-blind people can read too."""
        mark = click.style("✓", fg="green") if good else click.style("✗", fg="red")
        self.say(f"  {mark} {line}")

    def paragraph(self, text: str) -> None:
        """Print a sentence or two, indented, in lines that fit."""
        for line in textwrap.wrap(text, _LINE, initial_indent=_INDENT, subsequent_indent=_INDENT):
            self.say(line)

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Print aligned columns: the first to the left, the others to the right. The first row is a head."""
        widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
        for number, (first, *others) in enumerate(rows):
            cells = [_padded(first, widths[0])]
            cells += [" " * (wide - width(cell)) + cell for cell, wide in zip(others, widths[1:], strict=True)]
            self.say(click.style("  " + "   ".join(cells), dim=number == 0))


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    marks = {"Mn", "Me", "Cf"}
    seen = (letter for letter in text if unicodedata.category(letter) not in marks)
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in seen)


def _padded(text: str, wide: int) -> str:
    return text + " " * (wide - width(text))
