"""What `calsync plugins` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.cli.text import plain, table
from calsync.loader import KINDS
from calsync.loader.quality import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.loader import Plugin, Plugins
    from calsync.loader.details import Details
    from calsync.loader.quality import Quality

EMPTY: Mapping[str, Any] = {"plugins": [], "broken": []}


def as_json(plugins: Plugins, closely: Mapping[Plugin, Details] = {}) -> dict[str, Any]:
    """Return all plugins, with more about those that were looked at closely."""
    told = [
        _plugin(plugin) | (_details(plugin, closely[plugin]) if plugin in closely else {})
        for plugin in plugins.found
    ]
    return {"plugins": told, "broken": list(plugins.broken)}


def lines(plugins: Plugins, closely: Mapping[Plugin, Details] = {}) -> list[str]:
    """Return an aligned table with a head line; of plugins that were looked at closely a few lines each."""
    if closely:
        return [line for plugin, about in closely.items() for line in _closely(plugin, about)]
    head = ["name", "kind", "version", "from", "provides"]
    return table([head, *([plain(cell) for cell in _row(plugin)] for plugin in plugins.found)])


def broken(plugins: Plugins) -> list[str]:
    """Say of plugins that cannot say what they are why they are not listed."""
    return [f"not listed: {plain(problem)}" for problem in plugins.broken]


def _row(plugin: Plugin) -> list[str]:
    manifest = plugin.manifest
    provides = "; ".join(
        f"{kind}: {', '.join(sorted(plugin.provides(kind)))}" for kind in KINDS if plugin.provides(kind)
    )
    return [manifest.domain, manifest.kind, manifest.version, plugin.origin, provides]


def _plugin(plugin: Plugin) -> dict[str, Any]:
    manifest = plugin.manifest
    return {
        "name": manifest.domain,
        "title": manifest.name,
        "kind": manifest.kind,
        "version": manifest.version,
        "from": plugin.origin,
        "documentation": manifest.documentation,
        "provides": {kind: sorted(plugin.provides(kind)) for kind in KINDS},
    }


def _closely(plugin: Plugin, about: Details) -> list[str]:
    manifest = plugin.manifest
    written_for = f", written for calsync {manifest.requires}" if manifest.requires else ""
    said = [f"{plain(manifest.domain)} {plain(manifest.version)} from {plain(plugin.origin)}{written_for}"]
    if about.problem is not None:
        return [*said, f"  cannot be used: {plain(about.problem)}"]
    said.append(f"  hooks: {', '.join(about.hooks) or 'none'}")
    if about.going is not None:
        said.append(f"  to change: {about.going}")
    return said if about.quality is None else [*said, *_quality(about.quality)]


def _quality(quality: Quality) -> list[str]:
    missing = [f"  to do: {name}: {_why(quality, name)}" for name in RULES if quality.is_open(name)]
    return [f"  quality: {quality.level or 'none yet'}", *missing]


def _why(quality: Quality, name: str) -> str:
    answer = quality.answers[name]
    return plain(answer if isinstance(answer, str) else next(iter(answer.values())))


def _details(plugin: Plugin, about: Details) -> dict[str, Any]:
    quality = about.quality
    return {
        "requires_calsync": plugin.manifest.requires or None,
        "hooks": list(about.hooks),
        "quality": None if quality is None else quality.level,
        "to_do": [] if quality is None else [name for name in RULES if quality.is_open(name)],
        "to_change": about.going,
        "problem": about.problem,
    }
