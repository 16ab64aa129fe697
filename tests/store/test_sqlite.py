from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from calsync.errors import StoreError
from calsync.records import AccountState, Attempt, Held, Intent, Lease, LedgerEntry, SideState, Tombstone
from calsync.store import SqlStore, statements
from calsync.sync.asking import Hang, Version
from calsync.sync.budget import UNCOUNTED, Spent
from calsync.sync.choices import WANTED
from calsync.sync.model import (
    AllDay,
    Base,
    Draft,
    Event,
    Link,
    Observation,
    Side,
    State,
    Timed,
    Window,
)
from calsync.sync.plan import Kind
from calsync.sync.view import Seen, Standing
from calsync.values import replace
from tests.store.conftest import Open

TWICE = r"(?i)unique"
NOW = datetime(2026, 3, 2, 8, 30, 12, 345678, tzinfo=UTC)
WHEN = Timed(NOW, NOW + timedelta(hours=1))
DAYS = AllDay(date(2026, 3, 29), date(2026, 3, 30))
WINDOW = Window(NOW, NOW + timedelta(days=30))


def seen(event_id: str, summary: str = "Besichtigung") -> Seen:
    event = Event(summary=summary, when=WHEN, attendee_count=None, created=NOW)
    return Seen(
        observation=Observation(id=event_id, event=event, revision="r1", modified=NOW, written_by_us=False),
        first_run=1,
        round=2,
        standing=Standing.GONE,
        standing_run=3,
    )


def intent(marker: str, source: str | None = "l1", side: Side = Side.RIGHT, kind: Kind = Kind.CREATE) -> Intent:
    return Intent(
        marker=marker,
        kind=kind,
        side=side,
        reason="new",
        link=7,
        source=None if source is None else seen(source).observation,
        target=None,
        draft=Draft(summary="Notar", when=DAYS, description="", reminder=None),
        run=4,
        begun=NOW,
    )


async def load(store: SqlStore, account: str = "anna") -> AccountState:
    return await store.load(account, NOW - timedelta(hours=24))


async def test_a_new_account_is_empty(store: SqlStore) -> None:
    assert await load(store) == AccountState(
        run=0,
        sides={Side.LEFT: SideState(), Side.RIGHT: SideState()},
        seen={Side.LEFT: {}, Side.RIGHT: {}},
        links={},
        intents={},
        attempts={},
        holds={},
        tombstones={},
        deleted_lately={Side.LEFT: 0, Side.RIGHT: 0},
    )


async def test_everything_comes_back_as_it_was_put(store: SqlStore, lease: Lease, opened: Open) -> None:
    side = SideState(
        token="t\u00f6ken",
        window=WINDOW,
        round=5,
        listed_run=6,
        listed_at=NOW,
        reading=1 << 59,
        written=False,
        calendar="anna@example.de",
    )
    base = Base(values={"summary": "Ä 😀 <b>", "when": DAYS}, private=True, mapping_version=3)
    links = [
        Link(
            id=1, left="l1", right="r1", origin=Side.LEFT, left_base=base, right_base=Base(values={"when": WHEN})
        ),
        Link(id=2, left=None, right="r2", state=State.PARTED, reason="target_deleted"),
    ]
    update = replace(intent("m2", kind=Kind.UPDATE), target=seen("r1").observation, draft=None, looks=2, undoes=7)
    intents = [intent("m1"), replace(update, changes={"when": DAYS, "description": ""})]
    attempt = Attempt(side=Side.LEFT, event_id="l1", count=3, due=NOW, error="busy")
    held = Held(side=Side.RIGHT, event_id="r1", kind=Kind.DELETE, reason="brake_deletes", since=NOW)
    tombstone = Tombstone(side=Side.LEFT, event_id="l9", revision=None, at=NOW)
    alone = Hang(rule="shout", version="1", left=None, right=Version("r3", None))
    pair = Hang(rule="shout", version="1", left=Version("l1", "r1"), right=Version("r1", "r1"))
    before = replace(alone, version="0")
    for hang in (pair, before, alone):
        await store.add_hang("anna", hang)
    async with store.transaction(lease) as transaction:
        transaction.begin_run(4)
        transaction.put_side(Side.LEFT, side)
        transaction.put_seen(Side.LEFT, [seen("l1"), seen("l2")])
        transaction.put_links(links)
        transaction.put_intents(intents)
        transaction.put_attempts([attempt])
        transaction.set_holds([held])
        transaction.put_tombstones([tombstone])
        transaction.set_rebuild("lost")
        transaction.set_rules("0123")
    expected = AccountState(
        run=4,
        sides={Side.LEFT: side, Side.RIGHT: SideState()},
        seen={Side.LEFT: {"l1": seen("l1"), "l2": seen("l2")}, Side.RIGHT: {}},
        links={1: links[0], 2: links[1]},
        intents={"m1": intents[0], "m2": intents[1]},
        attempts={(Side.LEFT, "l1"): attempt},
        holds={held.key: held},
        tombstones={(Side.LEFT, "l9"): tombstone},
        deleted_lately={Side.LEFT: 0, Side.RIGHT: 0},
        last_link=2,
        rebuild="lost",
        rules="0123",
        hangs=[before, alone, pair],
    )
    assert await load(store) == expected
    assert await load(store, "bert") == replace_empty(expected)
    again = await opened()
    assert await load(again) == expected
    await again.close()


