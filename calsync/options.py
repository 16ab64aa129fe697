"""For the schemas of calsync and of its plugins: what an option may be, and how a refusal is said."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

import voluptuous as vol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def text(pattern: str, description: str) -> Callable[[Any], str]:
    """Accept text of this form. A refused value is not repeated: it may be a secret."""
    wanted = re.compile(pattern)

    def check(value: Any) -> str:
        if isinstance(value, str) and wanted.fullmatch(value.strip()):
            return value.strip()
        raise vol.Invalid(f"must be {description}")

    return check


def one_of(words: Iterable[str]) -> Callable[[Any], str]:
    """Accept one of some words; suggest the nearest."""
    known = tuple(words)

    def check(value: Any) -> str:
        if isinstance(value, str) and value in known:
            return str(value)
        named = ", ".join(word or "an empty text" for word in known)
        raise vol.Invalid(f"must be one of {named}{suggestion(value, known)}")

    return check


def whole(low: int, high: int) -> Callable[[Any], int]:
    """Accept a whole number. `true` is none, although Python thinks so."""

    def check(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise vol.Invalid(f"must be a whole number from {low} to {high}")

    return check


def flag(value: Any) -> bool:
    """Accept true or false."""
    if isinstance(value, bool):
        return value
    raise vol.Invalid("must be true or false")


def suggestion(word: object, known: Iterable[str]) -> str:
    """Return ` (did you mean "..."?)` when a known word is close, else nothing."""
    close = difflib.get_close_matches(str(word), sorted(known), n=1)
    return f' (did you mean "{close[0]}"?)' if close else ""
