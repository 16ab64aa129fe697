"""What a person filled in and is not valid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.config import Why
from calsync.errors import CalsyncError, ConfigError, Retry, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.config import Ignored

SENTENCES = {
    "missing": "is missing",
    "unknown_key": "unknown key",
    "account_there": "there is an account of this name already",
    "connection_there": "there is a connection of this name already",
    "provider_unknown": "there is no provider {names!r}",
    "in_use": "accounts use it: {names}",
    "kept_no_more": "there is no {names!r} that was added here; the operator's file is changed by the operator",
}
"""By word. Pages say it in the reader's language: `invalid.WORD` of their texts."""
FOREIGN = {
    "name": "it is no name",
    "timezone": "it is no time zone",
    "calendar": "its calendar belongs to another account",
    "connection": "its connection is not there",
    "connection_unknown": "there is no such connection",
    "operators": "the operator's file says something else",
    "refused": "a plugin, a provider or the file refuses it, in its own words",
}
"""Further words, of what others say in their own sentences; these explain them here."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with one key."""

    word: str
    """Of SENTENCES or FOREIGN."""
    names: str = ""
    """Whom or what it is about."""
    said: str = ""
    """The sentence, in English, where the word does not make it."""

    def __str__(self) -> str:
        return self.said or SENTENCES[self.word].format(names=self.names)


MISSING = Wrong("missing")
UNKNOWN_KEY = Wrong("unknown_key")


class Invalid(CalsyncError):  # noqa: N818 - errors are named as outcomes
    """Nothing was changed. `keys` says in English what is wrong, by the keys of the form; "" is the whole."""

    def __init__(self, wrong: Mapping[str, Wrong]) -> None:
        self.wrong = dict(wrong)
        self.keys = {key: str(one) for key, one in wrong.items()}
        super().__init__("; ".join(f"{key}: {text}".removeprefix(": ") for key, text in self.keys.items()))


def refused(text: str) -> Wrong:
    """Return what somebody else says in English."""
    return Wrong("refused", said=text)


UNKEPT = (Invalid, ConfigError, StoreError, Retry)
"""Why what a person filled in was not kept."""


def wrong_of(error: CalsyncError) -> Mapping[str, Wrong]:
    """Return what the form says of it, by its keys; what is no single key's fault stands above all."""
    return error.wrong if isinstance(error, Invalid) else {"": refused(str(error))}


def left_out(one: Ignored) -> Invalid:
    """Return why an entry would be left out when the file is read again."""
    return Invalid({key or _place(one, text): Wrong(_word(one, key), said=text) for key, text in one.keys.items()})


def _place(one: Ignored, text: str) -> str:
    """Return the key of a form that a problem of the whole entry is about."""
    return "name" if one.why is Why.WRONG and text.startswith("a name ") else ""


def _word(one: Ignored, key: str) -> str:
    if one.why in {Why.CALENDAR, Why.CONNECTION, Why.OPERATORS}:
        return one.why.value
    if key == "timezone":
        return key
    return "name" if _place(one, one.keys[key]) and not key else "refused"
