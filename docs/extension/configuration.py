"""Every key of the configuration, made of the schemas that check it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import voluptuous as vol

from calsync.config.schema import ACCOUNT, DISCOVER, TOP, WEB, WINDOW
from calsync.loader import Plugins

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HEAD = "| key | what it takes | without it |\n|---|---|---|\n"
OWN: Mapping[str, Any] = {
    "The file": TOP,
    "`web`": WEB,
    "An account, below `accounts`": ACCOUNT,
    "`window` of an account": WINDOW,
    "`discover`, below `accounts`": {key: value for key, value in DISCOVER.items() if key not in ACCOUNT},
}


def made() -> str:
    """Return tables of calsync's own keys and of those of its plugins."""
    plugins = Plugins.find()
    loaded = plugins.load(sorted(plugins.names("providers")), sorted(plugins.names("rules")))
    parts = [_part(title, schema) for title, schema in OWN.items()]
    for name, provider in loaded.providers.items():
        parts.append(_part(f"A connection with `provider: {name}`", provider.connection_schema))
        parts.append(_part(f"A side of an account with a connection of `{name}`", provider.calendar_schema))
    parts += [
        _part(f"The rule `{name}`", rule.schema) for name, rule in loaded.rules.items() if any(rows(rule.schema))
    ]
    return "\n\n".join(parts)


def _part(title: str, schema: Any) -> str:
    return f"## {title}\n\n{HEAD}" + "\n".join(f"| {' | '.join(row)} |" for row in rows(schema))


def rows(schema: Any, above: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield each key by its path, what it takes, and what holds without it."""
    for mapping in _mappings(schema):
        for key, value in mapping.items():
            if not isinstance(key, vol.Marker):
                continue
            path = f"{above}{key}"
            inner = list(rows(value, f"{path}."))
            yield f"`{path}`", "the keys below" if inner else _takes(value), _without(key)
            yield from inner


def _mappings(schema: Any) -> Iterator[Mapping[Any, Any]]:
    if isinstance(schema, vol.All | vol.Any):
        for validator in schema.validators:
            yield from _mappings(validator)
    elif isinstance(schema, dict):
        yield schema


def _takes(value: Any) -> str:
    """Return what a value must be, in the words with which another one is refused."""
    if isinstance(value, list):
        return f"a list; each of it {_takes(value[0]).removeprefix('must be ')}"
    if value in PLAIN:
        return PLAIN[value]
    try:
        vol.Schema(value)(object())
    except vol.Invalid as error:
        return str(error.error_message).removeprefix("must be ").replace("|", "\\|")
    return "anything"


PLAIN: Mapping[Any, str] = {dict: "`key: value` lines", list: "a list", str: "text"}


def _without(key: vol.Marker) -> str:
    if isinstance(key, vol.Required):
        return "must be given"
    default = getattr(key, "default", vol.UNDEFINED)
    if isinstance(default, vol.Undefined):
        return ""
    found = default()
    return "nothing" if found in ({}, [], "") else f"`{found}`"
