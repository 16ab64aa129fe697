"""How an update is undone, and why it is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calsync.sync.model import Base, Capabilities, Direction, Event, Side, State
from calsync.sync.plan import Kind
from calsync.sync.rules import Block, Drop, Hold
from calsync.sync.view import Standing
from calsync.values import replace
from tests.sync.undoing import LEFT, RIGHT, UPDATE, only, plan, renamed, why_not, wrote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.sync.model import Timed
    from tests.sync.conftest import Scene, Scripted


class TestUpdate:
    def test_the_fields_get_their_former_values(self, scene: Scene) -> None:
        link = scene.pair()
        operation = only(scene, renamed())
        assert (operation.kind, operation.side, operation.reason) == (UPDATE, RIGHT, "undone")
        assert operation.changes == {"summary": "alt"}
        assert operation.link is link
        assert operation.target is scene.seen[RIGHT]["right1"].observation
        assert operation.source is scene.seen[LEFT]["left1"].observation

    def test_several_give_the_oldest_value(self, scene: Scene) -> None:
        scene.pair()
        assert only(scene, renamed(1, "A", "B"), renamed(2, "B")).changes == {"summary": "A"}

    def test_nothing_is_folded_over_what_somebody_wrote_in_between(self, scene: Scene) -> None:
        scene.pair()
        rows = (renamed(1, "A", "B"), renamed(2, "X", "Y"), renamed(3, "Y"))
        assert only(scene, *rows).changes == {"summary": "X"}

    def test_a_server_s_form_is_not_what_somebody_wrote(self, scene: Scene) -> None:
        scene.pair()
        rows = (renamed(1, "A", "lang und länger"), renamed(2, "lang und", "Besichtigung"))
        assert only(scene, *rows).changes == {"summary": "A"}

    def test_a_server_s_form_is_undone_too(self, scene: Scene, agreed: Event) -> None:
        scene.pair(agreed=replace(agreed, description="Schl"))
        row = wrote(1, UPDATE, {"description": "alt"}, {"description": "Schlüssel"})
        assert only(scene, row).changes == {"description": "alt"}

    def test_to_and_fro_is_nothing(self, scene: Scene) -> None:
        scene.pair()
        assert plan(scene, renamed(1, "Besichtigung", "A"), renamed(2, "A", "Besichtigung")) == ()

    def test_who_sleeps_outside_the_window_is_written_too(self, scene: Scene) -> None:
        scene.pair(state=State.ASLEEP, reason="window")
        assert only(scene, renamed()).kind is UPDATE

    @pytest.mark.parametrize(
        ("state", "reason"),
        [(State.ASLEEP, "series"), (State.ASLEEP, "rule"), (State.PARTED, "kept"), (State.PARTED, "undone")],
    )
    def test_what_is_not_synced_any_more_is_left_alone(self, scene: Scene, state: State, reason: str) -> None:
        scene.pair(state=state, reason=reason)
        assert why_not(scene, renamed()) == "undo_gone"

    def test_without_a_link_nothing_is_known(self, scene: Scene) -> None:
        operation = only(scene, renamed())
        assert (operation.kind, operation.reason, operation.source) == (Kind.SKIP, "undo_gone", None)

    def test_it_is_named_by_what_its_old_id_shows(self, scene: Scene) -> None:
        seen = scene.put(RIGHT, "right1")
        assert only(scene, renamed()).source is seen.observation

    @pytest.mark.parametrize(
        ("gone", "reason"),
        [
            ({RIGHT: Standing.DELETED}, "undo_gone"),
            ({LEFT: Standing.DELETED}, "undo_alone"),
            ({RIGHT: Standing.ELSEWHERE}, "left_account"),
            ({LEFT: Standing.ELSEWHERE}, "left_account"),
            ({RIGHT: Standing.ABSENT}, "doubt"),
            ({LEFT: Standing.TOMBSTONE}, "doubt"),
        ],
    )
    def test_both_must_be_there(self, scene: Scene, gone: Mapping[Side, Standing], reason: str) -> None:
        scene.pair(gone=gone)
        assert why_not(scene, renamed()) == reason

    def test_a_cancelled_meeting_counts_as_gone(self, scene: Scene) -> None:
        scene.pair(right={"cancelled": True})
        assert why_not(scene, renamed()) == "undo_gone"

    def test_what_was_forgotten_counts_as_gone(self, scene: Scene) -> None:
        scene.pair()
        del scene.seen[LEFT]["left1"]
        assert why_not(scene, renamed()) == "undo_alone"
        del scene.seen[RIGHT]["right1"]
        assert why_not(scene, renamed()) == "undo_gone"

    @pytest.mark.parametrize("side", Side)
    def test_a_series_is_left_alone(self, scene: Scene, side: Side) -> None:
        named: dict[str, Any] = {side.value: {"series": True}}
        scene.pair(**named)
        assert why_not(scene, renamed()) == "series"

    def test_while_a_write_is_open_nothing_is_decided(self, scene: Scene) -> None:
        scene.pair()
        scene.waiting_links = frozenset({1})
        assert why_not(scene, renamed()) == "waits"

    def test_a_side_that_is_only_read_is_not_written(self, scene: Scene) -> None:
        scene.pair()
        scene.direction = Direction.RIGHT_TO_LEFT
        assert why_not(scene, renamed()) == "undo_read_only"

    def test_what_nobody_can_read_any_more_is_not_guessed(self, scene: Scene) -> None:
        scene.pair()
        assert why_not(scene, replace(renamed(), readable=False, before={}, after={})) == "undo_unreadable"

    def test_what_is_as_before_is_done(self, scene: Scene) -> None:
        scene.pair()
        assert why_not(scene, renamed(1, "Besichtigung", "neu")) == "undo_done"

    def test_an_edit_of_the_written_event_stays(self, scene: Scene) -> None:
        scene.pair(right={"summary": "von Hand"})
        assert why_not(scene, renamed()) == "undo_edited"

    def test_an_edit_that_both_sides_agree_on_stays(self, scene: Scene, agreed: Event) -> None:
        scene.pair(agreed=replace(agreed, summary="von Hand"))
        assert why_not(scene, renamed()) == "undo_edited"

    def test_an_edit_of_the_other_event_that_is_still_to_be_copied_is_not_swallowed(self, scene: Scene) -> None:
        scene.pair(left={"summary": "neu"})
        assert why_not(scene, renamed()) == "undo_edited"

    def test_an_edit_of_another_field_does_not_matter(self, scene: Scene, later: Timed) -> None:
        scene.pair(left={"when": later}, right={"description": "neu"})
        assert only(scene, renamed()).changes == {"summary": "alt"}

    @pytest.mark.parametrize("base", ["left_base", "right_base"])
    def test_what_nobody_can_tell_from_an_edit_counts_as_one(self, scene: Scene, agreed: Event, base: str) -> None:
        unsure = replace(Base.of(agreed, 1), unsure=frozenset({"summary"}))
        named: dict[str, Any] = {base: unsure}
        scene.pair(**named)
        assert why_not(scene, renamed()) == "undo_edited"

    def test_a_later_write_of_the_field_counts_as_an_edit(self, scene: Scene) -> None:
        scene.pair()
        rows = (renamed(1, "A", "Besichtigung"), renamed(2, "B", "Besichtigung"))
        assert why_not(scene, *rows, chosen={1}) == "undo_edited"

    def test_no_form_is_taken_for_the_servers_where_a_later_write_may_not_have_arrived(self, scene: Scene) -> None:
        scene.pair()
        lost = renamed(3, "Besichtigung", "X")
        written, longer = renamed(), renamed(1, after="Besichtigung mit Frau Kern")
        assert only(scene, written, perhaps=[lost]).changes == {"summary": "alt"}
        assert only(scene, longer).changes == {"summary": "alt"}
        assert why_not(scene, longer, perhaps=[lost]) == "undo_edited"
        later = renamed(4, after="Besichtigung mit Frau Kern")
        assert only(scene, later, perhaps=[lost]).changes == {"summary": "alt"}

    def test_a_later_write_of_the_field_to_the_other_event_carried_somebody_s_edit(self, scene: Scene) -> None:
        scene.pair()
        there, back = (
            wrote(2, UPDATE, {"summary": "Besichtigung"}, {"summary": "X"}, side=LEFT, event_id="left1"),
            wrote(3, UPDATE, {"summary": "X"}, {"summary": "Besichtigung"}, side=LEFT, event_id="left1"),
        )
        assert why_not(scene, renamed(), there, back) == "undo_edited"

    def test_a_later_write_of_another_field_does_not_matter(self, scene: Scene) -> None:
        scene.pair()
        other = wrote(2, UPDATE, {"description": "A"}, {"description": "Schlüssel"})
        assert only(scene, renamed(), other, chosen={1}).changes == {"summary": "alt"}

    def test_some_fields_are_undone_and_others_are_named(self, scene: Scene) -> None:
        scene.pair(right={"description": "von Hand"})
        row = wrote(
            1,
            UPDATE,
            {"summary": "alt", "description": "alte Notiz"},
            {"summary": "Besichtigung", "description": "Schlüssel"},
        )
        skip, update = plan(scene, row)
        assert (skip.kind, skip.reason, skip.changes) == (
            Kind.SKIP,
            "undo_edited",
            {"description": "alte Notiz"},
        )
        assert update.changes == {"summary": "alt"}

    @pytest.mark.parametrize("side", Side)
    def test_a_mask_is_not_taken_off(self, masked: Scene, side: Side) -> None:
        named: dict[str, Any] = {side.value: {"private": True}}
        masked.pair(**named)
        assert why_not(masked, renamed()) == "undo_altered"

    def test_nor_one_that_the_base_remembers(self, masked: Scene, agreed: Event) -> None:
        masked.pair(left_base=Base.of(replace(agreed, private=True), 1))
        assert why_not(masked, renamed()) == "undo_altered"

    def test_what_a_rule_does_not_alter_is_undone(self, masked: Scene, later: Timed, agreed: Event) -> None:
        masked.pair(left={"private": True})
        assert only(masked, wrote(1, UPDATE, {"when": later}, {"when": agreed.when})).changes == {"when": later}

    def test_a_value_that_is_too_long_is_not_written(self, scene: Scene) -> None:
        scene.pair()
        assert why_not(scene, renamed(1, "x" * 3000)) == "too_long"

    def test_what_a_rule_refuses_is_left_alone(self, scene: Scene, scripted: type[Scripted]) -> None:
        scene.pair()
        scene.rules = (scripted(refuses="besser nicht"),)
        assert why_not(scene, renamed()) == "besser nicht"

    @pytest.mark.parametrize("method", ["admit", "project"])
    def test_a_rule_that_raises_keeps_it_as_it_is(
        self, scene: Scene, scripted: type[Scripted], method: str
    ) -> None:
        scene.pair()
        scene.rules = (scripted(fails_in=method),)
        assert why_not(scene, renamed()) == "rule_failed:scripted"

    def test_the_guards_have_their_say(self, scene: Scene, scripted: type[Scripted]) -> None:
        scene.pair()
        scene.rules = (scripted(verdict=Block("mailt")),)
        assert (only(scene, renamed()).kind, only(scene, renamed()).reason) == (Kind.BLOCK, "mailt")
        scene.rules = (scripted(verdict=Hold("wartet")),)
        assert only(scene, renamed()).kind is Kind.HOLD
        scene.rules = (scripted(verdict=Drop(frozenset({"summary"}), "bleibt")),)
        assert why_not(scene, renamed()) == "bleibt"

    def test_another_mapping_tells_nothing_of_an_edit(self, scene: Scene, agreed: Event) -> None:
        scene.capabilities[RIGHT] = Capabilities(mapping_version=2)
        scene.pair(right_base=Base.of(replace(agreed, summary="anders gelesen"), 1))
        assert why_not(scene, renamed()) == "undo_edited"
