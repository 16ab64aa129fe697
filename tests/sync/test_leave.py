"""Which copies go when an account leaves, why others stay, and of which pairs the ids are kept."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.sync.asking import Hang
from calsync.sync.leave import candidates, leave, remembered
from calsync.sync.model import Base, Side, State, Timed
from calsync.sync.plan import Kind
from calsync.sync.rules import Block
from calsync.sync.view import Standing
from calsync.values import replace
from tests.sync.conftest import WINDOW

if TYPE_CHECKING:
    from collections.abc import Collection

    from calsync.sync.model import Event, Link
    from calsync.sync.plan import Operation
    from tests.sync.conftest import Scene, Scripted

LEFT, RIGHT = Side.LEFT, Side.RIGHT
OUTSIDE = Timed(WINDOW.end + timedelta(days=9), WINDOW.end + timedelta(days=9, hours=1))


def plan(scene: Scene, side: Side = RIGHT, alone: Collection[int] = ()) -> list[Operation]:
    return list(leave(scene.view(), side, alone).operations)


def why(scene: Scene, **more: Any) -> str:
    """Return why the only copy stays."""
    (operation,) = plan(scene, **more)
    assert operation.kind is Kind.SKIP
    return operation.reason


class TestRemoved:
    @pytest.mark.parametrize(("state", "reason"), [(State.AWAKE, None), (State.ASLEEP, "window")])
    def test_a_copy_as_both_sides_agreed_beside_its_original(
        self, scene: Scene, state: State, reason: str | None
    ) -> None:
        link = scene.pair(origin=LEFT, state=state, reason=reason)
        (operation,) = plan(scene)
        assert (operation.kind, operation.side, operation.reason) == (Kind.DELETE, RIGHT, "leaving")
        assert operation.link is link
        assert operation.target is scene.seen[RIGHT]["right1"].observation
        assert operation.source is scene.seen[LEFT]["left1"].observation

    def test_an_original_with_an_edit_keeps_it(self, scene: Scene) -> None:
        scene.pair(left={"summary": "neu"}, origin=LEFT)
        assert plan(scene)[0].kind is Kind.DELETE

    def test_the_guards_have_their_say(self, scene: Scene, scripted: type[Scripted]) -> None:
        scene.pair(origin=LEFT)
        scene.rules = (scripted(verdict=Block("has_attendees")),)
        (operation,) = plan(scene)
        assert (operation.kind, operation.reason, operation.wanted) == (
            Kind.BLOCK,
            "has_attendees",
            Kind.DELETE,
        )

    def test_originals_are_not_even_listed(self, scene: Scene) -> None:
        scene.pair(origin=RIGHT)
        assert plan(scene) == []


class TestStays:
    def test_what_was_there_before(self, scene: Scene) -> None:
        scene.pair()
        assert why(scene) == "leave_own"

    @pytest.mark.parametrize("edit", [{"summary": "neu"}, {"description": "neu"}, {"when": OUTSIDE}])
    def test_what_somebody_has_edited(self, scene: Scene, edit: dict[str, Any]) -> None:
        scene.pair(right=edit, origin=LEFT)
        assert why(scene) == "leave_edited"

    def test_what_nobody_knows_to_be_unedited(self, scene: Scene, agreed: Any) -> None:
        scene.pair(origin=LEFT, right_base=Base())
        assert why(scene) == "leave_unsure"
        scene.links[1] = replace(
            scene.links[1], right_base=replace(Base.of(agreed, 1), unsure=frozenset({"summary"}))
        )
        assert why(scene) == "leave_unsure"

    def test_what_a_person_has_let_differ_from_its_original(self, scene: Scene, agreed: Event) -> None:
        scene.pair(right={"description": "neu"}, origin=LEFT)
        scene.links[1] = replace(scene.links[1], right_base=Base.of(replace(agreed, description="neu"), 1))
        assert why(scene) == "leave_unsure"

    def test_what_a_user_wrote_over_a_mask(self, masked: Scene, agreed: Event) -> None:
        private, mask = replace(agreed, private=True), replace(agreed, summary="Privat", description="")
        masked.pair(agreed=private, origin=LEFT, right={"private": False, "summary": "Privat", "description": ""})
        masked.links[1] = replace(masked.links[1], right_base=Base.of(mask, 1))
        assert plan(masked)[0].kind is Kind.DELETE
        masked.put(RIGHT, "right1", replace(mask, summary="neu"))
        masked.links[1] = replace(masked.links[1], right_base=Base.of(replace(mask, summary="neu"), 1))
        assert why(masked) == "leave_unsure"

    @pytest.mark.parametrize("private", [True, False])
    def test_what_another_mask_may_have_made_of_a_private_original(
        self, scene: Scene, agreed: Event, private: bool
    ) -> None:
        """No rule masks it any more, or its original was made public since."""
        scene.pair(left={"private": private}, right={"summary": "Belegt"}, origin=LEFT)
        bases = Base.of(replace(agreed, private=True), 1), Base.of(replace(agreed, summary="Belegt"), 1)
        scene.links[1] = replace(scene.links[1], left_base=bases[0], right_base=bases[1])
        assert why(scene) == "leave_unsure"

    def test_what_somebody_has_edited_on_the_copy_of_a_private_original(
        self, masked: Scene, agreed: Event
    ) -> None:
        mask = replace(agreed, summary="Privat", description="")
        masked.pair(agreed=replace(agreed, private=True), origin=LEFT)
        masked.put(RIGHT, "right1", replace(mask, summary="neu"))
        masked.links[1] = replace(masked.links[1], right_base=Base.of(mask, 1))
        assert why(masked) == "leave_edited"

    def test_of_whose_original_it_is_not_known_what_was_agreed(self, scene: Scene) -> None:
        scene.pair(origin=LEFT, left_base=Base())
        assert why(scene) == "leave_unsure"

    @pytest.mark.parametrize(
        ("standing", "reason"),
        [
            (Standing.DELETED, "leave_alone"),
            (Standing.TOMBSTONE, "doubt"),
            (Standing.ABSENT, "doubt"),
            (Standing.GONE, "doubt"),
            (Standing.ELSEWHERE, "left_account"),
        ],
    )
    def test_whose_original_is_not_there(self, scene: Scene, standing: Standing, reason: str) -> None:
        scene.pair(origin=LEFT, gone={LEFT: standing})
        assert why(scene) == reason

    def test_whose_original_is_cancelled(self, scene: Scene) -> None:
        scene.pair(left={"cancelled": True}, origin=LEFT)
        assert why(scene) == "leave_alone"

    def test_whose_original_its_server_does_not_find(self, scene: Scene) -> None:
        scene.pair(left={"when": OUTSIDE}, right={}, origin=LEFT)
        assert [link.id for link, _ in candidates(scene.view(), RIGHT)] == [1]
        assert why(scene, alone={1}) == "leave_alone"

    @pytest.mark.parametrize(
        ("state", "reason"), [(State.ASLEEP, "series"), (State.ASLEEP, "rule"), (State.PARTED, "kept")]
    )
    def test_what_is_not_synced_any_more(self, scene: Scene, state: State, reason: str) -> None:
        scene.pair(origin=LEFT, state=state, reason=reason)
        assert why(scene) == "leave_parted"

    def test_what_has_an_open_write(self, scene: Scene) -> None:
        scene.pair(origin=LEFT)
        scene.waiting_links = frozenset({1})
        assert why(scene) == "waits"

    def test_a_series(self, scene: Scene) -> None:
        scene.pair(right={"series": True}, origin=LEFT)
        assert why(scene) == "series"

    @pytest.mark.parametrize(("method", "kind"), [("admit", Kind.SKIP), ("guard", Kind.HOLD)])
    def test_what_a_rule_fails_about(
        self, scene: Scene, scripted: type[Scripted], method: str, kind: Kind
    ) -> None:
        scene.pair(origin=LEFT)
        scene.rules = (scripted(fails_in=method),)
        (operation,) = plan(scene)
        assert (operation.kind, operation.reason) == (kind, "rule_failed:scripted")


def kept(scene: Scene, link: Link) -> Link | None:
    return remembered(scene.view())[link.id]


class TestRemembered:
    def test_alike_pairs_are_forgotten(self, scene: Scene) -> None:
        link = scene.pair(left={"description": "anders"}, origin=LEFT)
        assert kept(scene, link) is None

    def test_one_of_two_that_look_alike_is_not(self, scene: Scene) -> None:
        """Nobody could tell which of both belongs to the other side's."""
        link = scene.pair(origin=LEFT)
        scene.put(RIGHT, "twin")
        assert kept(scene, link) is not None

    @pytest.mark.parametrize(
        ("more", "reason"),
        [
            ({"right": {"summary": "Privat"}}, "leaving"),
            ({"right": {"when": OUTSIDE}}, "leaving"),
            ({"right": {"series": True}, "left": {"series": True}}, "leaving"),
            ({"state": State.ASLEEP, "reason": "series"}, "leaving"),
            ({"state": State.PARTED, "reason": "kept"}, "kept"),
            ({"gone": {LEFT: Standing.DELETED}}, "leaving"),
            ({"gone": {LEFT: Standing.TOMBSTONE}, "right": {"summary": "neu"}}, "leaving"),
        ],
    )
    def test_of_others_the_ids_stay_and_no_values(self, scene: Scene, more: dict[str, Any], reason: str) -> None:
        link = scene.pair(**more, origin=LEFT)
        found = kept(scene, link)
        assert found is not None
        assert (found.left, found.right, found.state, found.reason) == ("left1", "right1", State.PARTED, reason)
        assert (found.left_base, found.right_base, found.origin) == (Base(), Base(), LEFT)

    @pytest.mark.parametrize("rule", [{"refuses": "other_type"}, {"fails_in": "admit"}])
    def test_so_do_those_of_what_a_rule_lets_out_by_now(
        self, scene: Scene, scripted: type[Scripted], rule: dict[str, Any]
    ) -> None:
        link = scene.pair(origin=LEFT)
        scene.rules = (scripted(**rule),)
        assert kept(scene, link) is not None

    def test_no_rule_is_asked_where_one_ever_hung(self, scene: Scene, scripted: type[Scripted]) -> None:
        link = scene.pair(origin=LEFT)
        scene.rules = (scripted(refuses="other_type"),)
        scene.hangs = [Hang(rule="other", version="", left=None, right=None)]
        assert kept(scene, link) is None

    @pytest.mark.parametrize(
        "more",
        [
            {"gone": {LEFT: Standing.DELETED, RIGHT: Standing.DELETED}},
            {"gone": {RIGHT: Standing.DELETED}, "state": State.PARTED, "reason": "leaving"},
        ],
    )
    def test_what_is_over_is_forgotten(self, scene: Scene, more: dict[str, Any]) -> None:
        link = scene.pair(**more, origin=LEFT)
        assert kept(scene, link) is None

    def test_a_copy_that_is_left_alone_is_remembered(self, scene: Scene) -> None:
        link = scene.pair(gone={LEFT: Standing.DELETED}, state=State.PARTED, reason="leaving", origin=LEFT)
        assert kept(scene, link) is not None
