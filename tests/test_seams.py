"""Time, chance, the network and the disk come in through parameters, so that a simulation can give others."""

from __future__ import annotations

import ast
import inspect
import logging
import os
import random
import secrets
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import calsync
from tests.simulation.history import play
from tests.simulation.mutants import MUTANTS
from tests.simulation.process import Process

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(calsync.__file__).parent
PROVIDERS = ROOT.parent / "plugins"
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
READS = {
    "datetime.datetime.now": {"ports/clock.py"},
    "datetime.datetime.utcnow": set[str](),
    "datetime.datetime.today": set[str](),
    "datetime.date.today": set[str](),
    "time": {"once.py", "supervisor.py", "vault/lock.py"},
    "uuid.uuid1": set[str](),
    "uuid.uuid4": {"calsync_flowfact/probe_writes.py", "calsync_flowfact/tenant_feed.py"},
    "os.urandom": {"desk/passwords.py", "store/images.py", "vault/sealing.py"},
    "secrets": {"desk/secret_ids.py", "second/file.py"},
    "random": {"app.py", "desk/trial.py", "pages.py", "testing"},
}
"""What reads real time or real chance, and where it may be named.

`once` tells how long a command took, and `supervisor` tells systemd the time of its own clock; the vault, which a
`Host` brings along, waits for other processes in a thread. Its nonces and those of the ledger must be real chance,
as salts and the ids of sessions must, the names of secrets, and what nobody may have used before in a tenant.
Random numbers begin where a service, its pages, the trial of a connection or a provider's examination is made.
"""
SPELLINGS = [
    "import datetime\ndatetime.datetime.now()",
    "import datetime as d\nd.date.today()",
    "from datetime import datetime as moment\nmoment.now()",
    "from time import monotonic\nmonotonic()",
    "import time\ntime.perf_counter()",
    "import time\nfield(default_factory=time.time_ns)",
    "import random\nrandom.Random()",
    "import random\nrandom.randint(1, 2)",
    "from random import SystemRandom\nSystemRandom()",
    "from uuid import uuid4\nfield(default_factory=uuid4)",
    "import os\nos.urandom(8)",
]
ASKED_OF_THE_MACHINE = [
    (time, ["time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"]),
    (random, ["random", "randint", "randrange", "choice", "uniform", "shuffle", "sample", "getrandbits"]),
    (uuid, ["uuid1", "uuid4"]),
    (secrets, ["token_hex", "token_urlsafe", "token_bytes", "choice"]),
    (os, ["urandom"]),
]
ADAPTERS = {
    "calsync.http",
    "calsync.store.opening",
    "calsync.store.postgresql.connection",
    "calsync.store.sqlite_connection",
}
"""What a simulation has another one of."""
PLAYED = ("calsync.", "calsync_rules.")
"""What a history is played with."""
REPLACED = {
    "calsync.engine.engine.make_plan",
    "calsync.engine.rest.MOST",
    "calsync.sync.budget.DAILY",
    "calsync.sync.budget.HOURLY",
}
"""What else is another thing in a history: each plan is judged besides, and three numbers are small in some, as no
history has as many events as a real calendar."""
OF_ADAPTERS = {"everything_at_once", "old_switch", "pauses_are_not_kept", "pauses_are_not_shared"}
"""The mutants that break an adapter, or what stands in its place."""


def files(root: Path = ROOT) -> Iterator[tuple[str, ast.AST]]:
    """Yield the modules below a folder, but for those of the sandbox, which plays servers for real people."""
    for path in sorted(root.rglob("*.py")):
        name = str(path.relative_to(root))
        if not name.startswith("calsync_sandbox/"):
            yield name, ast.parse(path.read_text("utf-8"))


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
        (name, read)
        for name, tree in (*files(), *files(PROVIDERS))
        for read, source in reads(tree)
        if not allowed(name, READS[source])
    ]
    assert found == []


@pytest.mark.parametrize("code", SPELLINGS)
def test_however_it_is_spelled(code: str) -> None:
    assert [*reads(ast.parse(code))] != []


def test_no_history_asks_the_machine_for_time_or_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object, **__: object) -> None:
        raise AssertionError("a history asked the machine")

    logging.disable()  # a line of a log has its time
    try:
        with monkeypatch.context() as patched:
            for module, names in ASKED_OF_THE_MACHINE:
                for name in names:
                    patched.setattr(module, name, asked)
            found = [play(seed).violations for seed in range(30)]
    finally:
        logging.disable(logging.NOTSET)
    assert found == [[]] * 30


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


def reads(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield what a module names that reads real time or chance, and under which name it stands above.

    A name may stand for a module, or for a part of one; `random.Random` is also the type of what comes in.
    """
    known = dict(stands_for(tree))
    made = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Attribute, ast.Name)):
            first, dot, rest = ast.unparse(node).partition(".")
            name = known.get(first, first) + dot + rest
            source = next((each for each in READS if name == each or name.startswith(f"{each}.")), None)
            is_type = name == "random.Random" and node not in made
            if source is not None and first in known and name not in {"time", "random", "secrets"} and not is_type:
                yield name, source


def stands_for(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield each imported name with the whole name of what it stands for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module.split(".")[0]]
    return []


def code() -> dict[str, Any]:
    """Return whatever stands in the modules of calsync that are loaded, and in their classes."""
    found: dict[str, Any] = {}
    for module, loaded in sorted(sys.modules.items()):
        if module.startswith(PLAYED) and not any(f"{module}.".startswith(f"{each}.") for each in ADAPTERS):
            for name, value in [*vars(loaded).items()]:
                found[f"{module}.{name}"] = value
                if inspect.isclass(value) and value.__module__ == module:
                    found |= {f"{module}.{name}.{part}": held for part, held in [*vars(value).items()]}
    return found


def replaced_in(monkeypatch: pytest.MonkeyPatch, seed: int) -> set[str]:
    """Return what is another thing in the midst of a history than it is now."""
    play(seed)  # whatever it imports is there
    before, found = code(), set[str]()
    run = Process.run

    async def watched(process: Process, *arguments: Any) -> None:
        now = code()
        found.update(name for name, value in before.items() if now.get(name) is not value)
        await run(process, *arguments)

    monkeypatch.setattr(Process, "run", watched)
    play(seed)
    monkeypatch.undo()
    return {name for name in found if not name.rpartition(".")[2].startswith("__")}


@pytest.mark.parametrize("seed", range(12))
def test_the_simulation_replaces_nothing_of_calsync_but_what_is_listed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    """It plays the production engine, store, rules and service."""
    caplog.set_level(logging.CRITICAL)
    assert replaced_in(monkeypatch, seed) <= REPLACED
    ran = {"calsync.engine.engine", "calsync.engine.carry", "calsync.service", "calsync.store.sqlite"}
    assert ran <= sys.modules.keys()


@pytest.mark.parametrize("mutant", sorted(MUTANTS.keys() - OF_ADAPTERS))
def test_what_is_replaced_would_be_noticed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, mutant: str
) -> None:
    caplog.set_level(logging.CRITICAL)
    before = code()
    with MUTANTS[mutant]():
        now = code()
    assert {name for name, value in before.items() if now.get(name) is not value} - REPLACED
