"""Arrows point down only: who may import whom. Imports for type checking count as well."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.surface import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PLUGINS = sorted(path.parent.name for path in (ROOT / "plugins").glob("*/__init__.py"))
DRIVERS = {
    "aiohttp",
    "aiosqlite",
    "click",
    "cryptography",
    "lxml",
    "msal",
    "nh3",
    "pluggy",
    "prometheus_client",
    "requests",
    "spnego",
    "voluptuous",
    "yaml",
    "yarl",
}
FOR_PLUGINS = {*listed()}
"""The one list that documents it: docs/reference/plugin-surface.md."""
PURE = {"calsync.errors", "calsync.sync", "calsync.values"}
BENEATH: dict[str, set[str]] = {
    "calsync.ahead": set(),
    "calsync.sync": PURE,
    "calsync.errors": PURE,
    "calsync.exposed": set(),
    "calsync.reasons": set(),
    "calsync.markup": set(),
    "calsync.values": set(),
    "calsync.options": set(),
    "calsync.forms": set(),
    "calsync.ports": {*PURE, "calsync.forms", "calsync.http", "calsync.ports"},
    "calsync.http": {"calsync.errors", "calsync.http", "calsync.ports"},
    "calsync.signin": {
        "calsync.errors",
        "calsync.exposed",
        "calsync.http",
        "calsync.ports",
        "calsync.signin",
    },
    "calsync.hookspecs": {"calsync.ports"},
    "calsync.learnt": {"calsync.ports", "calsync.store.files"},
    "calsync.history": PURE,
    "calsync.people": set(),
    "calsync.records": PURE,
    "calsync.store": {*PURE, "calsync.history", "calsync.people", "calsync.records", "calsync.store"},
    "calsync.vault": {"calsync.errors", "calsync.ports", "calsync.store.files", "calsync.vault"},
    "calsync.second": {
        "calsync.config",
        "calsync.errors",
        "calsync.second",
        "calsync.store.files",
        "calsync.vault",
    },
    "calsync.config": {"calsync.options", *PURE, "calsync.config", "calsync.exposed", "calsync.ports"},
    "calsync.parsed": {"calsync.config", "calsync.loader", "calsync.loading"},
    "calsync.going": {"calsync.__version__"},
    "calsync.loader": {
        "calsync.going",
        "calsync.__version__",
        "calsync.errors",
        "calsync.hookspecs",
        "calsync.loader",
        "calsync.ports",
    },
    "calsync.desk": {
        *PURE,
        "calsync.config",
        "calsync.desk",
        "calsync.engine",
        "calsync.forms",
        "calsync.history",
        "calsync.http",
        "calsync.loader",
        "calsync.loading",
        "calsync.parsed",
        "calsync.people",
        "calsync.ports",
        "calsync.reasons",
        "calsync.records",
        "calsync.second",
        "calsync.service",
        "calsync.store",
        "calsync.vault",
    },
    "calsync.engine": {
        *PURE,
        "calsync.__version__",
        "calsync.ahead",
        "calsync.engine",
        "calsync.history",
        "calsync.ports",
        "calsync.records",
    },
    "calsync.service": {
        "calsync.engine",
        "calsync.errors",
        "calsync.history",
        "calsync.ports",
        "calsync.reasons",
        "calsync.service",
        "calsync.values",
    },
    "calsync.workers": {
        *PURE,
        "calsync.beside",
        "calsync.engine",
        "calsync.http",
        "calsync.ports",
        "calsync.running",
        "calsync.second",
        "calsync.served",
        "calsync.service",
        "calsync.store",
        "calsync.stores",
        "calsync.web.site",
        "calsync.workers",
    },
    "calsync.metrics": {*PURE, "calsync.engine", "calsync.ports", "calsync.reasons", "calsync.service"},
    "calsync.supervisor": {"calsync.ports"},
    "calsync.watchdog": PURE,
    "calsync.web": {
        *PURE,
        "calsync.config",
        "calsync.desk",
        "calsync.forms",
        "calsync.people",
        "calsync.ports",
        "calsync.reasons",
        "calsync.records",
        "calsync.service",
        "calsync.signin",
        "calsync.web",
    },
    "calsync.plan_file": {*PURE, "calsync.engine"},
    "calsync.results": {*PURE, "calsync.engine", "calsync.plan_file"},
    "calsync.scaffold": {"calsync.__version__", "calsync.errors", "calsync.going"},
    "calsync.pytest_plugin": {"calsync.ports", "calsync.testing"},
    "calsync.testing": {*PURE, "calsync.http", "calsync.ports", "calsync.testing"},
    "calsync.cli": {
        *PURE,
        "calsync.app",
        "calsync.cli",
        "calsync.desk",
        "calsync.engine",
        "calsync.exposed",
        "calsync.history",
        "calsync.loader",
        "calsync.people",
        "calsync.plan_file",
        "calsync.ports",
        "calsync.reasons",
        "calsync.results",
        "calsync.scaffold",
        "calsync.testing.conformance",
    },
}
"""What each part of calsync may import of calsync. `app` and what it is made of put all together."""


def imports(path: Path) -> Iterator[str]:
    """Yield the full names that a file imports; of `from a.b import c` both `a.b` and `a.b.c`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where an arrow points"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def sources(module: str) -> list[Path]:
    """Return the files of a module or package of calsync or of a plugin."""
    top = ROOT if module.startswith("calsync.") else ROOT / "plugins"
    path = top / module.replace(".", "/")
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def within(name: str, allowed: set[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in allowed)


def wrong_arrows(module: str, allowed: set[str]) -> list[str]:
    """Return the imports of calsync and of plugins in a module that are not allowed."""
    return [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources(module)
        for name in imports(path)
        if within(name, {"calsync", *PLUGINS}) and not within(name, allowed)
    ]


@pytest.mark.parametrize("module", BENEATH)
def test_arrows_point_down(module: str) -> None:
    assert wrong_arrows(module, BENEATH[module]) == []


def test_no_part_of_calsync_is_forgotten() -> None:
    parts = {f"calsync.{path.stem}" for path in (ROOT / "calsync").iterdir() if path.suffix in {".py", ""}}
    together = {"app", "backups", "checking", "connections", "discovery", "holder", "loading", "pages"}
    together |= {
        "preview",
        "roster",
        "running",
        "reloading",
        "served",
        "takeover",
        "__init__",
        "__main__",
        "__pycache__",
    }
    together |= {
        "beside",
        "discoveries",
        "forgetting",
        "leaving",
        "desks",
        "moving",
        "once",
        "readiness",
        "set_elsewhere",
        "stores",
    }
    assert parts - {f"calsync.{part}" for part in together} == set(BENEATH)


def test_the_core_needs_only_the_standard_library() -> None:
    foreign = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources("calsync.sync")
        for name in imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not within(name, PURE)
    ]
    assert foreign == []


