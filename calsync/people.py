"""People: who was invited to see and steer calsync, and how they got in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from unicodedata import normalize


def name_key(name: str) -> str:
    """Return what a name is compared by: whatever its case, and however its umlauts are composed.

    Unicode's canonical caseless matching: NFC, full case folding, and NFC again.
    """
    return normalize("NFC", normalize("NFC", name).casefold())


class Role(StrEnum):
    """What somebody may do: everything, or look after the own accounts."""

    ADMINISTRATOR = "administrator"
    USER = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who was invited."""

    id: int
    name: str
    """As it is typed at the sign-in; compared by `name_key`."""
    role: Role
    password: str | None = field(repr=False)
    """Hashed; None for nobody who signs in with one."""
    microsoft: bool
    """Whether a Microsoft account signs this person in."""
    created: datetime

    @property
    def administrator(self) -> bool:
        return self.role is Role.ADMINISTRATOR

    @property
    def joined(self) -> bool:
        """Whether the invitation has been used."""
        return self.password is not None or self.microsoft


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser in which somebody has signed in."""

    person: Person
    began: datetime
    seen: datetime
    """When it last asked for something, up to a few minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """What a program signs in with on somebody's behalf, without the token itself."""

    id: int
    name: str
    created: datetime


OPERATOR = Person(
    id=0,
    name="operator",
    role=Role.ADMINISTRATOR,
    password=None,
    microsoft=False,
    created=datetime.min.replace(tzinfo=UTC),
)
"""Whoever works on the command line: nobody who was invited, and nothing is kept from them."""
