"""Which marked event is the copy of which, when nothing else is remembered of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.sync.model import Event, Side, State
from calsync.sync.plan import Kind, Operation, Plan
from calsync.sync.rebuild import Marked, decide_marked, hold_writes
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from tests.sync.conftest import Scene, Scripted


NOTHING = Marked((), (), frozenset(), frozenset())


def marked(scene: Scene, **sources: str) -> Marked:
    """Decide about events on the right that carry markers of these events on the left."""
    return decide_marked(scene.view(), {(Side.RIGHT, copy): source for copy, source in sources.items()})


def links(found: Marked) -> list[tuple[str, str]]:
    return [(each.source.id, each.target.id) for each in found.links if each.source and each.target]


def test_a_copy_is_linked_to_its_source_as_both_are_found(scene: Scene, agreed: Event) -> None:
    scene.put(Side.LEFT, "l1")
    scene.put(Side.RIGHT, "r1", replace(agreed, description="anders"))
    found = marked(scene, r1="l1")
    (link,) = found.links
    assert (link.kind, link.side, link.reason, link.origin) == ("link", "right", "rebuilt_different", "left")
    assert link.bases[Side.RIGHT].values["description"] == "anders"
    assert link.bases[Side.LEFT].values["description"] == "Schlüssel"
    assert (found.holds, found.waiting) == ([], frozenset())


def test_a_copy_that_looks_like_its_source_after_the_rules_is_the_same(masked: Scene, agreed: Event) -> None:
    scene = masked
    scene.put(Side.LEFT, "l1", replace(agreed, private=True))
    scene.put(Side.RIGHT, "r1", replace(agreed, summary="Privat", description=""))
    assert [each.reason for each in marked(scene, r1="l1").links] == ["rebuilt"]


def test_a_rule_that_fails_hides_no_link(scene: Scene, scripted: type[Scripted]) -> None:
    scene.rules = (scripted(fails_in="on_create"),)
    scene.put(Side.LEFT, "l1")
    scene.put(Side.RIGHT, "r1")
    scene.put(Side.RIGHT, "r2")
    assert [each.reason for each in marked(scene, r1="l1").links] == ["rebuilt_different"]
    assert [each.reason for each in marked(scene, r1="l1", r2="l1").holds] == ["rebuild_ambiguous"] * 2


def test_a_marker_of_a_source_that_is_not_there_says_nothing(scene: Scene) -> None:
    scene.put(Side.LEFT, "l1", standing=Standing.ELSEWHERE)
    scene.put(Side.RIGHT, "r1")
    for source, orphan in (("l1", False), ("l2", True), ("", True)):
        found = marked(scene, r1=source)
        assert (found.links, found.holds, found.waiting) == ([], [], frozenset())
        assert found.orphans == ({(Side.RIGHT, "r1")} if orphan else set())


def test_a_copy_whose_original_is_not_there_is_not_created_there_unasked(scene: Scene) -> None:
    scene.put(Side.RIGHT, "r1")
    (held,) = hold_writes(scene.plan(), marked(scene, r1="")).operations
    assert (held.kind, held.side, held.reason, held.wanted) == ("hold", "left", "rebuild_orphan", "create")


def test_an_event_whose_source_has_its_copy_is_a_users_copy(scene: Scene) -> None:
    scene.pair()
    scene.put(Side.RIGHT, "r9")
    found = marked(scene, r9="left1")
    assert (found.links, found.holds, found.waiting) == ([], [], frozenset())


def test_a_link_that_lost_its_copy_gets_the_one_that_was_made_anew(scene: Scene) -> None:
    lost = scene.pair(gone={Side.RIGHT: Standing.DELETED})
    scene.put(Side.RIGHT, "r9")
    (link,) = marked(scene, r9="left1").links
    assert (link.link, link.state) == (lost, State.AWAKE)


def test_a_link_that_lost_its_copy_does_not_get_one_that_is_cancelled(scene: Scene, agreed: Event) -> None:
    scene.pair(gone={Side.RIGHT: Standing.DELETED})
    scene.put(Side.RIGHT, "r9", replace(agreed, cancelled=True))
    assert marked(scene, r9="left1").links == []


@pytest.mark.parametrize("side", list(Side))
def test_what_is_in_doubt_waits(scene: Scene, side: Side) -> None:
    scene.pair(gone={side: Standing.ABSENT})
    scene.put(Side.RIGHT, "r9")
    found = marked(scene, r9="left1")
    assert (found.links, found.holds) == ([], [])
    assert found.waiting == {(Side.RIGHT, "r9"), (Side.LEFT, "left1")}


def test_what_an_open_write_concerns_waits(scene: Scene) -> None:
    link = scene.pair(gone={Side.RIGHT: Standing.DELETED})
    scene.put(Side.RIGHT, "r9")
    scene.waiting_links = frozenset({link.id})
    assert (Side.RIGHT, "r9") in marked(scene, r9="left1").waiting
    scene.waiting_links = frozenset()
    scene.put(Side.LEFT, "l2")
    scene.waiting_events = frozenset({(Side.LEFT, "l2")})
    assert (Side.RIGHT, "r9") in marked(scene, r9="l2").waiting


def test_of_several_holders_the_only_one_like_the_source_is_its_copy(scene: Scene, agreed: Event) -> None:
    scene.put(Side.LEFT, "l1")
    scene.put(Side.RIGHT, "r1", replace(agreed, summary="Kopie"))
    scene.put(Side.RIGHT, "r2")
    found = marked(scene, r1="l1", r2="l1")
    assert links(found) == [("l1", "r2")]
    assert found.waiting == frozenset()


@pytest.mark.parametrize("summary", ["Besichtigung", "anders"])
def test_holders_that_nobody_can_tell_apart_are_held(scene: Scene, agreed: Event, summary: str) -> None:
    scene.put(Side.LEFT, "l1")
    for copy in ("r1", "r2"):
        scene.put(Side.RIGHT, copy, replace(agreed, summary=summary))
    found = marked(scene, r1="l1", r2="l1")
    assert [(each.kind, each.side, each.reason) for each in found.holds] == [
        ("hold", "left", "rebuild_ambiguous")
    ] * 2
    assert found.waiting == {(Side.LEFT, "l1"), (Side.RIGHT, "r1"), (Side.RIGHT, "r2")}


def test_what_was_copied_itself_is_no_copy(scene: Scene, agreed: Event) -> None:
    """A user duplicated r1 with its marker; calsync made l2 of the duplicate r2."""
    scene.put(Side.LEFT, "l1")
    scene.put(Side.RIGHT, "r1")
    scene.put(Side.RIGHT, "r2")
    scene.put(Side.LEFT, "l2")
    sources = {(Side.RIGHT, "r1"): "l1", (Side.RIGHT, "r2"): "l1", (Side.LEFT, "l2"): "r2"}
    assert sorted(links(decide_marked(scene.view(), sources))) == [("l1", "r1"), ("r2", "l2")]


def test_every_write_waits_for_a_person_and_nothing_else_does() -> None:
    kinds = {kind: Operation(kind=kind, side=Side.LEFT, reason="changed") for kind in Kind}
    held = hold_writes(Plan(tuple(kinds.values())), NOTHING)
    for kind, operation in zip(Kind, held.operations, strict=True):
        if kind in ("create", "update", "delete"):
            assert (operation.kind, operation.reason, operation.wanted) == ("hold", "rebuild", kind)
        else:
            assert operation is kinds[kind]


def test_a_conflict_is_told_apart() -> None:
    conflict = Operation(kind=Kind.UPDATE, side=Side.LEFT, reason="overruled")
    assert [each.reason for each in hold_writes(Plan((conflict,)), NOTHING).operations] == ["rebuild_conflict"]
