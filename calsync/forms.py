"""For provider authors: what a page asks for a connection or a calendar, field by field, or of a system itself.

The schemas say what is valid. A form names those keys that people fill in, in their words; the others keep their
defaults, or are for who writes YAML.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


@dataclass(frozen=True, slots=True)
class Words:
    """The same in both languages."""

    en: str
    de: str


class Kind(StrEnum):
    """How a field is filled in."""

    TEXT = "text"
    SECRET = "secret"  # noqa: S105 - the kind of a field
    """Never shown again, and kept encrypted."""
    URL = "url"
    CHOICE = "choice"
    FLAG = "flag"
    """A choice between `true` and `false`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One key."""

    key: str
    kind: Kind = Kind.TEXT
    label: Words
    help: Words
    choices: Mapping[str, Words] = field(default_factory=dict)
    """Of a CHOICE or a FLAG: by value; the first one is chosen where nobody chooses."""
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One answer to a question."""

    name: str
    """Tells it from the question's other ones."""
    words: Words
    settings: Mapping[str, Any]
    """What it sets in the connection's settings; a mapping in them is added to, not replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What only a person can say of a system: nothing public tells it, and every customer has it otherwise."""

    key: str
    label: Words
    help: Words
    """What comes of it where it stays unanswered."""
    options: Sequence[Option]
    """All answers that the system lets one think of, the likeliest first. There may be none."""
    chosen: str
    """The option that holds, or is the likeliest one, by its name."""
    settled: bool
    """Whether it hardly needs to be looked at."""
