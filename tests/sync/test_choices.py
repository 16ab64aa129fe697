"""A decision is bound to what both sides show, and to nothing that moves by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.sync.choices import fingerprint
from calsync.sync.model import Side
from calsync.sync.view import Seen, Standing
from calsync.values import replace

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.sync.conftest import Scene


def edited(seen: Seen, event: Event) -> Seen:
    return replace(seen, observation=replace(seen.observation, event=event))


@pytest.fixture
def seen(scene: Scene) -> Seen:
    return scene.put(Side.LEFT, "l1")


def test_a_revision_that_moves_without_an_edit_is_the_same(seen: Seen) -> None:
    moved = replace(seen, observation=replace(seen.observation, revision="2"), round=9, standing_run=9)
    assert fingerprint(seen, seen) == fingerprint(moved, seen)


def test_what_is_not_synced_is_the_same(seen: Seen) -> None:
    invited = edited(seen, replace(seen.observation.event, attendee_count=3, reminder=True))
    assert fingerprint(seen, seen) == fingerprint(invited, seen)


def test_every_value_on_either_side_counts(seen: Seen) -> None:
    event = seen.observation.event
    others = [
        edited(seen, replace(event, summary="anders")),
        edited(seen, replace(event, description="anders")),
        edited(seen, replace(event, private=True)),
        replace(seen, standing=Standing.DELETED),
        replace(seen, standing=Standing.ELSEWHERE),
        edited(seen, replace(event, cancelled=True)),
    ]
    left = {fingerprint(other, seen) for other in [seen, *others[:5], None]}
    right = {fingerprint(seen, other) for other in [*others[:5], None]}
    assert len(left | right) == 13
    assert fingerprint(others[5], seen) == fingerprint(others[3], seen)  # a cancelled meeting counts as deleted


@pytest.mark.parametrize("standing", [standing for standing in Standing if standing.in_doubt])
def test_a_doubt_is_no_change(seen: Seen, standing: Standing) -> None:
    """Nothing is decided about a pair in doubt; of events that look alike the others wait or are decided."""
    assert fingerprint(replace(seen, standing=standing), seen) == fingerprint(seen, seen)


def test_a_text_cannot_pass_for_two_fields(seen: Seen) -> None:
    event = seen.observation.event
    one = edited(seen, replace(event, summary="a", description="b\nc"))
    two = edited(seen, replace(event, summary="a b", description="c"))
    assert fingerprint(one, None) != fingerprint(two, None)
