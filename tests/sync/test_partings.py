"""The rows of the decision table about deletes, and parted links."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from calsync.sync.model import Base, Direction, Event, Link, Side, State, Timed
from calsync.sync.plan import Kind
from calsync.sync.rules import Block
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from tests.sync.conftest import Scene, Scripted

LEFT, RIGHT = Side.LEFT, Side.RIGHT
ONE_WAY = (Direction.LEFT_TO_RIGHT, Direction.RIGHT_TO_LEFT)


def on(side: Side, edit: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `Scene.pair` that edit one side."""
    return {str(side): edit}


@pytest.mark.parametrize("gone", Side)
def test_deleted_and_same_deletes_the_other(scene: Scene, gone: Side) -> None:
    scene.pair(gone={gone: Standing.DELETED})
    assert scene.decided() == [(Kind.DELETE, gone.other, "deleted")]
    delete = scene.only()
    assert delete.target is not None
    assert delete.source is not None
    assert (delete.target.id, delete.source.id) == (f"{gone.other}1", f"{gone}1")


@pytest.mark.parametrize("gone", Side)
def test_a_cancelled_meeting_counts_as_deleted(scene: Scene, gone: Side) -> None:
    scene.pair(**on(gone, {"cancelled": True}))
    assert scene.decided() == [(Kind.DELETE, gone.other, "deleted")]


@pytest.mark.parametrize("gone", Side)
@pytest.mark.parametrize("edit", [{"summary": "neu"}, {"description": ""}])
def test_deleted_and_changed_recreates(scene: Scene, gone: Side, edit: dict[str, Any]) -> None:
    link = scene.pair(gone={gone: Standing.DELETED}, **on(gone.other, edit))
    create = scene.only()
    assert (create.kind, create.side, create.reason) == (Kind.CREATE, gone, "recreated")
    assert (create.link, create.target) == (link, None)
    assert create.draft is not None
    assert edit.items() <= create.draft.values().items()


@pytest.mark.parametrize("gone", Side)
def test_what_may_have_been_edited_is_not_deleted(scene: Scene, agreed: Event, gone: Side) -> None:
    stored = replace(agreed, summary="anders")
    scene.pair(gone={gone: Standing.DELETED})
    scene.put(gone.other, f"{gone.other}1", stored)
    base = replace(Base.of(stored, 1), unsure=frozenset({"summary"}))
    scene.links[1] = scene.links[1].with_base(gone.other, base)
    held = scene.only()
    assert (held.kind, held.side, held.reason) == (Kind.HOLD, gone.other, "changed_by_server")
    assert held.wanted is Kind.DELETE
    scene.put(gone.other, f"{gone.other}1", replace(stored, description="neu"))
    assert scene.decided() == [(Kind.CREATE, gone, "recreated")]


def test_a_blocked_delete_never_parts(scene: Scene, scripted: type[Scripted]) -> None:
    scene.rules = (scripted(verdict=Block("has_attendees")),)
    scene.pair(gone={LEFT: Standing.DELETED})
    assert (scene.only().kind, scene.only().wanted) == (Kind.BLOCK, Kind.DELETE)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("cancelled", [False, True])
def test_both_deleted_ends_the_link(scene: Scene, state: State, cancelled: bool) -> None:
    scene.pair(
        {"cancelled": cancelled},
        gone={RIGHT: Standing.DELETED} if cancelled else dict.fromkeys(Side, Standing.DELETED),
        state=state,
        reason="series",
    )
    assert scene.decided() == [(Kind.UNLINK, LEFT, "both_deleted")]


@pytest.mark.parametrize("origin", [LEFT, None])
def test_a_private_original_is_not_made_again_from_its_mask(
    masked: Scene, agreed: Event, later: Timed, origin: Side | None
) -> None:
    mask = replace(agreed, summary="Privat", description="")
    bases: dict[str, Any] = {
        "left_base": Base.of(replace(agreed, private=True), 1),
        "right_base": Base.of(mask, 1),
    }
    masked.pair({"private": True}, {"summary": "Privat", "description": "", "when": later}, origin=origin, **bases)
    masked.seen[LEFT]["left1"] = replace(masked.seen[LEFT]["left1"], standing=Standing.DELETED)
    held = masked.only()
    assert (held.kind, held.side, held.reason) == (Kind.HOLD, RIGHT, "private_original_deleted")
    assert held.wanted is Kind.DELETE
    masked.put(RIGHT, "right1", replace(mask, summary="in Outlook"))
    assert masked.decided() == [(Kind.DELETE, RIGHT, "deleted")]


