"""A person connects the own mailbox, without an administrator: as far as the operator allows it.

The operator's connections are templates. The person's own one takes over the server, and nobody's credentials; its
mailbox is that of who signs in, which the server proves. Whom the person is on the other side an administrator has
said, or the operator's discovery would find by that mailbox's address: it is never typed by the person.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from calsync.desk.invalid import MISSING, UNKNOWN_KEY, Invalid
from calsync.desk.refused import Refused
from calsync.errors import CalsyncError
from calsync.ports import CalendarRequest
from calsync.second import own_name
from calsync.sync.model import Direction
from calsync.vault import MemoryVault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from calsync.config import Config, SelfService
    from calsync.desk.audit import Audit
    from calsync.desk.setup import Setup
    from calsync.forms import FormField
    from calsync.people import Person
    from calsync.ports import BrowserSignIn, Clock, NamedCalendar, ProviderSpec, SignedIn
    from calsync.store.assignments import StoredAssignments
    from calsync.store.people import StoredPeople

PATIENCE = timedelta(minutes=30)
"""How long a person may take from signing in to the picked calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a person who has no account yet may do."""

    left: str
    """The connection whose calendar is synced with the own one."""
    right: str
    """The operator's connection to the system of the own mailbox, or the person's own one."""
    by_browser: bool
    """Whether the person signs in in the browser; else by filling `fields` in, and the mailbox's address."""
    fields: Sequence[FormField]
    filled: Mapping[str, str] = field(default_factory=dict)
    """What is known of `fields` already, but for secrets."""


@dataclass(slots=True, kw_only=True)
class _Begun:
    """A mailbox on its way to an account. Its secrets are in this process only, until a calendar is picked."""

    connection: str
    settings: Mapping[str, Any] = field(repr=False)
    vault: MemoryVault = field(repr=False)
    until: datetime
    mailbox: str = ""
    calendars: Sequence[NamedCalendar] = ()


