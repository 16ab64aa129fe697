"""A store that was put back, or lost: nothing is written and nothing is doubled before a person has confirmed."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.engine import Engine, engine
from calsync.errors import EventError, UnknownOutcome
from calsync.store import SqliteStore
from calsync.store.opening import connect
from calsync.sync.model import Direction, Side, Timed
from calsync.sync.plan import Kind
from calsync.testing.clock import START
from calsync.values import replace
from tests.sqlite_file import beneath

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from calsync.sync.model import Event

World = Any  # the fixture's class lives in conftest.py, which tests cannot import

LATER = Timed(START + timedelta(days=9), START + timedelta(days=9, hours=1))


class Stores:
    """The store of a world, saved and put back as somebody with a copy of the file would."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._opened: list[SqliteStore] = []
        self._saved: SqliteStore | None = None

    async def save(self) -> None:
        self._saved = await self._copy(self._world.store)

    async def put_back(self) -> None:
        assert self._saved is not None
        self._world.store = await self._copy(self._saved)

    async def lose(self) -> None:
        self._world.store = await SqliteStore.in_memory()
        self._opened.append(self._world.store)

    async def close(self) -> None:
        for store in self._opened:
            await store.close()

    async def _copy(self, store: SqliteStore) -> SqliteStore:
        connection = await connect(":memory:", ":memory:")
        await connection.back_up(beneath(store))
        copy = SqliteStore(connection, connection)
        self._opened.append(copy)
        return copy


@pytest.fixture
async def stores(world: World) -> AsyncIterator[Stores]:
    first = world.store
    stores = Stores(world)
    yield stores
    await stores.close()
    world.store = first


def writes(world: World) -> int:
    return len(world.left.writes()) + len(world.right.writes())


def by_summary(calendar: Any) -> dict[str, str]:
    return {event.summary: event_id for event_id, event in calendar.events().items()}


async def confirm(world: World, plan_hash: str) -> str | None:
    world.clock.advance(1)
    engine = Engine(world.store, world.runs, world.clock, random.Random(1), "test")
    problem: str | None = (await engine.confirm(world.account(), plan_hash)).problem
    return problem


async def rebuilt(world: World, held: dict[tuple[str, str], int]) -> None:
    """Run without a write, expect these held operations, confirm them, come to rest without a duplicate."""
    before = writes(world)
    for _ in range(3):
        report = await world.run()
        assert report.rebuild is not None
    assert writes(world) == before
    found: dict[tuple[str, str], int] = {}
    for operation in report.plan.operations:
        if operation.kind is Kind.HOLD:
            key = (operation.wanted or Kind.HOLD, operation.side)
            found[key] = found.get(key, 0) + 1
    assert found == held
    assert await confirm(world, report.plan.hash) is None
    assert writes(world) == before
    await world.settle()
    left, right = world.both()
    assert [(event.summary, event.when) for event in left] == [(event.summary, event.when) for event in right]


@pytest.fixture
def many(world: World, meeting: Event) -> Callable[[int], Awaitable[None]]:
    async def create(number: int) -> None:
        for each in range(number):
            world.left.user_create(replace(meeting, summary=f"Termin {each}"))
        await world.settle()

    return create


async def test_creates_after_the_backup_are_known_again_by_their_markers(
    world: World, stores: Stores, meeting: Event
) -> None:
    world.left.user_create(meeting)
    await world.settle()
    await stores.save()
    world.left.user_create(replace(meeting, summary="Notar", private=True))
    world.right.user_create(replace(meeting, summary="Rückruf"))
    await world.settle()
    await stores.put_back()
    before = writes(world)
    report = await world.run()
    assert report.rebuild == "behind"
    assert report.plan.operations == ()
    assert report.notices[Kind.HOLD, Side.RIGHT, "rebuild"] == 1
    assert await confirm(world, report.plan.hash) is None
    await world.settle()
    assert writes(world) == before
    world.left.user_edit(by_summary(world.left)["Notar"], description="Akte")
    world.right.user_edit(by_summary(world.right)["Rückruf"], summary="Rückruf Meier")
    await world.settle()
    assert set(by_summary(world.left)) == {"Besichtigung", "Notar", "Rückruf Meier"}
    assert set(by_summary(world.right)) == {"Besichtigung", "Privat", "Rückruf Meier"}


