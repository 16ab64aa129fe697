"""Each hook has a manual, a real user and a test."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calsync import hookspecs

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
HOOKS = [name for name, hook in inspect.getmembers(hookspecs, inspect.isfunction) if name.startswith("calsync_")]


@pytest.mark.parametrize("name", HOOKS)
def test_each_hook_is_typed_and_its_docstring_names_its_arguments(name: str) -> None:
    hook: Callable[..., object] = getattr(hookspecs, name)
    signature = inspect.signature(hook)
    assert hook.__doc__
    assert signature.return_annotation is not inspect.Signature.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty
        assert parameter.name in hook.__doc__


@pytest.mark.parametrize("name", HOOKS)
def test_each_hook_has_a_real_user_among_the_bundled_plugins(name: str) -> None:
    plugins = [path.read_text("utf-8") for path in (ROOT / "plugins").glob("*/__init__.py")]
    assert any(f"def {name}(" in plugin for plugin in plugins)


@pytest.mark.parametrize("name", HOOKS)
def test_each_hook_is_used_by_a_test(name: str) -> None:
    tests = [path.read_text("utf-8") for path in Path(__file__).parent.rglob("test_*.py")]
    assert any(f"def {name}(" in test for test in tests)
