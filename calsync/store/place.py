"""Where a store is: what is done with it before it is open, or while nobody else has it open."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from calsync.store.chosen import chosen_directions
from calsync.store.erase import erase
from calsync.store.export import export
from calsync.store.files import nobody_else, there
from calsync.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from calsync.store.sql import SqlStore
    from calsync.sync.model import Direction


class Place(ABC):
    """One place for a store. Errors are StoreError."""

    beside: Path
    """What the names of the files begin with that are kept apart from it, as calsync.store.runs."""

    @abstractmethod
    async def open(self) -> SqlStore:
        """Open the store, which is made where it is missing, and migrate it."""

    @abstractmethod
    async def look(self) -> SqlStore:
        """Open what is there to be read, as it is at this moment. A file that is not there stays so."""

    @abstractmethod
    async def show(self) -> SqlStore:
        """Open what is there, and migrate it. A file that is not there stays so."""

    @abstractmethod
    async def excerpt(self, account: str, since: datetime) -> SqlStore:
        """Copy into memory what runs of one account read; of the ledger only what was written since an instant."""

    @abstractmethod
    async def directions(self) -> Mapping[str, Direction]:
        """Return the directions that people have chosen, by account."""

    @abstractmethod
    async def export(self, account: str) -> Mapping[str, Any] | None:
        """Return an account's rows by table, the ledger's values opened; None where the store does not know it."""

    @abstractmethod
    async def erase(self, account: str, *, keep_off: bool) -> None:
        """Erase an account for good. `keep_off`: keep its name, switched off, as it would begin anew otherwise.

        Raises StoreError also while anybody has the store open: then nothing has changed.
        """

    @abstractmethod
    def alone(self, then: str) -> AbstractContextManager[None]:
        """Expect that nobody has the store open. `then`: what to do when it is closed, for the message. Blocks."""


class SqlitePlace(Place):
    """A file."""

    def __init__(self, path: Path) -> None:
        self.beside = path

    async def open(self) -> SqliteStore:
        return await SqliteStore.open(self.beside)

    async def look(self) -> SqliteStore:
        return await SqliteStore.copy(self.beside)

    async def show(self) -> SqliteStore:
        return await (SqliteStore.open(self.beside) if there(self.beside) else SqliteStore.in_memory())

    async def excerpt(self, account: str, since: datetime) -> SqliteStore:
        return await SqliteStore.excerpt(self.beside, account, since)

    async def directions(self) -> Mapping[str, Direction]:
        return await chosen_directions(self.beside)

    async def export(self, account: str) -> Mapping[str, Any] | None:
        return await export(self.beside, account)

    async def erase(self, account: str, *, keep_off: bool) -> None:
        await erase(self.beside, account, keep_off=keep_off)

    def alone(self, then: str) -> AbstractContextManager[None]:
        return nobody_else(self.beside, then) if there(self.beside) else nullcontext()
