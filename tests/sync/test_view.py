"""What is known of an event's presence, and what a view tells about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.sync.model import Capabilities, Event, Link, Side
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from calsync.sync.view import ConflictPolicy
    from tests.sync.conftest import Scene


@pytest.mark.parametrize("standing", Standing)
def test_all_but_what_is_proven_is_in_doubt(standing: Standing) -> None:
    proven = {Standing.PRESENT, Standing.DELETED, Standing.ELSEWHERE}
    assert standing.in_doubt is (standing not in proven)


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("cancelled", [False, True])
def test_deleted_is_proven_or_a_cancelled_meeting(
    scene: Scene, agreed: Event, standing: Standing, cancelled: bool
) -> None:
    seen = scene.put(Side.LEFT, "l", replace(agreed, cancelled=cancelled), standing)
    expected = standing is Standing.DELETED or (cancelled and standing is Standing.PRESENT)
    assert seen.deleted is expected


def test_a_view_finds_links_by_event_and_events_by_link(scene: Scene) -> None:
    link = scene.pair()
    scene.links[7] = refused = Link(id=7, left="other", right=None)
    view = scene.view()
    assert view.linked == {Side.LEFT: {"left1": 1, "other": 7}, Side.RIGHT: {"right1": 1}}
    assert view.of(link, Side.RIGHT) is scene.seen[Side.RIGHT]["right1"]
    assert view.of(refused, Side.RIGHT) is None
    assert view.of(refused, Side.LEFT) is None


@pytest.mark.parametrize(
    ("policy", "trusted", "expected"),
    [
        ("newest", {Side.LEFT, Side.RIGHT}, "newest"),
        ("newest", {Side.LEFT}, "right"),
        ("newest", set[Side](), "right"),
        ("hold", set[Side](), "hold"),
        ("left", set[Side](), "left"),
    ],
)
def test_newest_needs_times_that_both_sides_vouch_for(
    scene: Scene, policy: ConflictPolicy, trusted: set[Side], expected: ConflictPolicy
) -> None:
    scene.policy = policy
    scene.capabilities = {side: Capabilities(trusted_times=side in trusted) for side in Side}
    assert scene.view().trusted_policy == expected
