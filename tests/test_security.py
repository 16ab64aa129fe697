"""docs/explanation/security.md names tests for every security requirement, and each of them exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "explanation" / "security.md"
LINES = [f"S{number}" for number in range(1, 14)]
_ROW = re.compile(r"\| (S\d+) [^|]+ \| ([^|]+) \| ([^|]+) \|")
_NODE = re.compile(r"`(tests/[^`]+\.py)::([^`]+)`")


def rows() -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Return what was built for each line, and the file and name of each of its tests."""
    found = (_ROW.fullmatch(line) for line in PAGE.read_text("utf-8").splitlines())
    return {row[1]: (row[2], _NODE.findall(row[3])) for row in found if row is not None}


@cache
def names_in(path: str) -> frozenset[str]:
    """Return the tests of a file, those of a class behind its name."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    names = set(_tests(tree))
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{name}" for name in _tests(node)}
    return frozenset(names)


def _tests(scope: ast.Module | ast.ClassDef) -> list[str]:
    functions = [node for node in scope.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [node.name for node in functions if node.name.startswith("test_")]


def test_every_line_is_there_once_and_in_order() -> None:
    assert list(rows()) == LINES
    assert PAGE.read_text("utf-8").count("\n| S") == len(LINES)


@pytest.mark.parametrize("line", LINES)
def test_each_line_names_tests_that_exist(line: str) -> None:
    built, nodes = rows()[line]
    assert built
    assert len(nodes) > 1
    assert [f"{path}::{name}" for path, name in nodes if name not in names_in(path)] == []


@pytest.mark.parametrize("line", LINES)
def test_nothing_else_stands_among_the_tests(line: str) -> None:
    (row,) = [row for row in PAGE.read_text("utf-8").splitlines() if row.startswith(f"| {line} ")]
    assert _NODE.sub("", row.rstrip(" |").rpartition("|")[2]).strip() == ""
