"""Text for terminals: nothing raw from outside, the person's language, aligned columns."""

from __future__ import annotations

import os
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.reasons import Language

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of what acts on a terminal or reorders text without being seen."""
JOINER = "\u200d"
"""Holds an emoji's parts together and does nothing else."""


def plain(text: str) -> str:
    """Return text with control and direction characters written out as escapes."""
    return "".join(_seen(character) for character in text)


def _seen(character: str) -> str:
    if unicodedata.category(character) in UNSEEN and character != JOINER:
        return character.encode("unicode_escape").decode("ascii")
    return character


def language(environ: Mapping[str, str] | None = None) -> Language:
    """Return the language of the locale: German for `de...`, else English."""
    given = os.environ if environ is None else environ
    names = (given.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "de" if next(filter(None, names), "").lower().startswith("de") else "en"


def table(rows: Sequence[Sequence[str]], *, right: bool = False) -> list[str]:
    """Return rows as aligned lines; the first column to the left, the others to the right if `right`."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(_cells(row, widths, right=right)).rstrip() for row in rows]


def _cells(row: Sequence[str], widths: Sequence[int], *, right: bool) -> list[str]:
    return [
        cell.rjust(width) if right and number else cell.ljust(width)
        for number, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
