"""What modules offer: their public names, with signatures, fields and what is said of them."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

from extension import source
from extension.surface import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from types import ModuleType

    from extension.source import Made


def made(*modules: str) -> str:
    """Return a section for each module, and in it one for each name that it defines or promises to plugins."""
    return "\n\n".join(
        part
        for module in map(import_module, modules)
        for part in _section(module, {**offered(module), **promised(module)}, modules)
    )


def promises(*modules: str) -> str:
    """Return the same of nothing but what is promised to plugins."""
    return "\n\n".join(
        part for module in map(import_module, modules) for part in _section(module, promised(module), modules)
    )


def offered(module: ModuleType) -> dict[str, Any]:
    """Return the public classes and functions that a module defines, in its order; of a package, of its parts."""
    inside = f"{module.__name__}."
    parts = [one for one in vars(module).values() if inspect.ismodule(one) and one.__name__.startswith(inside)]
    return {
        name: value
        for part in (module, *parts)
        for name, value in vars(part).items()
        if not name.startswith("_") and _is_code(value) and value.__module__ == part.__name__
    }


def promised(module: ModuleType) -> dict[str, Any]:
    """Return what the list for plugins names of a module."""
    return {name: getattr(module, name) for name in listed().get(module.__name__, [])}


def said(module: ModuleType, name: str, value: Any) -> str:
    """Return what is said of a name: its docstring, or the text below a constant; "" for nothing."""
    if _is_code(value):
        return inspect.cleandoc(value.__doc__ or "")
    constants = source.constants(module)
    return constants[name].said if name in constants else ""


def _is_code(value: Any) -> bool:
    return inspect.isclass(value) or inspect.isfunction(value)


def _section(module: ModuleType, names: Mapping[str, Any], page: Collection[str]) -> Iterator[str]:
    yield f"## `{module.__name__}`\n\n{inspect.cleandoc(module.__doc__ or '')}"
    for name, value in names.items():
        if _is_code(value) and value.__module__ != module.__name__ and value.__module__ in page:
            continue  # it stands where it is defined
        yield f"### `{name}`\n\n{_block(_signature(module, name, value))}\n\n{said(module, name, value)}"
        if inspect.isclass(value):
            yield from _members(value)


def _members(kind: type) -> Iterator[str]:
    fields = source.fields(kind)
    if fields:
        yield _fields(fields)
    for name, value in vars(kind).items():
        function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if name.startswith("_") or not inspect.isfunction(function) or not function.__doc__:
            continue
        shown = f"{name}: {_plain(inspect.formatannotation(function.__annotations__.get('return', '')))}"
        signature = shown if isinstance(value, property) else _called(name, function)
        yield f"{_block(signature)}\n\n{inspect.cleandoc(function.__doc__)}"


def _fields(fields: Mapping[str, Made]) -> str:
    return "\n".join(
        f"* `{one.line}`" + f": {' '.join(one.said.split())}" * bool(one.said) for one in fields.values()
    )


def _signature(module: ModuleType, name: str, value: Any) -> str:
    if inspect.isclass(value):
        bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
        return f"class {name}({bases})" if bases else f"class {name}"
    if inspect.isfunction(value):
        return _called(name, value)
    constants = source.constants(module)
    return constants[name].line if name in constants else name


def _called(name: str, function: Any) -> str:
    begin = "async def" if inspect.iscoroutinefunction(function) else "def"
    return f"{begin} {name}{_plain(str(inspect.signature(function)))}"


def _block(code: str) -> str:
    return f"```python\n{code}\n```"


def _plain(annotation: str) -> str:
    """Return annotations as they are written: `from __future__ import annotations` has made them text."""
    return re.sub(r"""(^|: |-> )(["'])(.*?)\2""", r"\1\3", annotation)
