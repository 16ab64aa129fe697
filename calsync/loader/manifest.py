"""What a plugin says about itself in its `manifest.json`, read without importing it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from calsync.errors import PluginError

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = [vol.All(str, vol.Length(min=1))]
SCHEMA = vol.Schema(
    {
        vol.Required("domain"): vol.All(str, vol.Length(min=1)),
        vol.Required("name"): str,
        vol.Required("version"): str,
        vol.Required("kind"): str,
        vol.Required("documentation"): str,
        vol.Required("capabilities"): vol.Any(list, dict),
        vol.Required("provides"): {
            vol.Required("providers"): TEXTS,
            vol.Required("rules"): TEXTS,
            vol.Required("commands"): TEXTS,
        },
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The part of a manifest that calsync acts on or shows."""

    domain: str
    """The plugin's own name, unique among all that are installed."""
    name: str
    """For people."""
    version: str
    kind: str
    documentation: str
    providers: frozenset[str]
    rules: frozenset[str]
    commands: frozenset[str]


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of the plugin in `folder`. Raises PluginError that names the file."""
    path = folder / "manifest.json"
    try:
        content = SCHEMA(json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise PluginError(f"{path} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise PluginError(f"{path} is no JSON ({error})") from error
    except vol.Invalid as error:
        raise PluginError(f"{path}: {error}") from error
    return _manifest(content)


def _manifest(content: dict[str, Any]) -> Manifest:
    provides = content["provides"]
    return Manifest(
        domain=content["domain"],
        name=content["name"],
        version=content["version"],
        kind=content["kind"],
        documentation=content["documentation"],
        providers=frozenset(provides["providers"]),
        rules=frozenset(provides["rules"]),
        commands=frozenset(provides["commands"]),
    )
