"""As much of an account is read as a decision about some events depends on, and all where that is not proven."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.records import Lease, Rest, Scope, SideState, Tombstone
from calsync.sync.model import Event, Link, Observation, Side, State, Timed
from calsync.sync.view import Seen
from calsync.testing.clock import START
from calsync.values import replace

if TYPE_CHECKING:
    from calsync.records import AccountState
    from calsync.store import SqlStore

LEFT, RIGHT = Side.LEFT, Side.RIGHT
Events = set[tuple[Side, str]]


def seen(event_id: str, uid: str | None = None) -> Seen:
    event = Event(summary="Besichtigung", when=Timed(START, START + timedelta(hours=1)), uid=uid)
    return Seen(observation=Observation(id=event_id, event=event, revision="1"), first_run=1, round=1)


@pytest.fixture
async def rest(store: SqlStore, lease: Lease) -> Rest:
    """Return the rest of an account of three pairs, an event without a link, and one that was buried."""
    async with store.transaction(lease) as transaction:
        transaction.begin_run(7)
        transaction.put_side(LEFT, SideState(token="t"))
        transaction.put_seen(LEFT, [seen("l1", "one"), seen("l2", "two"), seen("l3"), seen("l4", "two")])
        transaction.put_seen(RIGHT, [seen("r1", "two"), seen("r2"), seen("r3")])
        states = (State.AWAKE, State.ASLEEP, State.AWAKE)
        transaction.put_links(
            Link(id=number, left=f"l{number}", right=f"r{number}", state=state)
            for number, state in enumerate(states, 1)
        )
        transaction.put_tombstones(Tombstone(side=side, event_id="gone", revision=None, at=START) for side in Side)
        transaction.set_rest("terms", {(RIGHT, "r3")})
    await store.release(lease)
    found = await store.rest("anna")
    assert found is not None
    return found


async def read(store: SqlStore, rest: Rest, events: Events, uids: Events | None = None) -> AccountState:
    scope = Scope(rest=rest, events=frozenset(events), uids=frozenset(uids or ()))
    return await store.load("anna", START, scope)


def known(state: AccountState) -> Events:
    return {(side, event_id) for side in Side for event_id in state.seen[side]}


async def test_the_events_that_are_not_settled_are_remembered_with_the_rest(rest: Rest) -> None:
    assert (rest.terms, rest.run, rest.unsettled) == ("terms", 7, frozenset({(RIGHT, "r3")}))


async def test_nothing_but_the_pair_of_an_event_is_read(store: SqlStore, rest: Rest) -> None:
    state = await read(store, rest, {(RIGHT, "r3")})
    assert known(state) == {(LEFT, "l3"), (RIGHT, "r3")}
    assert [*state.links] == [3]
    assert state.scope is not None
    assert state.scope.others == 1  # not the one that sleeps


async def test_the_same_id_on_the_other_side_is_another_event(store: SqlStore, rest: Rest) -> None:
    assert known(await read(store, rest, {(LEFT, "r3")})) == set()


async def test_a_new_event_brings_all_that_carry_its_uid_and_their_partners(store: SqlStore, rest: Rest) -> None:
    """But not what carries it on the other side: there it is another one."""
    state = await read(store, rest, {(LEFT, "new")}, {(LEFT, "two")})
    assert known(state) == {(LEFT, "l2"), (LEFT, "l4"), (RIGHT, "r2")}
    assert state.scope is not None
    assert state.scope.events == {(LEFT, "new"), *known(state)}
    assert state.scope.uids == {(LEFT, "two")}
    assert state.scope.others == 2


async def test_who_carries_the_uid_of_a_known_event_is_read_too(store: SqlStore, rest: Rest) -> None:
    assert known(await read(store, rest, {(LEFT, "l4")})) == {(LEFT, "l2"), (LEFT, "l4"), (RIGHT, "r2")}


async def test_a_tombstone_is_read_of_its_own_event_only(store: SqlStore, rest: Rest) -> None:
    assert [*(await read(store, rest, {(LEFT, "gone"), (LEFT, "l3")})).tombstones] == [(LEFT, "gone")]


async def test_all_is_read_where_the_account_is_at_another_rest(store: SqlStore, rest: Rest) -> None:
    for other in (
        replace(rest, terms="others"),
        replace(rest, run=6),
        replace(rest, unsettled=frozenset()),
        replace(rest, sides={**rest.sides, LEFT: SideState(token="older")}),
    ):
        state = await read(store, other, {(LEFT, "l3")})
        assert state.scope is None
        assert len(known(state)) == 7


async def test_all_is_read_of_an_account_that_does_not_rest_any_more(store: SqlStore, rest: Rest) -> None:
    lease = await store.acquire("anna", "runner-2", START, timedelta(minutes=1))
    assert lease is not None
    async with store.transaction(lease) as transaction:
        transaction.begin_run(8)
    assert (await read(store, replace(rest, run=8), {(LEFT, "l3")})).scope is None


async def test_all_is_read_where_no_other_pair_is_awake(store: SqlStore, rest: Rest) -> None:
    state = await read(store, rest, {(LEFT, "l1"), (LEFT, "l3")})
    assert state.scope is None
    assert len(known(state)) == 7


async def test_all_is_read_where_a_uid_cannot_be_looked_up(store: SqlStore, rest: Rest) -> None:
    for uid in ('a"b', "a\\b", "a\nb"):
        assert (await read(store, rest, {(LEFT, "new")}, {(LEFT, uid)})).scope is None


async def test_uids_that_begin_alike_are_told_apart_by_who_decides(
    store: SqlStore, lease: Lease, rest: Rest
) -> None:
    lease = await store.acquire("anna", "runner-2", START, timedelta(minutes=1)) or lease
    long = "x" * 5000
    async with store.transaction(lease) as transaction:
        transaction.put_seen(LEFT, [seen("l5", long + "1"), seen("l6", long + "2"), seen("l7", "ä“ü 'ß")])
    assert known(await read(store, rest, {(LEFT, "l5")})) == {(LEFT, "l5"), (LEFT, "l6")}
    assert known(await read(store, rest, {(LEFT, "new")}, {(LEFT, "ä“ü 'ß")})) == {(LEFT, "l7")}


async def test_an_account_that_nobody_knows_is_empty(store: SqlStore) -> None:
    rest = Rest(terms="terms", run=1, sides={})
    assert known(await read(store, rest, {(LEFT, "l1")})) == set()