def test_what_a_user_wrote_into_a_copy_of_their_own_counts(masked: Scene, agreed: Event) -> None:
    """A copy that its user marked as private is no mask: nothing else holds what they wrote."""
    masked.pair(
        right={"private": True, "summary": "neu"},
        gone={LEFT: Standing.DELETED},
        origin=LEFT,
        right_base=Base.of(replace(agreed, private=True), 1),
    )
    create = masked.only()
    assert (create.kind, create.side, create.reason) == (Kind.CREATE, LEFT, "recreated")
    assert create.draft is not None
    assert create.draft.summary == "Privat"


def test_a_private_copy_is_made_again_masked(masked: Scene) -> None:
    masked.pair({"private": True, "summary": "neu"}, gone={RIGHT: Standing.DELETED}, origin=LEFT)
    draft = masked.only().draft
    assert draft is not None
    assert (draft.summary, draft.description) == ("Privat", "")


@pytest.mark.parametrize("direction", ONE_WAY)
def test_a_deleted_source_deletes_its_target_unless_that_was_edited(scene: Scene, direction: Direction) -> None:
    scene.direction = direction
    target = next(side for side in Side if direction.writes(side))
    scene.pair(gone={target.other: Standing.DELETED})
    scene.pair(gone={target.other: Standing.DELETED}, **on(target, {"summary": "am Ziel"}))
    assert scene.decided() == [(Kind.DELETE, target, "deleted"), (Kind.PART, target, "target_edited")]
    assert scene.plan().operations[1].state is State.PARTED


@pytest.mark.parametrize("direction", ONE_WAY)
@pytest.mark.parametrize("on_target_edit", ["keep", "restore"])
def test_a_deleted_target_stays_deleted_until_its_source_changes(
    scene: Scene, direction: Direction, on_target_edit: Any
) -> None:
    scene.direction, scene.on_target_edit = direction, on_target_edit
    target = next(side for side in Side if direction.writes(side))
    scene.pair(gone={target: Standing.DELETED})
    scene.pair(gone={target: Standing.DELETED}, **on(target.other, {"summary": "neu"}))
    first = (
        (Kind.PART, target, "target_deleted") if on_target_edit == "keep" else (Kind.CREATE, target, "restored")
    )
    assert scene.decided() == [first, (Kind.CREATE, target, "recreated")]


@pytest.mark.parametrize("edit", [{}, {"summary": "rechts"}])
def test_a_private_target_is_not_made_again_from_a_masked_source(
    masked: Scene, agreed: Event, later: Timed, edit: dict[str, Any]
) -> None:
    masked.direction, masked.on_target_edit = Direction.RIGHT_TO_LEFT, "restore"
    private = replace(agreed, private=True)
    masked.pair(
        {"private": True},
        {"when": later, **edit},
        gone={LEFT: Standing.DELETED},
        origin=LEFT,
        left_base=Base.of(private, 1),
    )
    assert (masked.only().kind, masked.only().reason) == (Kind.HOLD, "private_original_deleted")


PARTED: dict[str, Any] = {"state": State.PARTED, "reason": "target_edited"}


@pytest.mark.parametrize("reason", ["deleted", "target_edited", "target_deleted"])
def test_a_parted_link_is_left_alone(scene: Scene, reason: str) -> None:
    scene.pair(
        gone={LEFT: Standing.DELETED}, right={"summary": "neu"}, state=State.PARTED, reason=reason, origin=LEFT
    )
    assert scene.idle()


def test_a_partner_that_returns_wakes_its_link_inside_the_window(scene: Scene, agreed: Event, past: Timed) -> None:
    scene.pair(right={"summary": "am Ziel"}, **PARTED)
    assert scene.decided() == [(Kind.WAKE, RIGHT, "returned")]
    assert scene.only().state is State.AWAKE
    scene.links.clear()
    scene.pair(agreed=replace(agreed, when=past), **PARTED)
    assert scene.decided() == []


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("other", [Standing.PRESENT, Standing.DELETED])
def test_a_partner_that_is_elsewhere_neither_returned_nor_is_gone(
    scene: Scene, side: Side, other: Standing
) -> None:
    scene.pair(gone={side: Standing.ELSEWHERE, side.other: other}, **PARTED)
    assert scene.idle()


