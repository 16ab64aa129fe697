"""The account that a first start is about: what was picked for it, and what it is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calsync.sync.model import Direction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.web.pages.start_connected import Connected

TIMEZONE = "Europe/Berlin"
"""Of estate agents with FLOWFACT; another one is chosen for the account later."""
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """What was picked for the account."""

    user: str
    """The address of the user in FLOWFACT."""
    mailbox: str
    calendar: str = ""
    """Empty: the mailbox's own one."""
    direction: Direction = Direction.BOTH


def calendars_key(connection: str, picked: Picked) -> str:
    return f"calendars {connection} {picked.mailbox}"


def preview_key(picked: Picked) -> str:
    """Return what a preview is called: another one where anything else was picked."""
    return f"preview {picked}"


def account_of(picked: Picked, known: Mapping[str, Any]) -> str:
    """Return the account's name: what stands before the @, and a number where there is one of this name."""
    plain = _NOT_IN_NAMES.sub("-", picked.mailbox.partition("@")[0]).strip("-._")[:50] or "account"
    return next(name for name in (plain, *(f"{plain}-{n}" for n in range(2, len(known) + 3))) if name not in known)


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
