"""The accounts of a configuration: their calendars, and that no calendar stands in two of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from calsync.config.model import AccountConfig, SideConfig, WindowConfig
from calsync.config.schema import ACCOUNT
from calsync.options import suggestion
from calsync.sync.model import Side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync.config.checker import Checker
    from calsync.config.problems import KeyPath
    from calsync.ports import ProviderSpec

Calendars = dict[tuple[str, frozenset[tuple[str, str]]], list[tuple["SideConfig", "KeyPath"]]]
"""Those that stand somewhere, by connection and by what their settings name: of ten thousand, few are alike."""
DISCOVERED = "discover"
"""The name among the accounts that stands for those which are discovered."""


def accounts_of(checker: Checker, providers: Mapping[str, ProviderSpec]) -> Iterator[tuple[str, AccountConfig]]:
    """Yield the accounts that are right; the problems of the others are told."""
    wanted = wanted_providers(checker)
    calendars: Calendars = {}
    for name, value, at in checker.named("accounts"):
        if name == DISCOVERED:
            continue
        checked = checker.check(ACCOUNT, value, at)
        sides = sides_of(checker, value, at, wanted, providers)
        for side, calendar in sides.items():
            _refuse_shared(checker, calendar, (*at, side.value), calendars)
        if checked is not None and len(sides) == len(Side):
            yield name, account_of(name, checker.line(at), checked, sides[Side.LEFT], sides[Side.RIGHT])


def sides_of(
    checker: Checker,
    value: Mapping[str, Any],
    at: KeyPath,
    wanted: Mapping[str, Any],
    providers: Mapping[str, ProviderSpec],
) -> Mapping[Side, SideConfig]:
    """Return the calendars of an account that are right; the problems of the others are told."""
    sides = {side: side_of(checker, value.get(side), (*at, side.value), wanted, providers) for side in Side}
    return {side: calendar for side, calendar in sides.items() if calendar is not None}


def account_of(
    name: str, line: int, checked: Mapping[str, Any], left: SideConfig, right: SideConfig
) -> AccountConfig:
    """Return an account of what its schema returned."""
    own = {"left": left, "right": right, "window": WindowConfig(**checked["window"])}
    return AccountConfig(name=name, line=line, **(dict(checked) | own))


def wanted_providers(checker: Checker) -> Mapping[str, Any]:
    """Return the provider of each connection that is written down, of wrong ones too."""
    connections = checker.document.values.get("connections")
    entries = connections.items() if isinstance(connections, Mapping) else ()
    return {name: value.get("provider") for name, value in entries if isinstance(value, Mapping)}


def side_of(
    checker: Checker,
    value: Any,
    at: KeyPath,
    wanted: Mapping[str, Any],
    providers: Mapping[str, ProviderSpec],
    *,
    of_anybody: bool = False,
) -> SideConfig | None:
    """Return one calendar; with `of_anybody`, what is said of many, but not whose each one is.

    One of wrong shape is told with its account, a wrong provider with its connection.
    """
    if not isinstance(value, Mapping):
        return None
    connection = value.get("connection")
    if not isinstance(connection, str) or connection not in wanted:
        checker.tell((*at, "connection"), _no_connection(connection, wanted))
        return None
    provider = wanted[connection]
    spec = providers.get(provider) if isinstance(provider, str) else None
    if spec is None:
        return None
    settings = {key: inner for key, inner in value.items() if key != "connection"}
    schema = spec.calendar_schema
    if of_anybody:
        who = {key for key in (spec.person_key, spec.address_key) if key is not None}
        for key in sorted(who & settings.keys()):
            checker.tell((*at, key), "must not stand here: whose calendars are synced is discovered")
        settings = {key: inner for key, inner in settings.items() if key not in who}
        schema = {key: inner for key, inner in schema.items() if str(key) not in who}
    checked = checker.check(schema, settings, at)
    return (
        None
        if checked is None
        else SideConfig(connection=sys.intern(connection), settings=checked, line=checker.line(at))
    )


def _no_connection(name: Any, wanted: Mapping[str, Any]) -> str:
    what = "is missing" if name is None else f"there is no connection {name!r}{suggestion(name, wanted)}"
    return f"{what}; connections are: {', '.join(sorted(wanted)) or 'none'}"


def _refuse_shared(checker: Checker, calendar: SideConfig, at: KeyPath, calendars: Calendars) -> None:
    """Refuse a calendar that was there before: two accounts would copy each other's copies."""
    texts = frozenset((key, value) for key, value in calendar.settings.items() if isinstance(value, str))
    alike = calendars.setdefault((calendar.connection, texts), [])
    for other, where in alike:
        if other.settings == calendar.settings:
            place = f"line {other.line} ({'.'.join(map(str, where))})"
            checker.tell(at, f"this calendar stands in {place} too; a calendar belongs to one account only")
    alike.append((calendar, at))