def replace_empty(state: AccountState) -> AccountState:
    return AccountState(
        run=0,
        sides={side: SideState() for side in Side},
        seen={side: {} for side in Side},
        links={},
        intents={},
        attempts={},
        holds={},
        tombstones={},
        deleted_lately=state.deleted_lately,
    )


async def test_what_is_put_again_is_replaced(store: SqlStore, lease: Lease) -> None:
    tombstone = Tombstone(side=Side.LEFT, event_id="l9", revision=None, at=NOW)
    attempt = Attempt(side=Side.LEFT, event_id="l1", count=1, due=NOW, error="busy")
    for _ in range(2):
        async with store.transaction(lease) as transaction:
            transaction.put_side(Side.LEFT, SideState(token="1"))
            transaction.put_side(Side.LEFT, SideState(token="2", round=1))
            transaction.put_seen(Side.LEFT, [seen("l1", "alt"), seen("l1", "neu")])
            transaction.put_links([Link(id=1, left="l1", right="r1")])
            transaction.put_links([Link(id=1, left="l1", right="r9")])
            transaction.put_intents([intent("m1"), replace(intent("m1"), looks=1)])
            transaction.put_attempts([attempt, replace(attempt, count=2)])
            transaction.put_tombstones([tombstone, replace(tombstone, revision="r2")])
    state = await load(store)
    assert state.sides[Side.LEFT] == SideState(token="2", round=1)
    assert state.seen[Side.LEFT]["l1"].observation.event.summary == "neu"
    assert state.links[1].right == "r9"
    assert state.intents["m1"].looks == 1
    assert state.attempts[Side.LEFT, "l1"].count == 2
    assert state.tombstones[Side.LEFT, "l9"].revision == "r2"


async def test_what_is_dropped_is_gone_and_the_rest_stays(store: SqlStore, lease: Lease) -> None:
    hangs = [Hang(rule="r", version="1", left=Version(each, "1"), right=None) for each in ("1", "2")]
    for hang in hangs:
        await store.add_hang("anna", hang)
    async with store.transaction(lease) as transaction:
        for side in Side:
            transaction.put_seen(side, [seen("1"), seen("2")])
            transaction.put_tombstones([Tombstone(side=side, event_id="1", revision=None, at=NOW)])
            transaction.put_attempts([Attempt(side=side, event_id="1", count=1, due=NOW, error="busy")])
        transaction.put_links([Link(id=1, left="1", right="1"), Link(id=2, left="2", right="2")])
        transaction.put_intents([intent("m1", "1"), intent("m2", "2")])
    async with store.transaction(lease) as transaction:
        transaction.drop_seen(Side.LEFT, ["1", "unknown"])
        transaction.drop_tombstones([(Side.LEFT, "1")])
        transaction.drop_attempts([(Side.RIGHT, "1")])
        transaction.drop_links([2])
        transaction.drop_intents(["m1"])
        transaction.drop_hangs([hangs[0]])
    state = await load(store)
    assert {side: list(found) for side, found in state.seen.items()} == {Side.LEFT: ["2"], Side.RIGHT: ["1", "2"]}
    assert list(state.tombstones) == [(Side.RIGHT, "1")]
    assert list(state.attempts) == [(Side.LEFT, "1")]
    assert (list(state.links), list(state.intents)) == ([1], ["m2"])
    assert state.hangs == hangs[1:]


async def test_holds_are_replaced_as_a_whole(store: SqlStore, lease: Lease) -> None:
    first = Held(side=Side.LEFT, event_id="l1", kind=Kind.DELETE, reason="brake_deletes", since=NOW)
    second = Held(side=Side.LEFT, event_id="l1", kind=Kind.UPDATE, reason="conflict", since=NOW)
    for holds in ([first], [second], list[Held]()):
        async with store.transaction(lease) as transaction:
            transaction.set_holds(holds)
        assert list((await load(store)).holds.values()) == holds


