"""What is known of a plugin only by importing it, or by looking at what else lies beside its manifest."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calsync.errors import PluginError
from calsync.loader.importing import UNSAID, registered
from calsync.loader.quality import Quality, read_quality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.loader.discovery import Plugin


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """A plugin, looked at closely."""

    hooks: Sequence[str] = ()
    quality: Quality | None = None
    going: str | None = None
    """What of it the next calsync will not take any more."""
    problem: str | None = None
    """Why it cannot be used; then no more is known."""


def details(plugin: Plugin) -> Details:
    """Import a plugin and say what it has. One that is broken says so, and is in nobody's way."""
    try:
        registry, modules = registered([plugin])
        callers = registry.get_hookcallers(modules[plugin]) or []
        return Details(
            hooks=sorted(caller.name for caller in callers),
            quality=read_quality(place(plugin)),
            going=None if plugin.manifest.requires else UNSAID,
        )
    except PluginError as error:
        return Details(problem=str(error))


def place(plugin: Plugin) -> Path:
    """Return the folder in which a plugin's package stands."""
    if plugin.folder is not None:
        return plugin.folder
    spec = importlib.util.find_spec(plugin.module)
    assert spec is not None  # noqa: S101 - its manifest was read there
    assert spec.submodule_search_locations is not None  # noqa: S101
    return Path(spec.submodule_search_locations[0])
