"""Backing up and restoring the store that a configuration names, and giving what is kept another key."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from calsync.errors import StoreError
from calsync.holder import is_dead
from calsync.store import SqliteStore, back_up, restore
from calsync.store.files import nobody_else, there
from calsync.vault import reseal, vault_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from pathlib import Path

    from calsync.records import Lease


async def back_up_store(store: Path, target: Path | None, now: datetime) -> Path:
    """Copy the store to `target`, else beside it under a name with the time in it, and return where."""
    target = target or store.with_name(f"{store.stem}-{_time(now)}{store.suffix}")
    await back_up(store, target)
    return target


async def restore_store(store: Path, backup: Path, accounts: Collection[str], now: datetime) -> Path | None:
    """Put a backup in the place of the store. Return where the store that was there is kept. Raises StoreError."""
    working = [lease for lease in await _leases(store) if lease.until > now and not is_dead(lease.holder)]
    if working:
        who = ", ".join(f"{lease.holder} at account {lease.account}" for lease in working)
        raise StoreError(f"store {store}: calsync is working ({who}); stop it, then restore again")
    kept = store.with_name(f"{store.stem}-before-restore-{_time(now)}{store.suffix}")
    return kept if await restore(store, backup, kept, accounts) else None


def rotate_key(store: Path, key: bytes, new: bytes) -> int:
    """Seal everything that is kept beside the store under another key; return how much there is. Blocks.

    Raises StoreError, also while another calsync works on the store; Retry.
    """
    with nobody_else(store, "rotate the key again") if there(store) else nullcontext():
        return len(list(reseal(vault_folder(store), key, new)))


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
