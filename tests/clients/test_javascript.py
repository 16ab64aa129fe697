"""ews-javascript-api, Microsoft's Managed API in JavaScript, writes and reads in a process of its own."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from calsync_sandbox.ews import EwsServer
from calsync_sandbox.mail import MailLog
from calsync_sandbox.mailbox import Mailbox

HERE = Path(__file__).parent


async def test_appointments(
    server: EwsServer, anna: Mailbox, mails: MailLog, run_client: Callable[..., Awaitable[Any]]
) -> None:
    script = HERE / "appointments.cjs"
    found = await run_client("node", script, server.ews_url, "EX\\anna", "streng geheim", TZ="UTC")
    assert found["start"] == "2026-03-02T09:00:00.000Z"
    assert (found["more"], found["changes"]) == (False, [["Create"], ["Update"], ["Delete"]])
    (event,) = anna.deleted.values()
    assert event["subject"] == "Verschoben aus JavaScript"
    assert event["location"]["displayName"] == "Lindenstraße 12"
    assert "Schlüssel liegt bei Frau Jäger" in event["body"]["content"]
    assert event["start"]["dateTime"][:16] == "2026-03-02T09:00"
    assert (event["isReminderOn"], event["reminderMinutesBeforeStart"]) == (True, 15)
    assert {value for _, value in server.state.sends} == {"SendToNone"}
    assert mails.count == 0
