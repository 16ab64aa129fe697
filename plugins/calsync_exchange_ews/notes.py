"""Notes that a server gives as HTML although text was asked for, as servers of another make may do."""

from __future__ import annotations

import html

from calsync.markup import pieces

BREAKS = frozenset({"p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "table"})


def text_of_html(markup: str) -> str:
    """Return the text of an HTML document as a reader would see it, line by line; a block begins a new line."""
    lines = [""]
    for piece in pieces(markup):
        lines[-1] += _flowing(html.unescape(piece.text), at_start=not lines[-1])
        if (piece.tag == "br" and not piece.is_end) or (piece.tag in BREAKS and lines[-1]):
            lines.append("")
    return "\n".join(" ".join(line.split()) for line in lines)


def _flowing(text: str, *, at_start: bool) -> str:
    """Return text with its white space drawn together; at its ends it still parts it from its neighbours."""
    words = " ".join(text.split())
    before = " " if text[:1].isspace() and not at_start else ""
    return before + words + (" " if words and text[-1:].isspace() else "")
