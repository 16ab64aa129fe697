"""Who changed what, beside what settings tell by themselves: kept in the store, for administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.desk.refused import Refused
from calsync.records import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.people import Person
    from calsync.ports import Clock
    from calsync.records import Settings


class Audit:
    """The audit of one store."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    async def note(self, by: Person, what: str, after: str | None = None, *, account: str | None = None) -> None:
        """Tell that somebody has changed something, once it is done. `after`: to what. Raises StoreError."""
        await self.note_by(by.name, what, after, account=account)

    async def note_by(self, who: str, what: str, after: str | None = None, *, account: str | None = None) -> None:
        """Tell the same of somebody at a terminal, who is known by a name alone."""
        entry = AuditEntry(at=self._clock.now(), who=who, account=account, what=what, before=None, after=after)
        await self._settings.note(entry)

    async def set_up(self, by: Person, what: str, name: str) -> None:
        """Tell that somebody has set up an account or a connection of this name. Raises StoreError."""
        await self.note(by, what, name, account=name if what.startswith("account_") else None)

    async def last(self, by: Person, most: int, account: str | None = None) -> Sequence[AuditEntry]:
        """Return the newest changes of one account, or of all, the newest first.

        Raises Refused, administrators_only; StoreError.
        """
        if not by.administrator:
            raise Refused("administrators_only")
        return list(reversed(await self._settings.audit(most, account)))
