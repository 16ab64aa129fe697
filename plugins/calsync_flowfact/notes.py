"""Notes in a field that holds HTML: to plain text and back.

Written as text with line breaks, nothing else; what a person formatted is read as its text. Tabs become blanks,
because HTML does not keep them.
"""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import nh3

if TYPE_CHECKING:
    from collections.abc import Iterable

_BLOCKS = {"p", "div", "li", "ul", "ol", "table", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre"}
_CELLS = {"td", "th"}
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_KEPT_BLANK = re.compile(r"^ | (?= )")
_TAB = 4


def from_html(markup: str) -> str:
    """Return the text of HTML, as a browser would show it: blocks and breaks as lines, blanks drawn together."""
    # The cleaner parses as browsers do and leaves a few well-formed tags: nothing of it can be hostile.
    whole = markup.encode("utf-8", "ignore").decode()
    clean = nh3.clean(whole, tags=_BLOCKS | _CELLS | {"br"}, attributes={}, link_rel=None)
    reader = _Reader()
    reader.feed(clean)
    reader.close()
    return reader.text


def to_html(text: str) -> str:
    """Return HTML that shows the text as it is; `from_html` returns it, with blanks for tabs."""
    return "<br>".join(_line(line) for line in text.split("\n"))


def _line(line: str) -> str:
    kept = _KEPT_BLANK.sub("\u00a0", line.expandtabs(_TAB))
    return html.escape(kept, quote=False).replace("\u00a0", "&nbsp;")


class _Reader(HTMLParser):
    """Collects the text of clean HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        del attrs
        if tag == "br":
            self._pieces.append("\n")
        elif tag in _CELLS:
            self._pieces.append(" ")
        else:
            self._new_line()

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._new_line()

    def handle_data(self, data: str) -> None:
        text = _BLANKS.sub(" ", data)
        if not self._pieces or self._pieces[-1].endswith(("\n", " ")):
            text = text.removeprefix(" ")
        if text:
            self._pieces.append(text)

    def _new_line(self) -> None:
        if self._pieces and not self._pieces[-1].endswith("\n"):
            self._pieces.append("\n")
