"""Finds plugins, tells what they provide, and imports only those that are named.

A plugin is a package with a `manifest.json`: either one that an installed distribution names in the entry point
group `calsync.plugins`, or a folder in one of the configuration's `plugin_dirs`. What it provides is known from
the manifest, so `calsync --help` and `calsync plugins` import none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import click

from calsync.errors import PluginError
from calsync.loader.discovery import KINDS, Kind, Plugin, in_folder, installed
from calsync.loader.importing import registered, why

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    import pluggy

    from calsync.ports import OpenConnection, ProviderSpec, RuleSpec

__all__ = ["KINDS", "Kind", "Loaded", "Plugin", "Plugins"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The plugins that a configuration names, imported and asked."""

    providers: Mapping[str, ProviderSpec]
    rules: Mapping[str, RuleSpec]
    versions: Mapping[str, str] = field(default_factory=dict)
    """The versions of the rules' plugins, by rule."""


class Plugins:
    """All plugins that can be used."""

    def __init__(self, found: Sequence[Plugin], broken: Sequence[str] = ()) -> None:
        """Index the plugins by what they provide. Raises PluginError when a name exists twice.

        `broken`: of those that cannot say what they are, a sentence each. They are in nobody's way.
        """
        self.found = tuple(found)
        self.broken = tuple(broken)
        _index(found, "plugin", lambda plugin: {plugin.manifest.domain})
        self._by_name = {kind: _index(found, kind.removesuffix("s"), _provided(kind)) for kind in KINDS}

    @classmethod
    def find(cls, plugin_dirs: Iterable[Path] = ()) -> Plugins:
        """Look at what is installed and into these folders. Raises PluginError when a name exists twice."""
        seen = [*installed(), *(one for folder in plugin_dirs for one in in_folder(folder))]
        broken = [str(one) for one in seen if isinstance(one, PluginError)]
        return cls([one for one in seen if not isinstance(one, PluginError)], broken)

    def names(self, kind: Kind) -> frozenset[str]:
        return frozenset(self._by_name[kind])

    def load(self, providers: Collection[str], rules: Collection[str]) -> Loaded:
        """Import the plugins that provide these names and ask them. A name nobody provides is left out.

        Raises PluginError that names the plugin: it cannot be imported, or is not what its manifest promises; and
        where nobody provides a name, but a broken plugin might.
        """
        if self.broken and (set(providers) - self.names("providers") or set(rules) - self.names("rules")):
            raise PluginError("; ".join(self.broken))
        wanted = [*self._owners("providers", providers), *self._owners("rules", rules)]
        registry, modules = registered(dict.fromkeys(wanted))
        found_providers: dict[str, ProviderSpec] = {}
        found_rules: dict[str, RuleSpec] = {}
        for plugin, module in modules.items():
            found_providers |= _asked(registry, plugin, module, "providers")
            found_rules |= _asked(registry, plugin, module, "rules")
        owners = self._by_name["rules"]
        return Loaded(
            providers={name: found_providers[name] for name in providers if name in found_providers},
            rules={name: found_rules[name] for name in rules if name in found_rules},
            versions={name: owners[name].manifest.version for name in rules if name in found_rules},
        )

    def command(self, name: str, open_connection: OpenConnection) -> click.Command:
        """Import the one plugin that adds a command and return it. Raises PluginError, KeyError."""
        plugin = self._by_name["commands"][name]
        registry, _ = registered([plugin])
        group = click.Group()
        try:
            registry.hook.calsync_commands(cli=group, open_connection=open_connection)
        except (Exception, SystemExit) as error:
            raise PluginError(f"plugin {plugin.label} failed while adding its commands ({why(error)})") from error
        _compare(plugin, "commands", group.commands)
        return group.commands[name]

    def _owners(self, kind: Kind, names: Collection[str]) -> list[Plugin]:
        return [self._by_name[kind][name] for name in sorted(names) if name in self._by_name[kind]]


def _provided(kind: Kind) -> Callable[[Plugin], Collection[str]]:
    return lambda plugin: plugin.provides(kind)


def _index(plugins: Sequence[Plugin], what: str, names: Callable[[Plugin], Collection[str]]) -> dict[str, Plugin]:
    index: dict[str, Plugin] = {}
    for plugin in plugins:
        for name in sorted(names(plugin)):
            if name in index:
                raise PluginError(f"{what} {name} exists twice: {index[name].label} and {plugin.label}")
            index[name] = plugin
    return index


def _asked(
    registry: pluggy.PluginManager, plugin: Plugin, module: ModuleType, kind: Literal["providers", "rules"]
) -> dict[str, Any]:
    """Ask one plugin for what it provides, by name, and hold it to its manifest."""
    others = [other for other in registry.get_plugins() if other is not module]
    hook = registry.subset_hook_caller(f"calsync_{kind}", others)
    try:
        specs = {spec.name: spec for answer in hook() for spec in answer}
    except (Exception, SystemExit) as error:
        raise PluginError(f"plugin {plugin.label} failed while handing over its {kind} ({why(error)})") from error
    _compare(plugin, kind, specs)
    return specs


def _compare(plugin: Plugin, kind: Kind, handed_over: Collection[str]) -> None:
    if set(handed_over) != plugin.provides(kind):
        promised, given = (", ".join(sorted(names)) or "none" for names in (plugin.provides(kind), handed_over))
        raise PluginError(f"plugin {plugin.label}: its manifest promises {kind} {promised}, it has {given}")