def test_the_core_has_no_clock_no_chance_and_no_io() -> None:
    outside = {
        "asyncio",
        "io",
        "logging",
        "os",
        "pathlib",
        "random",
        "secrets",
        "socket",
        "sqlite3",
        "time",
        "uuid",
    }
    assert [name for path in sources("calsync.sync") for name in imports(path) if within(name, outside)] == []


@pytest.mark.parametrize("module", ["calsync.engine", "calsync.service", "calsync.records", "calsync.ports"])
def test_the_engine_knows_no_driver(module: str) -> None:
    assert [name for path in sources(module) for name in imports(path) if within(name, DRIVERS)] == []


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_imports_its_own_modules_and_what_is_made_for_plugins(plugin: str) -> None:
    assert wrong_arrows(plugin, {plugin, *FOR_PLUGINS}) == []


@pytest.mark.parametrize("plugin", PLUGINS)
def test_calsync_imports_no_plugin(plugin: str) -> None:
    files = sorted((ROOT / "calsync").rglob("*.py"))
    assert [f"{path}: {name}" for path in files for name in imports(path) if within(name, {plugin})] == []


def test_what_judges_shares_no_code_with_what_it_judges() -> None:
    """The sandbox with its judge and its demo imports no provider and nothing of the core."""
    files = sources("calsync_sandbox")
    shared = {"calsync.sync", *PLUGINS} - {"calsync_sandbox"}
    assert [f"{path}: {name}" for path in files for name in imports(path) if within(name, shared)] == []


@pytest.mark.parametrize(
    ("part", "unknown"), [("mailbox", ("graph", "ews")), ("graph", ("ews",)), ("ews", ("graph",))]
)
def test_the_faces_of_the_sandboxs_mailbox_know_nothing_of_each_other(part: str, unknown: tuple[str, ...]) -> None:
    files = sorted((ROOT / "plugins" / "calsync_sandbox" / part).rglob("*.py"))
    names = {f"calsync_sandbox.{other}" for other in unknown}
    assert files
    assert [f"{path}: {name}" for path in files for name in imports(path) if within(name, names)] == []


def test_what_is_imported_is_declared() -> None:
    """What only another package needs may go with its next version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    # calsync.testing runs under pytest
    lines = [line for each in (project["dependencies"], *extras.values()) for line in each]
    declared = {re.split(r"[^\w-]", line)[0].lower() for line in lines}
    files = [path for top in ("calsync", "plugins") for path in (ROOT / top).rglob("*.py")]
    used = {name.split(".")[0] for path in files for name in imports(path)}
    foreign = used - set(sys.stdlib_module_names) - {"calsync", *PLUGINS}
    givers = {
        name: {giver.lower().replace("_", "-") for giver in packages_distributions().get(name, ())}
        for name in foreign
    }
    assert {name for name, found in givers.items() if not found & declared} == set()
