"""What plugins may import: read from the one list that documents it, and from the modules themselves."""

from __future__ import annotations

import ast
from pathlib import Path

from extension.surface import LIST, listed

ROOT = Path(__file__).parent.parent
__all__ = ["LIST", "ROOT", "listed", "public"]


def public(module: str) -> list[str]:
    """Return the names that a module makes, or hands on in its `__all__`; none that begin with an underscore."""
    path = ROOT / module.replace(".", "/")
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    names: list[str] = []
    for node in ast.parse(path.read_text("utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=elements)):
                return sorted(str(one.value) for one in elements if isinstance(one, ast.Constant))
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                names.append(name)
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.append(name)
            case _:
                pass
    return sorted(name for name in names if not name.startswith("_") and name != "log")
