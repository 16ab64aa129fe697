"""Discovery: who has a calendar on both sides, by the address, and who was left out and why.

An account is named by its person's id in the system that lists people. So a person with a new address keeps the
account, and no name of anybody stands in logs and markers.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from calsync.engine.together import together
from calsync.errors import AccountError, PluginError, Retry, UnknownAddress
from calsync.ports import Finding
from calsync.reasons import sentence
from calsync.results import Discovered
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from calsync.config import AccountConfig, DiscoverConfig
    from calsync.connections import Connections
    from calsync.ports import Calendar, Person
    from calsync.sync.model import Side

AT_ONCE = 8
"""People whose calendars are looked for at the same time."""
CHOSEN = frozenset({"excluded", "inactive", "written_down"})
"""Why people are left out on purpose; every other reason is worth a warning."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_ADDRESS = re.compile(r"\S+@\S+")


@dataclass(frozen=True, slots=True)
class Found:
    """What discovery made of one person."""

    told: Discovered
    config: AccountConfig | None = None
    """The person's account; None for one who was left out."""
    calendars: Mapping[Side, Calendar] = field(default_factory=dict)
    """Those of the account that are opened already."""


class Discovery:
    """Looks for everybody whom one side lists. The accounts that are written down must have been opened before."""

    def __init__(
        self, wanted: DiscoverConfig, connections: Connections, written: Collection[str], known: Collection[str]
    ) -> None:
        """`written`: names of accounts that are written down. `known`: names of accounts that have run before."""
        self._wanted = wanted
        self._connections = connections
        self._written = written
        self._known = known
        self._unsure: dict[str, tuple[Person, Sequence[str]]] = {}
        """People whose accounts have an address that was not opened, and all addresses that may lead to theirs."""

    async def find(self) -> Sequence[Found]:
        """Return everybody. Writes nothing anywhere. Raises LoginError, ConfigError, Retry, PluginError."""
        people = await self._people()
        shared = _shared(people)
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(person: Person) -> Found:
            async with slots:
                return await self._look(person, shared)

        looked = await together(one(person) for person in people)
        # Whose account has run before keeps the calendar that somebody else's address leads to as well.
        order = sorted(range(len(people)), key=lambda number: people[number].id not in self._known)
        settled = {number: self._settled(looked[number]) for number in order}
        return [settled[number] for number in range(len(people))]

    async def again(self, config: AccountConfig) -> AccountConfig:
        """Return a found account with the address that leads to its person's calendar now; one that did stays.

        Raises Retry, AccountError, LoginError, ConfigError.
        """
        if config.name not in self._unsure:
            return config
        found = self._settled(await self._opened(*self._unsure[config.name]))
        if found.config is None:
            raise AccountError(f"account {config.name}: {sentence(str(found.told.reason))}")
        return found.config

    async def _people(self) -> Sequence[Person]:
        connection = self._wanted.account.side(self._wanted.lists).connection
        people = await self._connections.people(connection)
        if not all(_NAME.fullmatch(person.id) for person in people):
            raise PluginError(
                f"connection {connection}: its provider lists people whose ids cannot name an account"
            )
        return people

    async def _look(self, person: Person, shared: Collection[str]) -> Found:
        """Return a person with the calendars that the first address opens which leads to any."""
        usable = [each for each in person.addresses if _ADDRESS.fullmatch(each)]
        included = [each for each in usable if _matches([each], self._wanted.include)]
        own = [each for each in included if each.casefold() not in shared]
        reason = self._left_out(person, usable, included)
        if reason is None and not own:
            reason = "shared_address"
        if reason is not None:
            return _out(person, reason)
        lists, config = self._wanted.lists, self._account(person, own[0])
        try:
            calendar = await self._connections.look(config, lists)
            if self._connections.claimant(config, lists, calendar) is not None:
                return _out(person, "written_down")
            opened = await self._opened(person, own)
        except (Retry, AccountError) as error:
            # Whoever cannot be asked now is asked again when the account runs. An account that has run before must
            # not vanish with its mailbox: it fails, and says why.
            if isinstance(error, AccountError) and person.id not in self._known:
                return _out(person, "not_opened", str(error))
            self._unsure[person.id] = person, own
            return Found(_paired(person, own[0]), config)
        if opened.config != config:  # what was opened with another address is not that account's
            return opened
        return replace(opened, calendars={**opened.calendars, lists: calendar})

    def _left_out(self, person: Person, usable: Sequence[str], included: Sequence[str]) -> str | None:
        if person.id in self._written:
            return "written_down"
        if not person.active:
            return "inactive"
        if not usable:
            return "no_address"
        return "excluded" if not included or _matches(usable, self._wanted.exclude) else None

    async def _opened(self, person: Person, own: Sequence[str]) -> Found:
        """Open the calendar of the first address that a mailbox has. Raises what the first one raised.

        One that may not be opened ends the search: what another address leads to is perhaps not the person's.
        """
        problem: UnknownAddress | None = None
        for address in own:
            config = self._account(person, address)
            try:
                calendar = await self._connections.look(config, self._wanted.lists.other)
            except UnknownAddress as error:
                problem = problem or error
            else:
                return Found(_paired(person, address), config, {self._wanted.lists.other: calendar})
        raise problem or AccountError("there is no address")

    def _settled(self, found: Found) -> Found:
        """Claim a person's calendar, or leave the person out where it is somebody else's."""
        side = self._wanted.lists.other
        if found.config is None or side not in found.calendars:
            return found
        other = self._connections.claimant(found.config, side, found.calendars[side])
        if other is None:
            self._connections.claim(found.config, side, found.calendars[side])
            return found
        reason = "written_down" if other in self._written else "shared_address"
        return Found(replace(found.told, mailbox=None, reason=reason))

    def _account(self, person: Person, address: str) -> AccountConfig:
        wanted = self._wanted
        keys = {wanted.lists: {wanted.person_key: person.id}, wanted.lists.other: {wanted.address_key: address}}
        sides = {
            side.value: replace(wanted.account.side(side), settings={**wanted.account.side(side).settings, **key})
            for side, key in keys.items()
        }
        return replace(wanted.account, name=person.id, left=sides["left"], right=sides["right"])


