"""What is wrong with a configuration, and how it is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

KeyPath = tuple[str | int, ...]
"""Where a value stands in the file: keys of mappings and positions in lists, from the top."""

SHORTEST_HIDDEN = 4
"""Shorter values of `!secret` and `!env` are not blotted out: they would tear holes into ordinary words."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that a person must change."""

    line: int
    key: KeyPath
    text: str


def key_name(key: KeyPath) -> str:
    """Return a key path as people write it: `accounts.anna.left`, `rules[2]`."""
    name = ""
    for part in key:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    return name


def line_of(lines: Mapping[KeyPath, int], key: KeyPath) -> int:
    """Return the line of a key, or of the nearest thing around it that stands in the file."""
    while key not in lines and key:
        key = key[:-1]
    return lines.get(key, 1)


def rendered(path: Path, problems: Iterable[Problem], hidden: Iterable[str]) -> Sequence[str]:
    """Return one line for each problem, `FILE:LINE: key: what is wrong`, in the file's order.

    A value that came from `!secret` or `!env` is never shown, whoever put it into the text.
    """
    told = []
    for problem in sorted(set(problems), key=lambda problem: (problem.line, key_name(problem.key))):
        text = f"{key_name(problem.key)}: {problem.text}".removeprefix(": ")
        told.append(f"{path}:{problem.line}: {blotted(text, hidden)}")
    return told


def blotted(text: str, hidden: Iterable[str]) -> str:
    """Return a text in one line, without secrets."""
    text = " ".join(text.split())
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(secret, "***") if len(secret) >= SHORTEST_HIDDEN else text
    return text
