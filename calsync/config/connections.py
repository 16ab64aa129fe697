"""The connections of a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.config.model import ConnectionConfig
from calsync.options import suggestion

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from calsync.config.checker import Checker
    from calsync.ports import ProviderSpec


def connections_of(
    checker: Checker, providers: Mapping[str, ProviderSpec], known: Collection[str]
) -> Iterator[tuple[str, ConnectionConfig]]:
    """Yield the connections that are right; the problems of the others are told."""
    for name, value, at in checker.named("connections"):
        provider = value.get("provider")
        spec = providers.get(provider) if isinstance(provider, str) else None
        if spec is None:
            checker.tell((*at, "provider"), no_plugin("provider", provider, known))
            continue
        settings = {key: inner for key, inner in value.items() if key != "provider"}
        checked = checker.check(spec.connection_schema, settings, at)
        if checked is not None:
            line = checker.line(at)
            yield name, ConnectionConfig(name=name, provider=spec.name, settings=checked, line=line)


def no_plugin(what: str, name: Any, known: Collection[str]) -> str:
    """Say that a plugin is missing. `what`: `provider` or `rule`; `known`: the names of those that are there."""
    installed = f"installed are: {', '.join(sorted(known)) or 'none'}"
    if name is None:
        return f"is missing; {installed}"
    return f"there is no {what} {name!r}{suggestion(name, known)}; {installed}"