def accounts_of(found: Sequence[Found]) -> Mapping[str, AccountConfig]:
    """Return the accounts that were found, by name."""
    return {one.config.name: one.config for one in found if one.config is not None}


def finding(told: Discovered) -> Finding:
    """Say what discovery made of a person, to whoever may see the company's addresses."""
    who = told.address or told.account
    if told.reason is None:
        return Finding(
            "ok",
            f"{who} is account {told.account}, with the mailbox {told.mailbox}",
            f"{who} ist das Konto {told.account} mit dem Postfach {told.mailbox}",
        )
    said = f" ({told.error})" if told.error else ""
    severity = "ok" if told.reason in CHOSEN else "warning"
    return Finding(
        severity,
        f"{who} is left out: {sentence(told.reason)}{said}",
        f"{who} wird ausgelassen: {sentence(told.reason, 'de')}{said}",
    )


def left_behind(discovered: Sequence[Discovered], known: Collection[str]) -> Sequence[str]:
    """Return a line for the log about each account that has run before and does not any more."""
    return [
        f"account {one.account} is not synced any more: {sentence(one.reason)}"
        for one in discovered
        if one.reason not in {None, "written_down"} and one.account in known
    ]


def _shared(people: Sequence[Person]) -> Collection[str]:
    """Return the addresses of more than one active person: whose mailbox it is cannot be told."""
    counts = Counter(
        address for person in people if person.active for address in {each.casefold() for each in person.addresses}
    )
    return {address for address, count in counts.items() if count > 1}


def _matches(addresses: Sequence[str], patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(address.casefold(), pattern) for address in addresses for pattern in patterns)


def _paired(person: Person, mailbox: str) -> Discovered:
    return Discovered(account=person.id, address=_shown(person), mailbox=mailbox)


def _out(person: Person, reason: str, error: str | None = None) -> Found:
    return Found(Discovered(account=person.id, address=_shown(person), reason=reason, error=error))


def _shown(person: Person) -> str:
    return person.addresses[0] if person.addresses else ""
