"""A person signs in again to the own mailbox, where the password is another one or the sign-in has expired."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from calsync.desk.refused import Refused
from calsync.desk.self_service import expect_asked, offered
from calsync.forms import Kind
from calsync.second import is_own_name
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.config import Config
    from calsync.desk.audit import Audit
    from calsync.desk.self_service import Offer
    from calsync.desk.setup import Setup
    from calsync.people import Person
    from calsync.ports import BrowserSignIn, ProviderSpec
    from calsync.store.people import StoredPeople


class OwnSignIns:
    """Reached as `Desk.own_sign_ins`. Refused, account_unknown: nobody's, or not connected by this person."""

    def __init__(self, setup: Setup, people: StoredPeople, audit: Audit) -> None:
        self._setup = setup
        self._people = people
        self._audit = audit

    async def offer(self, person: Person, account: str) -> Offer:
        """Return how a person signs in again. Raises Refused, ConfigError."""
        name, config, spec = await self._own(person, account)
        offer, settings = (
            offered(spec, config.accounts[account].left.connection, name),
            config.connections[name].settings,
        )
        asked = [one.key for one in offer.fields if one.kind is not Kind.SECRET]
        return replace(offer, filled={key: str(settings[key]) for key in asked if key in settings})

    async def begin(self, person: Person, account: str, redirect_uri: str) -> BrowserSignIn:
        """Send the person's browser away to sign in. Raises Refused; LoginError, Retry, ConfigError."""
        name, _, _ = await self._own(person, account)
        return await self._setup.begin_sign_in(name, redirect_uri)

    async def finish(
        self, person: Person, account: str, flow: Mapping[str, Any], answer: Mapping[str, str]
    ) -> None:
        """Keep the sign-in of who comes back, the same person as before. Raises as `begin`, StoreError."""
        name, _, _ = await self._own(person, account)
        await self._noted(person).finish_sign_in(name, flow, answer)

    async def change_password(self, person: Person, account: str, fields: Mapping[str, str]) -> None:
        """Sign in with what was filled in from now on. Raises Refused, Invalid as OwnMailboxes.sign_in."""
        name, config, spec = await self._own(person, account)
        expect_asked(spec, fields)
        setup = self._noted(person)
        settings = {**config.connections[name].settings, **fields}
        async with setup.tried(name, spec, settings, there=True) as provider:
            await provider.login()
            if not await provider.is_own(config.accounts[account].right.settings):
                raise Refused("mailbox_not_own")
        await setup.change_connection(name, {**await setup.filled_in(name), **fields})

    def _noted(self, person: Person) -> Setup:
        return self._setup.noted(partial(self._audit.set_up, person))

    async def _own(self, person: Person, account: str) -> tuple[str, Config, ProviderSpec]:
        """Return the connection that a person has made for an account. Raises Refused."""
        config = await self._setup.config()
        if account not in await self._people.owned(person.id) or account not in config.accounts:
            raise Refused("account_unknown")
        name = config.accounts[account].right.connection
        if not config.connections[name].kept or not is_own_name(name):
            raise Refused("account_unknown")
        return name, config, await self._setup.provider(config.connections[name].provider)
