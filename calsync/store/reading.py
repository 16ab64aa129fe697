"""An account, read whole, or as much of it as a decision about some events depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.records import AccountState, Rest, SideState
from calsync.store import codec, rows, statements
from calsync.store.connection import each, fetch
from calsync.sync.budget import BEFORE_THE_HOUR, Spent
from calsync.sync.model import BOTH, Side, State
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from calsync.records import Scope, Tombstone
    from calsync.store.connection import Database, Found
    from calsync.sync.model import Link
    from calsync.sync.view import Seen


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of events."""

    seen: dict[Side, dict[str, Seen]]
    links: dict[int, Link]
    tombstones: dict[tuple[Side, str], Tombstone]
    scope: Scope | None = None


def read_account(
    account: str, lately: datetime, database: Database, *, scope: Scope | None = None
) -> AccountState:
    """Read the account inside the caller's transaction, so that all of it is of one moment."""
    values = {"account": account, "since": codec.instant_text(lately)}

    def found(statement: str) -> Sequence[Found]:
        return fetch(database, statement, values)

    def waiting(statement: str) -> Sequence[Found]:
        return found(statement) if run and run[0]["waits"] else ()

    run = found(statements.RUN)
    sides = _sides(found(statements.SIDES))
    deletes = {Side(row["side"]): int(row["deletes"]) for row in found(statements.DELETES)}
    intents = [rows.intent(row) for row in waiting(statements.INTENTS)]
    (last_link,) = found(statements.LAST_LINK)
    begun = run[0]["begun"] if run else None
    since_hour = codec.instant_text(lately + BEFORE_THE_HOUR)
    (spent,) = fetch(database, statements.SPENT, {**values, "hour": since_hour, "begun": begun})
    attempts = [rows.attempt(row) for row in waiting(statements.ATTEMPTS)]
    holds = [rows.held(row) for row in waiting(statements.HOLDS)]
    decisions = [rows.decision(row) for row in waiting(statements.DECISIONS)]
    hangs = [hang for row in waiting(statements.HANGS) for hang in rows.hangs(row)]
    part = None
    if scope is not None and run and scope.rest == _rest(run[0], sides):
        part = _read_part(account, scope, database)
    read = part or _read_whole(account, database)
    return AccountState(
        run=run[0]["run"] if run else 0,
        sides=sides,
        seen=read.seen,
        links=read.links,
        intents={intent.marker: intent for intent in intents},
        attempts={(attempt.side, attempt.event_id): attempt for attempt in attempts},
        holds={held.key: held for held in holds},
        tombstones=read.tombstones,
        deleted_lately={side: deletes.get(side, 0) for side in BOTH},
        last_link=last_link["last"],
        begun=begun,
        spent=Spent(hour=spent["hour"], day=spent["day"]),
        rebuild=run[0]["rebuild"] if run else None,
        rules=run[0]["rules"] if run else None,
        was_read=bool(run and run[0]["good_at"]),
        hangs=hangs,
        decisions={decision.key: decision for decision in decisions},
        scope=read.scope,
    )


def read_rest(account: str, database: Database) -> Rest | None:
    """Read what an account at rest is known by, in one statement; None for any other."""
    found = fetch(database, statements.REST, {"account": account})
    return _rest(found[0], _sides(found)) if found else None


def _rest(row: Found, sides: dict[Side, SideState]) -> Rest:
    return Rest(terms=row["rest"], run=row["run"], sides=sides, unsettled=rows.events(row["unsettled"]))


def _read_whole(account: str, database: Database) -> _Read:
    values, same = {"account": account}, codec.Same()
    return _Read(
        seen=_seen(each(database, statements.SEEN, values), same),
        links=_links(each(database, statements.LINKS, values), same),
        tombstones=_tombstones(fetch(database, statements.TOMBSTONES, values)),
    )


def _read_part(account: str, scope: Scope, database: Database) -> _Read | None:
    """Read until nothing leads to other events any more; None where it must be all.

    That is for an account without other awake links, and where a uid cannot be looked up.
    """

    def of(statement: str, wanted: Collection[tuple[Side, str]]) -> Sequence[Found]:
        return fetch(database, statement, {"account": account, "wanted": rows.events_text(wanted) or "[]"})

    same = codec.Same()
    seen: dict[Side, dict[str, Seen]] = {side: {} for side in BOTH}
    links: dict[int, Link] = {}
    events, uids = set[tuple[Side, str]](), set[tuple[Side, str]]()
    new, new_uids = set(scope.events), set(scope.uids)
    while new or new_uids:
        if not all(rows.stands_as_it_is(uid) for _, uid in new_uids):
            return None
        found = _seen([*of(statements.SEEN_OF, new), *of(statements.SEEN_OF_UID, new_uids)], same)
        new |= {(side, event_id) for side in BOTH for event_id in found[side]}
        named = _links(of(statements.LINKS_OF, new), same)
        events, uids, links = events | new, uids | new_uids, links | named
        for side in BOTH:
            seen[side] |= found[side]
        new = {event for link in named.values() for event in link.events} - events
        new_uids = {(side, uid) for side in BOTH for each in found[side].values() if (uid := each.uid)} - uids
    awake = fetch(database, statements.AWAKE, {"account": account})[0]["links"]
    others = awake - sum(link.state is State.AWAKE for link in links.values())
    if not others:
        return None
    tombstones = _tombstones(of(statements.TOMBSTONES_OF, events))
    known = replace(scope, events=frozenset(events), uids=frozenset(uids), others=others)
    return _Read(seen, dict(sorted(links.items())), tombstones, known)


def _links(found: Iterable[Found], same: codec.Same) -> dict[int, Link]:
    return {link.id: link for link in (rows.link(row, same) for row in found)}


def _tombstones(found: Sequence[Found]) -> dict[tuple[Side, str], Tombstone]:
    return {(tombstone.side, tombstone.event_id): tombstone for tombstone in map(rows.tombstone, found)}


def _sides(found: Sequence[Found]) -> dict[Side, SideState]:
    known = {rows.SIDES[row["side"]]: rows.side_state(row) for row in found}
    return {side: known.get(side) or SideState() for side in BOTH}


def _seen(found: Iterable[Found], same: codec.Same) -> dict[Side, dict[str, Seen]]:
    seen: dict[Side, dict[str, Seen]] = {side: {} for side in BOTH}
    for row in found:
        one = rows.seen(row, same)
        seen[rows.SIDES[row["side"]]][one.observation.id] = one
    return seen