async def test_edits_that_are_on_both_sides_already_are_taken_as_found(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    await many(3)
    await stores.save()
    world.left.user_edit(by_summary(world.left)["Termin 0"], summary="Neu")
    await world.settle()
    await stores.put_back()
    before = writes(world)
    await rebuilt(world, {})
    assert writes(world) == before


async def test_an_edit_of_one_side_waits_and_is_carried_out_when_confirmed(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    await many(3)
    await stores.save()
    await world.run()
    world.right.user_edit(by_summary(world.right)["Termin 0"], description="Tor klemmt")
    await stores.put_back()
    await rebuilt(world, {("update", "left"): 1})
    assert "Tor klemmt" in [event.description for event in world.left.events().values()]


async def test_deletes_after_the_backup_do_not_come_back(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    await many(8)
    await stores.save()
    world.left.user_delete(by_summary(world.left)["Termin 0"])
    world.right.user_delete(by_summary(world.right)["Termin 1"])
    await world.settle()
    await stores.put_back()
    await rebuilt(world, {})
    assert len(world.left.events()) == len(world.right.events()) == 6


async def test_a_delete_that_was_not_carried_over_waits(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    await many(8)
    await stores.save()
    await world.run()
    world.left.user_delete(by_summary(world.left)["Termin 0"])
    await stores.put_back()
    await rebuilt(world, {("delete", "right"): 1})
    assert len(world.right.events()) == 7


async def test_a_copy_that_was_made_anew_belongs_to_its_source_again(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    """Deleted on the right and edited on the left: created anew on the right, then the store is put back."""
    await many(8)
    await stores.save()
    world.right.user_delete(by_summary(world.right)["Termin 0"])
    world.left.user_edit(by_summary(world.left)["Termin 0"], description="wichtig")
    await world.settle()
    await stores.put_back()
    await rebuilt(world, {})
    world.right.user_edit(by_summary(world.right)["Termin 0"], description="sehr wichtig")
    await world.settle()
    assert "sehr wichtig" in [event.description for event in world.left.events().values()]


async def test_a_new_event_waits_to_be_created(world: World, stores: Stores, meeting: Event) -> None:
    await world.run()
    await stores.save()
    await world.run()
    world.left.user_create(meeting)
    await stores.put_back()
    await rebuilt(world, {("create", "right"): 1})
    assert len(world.right.events()) == 1


async def test_a_lost_store_whose_runs_are_known_reads_every_marker(
    world: World, stores: Stores, meeting: Event
) -> None:
    for number in range(5):
        world.left.user_create(replace(meeting, summary=f"Termin {number}", private=number == 0))
        world.right.user_create(replace(meeting, summary=f"Rückruf {number}"))
    await world.settle()
    await stores.lose()
    before = writes(world)
    report = await world.run()
    assert sum(counts.linked for counts in report.counts.values()) == 10
    assert report.plan.operations == ()
    reads = sum(call.method == "read" for call in (*world.left.calls, *world.right.calls))
    report = await world.run()
    assert sum(call.method == "read" for call in (*world.left.calls, *world.right.calls)) == reads
    assert await confirm(world, report.plan.hash) is None
    await world.settle()
    assert writes(world) == before


async def test_a_lost_store_is_noticed_by_a_marker_that_the_feed_tells(
    world: World, stores: Stores, meeting: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.left.user_create(meeting)
    await world.settle()
    await stores.lose()
    world.runs.numbers.clear()
    observe = world.right._observe
    monkeypatch.setattr(world.right.feed, "_observe", lambda row, *, marker: observe(row, marker=True))
    report = await world.run()
    assert report.rebuild == "lost"


async def test_a_lost_store_in_which_nothing_can_be_linked_is_confirmed_once(
    world: World, stores: Stores, meeting: Event
) -> None:
    original = world.left.user_create(meeting)
    await world.settle()
    world.left.user_purge(original)
    await stores.lose()
    await rebuilt(world, {("create", "left"): 1})
    assert (await world.run()).rebuild is None


async def test_a_lost_store_is_noticed_also_behind_a_crash(
    world: World, stores: Stores, meeting: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = world.left.user_create(meeting)
    await world.settle()
    world.left.user_purge(original)
    await stores.lose()
    world.runs.numbers.clear()
    observe = world.right._observe
    monkeypatch.setattr(world.right.feed, "_observe", lambda row, *, marker: observe(row, marker=True))
    monkeypatch.setattr(engine, "is_lost", _crash)
    with pytest.raises(KeyboardInterrupt):
        await world.run()
    monkeypatch.undo()
    assert (await world.run()).rebuild == "lost"


def _crash(_: object) -> bool:
    raise KeyboardInterrupt


async def test_a_first_run_reads_no_marker_and_waits_for_nobody(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    report = await world.run()
    assert report.rebuild is None
    assert len(world.right.events()) == 1
    assert not [call for call in world.left.calls if call.method == "read"]


async def test_users_copies_of_a_marked_event_are_told_from_the_right_one(
    world: World, stores: Stores, meeting: Event
) -> None:
    world.left.user_create(meeting)
    await world.settle()
    copied = world.right.user_copy(next(iter(world.right.events())))
    world.right.user_edit(copied, summary="Besichtigung Neubau")
    await stores.lose()
    await rebuilt(world, {("create", "left"): 1})
    assert len(world.left.events()) == 2


async def test_copies_that_nobody_can_tell_apart_wait_for_a_person(
    world: World, stores: Stores, meeting: Event
) -> None:
    world.left.user_create(replace(meeting, private=True))
    await world.settle()
    (copy,) = world.right.events()
    surplus = world.right.user_copy(copy)
    await stores.lose()
    report = await world.run()
    assert [(each.kind, each.reason) for each in report.plan.operations] == [("hold", "rebuild_ambiguous")] * 2
    problem = await confirm(world, report.plan.hash)
    assert problem is not None
    assert "delete or change the surplus ones" in problem
    world.right.user_delete(surplus)
    await world.run()
    report = await world.run()
    assert report.plan.operations == ()
    assert await confirm(world, report.plan.hash) is None
    before = writes(world)
    await world.settle()
    assert writes(world) == before


async def test_what_a_user_had_copied_is_the_source_of_its_own_copy(
    world: World, stores: Stores, meeting: Event
) -> None:
    """The duplicate on the right carries the first one's marker, and its copy on the left names the duplicate."""
    world.left.user_create(meeting)
    await world.settle()
    copied = world.right.user_copy(next(iter(world.right.events())))
    world.right.user_edit(copied, summary="Besichtigung Neubau")
    await world.settle()
    assert len(world.left.events()) == 2
    await stores.lose()
    before = writes(world)
    await rebuilt(world, {})
    assert writes(world) == before


async def test_a_create_that_was_open_is_settled_but_never_repeated(
    world: World, stores: Stores, meeting: Event
) -> None:
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: UnknownOutcome("lost"), after=False)
    await world.run()
    await stores.save()
    await world.run()
    assert len(world.right.events()) == 1
    world.right.user_purge(next(iter(world.right.events())))
    await stores.put_back()
    await rebuilt(world, {("create", "right"): 1})


async def test_an_open_create_that_was_carried_out_is_found(world: World, stores: Stores, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: UnknownOutcome("lost"), after=True)
    await world.run()
    await stores.save()
    await world.run()
    await stores.put_back()
    before = writes(world)
    await rebuilt(world, {})
    assert writes(world) == before


@pytest.mark.parametrize("edited", [True, False])
async def test_what_was_made_of_an_open_create_behind_the_backup_is_told_to_differ(
    world: World, stores: Stores, meeting: Event, edited: bool
) -> None:
    """Calsync wrote to the copy last, and so what its user had made of it before could pass for calsync's."""
    original = world.left.user_create(meeting)
    world.right.faults.add("create", lambda: UnknownOutcome("lost"), after=True)
    await world.run()
    await stores.save()
    await world.run()
    (copy,) = world.right.events()
    if edited:
        world.left.user_edit(original, summary="verlegt")
        world.right.user_edit(copy, description="Klingel")
        world.left.faults.add("update", lambda: EventError("no"), after=False)
    await world.run()
    await stores.put_back()
    before = writes(world)
    report = await world.run()
    told = report.remarks[Kind.CREATE, Side.RIGHT, "linked_different"]
    assert (writes(world), told) == (before, int(edited))


@pytest.mark.parametrize("edit", [{"summary": "Klingel"}, {"when": LATER}, None])
async def test_what_was_made_of_an_open_update_behind_the_backup_is_told_to_differ(
    world: World, stores: Stores, meeting: Event, edit: dict[str, Any] | None
) -> None:
    """Calsync wrote another field last, and so what a user had typed before could pass for calsync's."""
    original = world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(original, summary="verlegt")
    world.right.faults.add("update", lambda: UnknownOutcome("lost"), after=True)
    await world.run()
    await stores.save()
    await world.run()
    (copy,) = world.right.events()
    if edit is not None:
        world.left.user_edit(original, description="neu")
        world.right.user_edit(copy, **edit)
        world.left.faults.add("update", lambda: EventError("no"), after=False)
    await world.run()
    await stores.put_back()
    before = writes(world)
    report = await world.run()
    told = report.remarks[Kind.LINK, Side.RIGHT, "linked_different"]
    assert (writes(world), told) == (before, int(edit is not None))
    found = [(entry.kind, entry.reason, entry.after) for entry in await world.store.ledger("anna", 9)]
    assert (Kind.UPDATE, "changed", {"summary": "verlegt"}) in found
    differs = [after for _, reason, after in found if reason == "linked_different"]
    assert differs == ([{**edit, "description": "neu"}] if edit else [])


async def test_only_the_plan_that_a_person_saw_is_confirmed(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    await many(8)
    await stores.save()
    await world.run()
    await stores.put_back()
    world.left.user_edit(by_summary(world.left)["Termin 0"], summary="eins")
    seen = await world.run()
    world.left.user_edit(by_summary(world.left)["Termin 1"], summary="zwei")
    before = writes(world)
    problem = await confirm(world, seen.plan.hash)
    assert problem is not None
    assert f"the plan is not {seen.plan.hash} any more" in problem
    await world.run()
    assert writes(world) == before


async def test_a_plan_on_a_copy_is_the_one_that_a_run_leaves(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]], meeting: Event
) -> None:
    await many(3)
    await stores.save()
    world.left.user_create(meeting)
    await world.settle()
    world.left.user_create(replace(meeting, summary="danach"))
    await stores.put_back()
    real, runs = world.store, dict(world.runs.numbers)
    world.store = await stores._copy(real)
    planned = await world.run(write=False)
    world.store = real
    world.runs.numbers = runs
    assert [operation.wanted for operation in planned.plan.operations] == ["create"]
    assert (await world.run()).plan.hash == planned.plan.hash
    assert (await world.run()).plan.hash == planned.plan.hash


async def test_a_delete_that_the_next_run_will_prove_is_part_of_what_is_confirmed(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    await many(8)
    await stores.save()
    await world.run()
    world.left.user_purge(by_summary(world.left)["Termin 0"])
    await stores.put_back()
    report = await world.run()
    world.clock.advance(1)
    problem = await confirm(world, report.plan.hash)
    assert problem is not None
    await rebuilt(world, {("delete", "right"): 1})


async def test_a_plan_that_is_not_whole_yet_is_not_confirmed(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    await many(8)
    await stores.save()
    await world.run()
    world.left.user_purge(by_summary(world.left)["Termin 0"])
    await stores.put_back()
    real, runs = world.store, dict(world.runs.numbers)
    world.store = await stores._copy(real)
    planned = await world.run(write=False)
    world.store = real
    world.runs.numbers = runs
    problem = await confirm(world, planned.plan.hash)
    assert problem is not None
    assert "is not known yet; run calsync sync" in problem


async def test_a_plan_is_not_whole_while_a_lost_event_may_be_gone_under_its_new_id_too(
    world: World, stores: Stores, meeting: Event, many: Callable[[int], Awaitable[None]]
) -> None:
    known = replace(meeting, uid="uid-1")
    first = world.left.user_create(known)
    await many(8)
    await stores.save()
    await world.run()
    world.left.user_purge(first)
    moved = world.left.user_create(known)
    await stores.put_back()
    report = await world.run()
    world.left.behaviour.hidden.add(moved)
    world.left.behaviour.gone.add(moved)
    problem = await confirm(world, report.plan.hash)
    assert problem is not None
    assert "is not known yet; run calsync sync" in problem
    world.left.behaviour.hidden.clear()
    world.left.behaviour.gone.clear()
    await rebuilt(world, {})


async def test_what_a_lagging_listing_shows_and_no_read_finds_is_not_created_again(
    world: World, stores: Stores, meeting: Event
) -> None:
    world.left.user_create(meeting)
    await world.settle()
    await stores.lose()
    world.clock.advance(600)
    world.right.behaviour.lag = timedelta(minutes=5)
    world.left.behaviour.lag = timedelta(minutes=5)
    for calendar in (world.left, world.right):
        calendar.user_purge(next(iter(calendar.events())))
    report = await world.run()
    assert report.plan.operations == ()


async def test_an_account_that_is_not_rebuilt_has_nothing_to_confirm(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    problem = await confirm(world, "0")
    assert problem == "account anna: nothing waits to be confirmed"
    assert writes(world) == 0


async def test_a_crash_between_the_store_and_the_number_beside_it_is_no_rebuild(
    world: World, meeting: Event
) -> None:
    world.left.user_create(meeting)
    await world.settle()
    world.runs.numbers["anna"] -= 1
    assert (await world.run()).rebuild is None


async def test_the_first_run_of_a_rebuild_lists_in_full_and_the_others_follow(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    await many(3)
    await stores.save()
    await world.run()
    await stores.put_back()
    listed = (await world.store.load("anna", world.clock.now())).sides[Side.LEFT].listed_run
    await world.run()
    first = (await world.store.load("anna", world.clock.now())).sides[Side.LEFT].listed_run
    await world.run()
    state = await world.store.load("anna", world.clock.now())
    assert listed < first == state.sides[Side.LEFT].listed_run < state.run


async def test_newer_edits_are_never_overwritten_without_a_person(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    """The right side wins conflicts, and shows only what calsync wrote there; the newer edit is the left one's."""
    await many(3)
    await stores.save()
    world.left.user_edit(by_summary(world.left)["Termin 0"], summary="erst")
    await world.settle()
    world.left.user_edit(by_summary(world.left)["erst"], summary="zuletzt")
    await stores.put_back()
    report = await world.run()
    (held,) = report.plan.operations
    assert (held.kind, held.reason, held.wanted) == ("hold", "rebuild_conflict", "update")
    assert "zuletzt" in by_summary(world.left)
    assert await confirm(world, report.plan.hash) is None
    await world.settle()
    assert {entry.before.get("summary") for entry in await world.store.ledger("anna", 1)} == {"zuletzt"}


async def test_moved_events_keep_their_times(world: World, stores: Stores, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    await stores.save()
    later = meeting.when.end + timedelta(days=1) if isinstance(meeting.when, Timed) else None
    assert later is not None
    world.left.user_edit(next(iter(world.left.events())), when=Timed(later, later + timedelta(hours=1)))
    await world.settle()
    await stores.put_back()
    before = writes(world)
    await rebuilt(world, {})
    assert writes(world) == before


async def test_a_cancelled_copy_that_a_user_copied_stays_explained(
    world: World, stores: Stores, meeting: Event
) -> None:
    """Neither of the two takes the link from the other, and both are seen whenever somebody asks."""
    world.settings["direction"] = Direction.LEFT_TO_RIGHT
    world.left.user_create(meeting)
    await world.settle()
    await stores.save()
    await world.run()
    (copy,) = world.right.events()
    world.right.user_edit(copy, cancelled=True)
    surplus = world.right.user_copy(copy)
    await stores.put_back()
    for _ in range(3):
        report = await world.run()
    assert await confirm(world, report.plan.hash) is None
    report = await world.run()
    assert [(each.reason, each.source and each.source.id) for each in report.plan.operations] == [
        ("cancelled", surplus)
    ]
    (link,) = (await world.store.load("anna", world.clock.now())).links.values()
    assert link.right == copy


async def test_a_cancelled_copy_that_is_made_anew_stays_explained(world: World, meeting: Event) -> None:
    world.right.behaviour.idempotent = False  # the runs of this test repeat their markers
    left = world.left.user_create(meeting)
    await world.settle()
    (cancelled,) = world.right.events()
    world.right.user_edit(cancelled, cancelled=True)
    world.left.user_edit(left, description="wichtig")
    await world.settle()
    report = await world.run()
    assert [(each.reason, each.source and each.source.id) for each in report.plan.operations] == [
        ("cancelled", cancelled)
    ]
    assert len(world.right.events()) == 2