@pytest.mark.parametrize("other", [Link(id=2, left="l1", right="r2"), Link(id=2, left="l2", right="r1")])
async def test_an_event_stands_in_one_link(store: SqlStore, lease: Lease, other: Link) -> None:
    async with store.transaction(lease) as transaction:
        transaction.put_links([Link(id=1, left="l1", right="r1")])
    with pytest.raises(StoreError, match=TWICE):
        async with store.transaction(lease) as transaction:
            transaction.put_links([other])
    assert list((await load(store)).links) == [1]


async def test_links_without_one_side_do_not_collide(store: SqlStore, lease: Lease) -> None:
    async with store.transaction(lease) as transaction:
        transaction.put_links([Link(id=1, left="l1", right=None), Link(id=2, left="l2", right=None)])
    assert len((await load(store)).links) == 2


async def test_two_links_may_exchange_their_partners(store: SqlStore, lease: Lease) -> None:
    for left in (("l1", "l2"), ("l2", "l1")):
        async with store.transaction(lease) as transaction:
            transaction.put_links([Link(id=1, left=left[0], right="r1"), Link(id=2, left=left[1], right="r2")])
    assert [link.left for link in (await load(store)).links.values()] == ["l2", "l1"]


async def test_a_source_has_one_open_create(store: SqlStore, lease: Lease) -> None:
    async with store.transaction(lease) as transaction:
        transaction.put_intents(
            [
                intent("m1"),
                intent("m2", side=Side.LEFT),
                intent("m3", "l2"),
                intent("m4", kind=Kind.UPDATE),
                intent("m5", None),
                intent("m6", None),
            ]
        )
    with pytest.raises(StoreError, match=TWICE):
        async with store.transaction(lease) as transaction:
            transaction.put_intents([intent("m7")])
    assert len((await load(store)).intents) == 6


async def test_accounts_do_not_see_each_other(store: SqlStore, lease: Lease) -> None:
    other = await store.acquire("bert", "runner-1", NOW, timedelta(minutes=1))
    assert other is not None
    for each in (lease, other):
        async with store.transaction(each) as transaction:
            transaction.put_links([Link(id=1, left="l1", right="r1")])
            transaction.put_intents([intent("m1")])
            transaction.put_seen(Side.LEFT, [seen("l1", each.account)])
    async with store.transaction(other) as transaction:
        transaction.drop_links([1])
        transaction.drop_seen(Side.LEFT, ["l1"])
    state = await load(store)
    assert state.links[1].left == "l1"
    assert state.seen[Side.LEFT]["l1"].observation.event.summary == "anna"
    assert (await load(store, "bert")).links == {}


async def test_the_ledger_tells_its_newest_entries_in_order(store: SqlStore, lease: Lease) -> None:
    entries = [
        LedgerEntry(
            run=number,
            at=NOW,
            kind="update",
            side=Side.LEFT,
            reason="changed",
            event_id="l1",
            link=1,
            undoes=number or None,
            uid="u1",
            source_uid="u2",
            private=True,
            before={"summary": "alt"},
            after={"summary": "neu", "when": DAYS},
        )
        for number in range(5)
    ]
    async with store.transaction(lease) as transaction:
        transaction.add_ledger(entries[:3])
        transaction.add_ledger(entries[3:])
    numbered = [replace(entry, id=number) for number, entry in enumerate(entries, 1)]
    assert await store.ledger("anna", 2) == numbered[3:]
    assert await store.ledger("anna", 100) == numbered
    assert await store.ledger("bert", 100) == []


async def test_a_write_is_undone_once(store: SqlStore, lease: Lease) -> None:
    entry = LedgerEntry(run=1, at=NOW, kind="create", side=Side.LEFT, reason="undone", undoes=1)
    async with store.transaction(lease) as transaction:
        transaction.add_ledger([entry])
        transaction.put_intents([replace(intent("m1"), undoes=2)])
    with pytest.raises(StoreError):
        async with store.transaction(lease) as transaction:
            transaction.add_ledger([entry])
    with pytest.raises(StoreError):
        async with store.transaction(lease) as transaction:
            transaction.put_intents([replace(intent("m2"), source=seen("l2").observation, undoes=2)])


