"""When two texts are the same: the judge's own statement of it, and its own reading of HTML notes."""

from __future__ import annotations

import html
import re
import unicodedata

_PLAIN = re.compile(
    r'<!-- converted from text -->.*?<div class="PlainText">(.*)</div></span></font>\s*</body>\s*</html>\s*$',
    re.DOTALL,
)
_UNSEEN = re.compile(r"<!--.*?-->|<(head|style|script|title)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_LINE_END = re.compile(r"<br\b[^>]*>", re.IGNORECASE)
_BLOCK = re.compile(r"</?(?:p|div|li|tr|h[1-6]|table|ul|ol|blockquote|pre|hr)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z!][^>]*>")
_LINE_ENDS = ("\r\n", "\r", "\v", "\f", "\N{NEXT LINE}", "\N{LINE SEPARATOR}", "\N{PARAGRAPH SEPARATOR}")
_EDGE = "\x00"
"""Stands for the edge of a block while HTML is read: a line ends there, unless it has just begun."""


def same_notes(text: str) -> str:
    """Return notes in the form in which they count as equal.

    However a line ends, it is LF; a no-break space is a space; characters that nobody sees (controls but tab and
    line feed, byte order marks, what is no character) are not there, and neither are blanks at line ends and empty
    lines at both ends.
    """
    for end in _LINE_ENDS:
        text = text.replace(end, "\n")
    text = text.replace("\N{NO-BREAK SPACE}", " ")
    seen = "".join(letter for letter in text if _is_seen(letter))
    return "\n".join(line.rstrip() for line in seen.split("\n")).strip("\n")


def same_summary(text: str) -> str:
    """Return a summary in the form in which it counts as equal: one line, blanks only single and between words."""
    return " ".join(same_notes(text).split())


def text_of_html(content: str) -> str:
    """Return the text of notes that a mailbox stores as HTML."""
    plain = _PLAIN.search(content)
    if plain is not None:
        return html.unescape(re.sub(r"<br>(?:\r\n)?", "\n", plain[1]))
    flowing = re.sub(r"[ \t\r\n\f]+", " ", _UNSEEN.sub("", content).replace(_EDGE, ""))
    lines = _LINE_END.sub("\n", _BLOCK.sub(_EDGE, flowing))
    return html.unescape("\n".join(_lines(_TAG.sub("", lines))))


def _lines(marked: str) -> list[str]:
    """Split at line ends; the edge of a block ends a line only if something stands in it."""
    lines = [""]
    for part in re.split(rf"([\n{_EDGE}])", marked):
        if part == "\n" or (part == _EDGE and lines[-1].strip()):
            lines.append("")
        elif part != _EDGE:
            lines[-1] += part
    return [line.strip(" ") for line in lines]


def _is_seen(letter: str) -> bool:
    if letter in "\t\n":
        return True
    return unicodedata.category(letter) not in {"Cc", "Cs"} and letter not in "\ufeff\ufffe\uffff"
