"""People in the store: who may sign in, and whose an account is. Of what opens something only hashes come here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from calsync.people import ApiToken, Person, Role, Session, name_key
from calsync.store import codec, statements
from calsync.store import people_statements as sql
from calsync.store.connection import fetch
from calsync.store.failures import understood

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime
    from typing import TypeVar

    from calsync.store.connection import Connection, Database, Found
    from calsync.store.rows import Row

    T = TypeVar("T")


class StoredPeople:
    """The people of one store. Errors are StoreError."""

    def __init__(self, writer: Connection, reader: Connection) -> None:
        self._writer = writer
        self._reader = reader

    async def all(self) -> Sequence[Person]:
        return await self._read(_person, sql.ALL, {})

    async def named(self, name: str) -> Person | None:
        return _only(await self._read(_person, sql.NAMED, {"key": name_key(name)}))

    async def of_microsoft(self, tenant_id: str, object_id: str) -> Person | None:
        who = {"tenant_id": tenant_id, "object_id": object_id}
        return _only(await self._read(_person, sql.OF_MICROSOFT, who))

    async def remove(self, person: int) -> None:
        """Remove somebody with all that lets them in."""
        await self._write((sql.REMOVE,), {"person": person})

    async def invite(
        self, name: str, role: Role | None, invitation: str, until: datetime, now: datetime
    ) -> Person | None:
        """Add somebody, or give somebody who is there this role; an earlier invitation ends.

        Without a role somebody who is there keeps the present one. None, and nothing is done, where no
        administrator would be left.
        """
        values = {
            "name": name,
            "key": name_key(name),
            "role": None if role is None else role.value,
            "now": codec.instant_text(now),
        }

        def work(database: Database) -> Sequence[Found]:
            found = fetch(database, sql.NAMED, values)
            if role is Role.USER and found and found[0]["role"] == Role.ADMINISTRATOR:
                ((administrators,),) = fetch(database, sql.ADMINISTRATORS, {})
                if administrators == 1:
                    return ()
            database.execute(sql.SET_ROLE if found else sql.NEW_PERSON, values)
            rows = fetch(database, sql.NAMED, values)
            invited = {"person": rows[0]["id"], "hash": invitation, "until": codec.instant_text(until)}
            database.execute(sql.PUT_INVITATION, invited)
            return rows

        return _only(self._understood(_person, await self._writer.write(work)))

    async def invited(self, invitation: str, now: datetime) -> Person | None:
        """Return whom an invitation is for, as long as it is good."""
        return _only(await self._read(_person, sql.INVITED, {"hash": invitation, "now": codec.instant_text(now)}))

    async def accept(
        self,
        invitation: str,
        now: datetime,
        *,
        password: str | None = None,
        microsoft: tuple[str, str] | None = None,
    ) -> Person | None:
        """Use an invitation up: who holds it signs in so from now on, and no longer as before.

        `microsoft`: tenant and object id. None where the invitation is not good, or the Microsoft account is
        somebody else's. Earlier sessions and tokens end.
        """
        tenant_id, object_id = microsoft or (None, None)
        way = {"password": password, "tenant_id": tenant_id, "object_id": object_id}
        wanted = {"hash": invitation, "now": codec.instant_text(now)}

        def work(database: Database) -> Sequence[Found]:
            invited = fetch(database, sql.INVITED, wanted)
            who = {"person": invited[0]["id"]} if invited else {}
            if not who or fetch(database, sql.TAKEN, way | who):
                return ()
            for statement in (sql.SET_SIGN_IN, *sql.END_ALL):
                database.execute(statement, way | who)
            return fetch(database, sql.BY_ID, who)

        return _only(self._understood(_person, await self._writer.write(work)))

    async def set_password(self, person: int, password: str, keep: str) -> None:
        """Change a password. All sessions but the one with the hash `keep`, and all API tokens, end."""
        values = {"person": person, "password": password, "keep": keep}
        await self._write((sql.SET_PASSWORD, sql.END_OTHER_SESSIONS, sql.END_TOKENS), values)

    async def begin_session(self, session: str, person: int, now: datetime, expired: datetime) -> None:
        """Begin a session; those of anybody that began before `expired` are forgotten."""
        values = {"hash": session, "person": person}
        times = {"now": codec.instant_text(now), "expired": codec.instant_text(expired)}
        await self._write((sql.EXPIRE_SESSIONS, sql.NEW_SESSION), values | times)

    async def session(self, session: str) -> Session | None:
        return _only(await self._read(_session, sql.SESSION, {"hash": session}))

    async def touch_session(self, session: str, now: datetime) -> None:
        await self._write((sql.TOUCH_SESSION,), {"hash": session, "now": codec.instant_text(now)})

    async def end_session(self, session: str) -> None:
        await self._write((sql.END_SESSION,), {"hash": session})

    async def add_token(self, token: str, person: int, name: str, now: datetime, most: int) -> bool:
        """Add a token, unless somebody has `most` of them already; tell whether it was added."""
        values = {"hash": token, "person": person, "name": name, "now": codec.instant_text(now), "most": most}
        return bool(await self._changed(sql.ADD_TOKEN, values))

    async def tokens(self, person: int) -> Sequence[ApiToken]:
        return await self._read(_token, sql.TOKENS, {"person": person})

    async def of_token(self, token: str) -> Person | None:
        return _only(await self._read(_person, sql.OF_TOKEN, {"hash": token}))

    async def revoke_token(self, person: int, token: int) -> str | None:
        """End somebody's token, and return its name; None where it is none of theirs."""
        return _only(
            [name for (name,) in await self._changed(sql.REVOKE_TOKEN, {"person": person, "token": token})]
        )

    async def give(self, person: int, account: str) -> None:
        """Make an account somebody's, for as long as it is about the calendars that it is about now."""
        await self._write((statements.NEW_ACCOUNT, sql.GIVE), {"person": person, "account": account})

    async def take(self, person: int, account: str) -> None:
        await self._write((sql.TAKE,), {"person": person, "account": account})

    async def owned(self, person: int) -> frozenset[str]:
        """Return the names of somebody's accounts. Calendars that were not known before are held on to now."""
        found = await self._read(tuple, sql.OWNED, {"person": person})
        if any(unbound for _, unbound in found):
            await self._write((sql.BIND,), {"person": person})
        return frozenset(account for account, _ in found)

    async def owners(self) -> Sequence[tuple[int, str]]:
        """Return pairs of a person's id and the name of an account that belongs to them."""
        return [(person, account) for person, account in await self._read(tuple, sql.OWNERS, {})]

    async def owner_names(self, accounts: Collection[str]) -> Sequence[tuple[str, str]]:
        """Return pairs of an account's name and the name of somebody it belongs to, of these accounts."""
        wanted = {"accounts": json.dumps(list(accounts))}
        return [(account, name) for account, name in await self._read(tuple, sql.OWNER_NAMES, wanted)]

    async def found(self, part: str) -> frozenset[str]:
        """Return the accounts that belong to somebody whose name has this part, in any case."""
        return frozenset(account for (account,) in await self._read(tuple, sql.FOUND, {"part": name_key(part)}))

    async def _read(self, read: Callable[[Found], T], statement: str, values: Row) -> Sequence[T]:
        found = await self._reader.read(lambda database: fetch(database, statement, values))
        return self._understood(read, found)

    async def _write(self, written: Sequence[str], values: Row) -> None:
        def work(database: Database) -> None:
            for statement in written:
                database.execute(statement, values)

        await self._writer.write(work)

    async def _changed(self, statement: str, values: Row) -> Sequence[Found]:
        """Return what a statement says of the rows that it has changed."""
        return await self._writer.write(lambda database: fetch(database, statement, values))

    def _understood(self, read: Callable[[Found], T], found: Sequence[Found]) -> Sequence[T]:
        with understood(self._reader.place):
            return [read(row) for row in found]


def _only(found: Sequence[T]) -> T | None:
    return found[0] if found else None


def _person(row: Found) -> Person:
    return Person(
        id=row["id"],
        name=row["name"],
        role=Role(row["role"]),
        password=row["password"],
        microsoft=row["object_id"] is not None,
        created=codec.instant(row["created"]),
    )


def _session(row: Found) -> Session:
    return Session(person=_person(row), began=codec.instant(row["began"]), seen=codec.instant(row["seen"]))


def _token(row: Found) -> ApiToken:
    return ApiToken(id=row["id"], name=row["name"], created=codec.instant(row["created"]))
