"""How a delete is undone, also one that undid a create, and why it is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.sync.model import Direction, Draft, Event, Field, State, Value
from calsync.sync.plan import Kind
from calsync.sync.undo import undo
from calsync.sync.undoing import Undoing
from calsync.sync.view import Standing
from calsync.values import replace
from tests.sync.undoing import CREATE, DELETE, LEFT, RIGHT, only, plan, renamed, why_not, wrote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.sync.conftest import Scene, Scripted


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