@pytest.mark.parametrize("side", Side)
def test_a_refused_create_parts_until_its_source_is_deleted(scene: Scene, side: Side) -> None:
    ids = {Side.LEFT: None, Side.RIGHT: None, side: f"{side}1"}
    scene.links[1] = Link(id=1, left=ids[LEFT], right=ids[RIGHT], state=State.PARTED, reason="refused")
    scene.put(side, f"{side}1")
    assert scene.idle()
    scene.put(side, f"{side}1", standing=Standing.DELETED)
    assert scene.decided() == [(Kind.UNLINK, LEFT, "both_deleted")]


@pytest.mark.parametrize("direction", ONE_WAY)
def test_a_deleted_target_is_made_again_when_its_source_changes(
    scene: Scene, agreed: Event, direction: Direction
) -> None:
    scene.direction = direction
    target = next(side for side in Side if direction.writes(side))
    parted: dict[str, Any] = {
        "gone": {target: Standing.DELETED},
        "state": State.PARTED,
        "reason": "target_deleted",
    }
    link = scene.pair(**parted)
    assert scene.idle()
    scene.put(target.other, f"{target.other}1", replace(agreed, summary="neu"))
    create = scene.only()
    assert (create.kind, create.side, create.reason, create.link) == (Kind.CREATE, target, "recreated", link)


@pytest.mark.parametrize(
    "source",
    [
        {"series": True},
        {"when": Timed(datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC))},
    ],
)
def test_a_deleted_target_is_not_made_again_from_what_is_not_synced(scene: Scene, source: dict[str, Any]) -> None:
    scene.direction = Direction.LEFT_TO_RIGHT
    scene.pair(
        {"summary": "neu", **source},
        gone={RIGHT: Standing.DELETED},
        state=State.PARTED,
        reason="target_deleted",
    )
    assert scene.idle()


@pytest.mark.parametrize("direction", [Direction.BOTH, Direction.RIGHT_TO_LEFT])
def test_a_deleted_target_is_made_again_in_its_own_direction_only(scene: Scene, direction: Direction) -> None:
    scene.direction = direction
    scene.pair({"summary": "neu"}, gone={RIGHT: Standing.DELETED}, state=State.PARTED, reason="target_deleted")
    assert scene.idle()


def test_a_source_that_left_the_account_is_not_copied_again(scene: Scene) -> None:
    scene.direction = Direction.LEFT_TO_RIGHT
    scene.pair(
        {"summary": "neu"},
        gone={LEFT: Standing.ELSEWHERE, RIGHT: Standing.DELETED},
        state=State.PARTED,
        reason="target_deleted",
    )
    assert scene.idle()


@pytest.mark.parametrize("gone", Side)
@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [({}, {}, Kind.DELETE), ({"series": True}, {}, None), ({}, {"series": True}, None)],
)
def test_what_left_the_account_lets_its_copy_be_deleted_only_where_both_were_last_seen_as_what_is_synced(
    scene: Scene, gone: Side, left: dict[str, Any], right: dict[str, Any], wanted: Kind | None
) -> None:
    """No run may have come to put the pair to sleep."""
    scene.pair(left, right, gone={gone: Standing.ELSEWHERE})
    held = scene.only()
    assert (held.kind, held.reason, held.wanted) == (Kind.HOLD, "left_account", wanted)


@pytest.mark.parametrize("case", ["asleep", "only read"])
def test_no_rule_is_asked_about_what_left_the_account_where_its_copy_is_not_deleted_anyway(
    scene: Scene, scripted: type[Scripted], case: str
) -> None:
    """One that fails keeps nobody from having the pair parted."""
    scene.rules = (scripted(fails_in="admit"),)
    if case == "asleep":
        scene.pair(gone={LEFT: Standing.ELSEWHERE}, state=State.ASLEEP, reason="series")
    else:
        scene.direction = Direction.LEFT_TO_RIGHT
        scene.pair(gone={RIGHT: Standing.ELSEWHERE})
    held = scene.only()
    assert (held.kind, held.reason, held.wanted) == (Kind.HOLD, "left_account", None)


def test_a_rule_that_raises_holds_what_would_be_made_again(scene: Scene, scripted: type[Scripted]) -> None:
    scene.direction = Direction.LEFT_TO_RIGHT
    scene.rules = (scripted(fails_in="on_create"),)
    scene.pair({"summary": "neu"}, gone={RIGHT: Standing.DELETED}, state=State.PARTED, reason="target_deleted")
    assert scene.decided() == [(Kind.HOLD, RIGHT, "rule_failed:scripted")]
