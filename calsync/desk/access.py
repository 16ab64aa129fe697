"""How people get in: by password or Microsoft account, and from then on by the id of a session or an API token."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.desk import passwords, secret_ids
from calsync.desk.refused import Refused
from calsync.desk.seldom import Seldom

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.desk.audit import Audit
    from calsync.desk.passwords import Passwords
    from calsync.people import ApiToken, Person
    from calsync.ports import Clock
    from calsync.store.people import StoredPeople

IDLE = timedelta(hours=12)
"""After so long without a request a session is over."""
LONGEST = timedelta(days=7)
"""After so long a session is over in any case."""
TOUCHED = timedelta(minutes=5)
"""How exactly it is known when a session was last used: each note of it is a write."""
API_TOKEN = "calsync_"  # noqa: S105 - how every one begins, so that it is known again where it should not be
LONGEST_TOKEN_NAME = 64
MOST_TOKENS = 20
"""Of one person: as many as somebody still knows what for."""
log = logging.getLogger("calsync.desk")


class Access:
    """Who somebody is. Nothing here says what they may do."""

    def __init__(self, store: StoredPeople, hashing: Passwords, clock: Clock, audit: Audit) -> None:
        self._store = store
        self._passwords = hashing
        self._clock = clock
        self._audit = audit
        self._seldom = Seldom(clock)

    async def by_password(self, name: str, password: str) -> Person | None:
        """Return who has this name and password. A wrong name takes as long as a wrong password."""
        person = await self._store.named(name.strip())
        fits = await self._passwords.fits(password, None if person is None else person.password)
        if person is not None and fits:
            return person
        why = "nobody has this name" if person is None else f"wrong password for person {person.id}"
        log.log(self._seldom.level(None if person is None else person.id), "a sign-in failed: %s", why)
        return None

    async def by_microsoft(self, tenant_id: str, object_id: str) -> Person | None:
        return await self._store.of_microsoft(tenant_id, object_id)

    async def by_api_token(self, token: str) -> Person | None:
        return await self._store.of_token(secret_ids.hashed(token))

    async def by_session(self, session: str, *, used: bool = True) -> Person | None:
        """Return who has signed in in this session, unless it is over. `used` lets it last on."""
        hashed, now = secret_ids.hashed(session), self._clock.now()
        found = await self._store.session(hashed)
        if found is None:
            return None
        if now - found.seen > IDLE or now - found.began > LONGEST:
            await self._store.end_session(hashed)
            return None
        if used and now - found.seen > TOUCHED:
            await self._store.touch_session(hashed, now)
        return found.person

    async def begin_session(self, person: Person) -> str:
        """Return the id of a new session."""
        session, now = secret_ids.fresh(), self._clock.now()
        await self._store.begin_session(secret_ids.hashed(session), person.id, now, now - LONGEST)
        return session

    async def end_session(self, session: str) -> None:
        await self._store.end_session(secret_ids.hashed(session))

    async def invited(self, invitation: str) -> Person:
        """Return whom an invitation is for. Raises Refused: invitation_over."""
        person = await self._store.invited(secret_ids.hashed(invitation), self._clock.now())
        if person is None:
            raise Refused("invitation_over")
        return person

    async def accept_with_password(self, invitation: str, password: str) -> Person:
        """Use an invitation up. Raises Refused: invitation_over, password_..."""
        passwords.check(password, (await self.invited(invitation)).name)
        hashed = await self._passwords.hashed(password)
        person = await self._store.accept(secret_ids.hashed(invitation), self._clock.now(), password=hashed)
        if person is None:
            raise Refused("invitation_over")
        await self._audit.note(person, "invitation_used", "password")
        return person

    async def accept_with_microsoft(self, invitation: str, tenant_id: str, object_id: str) -> Person:
        """Use an invitation up. Raises Refused: invitation_over, microsoft_taken."""
        await self.invited(invitation)
        hashed, now = secret_ids.hashed(invitation), self._clock.now()
        person = await self._store.accept(hashed, now, microsoft=(tenant_id, object_id))
        if person is None:
            raise Refused("microsoft_taken")
        await self._audit.note(person, "invitation_used", f"Microsoft {tenant_id}/{object_id}")
        return person

    async def change_password(self, person: Person, present: str, wanted: str, session: str) -> None:
        """Give somebody another password; all sessions but this one, and API tokens, end.

        Raises Refused: password_...
        """
        if not await self._passwords.fits(present, person.password):
            raise Refused("password_wrong")
        passwords.check(wanted, person.name)
        hashed = await self._passwords.hashed(wanted)
        await self._store.set_password(person.id, hashed, secret_ids.hashed(session))
        await self._audit.note(person, "password_changed")

    async def make_api_token(self, person: Person, name: str) -> str:
        """Return a new API token, which is never shown again. Raises Refused: name_bad, tokens_many."""
        name = name.strip()
        if not name or len(name) > LONGEST_TOKEN_NAME or not name.isprintable():
            raise Refused("name_bad")
        token = API_TOKEN + secret_ids.fresh()
        hashed, now = secret_ids.hashed(token), self._clock.now()
        if not await self._store.add_token(hashed, person.id, name, now, MOST_TOKENS):
            raise Refused("tokens_many")
        await self._audit.note(person, "token_made", name)
        return token

    async def api_tokens(self, person: Person) -> Sequence[ApiToken]:
        return await self._store.tokens(person.id)

    async def revoke_api_token(self, person: Person, token: int) -> None:
        name = await self._store.revoke_token(person.id, token)
        if name is not None:
            await self._audit.note(person, "token_revoked", name)
