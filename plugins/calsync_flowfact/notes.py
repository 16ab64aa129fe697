"""Notes in a field that holds HTML: to plain text and back.

Written as text with line breaks, nothing else; what a person formatted is read as its text.
"""

from __future__ import annotations

import html
import re

from calsync.markup import pieces

_BLOCKS = frozenset({"p", "div", "li", "ul", "ol", "table", "tr", "blockquote", "pre", "hr"})
_HEADINGS = frozenset(f"h{level}" for level in range(1, 7))
_CELLS = frozenset({"td", "th"})
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_KEPT_BLANK = re.compile(r"^ | (?= )")


def from_html(markup: str) -> str:
    """Return the text of HTML, as a browser would show it: blocks and breaks as lines, blanks drawn together."""
    text = _Text()
    for piece in pieces(markup):
        text.add(piece.text)
        text.tag(piece.tag, is_end=piece.is_end)
    return "".join(text.pieces)


def to_html(text: str) -> str:
    """Return HTML that shows the text as it is; `from_html` returns it."""
    return "<br>".join(_line(line) for line in text.split("\n"))


def _line(line: str) -> str:
    kept = _KEPT_BLANK.sub("\u00a0", line)
    return html.escape(kept, quote=False).replace("\u00a0", "&nbsp;").replace("\t", "&#9;")


class _Text:
    """Puts text together as a browser flows it."""

    def __init__(self) -> None:
        self.pieces: list[str] = []

    def tag(self, name: str, *, is_end: bool) -> None:
        if name == "br":
            self.pieces.append("\n")
        elif name in _CELLS and not is_end:
            self.add(" ")
        elif name in _BLOCKS | _HEADINGS and self.pieces and not self.pieces[-1].endswith("\n"):
            self.pieces.append("\n")

    def add(self, markup: str) -> None:
        # Blanks are drawn together before entities are read: a blank that is written as one is kept.
        text = _BLANKS.sub(" ", markup)
        if not self.pieces or self.pieces[-1].endswith(("\n", " ")):
            text = text.removeprefix(" ")
        if text:
            self.pieces.append(html.unescape(text))
