"""What a plugin says about itself in its `manifest.json`, read without importing it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from calsync.errors import PluginError

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = [vol.All(str, vol.Length(min=1))]


def version(value: Any) -> str:
    """Accept a version of calsync: two or three numbers, or nothing."""
    if isinstance(value, str) and re.fullmatch(r"(\d+\.\d+(\.\d+)?)?", value):
        return value
    raise vol.Invalid('must be a version of calsync, as "0.1"')


SCHEMA = vol.Schema(
    {
        vol.Required("domain"): vol.All(str, vol.Length(min=1)),
        vol.Required("name"): str,
        vol.Required("version"): str,
        vol.Required("kind"): str,
        vol.Required("documentation"): str,
        vol.Required("capabilities"): vol.Any(list, dict),
        vol.Optional("requires_calsync", default=""): version,
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
    requires: str = ""
    """The version of calsync that it was written for; "" where it does not say."""


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
        requires=content["requires_calsync"],
        providers=frozenset(provides["providers"]),
        rules=frozenset(provides["rules"]),
        commands=frozenset(provides["commands"]),
    )


def fits(required: str, present: str) -> bool:
    """Tell whether a calsync of the version `present` has all that one of the version `required` has.

    After semantic versioning: the same first number, which is not 0, and no older; of 0.x the same two numbers.
    """
    wanted, found = _numbers(required), _numbers(present)
    promised = 1 if wanted[0] else 2
    return found[:promised] == wanted[:promised] and found >= wanted


def _numbers(version: str) -> tuple[int, ...]:
    numbers = tuple(int(number) for number in version.split("."))
    return (*numbers, *(0,) * (3 - len(numbers)))
