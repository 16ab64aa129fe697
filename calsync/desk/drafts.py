"""A second file's content while it is changed, checked as it will be read. All of this blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.config import parse_text
from calsync.desk.filling import connection_of, filled, provider_in, without_empty
from calsync.desk.invalid import Invalid, Wrong, left_out, refused
from calsync.errors import PluginError
from calsync.forms import Kind
from calsync.second import Kept
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from calsync.config import Config, ConnectionConfig, Document
    from calsync.desk.filling import Fields
    from calsync.loading import Operators
    from calsync.ports import ProviderSpec
    from calsync.second import Draft


def read(operators: Operators, draft: Draft, secrets: Collection[str] = ()) -> Config:
    """Return the configuration as it will be with this content of the second file.

    `secrets`: of new entries, which no message may show. Raises ConfigError.
    """
    found = document(operators, draft)
    return operators.with_second(replace(found, hidden=found.hidden | set(secrets)))[0]


def document(operators: Operators, draft: Draft) -> Document:
    """Return the second file as it will be, with its secrets. Raises ConfigError."""
    second = operators.second
    return parse_text(second.path, draft.as_yaml(), second.hidden)


def add_account(draft: Draft, operators: Operators, name: str, entry: Mapping[str, Any]) -> None:
    """Put an account into a draft. Raises Invalid where there is one of this name."""
    if name in draft.accounts or name in operators.config.accounts:
        raise Invalid({"name": Wrong("account_there")})
    draft.accounts[name] = without_empty(entry)


def spec_of(operators: Operators, provider: str) -> ProviderSpec:
    """Return a provider. Raises Invalid for one that is not there or cannot be used."""
    try:
        found = operators.plugins.load([provider], []).providers
    except PluginError as error:
        raise Invalid({"provider": refused(str(error))}) from error
    if provider not in found:
        raise Invalid({"provider": Wrong("provider_unknown", provider)})
    return found[provider]


def entry_of(
    draft: Draft, operators: Operators, name: str, provider: str | None, fields: Fields
) -> dict[str, Any]:
    """Return a connection's entry, new ones' with `provider`. Raises Invalid."""
    if provider is None:
        former = connection_of(draft, name)
        return filled(spec_of(operators, provider_in(former)), fields, former)
    if name in draft.connections or name in operators.config.connections:
        raise Invalid({"name": Wrong("connection_there")})
    return filled(spec_of(operators, provider), fields, {})


def tried(
    operators: Operators, name: str, provider: str | None, fields: Fields
) -> tuple[ConnectionConfig, ProviderSpec]:
    """Return a connection as a form makes it. `provider`: None for a kept one. Raises Invalid, ConfigError."""
    draft = replace(operators.second.draft(), accounts={})
    entry = {
        key: operators.second.secret(name, value) if isinstance(value, Kept) else value
        for key, value in entry_of(draft, operators, name, provider, fields).items()
    }
    draft.connections[name] = entry
    spec = spec_of(operators, entry["provider"])
    secrets = [entry[field.key] for field in spec.form if field.kind is Kind.SECRET and field.key in entry]
    config = read(operators, draft, secrets)
    for one in config.ignored:
        if (one.section, one.name) == ("connections", name):
            raise left_out(one)
    return config.connections[name], spec
