"""A store that was lost is noticed, also behind a crash, and every pair is known again by its marker."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.engine import engine
from calsync.values import replace
from tests.engine.rebuilding import Stores, confirm, rebuilt, writes

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.engine.conftest import World


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
