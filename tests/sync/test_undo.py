"""How what calsync wrote is undone: row by row of the table, and why it is left alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from calsync.sync.model import FIELDS, Base, Capabilities, Direction, Draft, Event, Field, Side, State, Value
from calsync.sync.plan import Kind, Operation
from calsync.sync.rules import Block, Drop, Hold
from calsync.sync.undo import undo
from calsync.sync.undoing import Undoing, event_of
from calsync.sync.view import Standing
from calsync.sync.wrote import Wrote

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from calsync.sync.model import Timed
    from tests.sync.conftest import Scene, Scripted

LEFT, RIGHT = Side.LEFT, Side.RIGHT
CREATE, UPDATE, DELETE = Kind.CREATE, Kind.UPDATE, Kind.DELETE


@pytest.fixture
def image(agreed: Event) -> Mapping[Field, Value]:
    """All that is synced of an event."""
    return {name: agreed.value(name) for name in FIELDS}


def wrote(
    number: int,
    kind: Kind,
    before: Mapping[Field, Value] | None = None,
    after: Mapping[Field, Value] | None = None,
    **more: Any,
) -> Wrote:
    """Return a write of the ledger: to the right event of the first pair, where it says nothing else."""
    values: dict[str, Any] = {
        "side": RIGHT,
        "reason": "changed",
        "link": 1,
        "event_id": "right1",
        "source_id": "left1",
        "uid": None,
        "source_uid": None,
        "private": False,
    }
    return Wrote(id=number, kind=kind, before=before or {}, after=after or {}, **{**values, **more})


def plan(
    scene: Scene, *rows: Wrote, chosen: Collection[int] | None = None, gone: Collection[int] | None = None
) -> tuple[Operation, ...]:
    """Undo rows: all of them, and what they deleted is gone, where nothing else is said."""
    numbers = {row.id for row in rows}
    wanted = numbers if chosen is None else chosen
    undoing = Undoing(rows=rows, chosen=wanted, gone=numbers if gone is None else gone)
    return tuple(undo(scene.view(), undoing).operations)


def only(scene: Scene, *rows: Wrote, **more: Any) -> Operation:
    (operation,) = plan(scene, *rows, **more)
    return operation


def why_not(scene: Scene, *rows: Wrote, **more: Any) -> str:
    """Return why rows are not undone."""
    operation = only(scene, *rows, **more)
    assert operation.kind is Kind.SKIP
    return operation.reason


def renamed(number: int = 1, before: str = "alt", after: str = "Besichtigung", **more: Any) -> Wrote:
    return wrote(number, UPDATE, {"summary": before}, {"summary": after}, **more)


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


class TestCreate:
    def test_the_copy_is_deleted(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        link = scene.pair()
        operation = only(scene, wrote(1, CREATE, after=image))
        assert (operation.kind, operation.side, operation.reason, operation.link) == (
            DELETE,
            RIGHT,
            "undone",
            link,
        )
        assert operation.target is scene.seen[RIGHT]["right1"].observation
        assert operation.source is scene.seen[LEFT]["left1"].observation

    def test_with_what_was_written_to_it_later(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        scene.pair()
        rows = (wrote(1, CREATE, after={**image, "summary": "A"}), renamed(2, "A"))
        assert only(scene, *rows).kind is DELETE

    def test_but_not_where_that_is_not_to_be_undone(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        scene.pair()
        rows = (wrote(1, CREATE, after={**image, "summary": "A"}), renamed(2, "A"))
        assert why_not(scene, *rows, chosen={1}) == "undo_edited"

    def test_an_edited_copy_stays(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        scene.pair(right={"description": "von Hand"})
        assert why_not(scene, wrote(1, CREATE, after=image)) == "undo_edited"

    def test_a_copy_of_which_not_all_is_known_stays(self, scene: Scene) -> None:
        scene.pair()
        assert why_not(scene, wrote(1, CREATE, after={"summary": "Besichtigung"})) == "undo_edited"

    def test_the_last_one_stays(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        scene.pair(gone={LEFT: Standing.DELETED})
        assert why_not(scene, wrote(1, CREATE, after=image)) == "undo_alone"

    def test_nor_is_the_last_one_deleted_of_which_only_its_server_tells(
        self, scene: Scene, image: Mapping[Field, Value]
    ) -> None:
        scene.pair(state=State.ASLEEP, reason="window")
        undoing = Undoing(rows=[wrote(1, CREATE, after=image)], chosen={1}, alone={1})
        assert [operation.reason for operation in undo(scene.view(), undoing).operations] == ["undo_alone"]

    @pytest.mark.parametrize("reason", ["adopted", "linked_different"])
    def test_what_may_be_a_user_s_own_stays(self, scene: Scene, image: Mapping[Field, Value], reason: str) -> None:
        scene.pair()
        assert why_not(scene, wrote(1, CREATE, after=image, reason=reason)) == "undo_uncertain"

    def test_a_rule_that_blocks_keeps_it(
        self, scene: Scene, image: Mapping[Field, Value], scripted: type[Scripted]
    ) -> None:
        scene.pair()
        scene.rules = (scripted(verdict=Block("mailt")),)
        assert only(scene, wrote(1, CREATE, after=image)).kind is Kind.BLOCK

    def test_a_copy_that_came_out_of_the_trash_is_undone_as_of_then(
        self, scene: Scene, image: Mapping[Field, Value]
    ) -> None:
        scene.pair()
        rows = (
            wrote(1, CREATE, after=image),
            wrote(2, DELETE, before=image, reason="undone"),
            renamed(3, "A"),
        )
        assert only(scene, *rows).changes == {"summary": "A"}

    def test_one_that_was_made_again_is_deleted(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        scene.pair()
        assert only(scene, renamed(1, "A", "B"), wrote(2, CREATE, after=image, reason="recreated")).kind is DELETE

    def test_one_that_was_made_again_stays_where_only_the_first_one_is_undone(
        self, scene: Scene, image: Mapping[Field, Value]
    ) -> None:
        """Whatever was written to the second one is undone."""
        scene.pair()
        rows = (
            wrote(1, CREATE, after={**image, "summary": "A"}, event_id="right0"),
            wrote(2, CREATE, after={**image, "summary": "A"}, reason="recreated"),
            renamed(3, "A"),
        )
        assert only(scene, *rows, chosen={1, 3}).changes == {"summary": "A"}
        assert why_not(scene, *rows[:2], chosen={1}) == "undo_edited"

    def test_a_create_and_its_delete_are_nothing(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        assert plan(scene, wrote(1, CREATE, after=image), wrote(2, DELETE, before=image)) == ()


class TestCreatedAnew:
    """The create that undid a delete is undone itself."""

    def _alone(self, scene: Scene, **right: Any) -> None:
        link = scene.pair(right=right, gone={LEFT: Standing.DELETED}, state=State.PARTED, reason="undone")
        scene.links[1] = replace(link, left_base=Base(), right_base=Base())

    def test_it_is_deleted_again(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        self._alone(scene)
        operation = only(scene, wrote(2, CREATE, after=image, reason="undone", undoes=1))
        assert (operation.kind, operation.reason) == (DELETE, "undone")

    def test_not_where_somebody_edited_it(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        self._alone(scene, summary="von Hand")
        assert why_not(scene, wrote(2, CREATE, after=image, reason="undone", undoes=1)) == "undo_edited"

    @pytest.mark.parametrize("standing", [Standing.DELETED, Standing.ABSENT, Standing.ELSEWHERE])
    def test_not_where_it_is_not_there(
        self, scene: Scene, image: Mapping[Field, Value], standing: Standing
    ) -> None:
        self._alone(scene)
        scene.put(RIGHT, "right1", standing=standing)
        assert why_not(scene, wrote(2, CREATE, after=image, reason="undone", undoes=1)) == "undo_gone"

    def test_not_where_it_is_a_series_by_now(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        self._alone(scene, series=True)
        assert why_not(scene, wrote(2, CREATE, after=image, reason="undone", undoes=1)) == "series"

    def test_one_whose_partner_is_back_is_a_copy_like_any_other(
        self, scene: Scene, image: Mapping[Field, Value]
    ) -> None:
        scene.pair()
        assert only(scene, wrote(2, CREATE, after=image, reason="undone", undoes=1)).kind is DELETE
        scene.pair(right={"summary": "von Hand"})
        edited = wrote(2, CREATE, after=image, reason="undone", undoes=1, link=2, event_id="right2")
        assert why_not(scene, edited) == "undo_edited"

    def test_a_delete_and_what_undid_it_are_nothing(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        deleted = wrote(1, DELETE, before=image)
        assert plan(scene, deleted, wrote(2, CREATE, after=image, reason="undone", undoes=1, link=2)) == ()


class TestDelete:
    def test_it_is_created_anew_without_a_reminder(
        self, scene: Scene, image: Mapping[Field, Value], agreed: Event
    ) -> None:
        row = wrote(1, DELETE, before=image, uid="uid-right", source_uid="uid-left")
        operation = only(scene, row)
        assert (operation.kind, operation.side, operation.reason) == (CREATE, RIGHT, "undone")
        assert (operation.undoes, operation.link, operation.target) == (1, None, None)
        assert operation.draft == Draft(
            summary=agreed.summary, when=agreed.when, description=agreed.description, reminder=None
        )
        assert operation.source is not None
        assert (operation.source.id, operation.source.event.uid) == ("left1", "uid-left")
        assert operation.source.event.summary == agreed.summary

    def test_as_it_was_before_the_writes_that_are_undone_with_it(
        self, scene: Scene, image: Mapping[Field, Value]
    ) -> None:
        operation = only(scene, renamed(1, "A", "B"), renamed(2, "B"), wrote(3, DELETE, before=image))
        assert operation.draft is not None
        assert (operation.draft.summary, operation.draft.description) == ("A", "Schlüssel")

    def test_not_as_before_what_somebody_wrote_in_between(
        self, scene: Scene, image: Mapping[Field, Value]
    ) -> None:
        operation = only(scene, renamed(1, "A", "B"), wrote(2, DELETE, before=image))
        assert operation.draft is not None
        assert operation.draft.summary == "Besichtigung"

    def test_once_only(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        rows = (wrote(1, DELETE, before=image), wrote(2, CREATE, after=image, reason="undone", undoes=1, link=2))
        assert why_not(scene, *rows, chosen={1}) == "undo_done"

    def test_a_private_one_would_be_readable_for_others(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        operation = only(scene, wrote(1, DELETE, before=image, private=True))
        assert (operation.kind, operation.reason) == (Kind.SKIP, "undo_private")
        assert operation.source is not None
        assert operation.source.event.private

    def test_not_where_somebody_took_it_out_of_the_trash(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        assert why_not(scene, wrote(1, DELETE, before=image), gone=()) == "undo_back"

    @pytest.mark.parametrize(
        ("standing", "reason"),
        [(Standing.PRESENT, "undo_back"), (Standing.TOMBSTONE, "undo_back"), (Standing.DELETED, None)],
    )
    @pytest.mark.parametrize("event_id", ["left1", "moved"])
    def test_not_where_its_partner_may_be_there(
        self,
        scene: Scene,
        image: Mapping[Field, Value],
        agreed: Event,
        event_id: str,
        standing: Standing,
        reason: str | None,
    ) -> None:
        scene.put(LEFT, event_id, replace(agreed, summary="x", uid="uid-left"), standing)
        operation = only(scene, wrote(1, DELETE, before=image, source_uid="uid-left"))
        assert (operation.reason if operation.kind is Kind.SKIP else None) == reason

    def test_a_partner_in_another_calendar_is_not_there(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        scene.put(LEFT, "left1", standing=Standing.ELSEWHERE)
        scene.put(LEFT, "other")
        assert only(scene, wrote(1, DELETE, before=image)).kind is CREATE

    def test_not_where_its_partner_has_another_copy_whatever_becomes_of_that(
        self, scene: Scene, image: Mapping[Field, Value]
    ) -> None:
        scene.pair(gone={LEFT: Standing.DELETED})
        row = wrote(1, DELETE, before=image, link=7, event_id="right0")
        assert why_not(scene, row) == "undo_back"

    def test_not_where_its_partner_is_private_by_now(
        self, scene: Scene, image: Mapping[Field, Value], agreed: Event
    ) -> None:
        scene.put(LEFT, "left1", replace(agreed, private=True), Standing.DELETED)
        assert why_not(scene, wrote(1, DELETE, before=image)) == "undo_private"

    @pytest.mark.parametrize("uid", [None, "uid-left"])
    def test_a_partner_that_lost_several_copies_gets_the_last_one_alone(
        self, scene: Scene, image: Mapping[Field, Value], uid: str | None
    ) -> None:
        rows = (
            wrote(1, DELETE, before=image, source_uid=uid),
            wrote(2, DELETE, before=image, source_uid=uid, link=2, event_id="right2"),
            wrote(3, DELETE, before=image, source_id="left3", link=3, event_id="right3"),
        )
        found = [(operation.kind, operation.reason, operation.undoes) for operation in plan(scene, *rows)]
        assert found == [(Kind.SKIP, "undo_back", 1), (CREATE, "undone", 2), (CREATE, "undone", 3)]

    def test_not_while_its_partner_s_copy_may_be_on_its_way(
        self, scene: Scene, image: Mapping[Field, Value]
    ) -> None:
        view = replace(scene.view(), possibly_made=frozenset({(LEFT, "left1")}))
        undoing = Undoing(rows=[wrote(1, DELETE, before=image)], chosen={1}, gone={1})
        assert [operation.reason for operation in undo(view, undoing).operations] == ["waits"]

    def test_not_where_its_image_or_its_partner_is_unknown(
        self, scene: Scene, image: Mapping[Field, Value]
    ) -> None:
        assert why_not(scene, wrote(1, DELETE, before={"summary": "x"})) == "undo_uncertain"
        assert why_not(scene, wrote(1, DELETE, before=image, source_id=None)) == "undo_uncertain"

    def test_a_side_that_is_only_read_is_not_written(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        scene.direction = Direction.RIGHT_TO_LEFT
        assert why_not(scene, wrote(1, DELETE, before=image)) == "undo_read_only"

    def test_what_a_rule_refuses_is_not_created(
        self, scene: Scene, image: Mapping[Field, Value], scripted: type[Scripted]
    ) -> None:
        scene.rules = (scripted(refuses="besser nicht"),)
        assert why_not(scene, wrote(1, DELETE, before=image)) == "besser nicht"

    def test_a_rule_that_raises_keeps_it_away(
        self, scene: Scene, image: Mapping[Field, Value], scripted: type[Scripted]
    ) -> None:
        scene.rules = (scripted(fails_in="guard"),)
        assert only(scene, wrote(1, DELETE, before=image)).kind is Kind.HOLD


class TestDeleteThatUndid:
    """Undoing the delete that had undone a create: the original is new again."""

    def _parted(self, scene: Scene, left: Standing = Standing.PRESENT, right: Standing = Standing.DELETED) -> None:
        scene.pair(gone={LEFT: left, RIGHT: right}, state=State.PARTED, reason="undone")

    def test_the_pair_ends_and_nothing_is_written(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        self._parted(scene)
        operation = only(scene, wrote(2, DELETE, before=image, reason="undone"))
        assert (operation.kind, operation.reason, operation.link) == (Kind.UNLINK, "undone", scene.links[1])

    @pytest.mark.parametrize(("state", "reason"), [(State.AWAKE, None), (State.PARTED, "kept")])
    def test_not_where_the_pair_is_something_else_by_now(
        self, scene: Scene, image: Mapping[Field, Value], state: State, reason: str | None
    ) -> None:
        scene.pair(state=state, reason=reason)
        assert why_not(scene, wrote(2, DELETE, before=image, reason="undone")) == "undo_done"

    def test_not_where_there_is_no_pair(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        assert why_not(scene, wrote(2, DELETE, before=image, reason="undone")) == "undo_done"

    @pytest.mark.parametrize("standing", [Standing.PRESENT, Standing.TOMBSTONE])
    def test_not_where_the_copy_may_be_there(
        self, scene: Scene, image: Mapping[Field, Value], standing: Standing
    ) -> None:
        self._parted(scene, right=standing)
        assert why_not(scene, wrote(2, DELETE, before=image, reason="undone")) == "undo_back"

    def test_not_where_its_server_shows_the_copy(self, scene: Scene, image: Mapping[Field, Value]) -> None:
        self._parted(scene)
        assert why_not(scene, wrote(2, DELETE, before=image, reason="undone"), gone=()) == "undo_back"

    @pytest.mark.parametrize("standing", [Standing.DELETED, Standing.ABSENT, Standing.ELSEWHERE])
    def test_not_without_the_original(
        self, scene: Scene, image: Mapping[Field, Value], standing: Standing
    ) -> None:
        self._parted(scene, left=standing)
        assert why_not(scene, wrote(2, DELETE, before=image, reason="undone")) == "undo_gone"


def test_nothing_chosen_is_nothing_done(scene: Scene) -> None:
    scene.pair()
    assert plan(scene, renamed(), chosen=()) == ()


def test_each_event_is_undone_on_its_own_the_oldest_first(scene: Scene, image: Mapping[Field, Value]) -> None:
    scene.pair()
    scene.pair()
    rows = (
        wrote(1, CREATE, after=image, link=2, event_id="right2"),
        renamed(2),
        wrote(3, UPDATE, {"summary": "L"}, {"summary": "Besichtigung"}, side=LEFT, event_id="left1"),
    )
    found = plan(scene, *rows, chosen={1, 3})
    assert [(operation.kind, operation.side) for operation in found] == [(DELETE, RIGHT), (UPDATE, LEFT)]


def test_no_event_is_made_of_half_an_image() -> None:
    with pytest.raises(ValueError, match="all fields"):
        event_of(renamed(), {"summary": "x"})
