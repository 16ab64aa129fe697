"""What modules offer: their public names, with signatures and what their docstrings say."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


def made(*modules: str) -> str:
    """Return a section for each module, and in it one for each public name that is defined there."""
    return "\n\n".join(part for name in modules for part in _module(import_module(name)))


def offered(module: ModuleType) -> dict[str, Any]:
    """Return the public names that a module defines, in its order."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == module.__name__
    }


def _module(module: ModuleType) -> Iterator[str]:
    yield f"## `{module.__name__}`\n\n{inspect.cleandoc(module.__doc__ or '')}"
    for name, value in offered(module).items():
        yield f"### `{name}`\n\n```python\n{_signature(name, value)}\n```\n\n{_said(value)}"
        if inspect.isclass(value):
            yield from _members(value)


def _members(kind: type) -> Iterator[str]:
    for name, value in vars(kind).items():
        function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if name.startswith("_") or not inspect.isfunction(function) or not function.__doc__:
            continue
        shown = f"{name}: {_plain(function.__annotations__.get('return', ''))}"
        signature = shown if isinstance(value, property) else _signature(name, function)
        yield f"```python\n{signature}\n```\n\n{_said(function)}"


def _signature(name: str, value: Any) -> str:
    if inspect.isclass(value):
        bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
        return f"class {name}({bases})" if bases else f"class {name}"
    begin = "async def" if inspect.iscoroutinefunction(value) else "def"
    return f"{begin} {name}{_plain(str(inspect.signature(value)))}"


def _plain(annotation: str) -> str:
    """Return annotations as they are written: `from __future__ import annotations` has made them text."""
    return re.sub(r"'([^']*)'", r"\1", annotation)


def _said(value: Any) -> str:
    return inspect.cleandoc(value.__doc__ or "")