class OwnMailboxes:
    """The self-service of one configuration. What was begun is lost when the service stops: it is begun again."""

    def __init__(
        self,
        setup: Setup,
        people: StoredPeople,
        assignments: StoredAssignments,
        known: Callable[[], Awaitable[Collection[str]]],
        clock: Clock,
        audit: Audit,
    ) -> None:
        """`known` returns the names of all accounts that have run before."""
        self._setup = setup
        self._people = people
        self._assignments = assignments
        self._known = known
        self._clock = clock
        self._audit = audit
        self._begun: dict[int, _Begun] = {}

    async def offer(self, person: Person) -> Offer:
        """Return what the person may do.

        Raises Refused where that is nothing: self_service_off, has_account; and nobody_assigned where no mailbox
        could tell who the person is on the left.
        """
        config, own, spec = await self._allowed(person)
        await self._expect_meant(person, config, own)
        return offered(spec, own.left, own.right)

    async def begin_sign_in(self, person: Person, redirect_uri: str) -> BrowserSignIn:
        """Send the person's browser away to sign in. Raises Refused; LoginError, Retry."""
        begun, spec = await self._begin(person, {})
        async with self._setup.tried(begun.connection, spec, begun.settings, begun.vault) as provider:
            found = await provider.begin_sign_in(redirect_uri)
        self._begun[person.id] = begun
        return found

    async def finish_sign_in(
        self, person: Person, flow: Mapping[str, Any], answer: Mapping[str, str]
    ) -> Sequence[NamedCalendar]:
        """Return the calendars of who comes back, to pick one. Raises as `begin_sign_in`."""
        begun = self._of(person)
        _, _, spec = await self._allowed(person)
        async with self._setup.tried(begun.connection, spec, begun.settings, begun.vault) as provider:
            found = await provider.finish_sign_in(flow, answer)
        await self._expect_same(person, found)
        return await self._look(person, begun, found.address)

    async def sign_in(self, person: Person, fields: Mapping[str, str], mailbox: str) -> Sequence[NamedCalendar]:
        """Return the calendars of the person's mailbox, to pick one. `fields`: as the offer asks.

        Raises Refused, Invalid by the keys of the form and `mailbox`; LoginError, Retry.
        """
        begun, _ = await self._begin(person, fields)
        if not mailbox:
            raise Invalid({"mailbox": MISSING})
        calendars = await self._look(person, begun, mailbox)
        self._begun[person.id] = begun
        return calendars

    async def connect(
        self, person: Person, calendar: str, timezone: str, direction: Direction = Direction.BOTH
    ) -> str:
        """Make the account of the picked calendar, and return its name. It runs when the service has read it.

        Raises Refused, Invalid; LoginError, AccountError, ConfigError, StoreError, Retry.
        """
        begun = self._of(person)
        config, own, spec = await self._allowed(person)
        picked = next((one for one in begun.calendars if one.id == calendar), None)
        if picked is None:
            raise Refused("calendar_unknown")
        if not picked.writable:
            raise Refused("calendar_read_only")
        member = await self._member(person, config, own, begun.mailbox)
        await self._expect_free(config, own, member)
        right = {spec.address_key or "mailbox": begun.mailbox, **({} if picked.main else {"calendar": picked.id})}
        async with self._setup.tried(begun.connection, spec, begun.settings, begun.vault) as provider:
            await provider.login()
            request = CalendarRequest(account=member, settings=right, timezone=ZoneInfo("UTC"))
            if await self._assignments.holder((await provider.open(request)).key, member) is not None:
                raise Refused("calendar_taken")
        left_key = (await self._setup.provider(config.connections[own.left].provider)).person_key
        entry = {
            "left": {"connection": own.left, left_key: member},
            "right": {"connection": begun.connection, **right},
            "direction": direction.value,
            "timezone": timezone,
        }
        await self._keep(person, member, entry, begun, spec)
        self._begun.pop(person.id, None)
        return member

    async def _keep(
        self, person: Person, member: str, entry: Mapping[str, Any], begun: _Begun, spec: ProviderSpec
    ) -> None:
        """Keep the account, which is the person's before it is there: else it could be nobody's."""
        setup = self._setup.noted(partial(self._audit.set_up, person))
        await self._people.give(person.id, member)
        try:
            await setup.add_own(member, entry, begun.connection, spec, begun.settings, begun.vault.values)
        except CalsyncError:
            if member not in (await self._setup.config()).accounts:
                await self._people.take(person.id, member)
            raise

    def found(self, person: Person) -> Sequence[NamedCalendar]:
        """Return the calendars that a person who has signed in may pick from. Raises Refused: sign_in_over."""
        calendars = self._of(person).calendars
        if not calendars:
            raise Refused("sign_in_over")
        return calendars

    async def _allowed(self, person: Person) -> tuple[Config, SelfService, ProviderSpec]:
        config = await self._setup.config()
        own = None if config.web is None else config.web.self_service
        if own is None:
            raise Refused("self_service_off")
        if await self._people.owned(person.id):
            raise Refused("has_account")
        spec = await self._setup.provider(config.connections[own.right].provider)
        if spec.own is None:
            raise Refused("self_service_off")
        return config, own, spec

    async def _begin(self, person: Person, fields: Mapping[str, str]) -> tuple[_Begun, ProviderSpec]:
        config, own, spec = await self._allowed(person)
        await self._expect_meant(person, config, own)
        expect_asked(spec, fields)
        template = spec.own.settings(config.connections[own.right].settings) if spec.own is not None else {}
        return (
            _Begun(
                connection=own_name(),
                settings={**template, **fields},
                vault=MemoryVault(),
                until=self._clock.now() + PATIENCE,
            ),
            spec,
        )

    def _of(self, person: Person) -> _Begun:
        """Return what a person has begun; what others have left behind is forgotten. Raises Refused."""
        now = self._clock.now()
        self._begun = {who: one for who, one in self._begun.items() if one.until > now}
        if person.id not in self._begun:
            raise Refused("sign_in_over")
        return self._begun[person.id]

    async def _look(self, person: Person, begun: _Begun, mailbox: str) -> Sequence[NamedCalendar]:
        """Return the calendars of a mailbox that is proven to be the person's, who has one on the left, too."""
        config, own, spec = await self._allowed(person)
        side = {spec.address_key or "mailbox": mailbox}
        async with self._setup.tried(begun.connection, spec, begun.settings, begun.vault) as provider:
            await provider.login()
            if not await provider.is_own(side):
                raise Refused("mailbox_not_own")
            await self._expect_free(config, own, await self._member(person, config, own, mailbox))
            begun.mailbox, begun.calendars = mailbox, await provider.calendars(side)
        return begun.calendars

    async def _expect_same(self, person: Person, found: SignedIn) -> None:
        """Refuse a Microsoft account that signs somebody else in to the pages."""
        owner = await self._people.of_microsoft(found.tenant_id.lower(), found.object_id)
        if (owner is not None or person.microsoft) and (owner is None or owner.id != person.id):
            raise Refused("other_microsoft")

    async def _expect_meant(self, person: Person, config: Config, own: SelfService) -> None:
        """Raise Refused, nobody_assigned, where nobody has said who somebody is, and no mailbox could tell."""
        discover = config.discover
        told = discover is not None and discover.account.left.connection == own.left
        if not told and await self._assignments.of(person.id) is None:
            raise Refused("nobody_assigned")

    async def _member(self, person: Person, config: Config, own: SelfService, mailbox: str) -> str:
        """Return whom the person is on the left. Raises Refused: nobody_assigned."""
        assigned = await self._assignments.of(person.id)
        if assigned is not None:
            return assigned
        discover = config.discover
        if discover is None or discover.account.left.connection != own.left:
            raise Refused("nobody_assigned")
        address = mailbox.casefold()
        meant = _matches(address, discover.include) and not _matches(address, discover.exclude)
        listed = await self._setup.people(own.left) if meant else ()
        found = [one.id for one in listed if one.active and address in {each.casefold() for each in one.addresses}]
        others = (await self._assignments.all()).values()
        if len(found) != 1 or found[0] in others:
            raise Refused("nobody_assigned")
        return found[0]

    async def _expect_free(self, config: Config, own: SelfService, member: str) -> None:
        """Raise Refused where the person's calendar on the left has an account already."""
        taken = {
            str(value)
            for account in config.accounts.values()
            if account.left.connection == own.left
            for value in account.left.settings.values()
        }
        discovered = config.discover is not None and member in await self._known()
        if member in taken or member in config.accounts or discovered:
            raise Refused("member_taken")


def offered(spec: ProviderSpec, left: str, right: str) -> Offer:
    """Return how somebody signs in to an own connection."""
    asks = () if spec.own is None else spec.own.asks
    fields = [one for one in spec.form if one.key in asks]
    return Offer(left=left, right=right, by_browser=not asks, fields=fields)


def expect_asked(spec: ProviderSpec, fields: Mapping[str, str]) -> None:
    """Raise Invalid unless just what a person is asked for is filled in: nobody chooses a server."""
    asks = () if spec.own is None else tuple(spec.own.asks)
    wrong = dict.fromkeys(fields.keys() - set(asks), UNKNOWN_KEY)
    wrong |= {key: MISSING for key in asks if not fields.get(key)}
    if wrong:
        raise Invalid(wrong)


def _matches(address: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(address, pattern) for pattern in patterns)
