"""Which plugins there are: installed ones and those in the configuration's folders. None is imported."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from calsync.errors import PluginError
from calsync.loader.manifest import Manifest, read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.metadata import EntryPoint

GROUP = "calsync.plugins"
Kind = Literal["providers", "rules", "commands"]
KINDS: tuple[Kind, ...] = ("providers", "rules", "commands")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """A plugin that was found, not imported."""

    manifest: Manifest
    module: str
    origin: str
    """The distribution with its version, or the folder."""
    folder: Path | None = None
    """Where it stands, of one from `plugin_dirs`; None for an installed one."""

    def provides(self, kind: Kind) -> frozenset[str]:
        names: frozenset[str] = getattr(self.manifest, kind)
        return names

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"{self.manifest.domain} ({self.origin})"


def installed() -> Iterator[Plugin | PluginError]:
    """Yield what is installed; of what cannot say what it is the reason, which names it."""
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        yield _tried(partial(_installed_plugin, entry))


def _installed_plugin(entry: EntryPoint) -> Plugin:
    origin = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
    # A dotted name would import its parents, just by looking for it.
    spec = None if "." in entry.value else importlib.util.find_spec(entry.value)
    if spec is None or not spec.submodule_search_locations:
        raise PluginError(f"plugin {entry.name} of {origin}: there is no top-level package {entry.value}")
    manifest = read_manifest(Path(spec.submodule_search_locations[0]))
    return Plugin(manifest=manifest, module=entry.value, origin=origin)


def in_folder(folder: Path) -> Iterator[Plugin | PluginError]:
    """Yield the packages of a folder, as `installed` does.

    A folder that does not exist has none: the configuration's check tells it.
    """
    for package in sorted(folder.glob("*/__init__.py")):
        yield _tried(partial(_folder_plugin, package.parent))


def _folder_plugin(path: Path) -> Plugin:
    return Plugin(manifest=read_manifest(path), module=path.name, origin=str(path), folder=path)


def _tried(look: Callable[[], Plugin]) -> Plugin | PluginError:
    try:
        return look()
    except PluginError as error:
        return error
