"""What goes with an account besides its calendars: a person's sign-ins, and on demand every trace in the store."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from calsync.connections import connections_of, learnt_file
from calsync.errors import ConfigError
from calsync.results import Erased
from calsync.second import SecondFile, is_own_name
from calsync.store.files import create, told
from calsync.stores import store_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from calsync.config import Config
    from calsync.store import FileRuns
    from calsync.store.place import Place

FORMAT = 1
"""The version of what `exported` returns."""


async def forget_sign_ins(config: Config, account: str) -> None:
    """Remove what the connections that somebody made for this account keep of a sign-in. Raises StoreError."""
    known = config.accounts.get(account)
    if known is None:  # discovered: it has the operator's connections only
        return
    used = {name for one in config.accounts.values() if one.name != account for name in connections_of(one)}
    second = SecondFile(config.service.store, config.service.key)
    for name in connections_of(known) - used:
        if config.connections[name].kept and is_own_name(name):
            await asyncio.to_thread(second.forget, name)


async def exported(config: Config, runs: FileRuns, account: str, now: datetime) -> Mapping[str, Any]:
    """Return everything that is kept about an account. Raises ConfigError for an unknown one, StoreError."""
    found = await store_of(config.service).export(account)
    run = await runs.get(account)
    if found is None and not run:
        raise _unknown(config, account)
    return {"format": FORMAT, "account": account, "at": now.isoformat(), "run": run, "store": found or {}}


def write_export(target: Path, content: Mapping[str, Any]) -> None:
    """Write an export to a new file for its owner only. Raises StoreError, also where there is such a file."""
    with told(target):
        create(target)
        target.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", "utf-8")


async def erase_account(config: Config, runs: FileRuns, account: str) -> Erased:
    """Erase an account that is switched off; return what stays. May be done again after a crash.

    Raises ConfigError for an account that is unknown, or may still run; StoreError, also while anybody has the
    store open; Retry.
    """
    store, written = config.service.store, config.accounts.get(account)
    operators = written is not None and not written.kept
    kept_off = operators or config.discover is not None
    place = store_of(config.service)
    known, off = await _setting(place, account)
    if not known and written is None and not await runs.get(account):
        raise _unknown(config, account)
    if not off and (written is not None or config.discover is not None):
        advice = f"let it leave (calsync leave {account}) or switch it off (calsync switch {account} off)"
        raise ConfigError([f"account {account} is switched on; {advice}, then erase it"])
    second = SecondFile(store, config.service.key)
    with place.alone("erase again"):
        pass
    # First, as it would begin anew without its row.
    for connection in await asyncio.to_thread(second.drop_account, account):
        learnt_file(store, connection).unlink(missing_ok=True)
    await place.erase(account, keep_off=kept_off)
    await runs.erase(account)  # last, as it tells after a crash that there is something left to do
    return Erased(configured=operators, kept_off=kept_off, copies=_copies(store))


async def _setting(place: Place, account: str) -> tuple[bool, bool]:
    """Tell whether the store knows an account, and whether it is switched off."""
    opened = await place.show()
    try:
        found = (await opened.settings.all()).get(account)
    finally:
        await opened.close()
    return found is not None, found is not None and found.off


def _copies(store: Path) -> Sequence[Path]:
    """Return the backups and kept stores that lie beside the store under calsync's own names."""
    return sorted(store.parent.glob(f"{store.stem}-*{store.suffix}"))


def _unknown(config: Config, account: str) -> ConfigError:
    return ConfigError([f"{config.path}: neither it nor the store knows an account {account!r}"])
