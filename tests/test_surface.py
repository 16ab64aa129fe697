"""What plugins may import is one documented list, and nobody imports more."""

from __future__ import annotations

import ast
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from calsync import pytest_plugin
from tests.surface import LIST, ROOT, listed, public

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SURFACE = listed()
OWN = {"calsync_exchange_ews", "calsync_flowfact", "calsync_graph", "calsync_rules", "calsync_sandbox"}
FILES = [
    *sorted((ROOT / "plugins").rglob("*.py")),
    *sorted((ROOT / "examples").rglob("*.py")),
    *sorted((ROOT / "calsync" / "scaffold").rglob("*.py.tmpl")),
]


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the names that a file imports of calsync, each with its module."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.split(".")[0] == "calsync")
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "calsync":
            yield from ((node.module, alias.name) for alias in node.names)


def allowed(module: str, name: str) -> bool:
    return name in SURFACE.get(module, ()) or f"{module}.{name}" in SURFACE


def test_nobody_imports_what_is_not_in_the_list() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {module} {name}"
        for path in FILES
        for module, name in imported(path)
        if not allowed(module, name)
    ]
    assert wrong == []


@pytest.mark.parametrize("module", SURFACE)
def test_the_list_names_what_is_there(module: str) -> None:
    assert set(SURFACE[module]) <= set(public(module))
    for name in SURFACE[module]:
        assert hasattr(import_module(module), name)


@pytest.mark.parametrize("module", SURFACE)
def test_what_is_public_has_a_docstring(module: str) -> None:
    assert import_module(module).__doc__
    found = [getattr(import_module(module), name) for name in SURFACE[module]]
    kinds = [one for one in found if isinstance(one, type) and one.__module__.startswith("calsync")]
    assert [one for one in kinds if not one.__doc__ and not issubclass(one, tuple)] == []


def test_the_fixtures_are_listed() -> None:
    text = LIST.read_text("utf-8")
    fixtures = [name for name in vars(pytest_plugin) if name.startswith("calsync_")]
    assert len(fixtures) == 3
    assert [name for name in fixtures if f"`{name}`" not in text] == []


def test_the_examples_know_calsync_by_the_list_alone_and_calsync_does_not_know_them() -> None:
    names = {path.name for path in (ROOT / "examples").glob("*/calsync_*")}
    assert names
    core = [path for top in ("calsync", "plugins") for path in (ROOT / top).rglob("*.py")]
    assert [path for path in core if any(name in path.read_text("utf-8") for name in names)] == []
    others = [
        path for path in FILES if "examples" in path.parts and "tests" not in path.parts and path.name != "demo.py"
    ]
    assert [path for path in others if any(own in path.read_text("utf-8") for own in OWN)] == []
