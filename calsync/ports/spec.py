"""What a plugin hands over to register what it has, and what its own commands get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from calsync.forms import FormField
    from calsync.ports.host import Host
    from calsync.ports.provider import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnConnection:
    """How one person's own connection is made after one that the operator wrote down."""

    settings: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    """Return what it takes over of the operator's settings: the server, and nobody's credentials."""
    asks: Sequence[str] = ()
    """The keys of `form` that the person fills in; none where the person signs in by the browser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSpec:
    """What a plugin hands over to register a provider."""

    name: str
    connection_schema: Mapping[Any, Any]
    """voluptuous schema of a connection's keys, without `provider`."""
    calendar_schema: Mapping[Any, Any]
    """voluptuous schema of an account's side, without `connection`."""
    open: Callable[[Mapping[str, Any], Host], Provider]
    """Build the provider from validated settings. Does no I/O."""
    person_key: str | None = None
    """The key of `calendar_schema` that takes a `Person.id`; None where people cannot be listed."""
    address_key: str | None = None
    """The key of `calendar_schema` that takes a person's e-mail address."""
    form: Sequence[FormField] = ()
    """What pages ask for a connection."""
    calendar_form: Sequence[FormField] = ()
    """What pages ask for an account's side."""
    own: OwnConnection | None = None
    """None where nobody has a connection of their own."""
    asked: str | None = None
    """The key of `connection_schema` that the answers to its `questions` fill; None where it asks nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSpec:
    """What a plugin hands over to register a rule."""

    name: str
    schema: Any
    """voluptuous schema of the rule's options, a mapping."""
    build: Callable[[Mapping[str, Any]], Any]
    """Build the `calsync.sync.rules.Rule` from validated options."""


class OpenConnection(Protocol):
    """Opens a connection of a configuration, for a plugin's own command."""

    def __call__(self, path: Path, connection: str, /) -> AbstractAsyncContextManager[Provider]:
        """Read the configuration at `path` and build its connection; it is not signed in.

        Raises ConfigError, also for a connection that is not there; PluginError.
        """
