"""How far a tenant's changes were read, and the sync token of one of its calendars, which holds that."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from calsync.errors import TokenLost

VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where reading goes on. Times are in epoch milliseconds, of the server unless told otherwise."""

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
    """How many appointments the tenant had, as the search counted them."""
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

    def floors(self, overlap: int) -> Floors:
        """Return from which times on something may not have been read yet, for a search that lags so long."""
        return Floors(
            modified=self.modified + 1 if self.settled else max(1, self.modified - overlap),
            created=max(1, self.searched - overlap),
            deleted=max(1, (self.trash or 0) - overlap),
        )

    @property
    def cursors(self) -> tuple[object, ...]:
        """What is equal in two positions behind which the same is to be read."""
        return self.modified, self.created, self.searched, self.settled, self.total, self.trash

    @property
    def sound(self) -> bool:
        numbers = [getattr(self, one.name) for one in fields(self) if one.name != "trash"]
        return all(isinstance(number, int) for number in numbers) and isinstance(self.trash, int | None)


@dataclass(frozen=True, slots=True)
class Floors:
    """Server's times, epoch milliseconds: what is older was read."""

    modified: int
    created: int
    deleted: int

    def reach(self, other: Floors) -> bool:
        """Tell whether whoever read from here on has read all that `other` asks for."""
        return self.modified <= other.modified and self.created <= other.created and self.deleted <= other.deleted

    def lower(self, other: Floors) -> Floors:
        """Return the lower one of each."""
        return Floors(
            min(self.modified, other.modified), min(self.created, other.created), min(self.deleted, other.deleted)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a calendar was told."""

    reads: str
    """What the token was made for: another owner, schema or mapping makes it useless."""
    feed: str
    """Who told it: the id of a `TenantFeed`, which lives as long as its process."""
    seq: int
    """The last of that feed's reads that was told."""
    listed: bool
    """Whether a listing told it, which may have been behind what the feed had read by then."""
    owned: int | None
    """How many appointments the calendar had when it was listed; None as soon as a change of its own was told."""
    position: Position

    def text(self) -> str:
        return json.dumps({"v": VERSION, **asdict(self)}, separators=(",", ":"))

    @classmethod
    def of(cls, text: str, reads: str) -> Self:
        """Return what the text of a token says. Raises TokenLost for one of another kind or purpose."""
        try:
            told: dict[str, Any] = json.loads(text)
            version = told.pop("v")
            token = cls(**told | {"position": Position(**told["position"])})
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise TokenLost("the sync token of a FLOWFACT calendar is malformed") from error
        if version != VERSION or token.reads != reads or not token._sound:
            raise TokenLost("the sync token was made for other settings of the FLOWFACT calendar")
        return token

    @property
    def _sound(self) -> bool:
        numbers = isinstance(self.seq, int) and isinstance(self.owned, int | None)
        return isinstance(self.feed, str) and numbers and self.position.sound
