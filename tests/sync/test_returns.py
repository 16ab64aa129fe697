"""An event that comes back under another id is the same appointment; a copy that a user made is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.sync.model import Event, Side, State
from calsync.sync.plan import Kind
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from tests.sync.conftest import Scene

LEFT, RIGHT = Side.LEFT, Side.RIGHT
STATES = [(State.AWAKE, None), (State.ASLEEP, "window"), (State.ASLEEP, "series"), (State.PARTED, "target_edited")]


@pytest.fixture
def known(agreed: Event) -> Event:
    return replace(agreed, uid="uid-1")


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(("state", "reason"), STATES)
@pytest.mark.parametrize("standing", [Standing.DELETED, Standing.ELSEWHERE])
@pytest.mark.parametrize("other", [Standing.PRESENT, Standing.DELETED])
def test_a_moved_event_is_relinked_and_nothing_else_is_done_to_its_link(
    scene: Scene, known: Event, side: Side, state: State, reason: str | None, standing: Standing, other: Standing
) -> None:
    link = scene.pair(agreed=known, gone={side: standing, side.other: other}, state=state, reason=reason)
    scene.put(side, "moved", replace(known, summary="neu"))
    relink = scene.only()
    assert (relink.kind, relink.side, relink.reason) == (Kind.LINK, side, "moved")
    assert (relink.link, relink.state) == (link, State.AWAKE)
    assert relink.target is scene.seen[side]["moved"].observation


@pytest.mark.parametrize("standing", [standing for standing in Standing if standing.in_doubt])
def test_while_the_old_event_is_in_doubt_its_holder_is_not_new(
    scene: Scene, known: Event, standing: Standing
) -> None:
    scene.pair(agreed=known, gone={LEFT: standing})
    scene.put(LEFT, "moved", known)
    assert scene.idle()


@pytest.mark.parametrize("standing", [standing for standing in Standing if standing.in_doubt])
def test_while_its_holder_is_in_doubt_a_lost_event_may_be_there(
    scene: Scene, known: Event, standing: Standing
) -> None:
    scene.pair(agreed=known, gone={LEFT: Standing.DELETED})
    scene.put(LEFT, "moved", known, standing)
    assert scene.idle()
    scene.waiting_events = frozenset({(LEFT, "moved")})  # an id that our own tombstone names tells of old
    assert scene.decided() == [(Kind.DELETE, RIGHT, "deleted")]


def test_while_a_write_to_the_link_is_open_its_holder_waits(scene: Scene, known: Event) -> None:
    scene.pair(agreed=known, gone={LEFT: Standing.DELETED})
    scene.put(LEFT, "moved", known)
    scene.waiting_links = frozenset({1})
    assert scene.idle()


def test_a_copy_that_a_user_made_is_new_while_the_original_is_there(scene: Scene, known: Event) -> None:
    scene.pair(agreed=known)
    scene.put(LEFT, "copy", known)
    assert scene.decided() == [(Kind.CREATE, RIGHT, "new")]


def test_a_copy_that_is_linked_itself_inherits_nothing(scene: Scene, known: Event) -> None:
    scene.pair(agreed=known, gone={LEFT: Standing.DELETED})
    scene.pair(agreed=known)
    assert scene.decided() == [(Kind.DELETE, RIGHT, "deleted")]


def test_another_or_no_uid_is_another_event(scene: Scene, known: Event, agreed: Event) -> None:
    scene.pair(agreed=known, gone={LEFT: Standing.DELETED})
    scene.pair(agreed=agreed, gone={LEFT: Standing.DELETED})
    scene.put(LEFT, "other", replace(agreed, uid="uid-2"))
    scene.put(LEFT, "none", agreed)
    assert [kind for kind, _, _ in scene.decided()] == [Kind.DELETE, Kind.DELETE, Kind.CREATE, Kind.CREATE]


def test_the_other_sides_uid_means_nothing(scene: Scene, known: Event) -> None:
    scene.pair(agreed=known, gone={LEFT: Standing.DELETED})
    scene.put(RIGHT, "same-uid", known)
    assert scene.decided() == [(Kind.DELETE, RIGHT, "deleted"), (Kind.CREATE, LEFT, "new")]


def test_several_holders_wait_for_a_person_and_so_does_the_link(scene: Scene, known: Event) -> None:
    link = scene.pair(agreed=known, gone={LEFT: Standing.DELETED})
    scene.put(LEFT, "one", known)
    scene.put(LEFT, "two", known)
    assert scene.decided() == [(Kind.HOLD, RIGHT, "ambiguous")] * 2
    assert [operation.link for operation in scene.plan().operations] == [link, link]


@pytest.mark.parametrize("in_doubt", ["old", "two"])
def test_while_one_of_them_is_in_doubt_nothing_is_decided_about_any(
    scene: Scene, known: Event, in_doubt: str
) -> None:
    scene.pair(agreed=known, gone={LEFT: Standing.ABSENT if in_doubt == "old" else Standing.DELETED})
    scene.put(LEFT, "one", known)
    scene.put(LEFT, "two", known, Standing.ABSENT if in_doubt == "two" else Standing.PRESENT)
    assert scene.idle()
    assert scene.plan().undecided == frozenset({1})
    assert scene.plan().undecided_events == frozenset({(LEFT, "one"), (LEFT, "two")})


def test_of_two_links_that_lost_one_uid_the_likelier_one_gets_its_event_back(scene: Scene, known: Event) -> None:
    scene.pair(agreed=replace(known, summary="Notar"), gone={LEFT: Standing.DELETED})
    likelier = scene.pair(agreed=known, gone={LEFT: Standing.DELETED})
    scene.put(LEFT, "holder", known)
    assert (scene.only().kind, scene.only().link) == (Kind.LINK, likelier)
    scene.put(LEFT, "left1", replace(known, summary="Notar"), Standing.ABSENT)
    assert scene.idle()


def test_both_events_may_move(scene: Scene, known: Event) -> None:
    scene.pair(agreed=known, gone=dict.fromkeys(Side, Standing.DELETED))
    scene.put(LEFT, "l", known)
    scene.put(RIGHT, "r", known)
    assert scene.decided() == [(Kind.LINK, LEFT, "moved"), (Kind.LINK, RIGHT, "moved")]
