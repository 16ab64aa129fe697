"""The rows of the decision table about pairs of which both events are here."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.sync.model import Base, Capabilities, Direction, Event, Side, State
from calsync.sync.plan import Kind
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from tests.sync.conftest import Scene

LEFT, RIGHT = Side.LEFT, Side.RIGHT
IN_DOUBT = [standing for standing in Standing if standing.in_doubt]


def on(side: Side, edit: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `Scene.pair` that edit one side."""
    return {str(side): edit}


def test_a_pair_that_agrees_is_left_alone(scene: Scene) -> None:
    scene.pair()
    assert scene.idle()


@pytest.mark.parametrize("side", Side)
def test_changed_and_same_updates_the_other_side_with_the_changed_field_only(scene: Scene, side: Side) -> None:
    link = scene.pair(**on(side, {"summary": "neu"}))
    update = scene.only()
    assert (update.kind, update.side, update.reason) == (Kind.UPDATE, side.other, "changed")
    assert update.changes == {"summary": "neu"}
    assert update.link is link
    assert update.source is scene.seen[side][link.event_id(side) or ""].observation
    assert update.target is scene.seen[side.other][link.event_id(side.other) or ""].observation


def test_both_changed_other_fields(scene: Scene) -> None:
    scene.pair({"summary": "links"}, {"description": "rechts"})
    assert scene.decided() == [(Kind.UPDATE, RIGHT, "changed"), (Kind.UPDATE, LEFT, "changed")]


def test_both_changed_to_the_same_value_moves_both_bases(scene: Scene) -> None:
    scene.pair({"summary": "neu"}, {"summary": "neu"})
    assert scene.decided() == []
    rebased = scene.rebased()
    assert {key: values["summary"] for key, values in rebased.items()} == {
        (LEFT, "agreed"): "neu",
        (RIGHT, "agreed"): "neu",
    }


def test_a_conflict_is_named_and_decided(scene: Scene) -> None:
    scene.pair({"summary": "links", "description": "neu"}, {"summary": "rechts"})
    assert scene.decided() == [(Kind.UPDATE, RIGHT, "changed"), (Kind.UPDATE, LEFT, "overruled")]


def test_newest_compares_only_trusted_times(scene: Scene, agreed: Event, now: Any) -> None:
    scene.policy = "newest"
    scene.pair({}, {"summary": "rechts"})
    scene.put(LEFT, "left1", replace(agreed, summary="links"), modified=now + timedelta(hours=1))
    scene.put(RIGHT, "right1", replace(agreed, summary="rechts"), modified=now)
    assert scene.only().side is RIGHT
    scene.capabilities[LEFT] = Capabilities(trusted_times=False)
    assert scene.only().side is LEFT


def test_a_conflict_that_waits_names_the_fields_and_lets_others_pass(scene: Scene) -> None:
    scene.policy = "hold"
    scene.pair({"summary": "links", "description": "neu"}, {"summary": "rechts"})
    update, held = scene.plan().operations
    assert (update.kind, update.changes) == (Kind.UPDATE, {"description": "neu"})
    assert (held.kind, held.reason, held.wanted) == (Kind.HOLD, "conflict", Kind.UPDATE)
    assert held.changes == {"summary": "links"}


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("doubt", IN_DOUBT)
@pytest.mark.parametrize("state", State)
def test_a_link_in_doubt_is_written_on_neither_side(
    scene: Scene, side: Side, doubt: Standing, state: State
) -> None:
    scene.pair({"summary": "links"}, {"description": "rechts"}, gone={side: doubt}, state=state, reason="window")
    scene.pair(gone={side: doubt, side.other: Standing.DELETED}, state=state, reason="window")
    assert scene.idle()


def test_a_link_with_an_open_intent_waits(scene: Scene) -> None:
    scene.pair({"summary": "neu"})
    scene.waiting_links = frozenset({1})
    assert scene.decided() == []


def test_a_link_whose_event_is_not_known_waits(scene: Scene) -> None:
    scene.pair({"summary": "neu"})
    del scene.seen[RIGHT]["right1"]
    assert scene.decided() == []


def test_a_base_that_lacks_a_field_takes_it_over_as_found(scene: Scene, agreed: Event) -> None:
    base = Base(values={"summary": agreed.summary, "when": agreed.when})
    scene.pair(right={"description": "andere Notiz"}, left_base=base, right_base=base)
    assert scene.decided() == []
    assert {key: values["description"] for key, values in scene.rebased().items()} == {
        (LEFT, "linked_different"): agreed.description,
        (RIGHT, "linked_different"): "andere Notiz",
    }


