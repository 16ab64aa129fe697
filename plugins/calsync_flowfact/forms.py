"""In which form values are stored, told by the values: times, and notes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from calsync_flowfact.times import HOME, InstantCodec, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FORMS: Mapping[str, tuple[str, str]] = {
    "epoch_ms": ("milliseconds since 1970", "Millisekunden seit 1970"),
    "epoch_s": ("seconds since 1970", "Sekunden seit 1970"),
    "iso": ("times as text with an offset", "Zeiten als Text mit Zeitverschiebung"),
    "iso_local": ("times as text without an offset", "Zeiten als Text ohne Zeitverschiebung"),
    "german_local": ("times as German text", "Zeiten als deutschen Text"),
    "html": ("HTML", "HTML"),
    "text": ("text with line breaks instead of HTML", "Text mit Zeilenumbrüchen statt HTML"),
}
"""What a codec is for, in English and German."""
_SHAPES: Mapping[type, tuple[str, str]] = {
    bool: ("a tick", "ein Häkchen"),
    int: ("numbers that are no times", "Zahlen, die keine Zeiten sind"),
    float: ("numbers that are no times", "Zahlen, die keine Zeiten sind"),
    str: ("texts that are no times", "Texte, die keine Zeiten sind"),
    dict: ("objects instead of times", "Objekte statt Zeiten"),
    list: ("lists instead of times", "Listen statt Zeiten"),
}
_FIRST, _LAST = datetime(1995, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""Appointments outside of this are a misread unit rather than somebody's plan."""
_MARKUP = re.compile(
    r"</?(?:p|br|div|span|b|i|u|ul|ol|li|strong|em|a|font|table|tr|td|h[1-6])\b[^<>]*>|&(?:nbsp|amp|lt|gt|[a-z]uml);",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"(?:Z|[+-]\d{2}:?\d{2})$")
_DATE_ONLY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"\s*[+-]?[\d.]+\s*")


def time_form(found: Sequence[Any], *, days: str = "iso_local") -> str | None:
    """Return the codec that most of these values are plausible times in, None where they are in none.

    `days`: what dates without a time are said to be, as both ISO codecs read them.
    """
    for form in ("epoch_ms", "epoch_s", "german_local"):
        if most(found, lambda value, form=form: plausible(value, form)):  # type: ignore[misc]
            return form
    texts = [value for value in found if plausible(value, "iso") and not _NUMBER.fullmatch(value)]
    if len(texts) * 2 <= len(found):
        return None
    timed = [text for text in texts if not _DATE_ONLY.fullmatch(text)]
    if not timed:
        return days
    return "iso" if most(timed, lambda text: _OFFSET.search(text) is not None) else "iso_local"


def plausible(value: Any, form: str) -> bool:
    """Tell whether a codec reads a value as a time that an appointment may have."""
    try:
        return _FIRST <= InstantCodec(form, HOME).decode(value) < _LAST
    except Unreadable:
        return False


def shape(found: Sequence[Any]) -> tuple[str, str]:
    """Return what most of the values are that are no times, in English and German."""
    kinds = [type(value) for value in found]
    return _SHAPES.get(max(kinds, key=kinds.count), ("something else than times", "etwas anderes als Zeiten"))


def is_html(text: str) -> bool:
    """Tell whether a note was written as HTML: it holds some."""
    return _MARKUP.search(text) is not None


def is_plain(text: str) -> bool:
    """Tell whether a note was not written as HTML: it has lines, and no markup. One line may be either."""
    return "\n" in text.strip() and not is_html(text)


def notes_form(found: Sequence[Any]) -> str | None:
    """Return `html` or `text` where most of the notes tell; None where they may be either."""
    texts = [value for value in found if isinstance(value, str)]
    if most(texts, is_html):
        return "html"
    telling = [text for text in texts if is_html(text) or is_plain(text)]
    return "text" if most(telling, is_plain) else None


def most(found: Sequence[Any], test: Callable[[Any], bool]) -> bool:
    return sum(map(test, found)) * 2 > len(found)