async def test_the_number_of_a_link_is_not_forgotten_with_it(store: SqlStore, lease: Lease) -> None:
    entry = LedgerEntry(run=1, at=NOW, kind="create", side=Side.LEFT, reason="new", link=7)
    async with store.transaction(lease) as transaction:
        transaction.put_links([Link(id=3, left="l1", right="r1")])
        transaction.add_ledger([entry])
    assert (await load(store)).last_link == 7
    async with store.transaction(lease) as transaction:
        transaction.put_links([Link(id=8, left="l2", right="r2")])
    assert (await load(store)).last_link == 8


async def test_recent_deletes_are_counted_by_side(store: SqlStore, lease: Lease) -> None:
    def entry(side: Side, hours: int, kind: str = "delete") -> LedgerEntry:
        return LedgerEntry(run=1, at=NOW - timedelta(hours=hours), kind=kind, side=side, reason="deleted")

    async with store.transaction(lease) as transaction:
        transaction.add_ledger([entry(Side.LEFT, hours) for hours in (0, 24, 25)])
        transaction.add_ledger([entry(Side.RIGHT, 1), entry(Side.RIGHT, 1, "update")])
        transaction.add_ledger([replace(entry(Side.RIGHT, 1), reason=reason) for reason in sorted(WANTED)])
    assert (await load(store)).deleted_lately == {Side.LEFT: 2, Side.RIGHT: 1}


async def test_what_was_written_lately_is_counted_for_the_budget(store: SqlStore, lease: Lease) -> None:
    def entry(kind: str, hours: float, reason: str = "changed", source: str | None = None) -> LedgerEntry:
        at = NOW - timedelta(hours=hours)
        return LedgerEntry(run=3, at=at, kind=kind, side=Side.RIGHT, reason=reason, source_id=source)

    assert (await load(store)).begun is None
    async with store.transaction(lease) as transaction:
        transaction.put_seen(Side.LEFT, [replace(seen("old"), first_run=3), replace(seen("new"), first_run=4)])
        transaction.add_ledger([entry("create", hours, source="old") for hours in (0, 5)])
        transaction.add_ledger([entry("create", hours, source="new") for hours in (0, 5, 25)])
        transaction.add_ledger([entry("update", 1), entry("delete", 1.1), entry("link", 0)])
        transaction.add_ledger([entry("update", 0, reason) for reason in sorted(UNCOUNTED)])
    state = await load(store)
    assert (state.begun, state.spent) == (3, Spent(hour=2, day=4))


async def test_a_hang_of_an_account_that_was_never_run_is_kept(store: SqlStore) -> None:
    hang = Hang(rule="shout", version="1", left=Version("l1", "r1"), right=None)
    await store.add_hang("carla", hang)
    assert (await load(store, "carla")).hangs == [hang]


async def test_every_question_that_was_not_answered_about_a_pair_is_kept_once(store: SqlStore) -> None:
    first = Hang(rule="shout", version="1", left=Version("l1", None), right=Version("r1", "ä"))
    second = replace(first, left=Version("l1", "2"))
    third = replace(first, rule="whisper", right=Version("r1", None))
    alone = replace(first, right=None)
    for hang in (first, second, alone, third, first):
        await store.add_hang("anna", hang)
    assert (await load(store)).hangs == [alone, second, third, first]


async def test_of_very_many_versions_that_a_rule_did_not_answer_about_the_last_ones_are_kept(
    store: SqlStore,
) -> None:
    every = [Hang(rule="shout", version="1", left=Version("l1", str(n)), right=None) for n in range(15)]
    for hang in every:
        await store.add_hang("anna", hang)
    assert (await load(store)).hangs == every[-10:]


async def test_an_unanswered_question_bears_the_run_behind_which_its_pair_s_last_one_was_noted(
    store: SqlStore, lease: Lease
) -> None:
    first = Hang(rule="shout", version="1", left=Version("l1", "1"), right=None)
    await store.add_hang("anna", first)
    assert [hang.noted_run for hang in (await load(store)).hangs] == [0]
    async with store.transaction(lease) as transaction:
        transaction.begin_run(4)
    await store.add_hang("anna", replace(first, left=Version("l1", "2")))
    assert [hang.noted_run for hang in (await load(store)).hangs] == [4, 4]


async def test_what_is_noted_about_a_pair_while_its_notes_are_dropped_stays(store: SqlStore, lease: Lease) -> None:
    first = Hang(rule="shout", version="1", left=Version("l1", "1"), right=None)
    await store.add_hang("anna", first)
    known = (await load(store)).hangs
    async with store.transaction(lease) as transaction:
        transaction.begin_run(4)
    second = replace(first, left=Version("l1", "2"))
    await store.add_hang("anna", second)
    async with store.transaction(lease) as transaction:
        transaction.drop_hangs(known)
    assert (await load(store)).hangs == [first, second]
    async with store.transaction(lease) as transaction:
        transaction.drop_hangs((await load(store)).hangs)
    assert (await load(store)).hangs == []


