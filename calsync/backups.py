"""Backing up and restoring the store that a configuration names, and giving what is kept another key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import ConfigError, StoreError
from calsync.holder import is_dead
from calsync.store import SqliteStore, back_up, restore
from calsync.vault import reseal, vault_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from pathlib import Path

    from calsync.config import Service
    from calsync.records import Lease
    from calsync.store.place import Place


async def back_up_store(service: Service, target: Path | None, now: datetime) -> Path:
    """Copy the store to `target`, else beside it under a name with the time in it, and return where."""
    store = _file(service, "pg_dump makes its backups")
    target = target or store.with_name(f"{store.stem}-{_time(now)}{store.suffix}")
    await back_up(store, target)
    return target


async def restore_store(service: Service, backup: Path, accounts: Collection[str], now: datetime) -> Path | None:
    """Put a backup in the place of the store. Return where the store that was there is kept. Raises StoreError."""
    store = _file(service, "pg_restore puts its backups back")
    working = [lease for lease in await _leases(store) if lease.until > now and not is_dead(lease.holder)]
    if working:
        who = ", ".join(f"{lease.holder} at account {lease.account}" for lease in working)
        raise StoreError(f"store {store}: calsync is working ({who}); stop it, then restore again")
    kept = store.with_name(f"{store.stem}-before-restore-{_time(now)}{store.suffix}")
    return kept if await restore(store, backup, kept, accounts) else None


def _file(service: Service, instead: str) -> Path:
    """Return the file of a store that is one. Raises ConfigError; `instead`: what does it where it is none."""
    if service.database is not None:
        raise ConfigError(
            [f"service.store: the store is in PostgreSQL, where {instead}; see docs/how-to/postgresql.md"]
        )
    return service.store


def rotate_key(place: Place, key: bytes, new: bytes) -> int:
    """Seal everything that is kept beside the store under another key; return how much there is. Blocks.

    Raises StoreError, also while another calsync works on the store; Retry.
    """
    with place.alone("rotate the key again"):
        return len(list(reseal(vault_folder(place.beside), key, new)))


async def _leases(path: Path) -> Sequence[Lease]:
    """Return the store's leases; of one that cannot be read any more none: it is about to be replaced."""
    try:
        store = await SqliteStore.copy(path)
    except StoreError:
        return ()
    try:
        return await store.leases()
    except StoreError:
        return ()
    finally:
        await store.close()


def _time(now: datetime) -> str:
    return f"{now:%Y%m%dT%H%M%SZ}"
