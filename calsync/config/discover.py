"""The accounts that are discovered: what they have in common, and who is meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from calsync.config.accounts import DISCOVERED, account_of, side_of, wanted_providers
from calsync.config.model import DiscoverConfig
from calsync.config.schema import DISCOVER
from calsync.sync.model import Side

if TYPE_CHECKING:
    from calsync.config.checker import Checker
    from calsync.config.model import SideConfig
    from calsync.ports import ProviderSpec


def discover_of(checker: Checker, providers: Mapping[str, ProviderSpec]) -> DiscoverConfig | None:
    """Return `accounts: discover:`; None where there is none, and after telling what is wrong with it."""
    accounts = checker.document.values.get("accounts")
    value = accounts.get(DISCOVERED) if isinstance(accounts, Mapping) else None
    if not isinstance(value, Mapping):
        return None  # of another shape it was told with the accounts
    at, wanted = ("accounts", DISCOVERED), wanted_providers(checker)
    checked = checker.check(DISCOVER, value, at)
    left, right = (
        side_of(checker, value.get(side), (*at, side.value), wanted, providers, of_anybody=True) for side in Side
    )
    if checked is None or left is None or right is None:
        return None
    sides = {Side.LEFT: left, Side.RIGHT: right}
    specs = {side: providers[wanted[one.connection]] for side, one in sides.items()}
    for lists in Side:
        person_key, address_key = specs[lists].person_key, specs[lists.other].address_key
        if person_key is not None and address_key is not None:
            patterns = {key: tuple(checked.pop(key)) for key in ("include", "exclude")}
            return DiscoverConfig(
                account=account_of(DISCOVERED, checker.line(at), checked, left, right),
                lists=lists,
                person_key=person_key,
                address_key=address_key,
                **patterns,
            )
    checker.tell(at, _cannot(left, right, providers))
    return None


def _cannot(left: SideConfig, right: SideConfig, providers: Mapping[str, ProviderSpec]) -> str:
    able = ", ".join(sorted(name for name, spec in providers.items() if spec.person_key)) or "none of those in use"
    return (
        f"one of {left.connection} and {right.connection} must list its people, and the other one find them by "
        f"their address; providers that list people: {able}"
    )
