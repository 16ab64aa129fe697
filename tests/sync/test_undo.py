"""Undoing on the whole: what was chosen, event by event, the oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.sync.undoing import event_of
from tests.sync.undoing import CREATE, DELETE, LEFT, RIGHT, UPDATE, plan, renamed, wrote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.sync.model import Field, Value
    from tests.sync.conftest import Scene


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
