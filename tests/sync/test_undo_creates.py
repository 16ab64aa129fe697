"""How a create is undone, also one that undid a delete, and why it is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calsync.sync.model import Base, Field, State, Value
from calsync.sync.plan import Kind
from calsync.sync.rules import Block
from calsync.sync.undo import undo
from calsync.sync.undoing import Undoing
from calsync.sync.view import Standing
from calsync.values import replace
from tests.sync.undoing import CREATE, DELETE, LEFT, RIGHT, only, plan, renamed, why_not, wrote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.sync.conftest import Scene, Scripted


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
