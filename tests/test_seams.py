"""Time, chance, the network and the disk come in through parameters, so that a simulation can give others."""

from __future__ import annotations

import ast
import inspect
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import calsync
from tests.simulation.history import play

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

ROOT = Path(calsync.__file__).parent
OUTSIDE = {
    "aiohttp": {"http", "web"},
    "aiosqlite": {"store/opening.py", "store/sqlite_connection.py"},
    "msal": {"signin"},
    "psycopg": {"store/postgresql", "workers/queue.py"},
    "requests": {"signin/authority.py"},
    "sqlite3": {"store"},
    "secrets": {"desk/secret_ids.py", "second/file.py"},
    "socket": {"holder.py", "supervisor.py"},
    "subprocess": set[str](),
    "threading": {"cli/bugs.py", "store/postgresql/connection.py", "vault/memory.py"},
    "signal": {"watchdog.py", "cli/stopping.py"},
}
"""Modules that reach the world outside, and the adapters that may import them."""
CALLS = {
    "datetime.now": {"ports/clock.py"},
    "datetime.utcnow": set[str](),
    "datetime.today": set[str](),
    "date.today": set[str](),
    "time.time": set[str](),
    "time.monotonic": {"once.py", "vault/lock.py"},
    "time.sleep": {"vault/lock.py"},
    "uuid.uuid1": set[str](),
    "uuid.uuid4": set[str](),
    "os.urandom": {"desk/passwords.py", "store/images.py", "vault/sealing.py"},
    "random.random": set[str](),
    "random.choice": set[str](),
    "random.randrange": set[str](),
    "random.uniform": set[str](),
}
"""Calls that read real time or real chance, and where they may stand.

`once` tells how long a command took; the vault, which a `Host` brings along, waits for other processes in a
thread. Its nonces and those of the ledger must be real chance, as salts and the ids of sessions must, and the
names of secrets.
"""
ADAPTERS = {
    "calsync.http",
    "calsync.store.opening",
    "calsync.store.postgresql.connection",
    "calsync.store.sqlite_connection",
}
"""What a simulation has another one of."""


def files() -> Iterator[tuple[str, ast.AST]]:
    for path in sorted(ROOT.rglob("*.py")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def allowed(name: str, places: set[str]) -> bool:
    return any(name == place or name.startswith(f"{place}/") for place in places)


def test_only_adapters_reach_the_world_outside() -> None:
    found = [
        (name, module)
        for name, tree in files()
        if not name.startswith("testing/")
        for node in ast.walk(tree)
        for module in imported(node)
        if module in OUTSIDE and not allowed(name, OUTSIDE[module])
    ]
    assert found == []


def test_nothing_reads_real_time_or_real_chance_behind_the_seams() -> None:
    found = [
        (name, call)
        for name, tree in files()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for call in [ast.unparse(node.func)]
        if call in CALLS and not allowed(name, CALLS[call])
    ]
    assert found == []


def test_nobody_sleeps_but_through_the_clock() -> None:
    """Giving others a turn (`asyncio.sleep(0)`) is no sleep."""
    found = [
        (name, ast.unparse(node))
        for name, tree in files()
        if name != "ports/clock.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node) != "asyncio.sleep(0)"
        if ast.unparse(node.func) == "asyncio.sleep"
    ]
    assert found == []


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module.split(".")[0]]
    return []


def code() -> dict[str, Any]:
    """Return every function and class of the calsync modules that are loaded, by where it stands."""
    return {
        f"{module}.{name}": value
        for module, loaded in sorted(sys.modules.items())
        if module.startswith("calsync.") and module not in ADAPTERS
        for name, value in vars(loaded).items()
        if inspect.isfunction(value) or inspect.isclass(value)
    }


def test_the_simulation_replaces_nothing_of_calsync(caplog: pytest.LogCaptureFixture) -> None:
    """It plays the production engine, store, rules and service: each stands after a history where it stood before,
    was defined in its own file, and has run."""
    caplog.set_level(logging.CRITICAL)
    play(3)
    before = code()
    play(4)
    after = code()
    assert all(after[name] is value for name, value in before.items())
    for value in after.values():
        if inspect.isfunction(value) and value.__module__.startswith("calsync."):
            assert Path(inspect.unwrap(value).__code__.co_filename).is_relative_to(ROOT)
    ran = {"calsync.engine.engine", "calsync.engine.carry", "calsync.service", "calsync.store.sqlite"}
    assert ran <= sys.modules.keys()
