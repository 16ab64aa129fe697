"""What the two systems of an account are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.sync.model import Side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.config import AccountConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What people see of a connection."""

    connection: str
    title: str
    """What people call the system: FLOWFACT, Outlook."""
    by_person: bool = False
    """Whether a person has signed in here, and can do so again."""
    provider: str = ""
    """The name of its provider."""
    kept: bool = False
    """Whether it was added on the pages, and can be changed there."""
    address_key: str | None = None
    """The key of an account's side that takes an e-mail address."""
    asks: bool = False
    """Whether there are things that only a person can say of it."""
    untold: frozenset[str] = frozenset()
    """What it does not tell of its events, as calsync.ports.Provider says."""


class Titles:
    """What both systems are called, of many accounts."""

    def __init__(self, systems: Mapping[str, System]) -> None:
        self._systems = systems
        self._known: dict[tuple[str, str], Mapping[Side, str]] = {}

    def of(self, config: AccountConfig) -> Mapping[Side, str]:
        connections = (config.left.connection, config.right.connection)
        if connections not in self._known:
            self._known[connections] = titles(config, self._systems)
        return self._known[connections]


def titles(config: AccountConfig, systems: Mapping[str, System]) -> Mapping[Side, str]:
    """Return what both systems are called. Where that is the same, the connection's name tells them apart."""
    sides = {side: system_of(config.side(side).connection, systems) for side in Side}
    if len({system.title for system in sides.values()}) == len(sides):
        return {side: system.title for side, system in sides.items()}
    if len({system.connection for system in sides.values()}) == len(sides):
        return {side: f"{system.title} ({system.connection})" for side, system in sides.items()}
    return {side: f"{system.title} ({side})" for side, system in sides.items()}


def system_of(connection: str, systems: Mapping[str, System]) -> System:
    """Return a connection's system; one that is not known yet has the connection's name."""
    return systems.get(connection) or System(connection=connection, title=connection)


def untold(config: AccountConfig, systems: Mapping[str, System]) -> Mapping[str, Sequence[str]]:
    """Return which of an account's systems do not tell what of their events: what -> what they are called."""
    called = titles(config, systems)
    each = {side: system_of(config.side(side).connection, systems).untold for side in Side}
    every = sorted({what for found in each.values() for what in found})
    return {what: [called[side] for side in Side if what in each[side]] for what in every}


def address_of(config: AccountConfig, systems: Mapping[str, System]) -> str:
    """Return the address that an account names, of its mailbox where there are two; empty where it names none."""
    for side in (config.right, config.left):
        key = system_of(side.connection, systems).address_key
        if key is not None and side.settings.get(key):
            return str(side.settings[key])
    return ""
