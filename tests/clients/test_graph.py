"""Microsoft's own clients: msgraph-sdk (Python) and microsoft-graph-client (JavaScript), each in a process."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calsync_sandbox.ews.certificate import make_certificate
from calsync_sandbox.server import HOST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aiohttp import web

    from calsync_sandbox.authority import Tokens
    from calsync_sandbox.graph import GraphServer
    from calsync_sandbox.mail import MailLog
    from calsync_sandbox.mailbox import Mailbox

    Play = Callable[[str], Awaitable[Any]]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PYTHON = ROOT / ".venv-clients" / "bin" / "python"
RETRY_AFTER = 1
"""Seconds."""

PATTERNS: list[dict[str, Any]] = [
    {"type": "daily", "interval": 1},
    {"type": "weekly", "interval": 2, "daysOfWeek": ["monday"], "firstDayOfWeek": "monday"},
    {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 2},
    {"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["monday"], "index": "first"},
    {"type": "absoluteYearly", "interval": 1, "month": 3, "dayOfMonth": 2},
]


@pytest.fixture(autouse=True)
async def listening(graph: GraphServer, anna: Mailbox, mails: MailLog) -> AsyncIterator[None]:
    await graph.start()
    yield
    await graph.stop()
    assert graph.schema_violations == []
    assert mails.count == 0


@pytest.fixture(params=["msgraph-sdk", "microsoft-graph-client"])
async def play(
    graph: GraphServer,
    anna: Mailbox,
    tokens: Tokens,
    run_client: Callable[..., Awaitable[Any]],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Play:
    """Let a client play one of its stories in anna's mailbox; answer what it printed.

    The JavaScript client signs its requests over TLS only.
    """
    made = make_certificate(tmp_path)
    tls_port = await graph.listen(made.context)
    command = {
        "msgraph-sdk": [PYTHON, "-m", "tests.clients.graph_client", f"{graph.url}/v1.0"],
        "microsoft-graph-client": ["node", HERE / "graph_client.cjs", f"https://{HOST}:{tls_port}/"],
    }[request.param]
    environment = {
        "NODE_EXTRA_CA_CERTS": str(made.authority),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "",  # the client has many modules: those that are used are compiled once
    }

    async def tell(story: str) -> Any:
        token = tokens.issue("tenant", "client")
        return await run_client(*command, token, anna.address, story, **environment)

    return tell


def event(subject: str, day: int) -> dict[str, Any]:
    """What somebody makes in Outlook."""
    return {
        "subject": subject,
        "start": {"dateTime": f"2026-03-{day:02}T09:00:00", "timeZone": "W. Europe Standard Time"},
        "end": {"dateTime": f"2026-03-{day:02}T10:00:00", "timeZone": "W. Europe Standard Time"},
    }


async def test_events_are_created_read_found_changed_and_deleted(play: Play, anna: Mailbox) -> None:
    assert await play("events") == {
        "read": [
            "Besichtigung",
            "2026-03-02T09:00:00.0000000",
            "W. Europe Standard Time",
            "Schlüssel liegt bei Frau Jäger\r\n",
            None,
        ],
        "property": ["ff:1"],
        "stale": [412, "ErrorIrresolvableConflict"],
        "changed": "verschoben",
        "hits": [1, 0],
        "same": True,
        "gone": [404, "ErrorItemNotFound"],
    }
    assert anna.events == {}
    (deleted,) = anna.deleted.values()
    assert deleted["subject"] == "verschoben"
    assert (deleted["isReminderOn"], deleted["reminderMinutesBeforeStart"]) == (True, 15)


async def test_changes_are_followed_over_pages_and_rounds(play: Play, anna: Mailbox, graph: GraphServer) -> None:
    for number in range(6):
        anna.create(event(str(number), number + 2))
    assert await play("changes") == {
        "first": ["0", "1", "2", "3", "4", "5"],
        "second": ["-2", "-3", "anders", "neu"],
        "third": [],
    }
    assert [len(one.query) for one in graph.sent("GET", "calendarView/delta")] == [2, 1, 1, 1, 1, 1]


async def test_a_forgotten_delta_link(play: Play, anna: Mailbox, graph: GraphServer) -> None:
    anna.create(event("bleibt", 2))

    def forget(request: web.Request) -> None:
        if "$deltatoken" in request.query:
            graph.feed(anna).evict()

    graph.arrived = forget
    assert await play("expired") == {"lost": [410, "SyncStateNotFound"], "again": ["bleibt"], "same": True}


async def test_a_calendar_view_of_another_calendar(play: Play, anna: Mailbox) -> None:
    anna.add_calendar("Privat")
    assert await play("view") == [
        ["jeden Montag", "occurrence", "2026-03-02T18:00", False],
        ["Messe", "singleInstance", "2026-03-05T00:00", True],
        ["jeden Montag", "occurrence", "2026-03-09T18:00", False],
        ["jeden Montag", "occurrence", "2026-03-16T18:00", False],
    ]
    (day,) = [one for one in anna.events.values() if one["isAllDay"]]
    assert (day["location"]["displayName"], day["categories"]) == ("Köln", ["Rot"])
    assert (day["showAs"], day["sensitivity"]) == ("oof", "private")


async def test_ids_are_translated(play: Play, anna: Mailbox) -> None:
    anna.create(event("Termin", 2))
    assert await play("ids") == {"other": True, "same": True}


@pytest.mark.parametrize("play", ["msgraph-sdk"], indirect=True)
async def test_the_models_know_all_that_is_answered(play: Play, anna: Mailbox) -> None:
    """Two properties are answered but absent from Microsoft's metadata, which the models are made from."""
    guest = {"emailAddress": {"address": "eva@example.org", "name": "Eva"}, "type": "required"}
    anna.create(event("Treffen", 2) | {"attendees": [guest], "isOnlineMeeting": True})
    for pattern in PATTERNS:
        lasts = {"type": "numbered", "startDate": "2026-03-02", "numberOfOccurrences": 3}
        anna.create(event(pattern["type"], 2) | {"recurrence": {"pattern": pattern, "range": lasts}})
    assert await play("models") == ["occurrenceId", "uid"]


async def test_a_batch(play: Play, anna: Mailbox, graph: GraphServer) -> None:
    assert await play("batch") == {"0": 201, "1": 201, "2": 404}
    assert sorted(one["subject"] for one in anna.events.values()) == ["0", "1"]
    assert [one.path for one in graph.requests] == ["/v1.0/$batch"]


async def test_throttling_is_waited_out(play: Play, anna: Mailbox, graph: GraphServer) -> None:
    """Every request is refused when it comes for the first time, and comes again unchanged when it may."""
    attempts = itertools.count()

    def refuse_every_other(_: object) -> None:
        graph.switches.concurrency_limit = 4 if next(attempts) % 2 else 0

    graph.switches.retry_after = RETRY_AFTER
    graph.arrived = refuse_every_other
    assert await play("throttled") == "Andrang vorbei"
    assert len(anna.deleted) == 1
    refused, repeated = graph.requests[::2], graph.requests[1::2]
    assert [one.status for one in refused] == [429] * 4
    assert [one.status for one in repeated] == [201, 200, 200, 204]
    assert [(one.method, one.path, one.body) for one in refused] == [
        (one.method, one.path, one.body) for one in repeated
    ]
    waited = [after.started - before.finished for before, after in zip(refused, repeated, strict=True)]
    assert min(waited) >= RETRY_AFTER * 0.99
