from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.sync.model import Capabilities, Observation, Side
from calsync.sync.rules import ALLOW, Block, Chain, Write
from calsync_rules.attendee_stripping import build

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.sync.model import Changes, Event

MAILS = Capabilities(writes_may_mail=True)
SILENT = Capabilities(writes_may_mail=False)


def write(target: Event | None, capabilities: Capabilities, changes: Changes | None) -> Write:
    seen = None if target is None else Observation(id="1", event=target, revision="r1")
    return Write(side=Side.RIGHT, target=seen, changes=changes, capabilities=capabilities)


@pytest.mark.parametrize("changes", [{"summary": "x"}, {"description": ""}, None])
@pytest.mark.parametrize("count", [1, 500, None])
def test_an_update_or_delete_of_an_event_with_attendees_or_an_unknown_count_is_blocked(
    make_event: Callable[..., Event], count: int | None, changes: Changes | None
) -> None:
    assert build({}).guard(write(make_event(attendee_count=count), MAILS, changes)) == Block("has_attendees")


def test_a_meeting_of_somebody_else_is_blocked(make_event: Callable[..., Event]) -> None:
    judged = build({}).guard(write(make_event(organised_here=False), MAILS, None))
    assert judged == Block("not_organised_here")


def test_attendees_are_named_before_the_organiser(make_event: Callable[..., Event]) -> None:
    judged = build({}).guard(write(make_event(organised_here=False, attendee_count=2), MAILS, None))
    assert judged == Block("has_attendees")


def test_an_event_of_ones_own_may_be_written(make_event: Callable[..., Event]) -> None:
    assert build({}).guard(write(make_event(), MAILS, {"summary": "x"})) is ALLOW


def test_a_create_may_be_written() -> None:
    assert build({}).guard(write(None, MAILS, {})) is ALLOW


def test_a_system_that_mails_nobody_may_be_written(make_event: Callable[..., Event]) -> None:
    target = make_event(attendee_count=3, organised_here=False)
    assert build({}).guard(write(target, SILENT, {"summary": "x"})) is ALLOW


def test_its_block_wins_in_a_chain(make_event: Callable[..., Event]) -> None:
    target = make_event(attendee_count=1, online_meeting=True)
    judged = Chain([build({})]).guard(write(target, MAILS, {"description": "x"}))
    assert judged == Block("has_attendees")
