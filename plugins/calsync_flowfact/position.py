"""The sync token of a FLOWFACT calendar: how far its changes were read, and what was counted then."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Self

from calsync.errors import TokenLost

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where reading goes on. Times are in epoch milliseconds, of the server unless told otherwise."""

    reads: str
    """What the token was made for: another owner, schema or mapping makes it useless."""
    modified: int
    """The latest modification that was read."""
    created: int
    """The latest creation that was read."""
    searched: int
    """The latest creation that was read when all newest creations were."""
    first_seen: int
    """This machine's time when the latest of both was first read; only subtracted from this machine's time."""
    settled: bool
    """Whether the search's lag behind both has passed and everything up to them was read."""
    total: int
    """How many appointments the owner had, as the search counted them."""
    trash: int | None
    """The latest deletion that was read; None where the trash may not be seen."""
    trash_in_search: bool
    """Whether this server's searches also answer what is in the trash."""
    polls: int = 0
    """How many polls did not look at the trash since the last one that did."""
    ahead: int = 0
    """Deletions that the trash told and the search's count did not show yet."""
    ahead_since: int = 0
    """This machine's time when `ahead` was last counted."""

    def text(self) -> str:
        return json.dumps({"v": VERSION, **asdict(self)}, separators=(",", ":"))

    @classmethod
    def of(cls, token: str, reads: str) -> Self:
        """Return the position that a token holds. Raises TokenLost for one of another kind or purpose."""
        try:
            told = json.loads(token)
            version = told.pop("v")
            position = cls(**told)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise TokenLost("the sync token of a FLOWFACT calendar is malformed") from error
        if version != VERSION or position.reads != reads or not position._sound:
            raise TokenLost("the sync token was made for other settings of the FLOWFACT calendar")
        return position

    @property
    def _sound(self) -> bool:
        numbers = [getattr(self, one.name) for one in fields(self) if one.name not in ("reads", "trash")]
        return all(isinstance(number, int) for number in numbers) and isinstance(self.trash, int | None)
