from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync_sandbox.authority import AuthorityServer
from calsync_sandbox.flowfact import FlowfactServer
from calsync_sandbox.graph import GraphServer
from calsync_sandbox.judge import Direction, Stretch, Verdict, flowfact_seen, judge, mailbox_seen
from calsync_sandbox.mail import MailLog

if TYPE_CHECKING:
    from collections.abc import Collection

    from calsync_sandbox.mailbox.mailbox import Mailbox

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@dataclass
class Sides:
    """A FLOWFACT tenant and a mailbox that hold the same appointments. Nothing listens: the judge reads stores."""

    flowfact: FlowfactServer
    user: dict[str, Any]
    mailbox: Mailbox

    def verdict(self, direction: Direction = "both", keep_notes: Collection[tuple[str, str]] = ()) -> Verdict:
        window = Stretch.around(NOW, past_days=90, future_days=365)
        left = flowfact_seen(self.flowfact.entities.values(), self.user, window)
        right = mailbox_seen(self.mailbox.events.values(), window)
        return judge(left, right, direction=direction, keep_notes=keep_notes)

    def appointment(self, **fields: Any) -> dict[str, Any]:
        start = NOW + timedelta(days=1)
        times = {"start_date": ms(start), "end_date": ms(start + timedelta(hours=1))}
        given = {"subject": "Besichtigung", "assignee": [self.user["id"]], **times, **fields}
        return self.flowfact.create("appointments", given, user=self.user)

    def event(self, **properties: Any) -> dict[str, Any]:
        start = NOW + timedelta(days=1)
        times = {"start": utc(start), "end": utc(start + timedelta(hours=1))}
        return self.mailbox.create({"subject": "Besichtigung", **times, **properties})


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def utc(at: datetime) -> dict[str, str]:
    return {"dateTime": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"}


@pytest.fixture
def sides() -> Sides:
    mails = MailLog()
    flowfact = FlowfactServer(mails)
    graph = GraphServer(mails, AuthorityServer().tokens)
    user = flowfact.add_user("anna@example.de", first="Anna", last="Beispiel")
    return Sides(flowfact, user, graph.add_mailbox("anna@example.de"))
