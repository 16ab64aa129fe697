"""The account that a first start is about: what was picked for it, and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from calsync.sync.model import Direction

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from calsync.ports import Person as Listed
    from calsync.web.pages.start_connected import Connected

TIMEZONE = "Europe/Berlin"
"""Of estate agents with FLOWFACT; another one is chosen for the account later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """What was picked for the account."""

    user: str
    """The address of the user in FLOWFACT."""
    member: str
    """The user's id there; empty where the list of people does not tell it."""
    mailbox: str
    calendar: str = ""
    """Empty: the mailbox's own one."""
    direction: Direction = Direction.BOTH


def calendars_key(connection: str, picked: Picked) -> str:
    return f"calendars {connection} {picked.mailbox}"


def preview_key(picked: Picked) -> str:
    """Return what a preview is called: another one where anything else was picked."""
    return f"preview {picked}"


def member_of(people: Iterable[Listed], address: str) -> str:
    """Return the id of who has this address; nothing where nobody has."""
    wanted = address.casefold()
    return next((one.id for one in people if wanted in map(str.casefold, one.addresses)), "")


def account_of(picked: Picked, known: Container[str]) -> str:
    """Return the account's name: the user's id, as where accounts are discovered, else a number.

    It stands in logs and figures, so it is made of no address.
    """
    if picked.member and picked.member not in known:
        return picked.member
    return next(name for name in (f"account-{n}" for n in count(1)) if name not in known)


def entry_of(picked: Picked, connected: Mapping[str, Connected]) -> dict[str, Any]:
    """Return the account as it stands in YAML."""
    return {
        "left": {"connection": connected["flowfact"].name, "user": picked.user},
        "right": {
            "connection": connected["mail"].name,
            "mailbox": picked.mailbox,
            "calendar": picked.calendar,
        },
        "direction": picked.direction.value,
        "timezone": TIMEZONE,
    }
