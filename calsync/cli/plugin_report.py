"""What `calsync plugins` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.cli.text import plain, table
from calsync.loader import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.loader import Plugin

EMPTY: Mapping[str, Any] = {"plugins": []}


def as_json(plugins: Sequence[Plugin]) -> dict[str, Any]:
    return {"plugins": [_plugin(plugin) for plugin in plugins]}


def lines(plugins: Sequence[Plugin]) -> list[str]:
    """Return an aligned table with a head line."""
    head = ["name", "kind", "version", "from", "provides"]
    return table([head, *([plain(cell) for cell in _row(plugin)] for plugin in plugins)])


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
