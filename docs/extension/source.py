"""What only the source of a module tells: the constants and fields that it makes, and the text below each."""

from __future__ import annotations

import ast
import inspect
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import ModuleType


class Made(NamedTuple):
    """A constant of a module, or a field of a class."""

    line: str
    """As it stands there: `page_size: int | None = 5`."""
    said: str
    """The text below it, "" for none."""


def constants(module: ModuleType) -> Mapping[str, Made]:
    """Return the public constants that a module makes, or hands on from another one by its name."""
    found = _made(_parsed(module).body)
    for node in _parsed(module).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("calsync."):
            theirs = _made(_parsed(import_module(node.module)).body)
            found |= {alias.name: theirs[alias.name] for alias in node.names if alias.name in theirs}
    return found


def fields(kind: type) -> Mapping[str, Made]:
    """Return the public fields of a class, without those that it inherits."""
    for node in _parsed(import_module(kind.__module__)).body:
        if isinstance(node, ast.ClassDef) and node.name == kind.__name__:
            return _made(node.body)
    return {}


def _made(body: Sequence[ast.stmt]) -> dict[str, Made]:
    return {name: Made(line, said) for name, line, said in _assigned(body) if not name.startswith("_")}


def _assigned(body: Sequence[ast.stmt]) -> Iterator[tuple[str, str, str]]:
    for node, below in zip(body, [*body[1:], ast.Pass()], strict=True):
        match node:
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                said = ""
                if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                    said = inspect.cleandoc(str(below.value.value))
                yield name, _shown(node), said
            case _:
                pass


def _shown(node: ast.AnnAssign | ast.Assign) -> str:
    """Return an assignment on one line; a value of many lines is left out."""
    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
    line = ast.unparse(target)
    if isinstance(node, ast.AnnAssign):
        line += f": {ast.unparse(node.annotation)}"
    value = "" if node.value is None else ast.unparse(node.value)
    return f"{line} = {value}" if value and len(line) + len(value) < MOST else line


MOST = 100
"""Characters of an assignment that is shown in full."""


@lru_cache
def _parsed(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))