async def test_a_worker_from_before_knows_the_last_question_about_a_pair_and_loses_no_earlier_one(
    store: SqlStore,
) -> None:
    """As long as it runs, it goes on with the statements that it was started with."""
    key, columns = ("account", "left_id", "right_id"), ("left_revision", "right_revision", "rule", "version")
    first = Hang(rule="shout", version="1", left=Version("l1", "1"), right=None)
    second = replace(first, left=Version("l1", "2"))
    for hang in (first, second):
        await store.add_hang("anna", hang)
    row = {**dict.fromkeys(columns), **dict.fromkeys(key, ""), "account": "anna", "left_id": "l1"}
    row |= {"left_revision": "3", "rule": "shout", "version": "1"}
    (put,) = statements.put("hang", key, columns).of([row])
    (drop,) = statements.drop("hang", *key).of([row])
    assert [found["left_revision"] for found in await store._read(statements.HANGS, {"account": "anna"})] == ["2"]
    await store._writer.write(lambda database: database.execute(*put))
    assert (await load(store)).hangs == [first, replace(first, left=Version("l1", "3"))]
    await store._writer.write(lambda database: database.execute(*drop))
    assert (await load(store)).hangs == []


async def test_what_was_written_again_and_again_is_told(store: SqlStore, lease: Lease) -> None:
    def entry(kind: str, minutes: int, reason: str = "changed", **ids: Any) -> LedgerEntry:
        at = NOW - timedelta(minutes=minutes)
        return LedgerEntry(run=1, at=at, kind=kind, side=Side.RIGHT, reason=reason, **ids)

    loops = [
        entry("update", 3, link=1, source_id="l1"),
        entry("create", 2, link=2, source_id="l2"),
        entry("create", 1, link=3, source_id="l2"),
        entry("update", 0, link=1, source_id="l1"),
    ]
    others = [
        entry("update", 60, link=1),
        entry("update", 2, link=1, reason="unknown_outcome"),
        entry("update", 2, link=4),
        entry("delete", 1, link=4),
        entry("create", 2, link=5, source_id="l5"),
        replace(entry("create", 1, link=6, source_id="l5"), side=Side.LEFT),
        entry("create", 2, link=7),
        entry("create", 1, link=8),
    ]
    async with store.transaction(lease) as transaction:
        transaction.add_ledger([*others, *loops])
    assert await store.repeats("anna", NOW - timedelta(minutes=30), 2) == [
        replace(entry, id=number) for number, entry in enumerate(loops, len(others) + 1)
    ]
    assert await store.repeats("anna", NOW - timedelta(minutes=30), 4) == []
    assert await store.repeats("bert", NOW - timedelta(minutes=30), 1) == []


async def test_five_thousand_events_at_once(store: SqlStore, lease: Lease) -> None:
    ids = [f"l{number}" for number in range(5000)]
    async with store.transaction(lease) as transaction:
        transaction.put_seen(Side.LEFT, (seen(event_id) for event_id in ids))
        transaction.put_links(Link(id=n, left=each, right=f"r{n}") for n, each in enumerate(ids))
        transaction.put_intents(intent(f"m-{event_id}", event_id) for event_id in ids)
        transaction.add_ledger(
            LedgerEntry(run=1, at=NOW, kind="create", side=Side.RIGHT, reason="new", event_id=each) for each in ids
        )
    state = await load(store)
    assert (len(state.seen[Side.LEFT]), len(state.links), len(state.intents)) == (5000, 5000, 5000)


async def test_old_entries_of_all_accounts_are_forgotten_and_no_others(store: SqlStore, lease: Lease) -> None:
    other = await store.acquire("bert", "runner-1", NOW, timedelta(minutes=1))
    assert other is not None
    for each, hours in ((lease, (0, 5)), (other, (4, 6))):
        async with store.transaction(each) as transaction:
            transaction.add_ledger(
                LedgerEntry(run=1, at=NOW + timedelta(hours=hour), kind="create", side=Side.LEFT, reason="new")
                for hour in hours
            )
    await store.forget_ledger(NOW + timedelta(hours=4))
    left = {name: [entry.at for entry in await store.ledger(name, 9)] for name in ("anna", "bert")}
    assert left == {"anna": [NOW + timedelta(hours=5)], "bert": [NOW + timedelta(hours=each) for each in (4, 6)]}
