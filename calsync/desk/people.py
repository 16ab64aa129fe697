"""Who may use the pages: invited, listed and removed by an administrator or on the command line."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.desk import secret_ids
from calsync.desk.refused import Refused, expect_administrator
from calsync.people import OPERATOR

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from calsync.desk.audit import Audit
    from calsync.people import Person, Role
    from calsync.ports import Clock
    from calsync.store.people import StoredPeople

INVITED_FOR = timedelta(days=7)
LONGEST_NAME = 64
log = logging.getLogger("calsync.desk")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What somebody is let in with, once."""

    person: Person
    secret: str
    """The last part of the link's path."""
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody, with the accounts that are theirs."""

    person: Person
    accounts: tuple[str, ...]


class People:
    """The people of one store."""

    def __init__(
        self, store: StoredPeople, clock: Clock, accounts: Callable[[], Collection[str]], audit: Audit
    ) -> None:
        """`accounts` returns the names of the accounts that can be given to somebody."""
        self._store = store
        self._clock = clock
        self._accounts = accounts
        self._audit = audit

    async def invite(
        self, name: str, role: Role | None = None, accounts: Iterable[str] = (), *, by: Person = OPERATOR
    ) -> Invitation:
        """Let somebody in, also who forgot the password. The accounts are given in addition. `by`: who wants it.

        Without a role who is there keeps the present one, and who is new is a user. Another one counts at once.
        Raises Refused: name_bad, account_unknown, own_role, last_administrator, administrators_only.
        """
        expect_administrator(by)
        name, accounts = name.strip(), tuple(accounts)
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise Refused("name_bad")
        self._expect_known(accounts)
        if role not in {None, by.role}:
            there = await self._store.named(name)
            if there is not None and there.id == by.id:
                raise Refused("own_role")
        secret, now = secret_ids.fresh(), self._clock.now()
        until = now + INVITED_FOR
        person = await self._store.invite(name, role, secret_ids.hashed(secret), until, now)
        if person is None:
            raise Refused("last_administrator")
        log.info("person %d was invited as %s", person.id, person.role)
        await self._audit.note(by, "person_invited", f"{person.name} ({person.role})")
        for account in accounts:
            await self._give(person, account, by)
        return Invitation(person=person, secret=secret, until=until)

    async def all(self) -> Sequence[Member]:
        """Return everybody, by name."""
        accounts = defaultdict[int, list[str]](list)
        for owner, account in await self._store.owners():
            accounts[owner].append(account)
        return [
            Member(person=person, accounts=tuple(accounts.get(person.id, ())))
            for person in await self._store.all()
        ]

    async def owners(self, accounts: Collection[str]) -> Mapping[str, Sequence[str]]:
        """Return the names of those whom accounts belong to, by account, as far as they belong to somebody."""
        names = defaultdict[str, list[str]](list)
        for account, name in await self._store.owner_names(accounts):
            names[account].append(name)
        return names

    async def found(self, part: str) -> frozenset[str]:
        """Return the accounts that belong to somebody whose name has this part, in any case."""
        return await self._store.found(part)

    async def member(self, person: int) -> Member:
        """Return somebody by id. Raises Refused: person_unknown."""
        found = next((one for one in await self.all() if one.person.id == person), None)
        if found is None:
            raise Refused("person_unknown")
        return found

    async def is_there(self, name: str) -> bool:
        """Tell whether somebody of this name was invited."""
        return await self._store.named(name.strip()) is not None

    async def named(self, name: str) -> Person:
        """Return somebody. Raises Refused: person_unknown."""
        person = await self._store.named(name.strip())
        if person is None:
            raise Refused("person_unknown")
        return person

    async def remove(self, name: str, *, by: Person = OPERATOR) -> None:
        """Let somebody in no longer; the accounts go on. `by`: who wants it.

        Raises Refused: person_unknown, oneself, administrators_only.
        """
        expect_administrator(by)
        person = await self.named(name)
        if by.id == person.id:
            raise Refused("oneself")
        await self._store.remove(person.id)
        log.info("person %d was removed", person.id)
        await self._audit.note(by, "person_removed", person.name)

    async def give(self, name: str, account: str, *, by: Person = OPERATOR) -> None:
        """Make an account somebody's. Raises Refused: person_unknown, account_unknown, administrators_only."""
        expect_administrator(by)
        self._expect_known([account])
        await self._give(await self.named(name), account, by)

    async def take(self, name: str, account: str, *, by: Person = OPERATOR) -> None:
        """Let an account be somebody's no longer. Raises Refused: person_unknown, administrators_only."""
        expect_administrator(by)
        person = await self.named(name)
        await self._store.take(person.id, account)
        await self._audit.note(by, "account_taken", person.name, account=account)

    async def accounts_of(self, person: Person) -> frozenset[str]:
        """Return the names of somebody's own accounts."""
        return await self._store.owned(person.id)

    async def may_see(self, person: Person, account: str) -> bool:
        """Tell whether somebody may see and steer an account: administrators every one, users their own."""
        return person.administrator or account in await self.accounts_of(person)

    async def _give(self, person: Person, account: str, by: Person) -> None:
        await self._store.give(person.id, account)
        await self._audit.note(by, "account_given", person.name, account=account)

    def _expect_known(self, accounts: Iterable[str]) -> None:
        known = self._accounts()
        if any(account not in known for account in accounts):
            raise Refused("account_unknown")
