"""Words that sentences are made of, in both languages."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.reasons import Language, Sentences
    from calsync.sync.model import Field

LONGEST = 80
"""So much of a summary stands in a sentence."""
FIELD_NAMES: Mapping[Language, Mapping[Field, str]] = {
    "en": {"summary": "title", "when": "time", "description": "notes"},
    "de": {"summary": "Betreff", "when": "Zeit", "description": "Notizen"},
}
_QUOTED: Mapping[Language, str] = {"en": "“{}”", "de": "„{}“"}
_UNNAMED: Mapping[Language, str] = {"en": "An event without a title", "de": "Ein Termin ohne Betreff"}
_UNKNOWN: Mapping[Language, str] = {"en": "An event", "de": "Ein Termin"}


def in_language(sentences: Sentences, language: Language) -> str:
    return sentences.de if language == "de" else sentences.en


def named(summary: str | None, language: Language) -> str:
    """Return how a sentence begins that is about an event; None: nobody knows its summary any more."""
    if summary is None:
        return _UNKNOWN[language]
    return _QUOTED[language].format(summary) if summary else _UNNAMED[language]


def short(summary: str) -> str:
    """Return a summary as it may stand in a sentence: not too long, and nothing in it turns the text around."""
    seen = "".join(each for each in summary if unicodedata.category(each) != "Cf" or each == "\u200d")
    return seen if len(seen) <= LONGEST else f"{seen[: LONGEST - 1].rstrip()}…"


def field_names(fields: Sequence[Field], language: Language) -> str:
    return ", ".join(FIELD_NAMES[language][name] for name in fields)


def events(count: int, language: Language) -> str:
    """Return a number of events, as `3 Termine`."""
    if language == "en":
        return "1 event" if count == 1 else f"{count} events"
    return "1 Termin" if count == 1 else f"{count} Termine"
