"""Words and values that several commands print, in both languages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.cli.text import plain
from calsync.sync.model import AllDay, Side
from calsync.sync.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.reasons import Language
    from calsync.sync.model import Value, When

LONGEST = 60
"""So many characters of a value are shown."""
KINDS: Mapping[Language, Mapping[Kind, str]] = {
    "en": {kind: kind.value for kind in Kind},
    "de": {
        Kind.CREATE: "anlegen",
        Kind.UPDATE: "ändern",
        Kind.DELETE: "löschen",
        Kind.LINK: "zuordnen",
        Kind.UNLINK: "lösen",
        Kind.WAKE: "fortsetzen",
        Kind.SLEEP: "pausieren",
        Kind.PART: "trennen",
        Kind.SKIP: "auslassen",
        Kind.HOLD: "zurückhalten",
        Kind.BLOCK: "sperren",
    },
}
SIDES: Mapping[Language, Mapping[Side, str]] = {
    "en": {side: side.value for side in Side},
    "de": {Side.LEFT: "links", Side.RIGHT: "rechts"},
}
EMPTY: Mapping[Language, str] = {"en": "(empty)", "de": "(leer)"}


def begin(when: When) -> str:
    """Return the day or the instant with which an event begins."""
    return when.first.isoformat() if isinstance(when, AllDay) else f"{when.start:%Y-%m-%d %H:%M} UTC"


def shown(value: Value, language: Language) -> str:
    """Return the value of a field: of a text not more than its begin."""
    if isinstance(value, AllDay):
        last = value.after - timedelta(days=1)
        return f"{value.first}" if last == value.first else f"{value.first} - {last}"
    if not isinstance(value, str):
        until = "%H:%M" if value.start.date() == value.end.date() else "%Y-%m-%d %H:%M"
        return f"{value.start:%Y-%m-%d %H:%M} - {value.end:{until}} UTC"
    return plain(value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…") or EMPTY[language]


def ruled(text: str, rule: str | None) -> str:
    """Return a text, and the rule that has it so."""
    return plain(text if rule is None else f"{text} ({rule})")