def test_a_mask_that_a_base_takes_over_is_no_difference(masked: Scene, agreed: Event) -> None:
    private = replace(agreed, private=True)
    masked.pair(right={"summary": "Privat", "description": "", "private": False}, agreed=private)
    masked.links[1] = replace(masked.links[1], left_base=Base(), right_base=Base())
    assert masked.decided() == []
    assert {reason for _, reason in masked.rebased()} == {"agreed"}


def test_a_new_mapping_version_writes_nothing(scene: Scene) -> None:
    scene.pair({"summary": "anders gelesen"})
    scene.capabilities[LEFT] = Capabilities(mapping_version=2)
    (rebase,) = scene.plan().rebases
    assert scene.decided() == []
    assert (rebase.side, rebase.base.mapping_version, rebase.base.values["summary"]) == (LEFT, 2, "anders gelesen")


def test_events_that_were_linked_different_stay_so_until_one_is_edited(scene: Scene, agreed: Event) -> None:
    other = Base.of(replace(agreed, description="andere Notiz"), 1)
    scene.pair(right={"description": "andere Notiz"}, right_base=other)
    assert scene.idle()
    scene.put(LEFT, "left1", replace(agreed, description="neu"))
    update = scene.only()
    assert (update.side, update.changes) == (RIGHT, {"description": "neu"})


def test_what_rules_read_moves_and_is_owed_to_the_copy(masked: Scene) -> None:
    masked.pair({"private": True}, origin=LEFT)
    (rebase,) = masked.plan().rebases
    assert (rebase.side, rebase.base.private, rebase.reason) == (LEFT, True, "agreed")
    assert rebase.base.owed == {"summary", "description"}
    for _ in range(2):
        assert masked.only().changes == {"summary": "Privat", "description": ""}
        masked.links[1] = masked.links[1].with_base(LEFT, rebase.base)
    assert masked.plan().rebases == ()


def test_what_is_no_longer_owed_is_forgotten(masked: Scene, agreed: Event) -> None:
    masked.pair({"private": True}, {"summary": "Privat", "description": ""}, origin=LEFT)
    base = Base.of(replace(agreed, private=True), 1)
    masked.links[1] = masked.links[1].with_base(LEFT, replace(base, owed=frozenset({"summary", "description"})))
    assert masked.decided() == []
    rebases = {rebase.side: rebase.base for rebase in masked.plan().rebases}
    assert rebases[LEFT] == base
    assert rebases[RIGHT].values["summary"] == "Privat"


def test_what_a_one_way_copy_may_not_be_told_is_told_when_both_sides_are_written(masked: Scene) -> None:
    masked.direction = Direction.RIGHT_TO_LEFT
    masked.pair({"private": True}, origin=LEFT)
    (rebase,) = masked.plan().rebases
    masked.links[1] = masked.links[1].with_base(LEFT, rebase.base)
    assert masked.idle()
    masked.direction = Direction.BOTH
    assert masked.only().changes == {"summary": "Privat", "description": ""}


def test_an_edit_of_a_masked_field_is_told_as_masked(masked: Scene, agreed: Event) -> None:
    private = Base.of(replace(agreed, private=True), 1)
    masked.pair({"private": True, "summary": "Hautarzt"}, {"summary": "Termin"}, origin=LEFT, left_base=private)
    assert masked.decided() == []
    assert {key: values["summary"] for key, values in masked.rebased().items()} == {
        (LEFT, "agreed"): "Hautarzt",
        (RIGHT, "masked"): "Termin",
    }


# What a server stored otherwise, by nobody knows whom. -----------------------------------------------------------


@pytest.mark.parametrize("side", Side)
def test_what_was_stored_otherwise_is_held_until_it_is_edited(scene: Scene, agreed: Event, side: Side) -> None:
    stored = replace(agreed, summary="anders")
    scene.pair()
    scene.put(side, f"{side}1", stored)
    scene.links[1] = scene.links[1].with_base(side, replace(Base.of(stored, 1), unsure=frozenset({"summary"})))
    held = scene.only()
    assert (held.kind, held.side, held.reason) == (Kind.HOLD, side, "changed_by_server")
    assert (held.wanted, held.changes) == (Kind.UPDATE, {"summary": "anders"})
    scene.put(side.other, f"{side.other}1", replace(agreed, summary="neu"))
    assert scene.decided() == [(Kind.UPDATE, side, "overruled")]
