"""Importing plugins, and registering them with pluggy. Whatever goes wrong names the plugin."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from typing import TYPE_CHECKING, Any

import pluggy

from calsync import __version__, hookspecs
from calsync.errors import PLUGINS, PluginError
from calsync.going import announce, following
from calsync.loader.manifest import fits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    from calsync.loader.discovery import Plugin


UNSAID = f"its manifest does not say `requires_calsync`; calsync {following()} will refuse it"
"""What is told of a plugin that does not say for which calsync it was written."""
TRACE = "CALSYNC_TRACE_HOOKS"
"""The environment variable that has each call of a hook told on standard error."""


def registered(plugins: Iterable[Plugin]) -> tuple[pluggy.PluginManager, dict[Plugin, ModuleType]]:
    registry = pluggy.PluginManager(hookspecs.PROJECT)
    registry.add_hookspecs(hookspecs)
    if os.environ.get(TRACE):
        _trace(registry)
    modules = {plugin: _imported(plugin) for plugin in plugins}
    for plugin, module in modules.items():
        try:
            registry.register(module, plugin.manifest.domain)
            registry.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            raise PluginError(f"plugin {plugin.label} has a wrong hook ({why(error)})") from error
    return registry, modules


def _imported(plugin: Plugin) -> ModuleType:
    required = plugin.manifest.requires
    if not required:
        announce(f"plugin {plugin.label}: {UNSAID}")
    elif not fits(required, __version__):
        raise PluginError(
            f"plugin {plugin.label} was written for calsync {required}, and this is {__version__}:"
            " install a version of it that fits"
        )
    PLUGINS.add(plugin.module)
    try:
        if plugin.folder is None:
            return importlib.import_module(plugin.module)
        return _imported_from(plugin.module, plugin.folder)
    except PluginError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginError(f"plugin {plugin.label} cannot be imported ({why(error)})") from error


def _imported_from(name: str, folder: Path) -> ModuleType:
    """Import a package from a folder that is not on `sys.path`."""
    present = sys.modules.get(name)
    if present is not None and present.__file__ == str(folder / "__init__.py"):
        return present
    if present is not None or importlib.util.find_spec(name) is not None:
        raise PluginError(f"the plugin folder {folder} has the name of an installed package; rename it")
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None  # noqa: S101 - a path that ends in .py always has a loader
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _trace(registry: pluggy.PluginManager) -> None:
    """Tell which plugins a hook asks, and how many answers there were. What they answer is not told."""

    def before(name: str, asked: Sequence[pluggy.HookImpl], _arguments: Mapping[str, Any]) -> None:
        print(f"calsync: hook {name} asks {', '.join(one.plugin_name for one in asked)}", file=sys.stderr)  # noqa: T201

    def after(
        outcome: pluggy.Result[Any], name: str, _asked: Sequence[pluggy.HookImpl], _arguments: Mapping[str, Any]
    ) -> None:
        failed = outcome.exception
        said = f"failed ({type(failed).__name__})" if failed else f"got {len(outcome.get_result())} answers"
        print(f"calsync: hook {name} {said}", file=sys.stderr)  # noqa: T201

    registry.add_hookcall_monitoring(before, after)


def why(error: BaseException) -> str:
    """Say in one line what went wrong inside a plugin."""
    return f"{type(error).__name__}: {error}"
