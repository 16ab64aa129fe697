from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from calsync_sandbox.authority import AuthorityServer
from calsync_sandbox.flowfact import FlowfactServer
from calsync_sandbox.graph import GraphServer
from calsync_sandbox.judge import Stretch, flowfact_seen, judge, mailbox_seen
from calsync_sandbox.mail import MailLog
from calsync_sandbox.seed import Seeded, seed, seed_many

if TYPE_CHECKING:
    from calsync_sandbox.mailbox import Mailbox

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WINDOW = Stretch.around(NOW, past_days=90, future_days=365)


@pytest.fixture
def flowfact() -> FlowfactServer:
    return FlowfactServer(MailLog())


@pytest.fixture
def user(flowfact: FlowfactServer) -> dict[str, object]:
    return flowfact.add_user("anna@example.de", first="Anna", last="Beispiel")


@pytest.fixture
def mailbox() -> Mailbox:
    return GraphServer(MailLog(), AuthorityServer().tokens).add_mailbox("anna@example.de")


@pytest.fixture
def seeded(flowfact: FlowfactServer, user: dict[str, object], mailbox: Mailbox) -> Seeded:
    return seed(flowfact, user, mailbox, NOW)


def test_a_week_of_everything(flowfact: FlowfactServer, seeded: Seeded) -> None:
    fields = _fields(flowfact)
    kinds = {one["kind"][0] for one in fields}
    assert {"viewing", "notary", "handover", "call", "meeting", "personal"} <= kinds
    assert sum(bool(one["participants"]) for one in fields) >= 4
    assert sum("recurrence" in one for one in fields) == 1
    assert sum("private" in one for one in fields) == 1
    assert sum("isFullDayAppointment" in one for one in fields) == 1
    assert sum("reminder_date" in one for one in fields) >= 3


def test_copies_are_equal_but_for_line_ends_and_one_for_its_notes(
    flowfact: FlowfactServer, user: dict[str, object], mailbox: Mailbox, seeded: Seeded
) -> None:
    lefts, rights = ({pair[side] for pair in seeded.copies} for side in (0, 1))
    left = [one for one in flowfact_seen(flowfact.entities.values(), user, WINDOW) if one.id in lefts]
    right = [one for one in mailbox_seen(mailbox.events.values(), WINDOW) if one.id in rights]
    assert judge(left, right, keep_notes=seeded.other_notes).converged
    assert [difference.fields for difference in judge(left, right).differences] == [("notes",)]
    assert all(mailbox.events[event_id]["attendees"] for event_id in rights)


def test_the_mailbox_holds_an_online_meeting_and_a_private_event(mailbox: Mailbox, seeded: Seeded) -> None:
    events = list(mailbox.events.values())
    assert sum(event["isOnlineMeeting"] for event in events) == 1
    assert sum(event["sensitivity"] == "private" for event in events) == 1
    assert sum(event["isAllDay"] for event in events) == 2


def test_many_more_on_both_sides_and_all_in_the_window(
    flowfact: FlowfactServer, user: dict[str, object], mailbox: Mailbox
) -> None:
    seed_many(flowfact, user, mailbox, NOW, 3001)
    left = flowfact_seen(flowfact.entities.values(), user, WINDOW)
    right = mailbox_seen(mailbox.events.values(), WINDOW)
    assert (len(left), len(right)) == (1501, 1500)
    assert len({one.when for one in left}) > 500


def _fields(flowfact: FlowfactServer) -> list[dict[str, list[object]]]:
    return [
        {name: value["values"] for name, value in entity.items() if isinstance(value, dict) and "values" in value}
        for entity in flowfact.entities.values()
    ]
