"""What guards and rules that fail put in the place of a write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calsync.sync.model import Side, State
from calsync.sync.plan import Kind
from calsync.sync.rules import Block, Drop, Hold
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.sync.conftest import Scene, Scripted

LEFT, RIGHT = Side.LEFT, Side.RIGHT


def test_a_blocked_update_is_shown_and_the_other_direction_goes_on(scene: Scene, scripted: type[Scripted]) -> None:
    guard = scripted(verdict=Block("has_attendees"))
    scene.rules = (guard,)
    scene.pair({"summary": "neu"})
    blocked = scene.only()
    assert (blocked.kind, blocked.reason, blocked.wanted) == (Kind.BLOCK, "has_attendees", Kind.UPDATE)
    assert blocked.changes == {"summary": "neu"}
    (asked,) = guard.asked
    assert (asked.side, asked.target, asked.changes) == (RIGHT, blocked.target, {"summary": "neu"})


def test_a_held_update_keeps_what_it_wanted(scene: Scene, scripted: type[Scripted]) -> None:
    scene.rules = (scripted(verdict=Hold("ask")),)
    scene.pair({"summary": "neu"})
    assert (scene.only().kind, scene.only().reason, scene.only().wanted) == (Kind.HOLD, "ask", Kind.UPDATE)


def test_a_dropped_field_stays_pending_and_the_others_are_written(scene: Scene) -> None:
    scene.pair({"summary": "neu", "description": "neu"}, {"online_meeting": True})
    update, skip = scene.plan().operations
    assert (update.kind, update.changes) == (Kind.UPDATE, {"summary": "neu"})
    assert (skip.kind, skip.side, skip.reason) == (Kind.SKIP, LEFT, "online_meeting")
    assert skip.changes == {"description": "neu"}
    assert scene.plan().rebases == ()


def test_an_update_of_nothing_but_dropped_fields_is_no_update(scene: Scene) -> None:
    scene.pair({"description": "neu"}, {"online_meeting": True})
    assert scene.decided() == [(Kind.SKIP, LEFT, "online_meeting")]


def test_a_guard_that_drops_fields_has_no_say_in_a_delete(scene: Scene, scripted: type[Scripted]) -> None:
    guard = scripted(verdict=Drop(frozenset({"summary"}), "mine"))
    scene.rules = (guard,)
    scene.pair(gone={LEFT: Standing.DELETED})
    assert scene.decided() == [(Kind.DELETE, RIGHT, "deleted")]
    assert guard.asked[0].changes is None


def test_dropping_what_is_not_written_changes_nothing(scene: Scene, scripted: type[Scripted]) -> None:
    scene.rules = (scripted(verdict=Drop(frozenset({"description"}), "mine")),)
    scene.pair({"summary": "neu"})
    assert scene.decided() == [(Kind.UPDATE, RIGHT, "changed")]


@pytest.mark.parametrize("method", ["admit", "project"])
def test_a_rule_that_raises_holds_its_pair(scene: Scene, scripted: type[Scripted], method: str) -> None:
    scene.rules = (scripted(fails_in=method),)
    scene.pair({"summary": "neu"})
    scene.pair(gone={LEFT: Standing.DELETED})
    assert scene.decided() == [(Kind.HOLD, RIGHT, "rule_failed:scripted")] * 2


def test_a_guard_that_raises_holds_the_write(scene: Scene, scripted: type[Scripted]) -> None:
    scene.rules = (scripted(fails_in="guard"),)
    scene.pair({"summary": "neu"})
    assert (scene.only().kind, scene.only().wanted) == (Kind.HOLD, Kind.UPDATE)


@pytest.mark.parametrize("edit", [{"summary": "x" * 2_001}, {"description": "x" * 500_001}])
def test_texts_that_nobody_has_typed_are_not_copied(scene: Scene, agreed: Event, edit: dict[str, Any]) -> None:
    scene.put(LEFT, "new", replace(agreed, **edit))
    assert scene.decided() == [(Kind.SKIP, LEFT, "too_long")]


def test_a_pair_whose_notes_grow_beyond_that_sleeps_until_they_are_shorter(scene: Scene) -> None:
    scene.pair({"description": "x" * 500_001})
    sleep = scene.only()
    assert (sleep.kind, sleep.reason, sleep.state) == (Kind.SLEEP, "too_long", State.ASLEEP)
