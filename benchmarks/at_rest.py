"""A store on PostgreSQL of many accounts at rest: one is synced, and what is remembered of it is written for each.

A first sync of all of them would take longer than what is measured afterwards.
"""

from __future__ import annotations

import asyncio
import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

from calsync.app import App
from calsync.engine.rest import terms
from calsync.store.runs import DIGITS
from calsync.sync.model import Side
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from benchmarks.hosted import Words
    from calsync.engine import Account
    from calsync.sync.model import Capabilities

TABLES = {"account": "name", "side": "account", "seen": "account", "link": "account"}
"""What is remembered of an account at rest, and the column that names it. Its ledger and history are left out."""
SYNCS = 2
"""The first one links the events, the second one finds nothing to do."""
_TOKEN = re.compile(r"(?<=deltatoken=)[\w-]+")


def fill(first: Path, conninfo: str, runs: Path, words: Sequence[Words]) -> int:
    """Fill the database, and the file of run numbers; return the number of the last run of everybody.

    `first`: a configuration of the first account alone, on that database.
    """
    account = asyncio.run(_synced(first))
    with psycopg.connect(conninfo, row_factory=dict_row) as connection:
        rows = {table: _rows(connection, table) for table in TABLES}
        (one,) = rows["account"]
        if one["rest"] != terms(account):
            raise RuntimeError("the first account has not come to rest")
        for table, name in TABLES.items():
            _copy(connection, table, name, rows[table], account, words)
        connection.execute("ANALYZE")
    numbers = (f"{one['run']:0{DIGITS}d} {each.account}\n" for each in words)
    runs.write_text("".join(numbers), "utf-8")
    return int(one["run"])


async def _synced(first: Path) -> Account:
    async with App.open(first) as app:
        for _ in range(SYNCS):
            result = await app.sync(None)
            if not all(one.ok for one in result.accounts.values()):
                raise RuntimeError("the first account cannot be synced")
        (name,) = result.accounts
        async with app._once.one(name) as (_, account, _):  # noqa: SLF001 - nobody else asks for an account's terms
            return account


def _rows(connection: psycopg.Connection[dict[str, Any]], table: str) -> list[dict[str, Any]]:
    return connection.execute(SQL("SELECT * FROM {}").format(Identifier(table))).fetchall()


def _copy(
    connection: psycopg.Connection[dict[str, Any]],
    table: str,
    name: str,
    rows: Sequence[dict[str, Any]],
    account: Account,
    words: Sequence[Words],
) -> None:
    """Write a table's rows for all accounts but the first one, whose they are."""
    columns = SQL(", ").join(map(Identifier, rows[0]))
    first, others = words[0], words[1:]
    with (
        connection.cursor() as cursor,
        cursor.copy(SQL("COPY {} ({}) FROM STDIN").format(Identifier(table), columns)) as copy,
    ):
        for other in others:
            said = _sayer(first, other)
            for row in rows:
                own = {key: said(value) if isinstance(value, str) else value for key, value in row.items()}
                own[name] = other.account
                if table == "account":
                    own["rest"] = terms(_as(account, other))
                copy.write_row([*own.values()])


def _sayer(first: Words, other: Words) -> Callable[[str], str]:
    """Return what says of another account what a text says of the first one, its tokens included."""
    instead = dict(zip(first.all, other.all, strict=True))
    any_word = re.compile("|".join(map(re.escape, sorted(instead, key=len, reverse=True))))

    def said(text: str) -> str:
        return any_word.sub(lambda word: instead[word[0]], text)

    def token(found: re.Match[str]) -> str:
        inside = base64.urlsafe_b64decode(found[0] + "=" * (-len(found[0]) % 4)).decode()
        return base64.urlsafe_b64encode(said(inside).encode()).decode().rstrip("=")

    return lambda text: said(_TOKEN.sub(token, text))


@dataclass(frozen=True, slots=True)
class _Named:
    """A calendar as an account's terms see it."""

    key: str
    capabilities: Capabilities


def _as(account: Account, other: Words) -> Account:
    calendars: Any = {side: _Named(other.calendars[side], account.calendars[side].capabilities) for side in Side}
    return replace(account, name=other.account, calendars=calendars)
