"""For provider authors: HTML that somebody else wrote, taken apart.

In a time that grows with the length only, whatever it holds: a tree is not needed, and parsers that build one, or
that begin again behind what is broken (as Python's own), are slow on notes that were made to be slow. Nothing is
fetched or carried out; scripts, styles, titles and comments are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
      <!--.*?(?:-->|\Z)
    | <(?P<hidden>script|style|title)\b.*?(?:</(?P=hidden)\s*>|\Z)
    | <(?P<end>/?)(?P<tag>[a-z][a-z0-9]*)(?:(?:[^<>"']|"[^"]*"|'[^']*')*+|[^<>]*)>
    | <[!?/][^<>]*>
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A text, its entities not read yet, and the tag behind it."""

    text: str
    tag: str = ""
    """In lower case; "" where there is none, or none that says anything."""
    is_end: bool = False


def pieces(markup: str) -> Iterator[Piece]:
    """Take HTML apart, in its order."""
    position = 0
    for token in _TOKEN.finditer(markup):
        yield Piece(markup[position : token.start()], (token["tag"] or "").lower(), bool(token["end"]))
        position = token.end()
    yield Piece(markup[position:])
