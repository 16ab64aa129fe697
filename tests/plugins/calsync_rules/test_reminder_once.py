from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import voluptuous as vol

from calsync.sync.rules import Chain
from calsync_rules.reminder_once import SCHEMA, build

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.sync.model import Event


@pytest.mark.parametrize(("source", "expected"), [(True, 15), (None, 15), (False, None)])
def test_a_copy_gets_a_reminder_unless_its_source_has_none(
    make_event: Callable[..., Event], source: bool | None, expected: int | None
) -> None:
    rule = build(vol.Schema(SCHEMA)({}))
    assert Chain([rule]).draft(make_event(reminder=source)).reminder == expected


def test_the_lead_time_can_be_chosen(make_event: Callable[..., Event]) -> None:
    rule = build(vol.Schema(SCHEMA)({"minutes_before": 0}))
    assert Chain([rule]).draft(make_event(reminder=True)).reminder == 0


def test_nothing_else_of_the_draft_changes(make_event: Callable[..., Event]) -> None:
    event = make_event(reminder=True)
    draft = Chain([build({"minutes_before": 15})]).draft(event)
    assert (draft.summary, draft.when, draft.description) == (event.summary, event.when, event.description)


@pytest.mark.parametrize("wrong", [-1, 40_321, True, "15", 1.5, None])
def test_a_wrong_lead_time_is_refused(wrong: Any) -> None:
    with pytest.raises(vol.Invalid, match="whole number of minutes"):
        vol.Schema(SCHEMA)({"minutes_before": wrong})
