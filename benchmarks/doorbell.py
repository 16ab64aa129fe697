"""How long a change in Outlook takes to FLOWFACT, with Graph's doorbell and without one.

With a doorbell, from the moment at which the server begins to call calsync about it; without one, from the change.
It has arrived when FLOWFACT has answered the request that creates it. Everything is on loopback.
"""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.sandbox_process import SandboxProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calsync_sandbox.sandbox import Person, Sandbox

POLL_SECONDS = 2
LONG_POLL = 3600
REST_SECONDS = 1.0
"""Between two changes: a person does not make them faster."""
PATIENCE = 60.0
GLANCE = 0.05


def with_doorbell(changes: int) -> list[float]:
    """Return the seconds of each change, polled once an hour."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    called = f"\n  public_url: http://127.0.0.1:{port}\n  listen: 127.0.0.1:{port}"
    with SandboxProcess("graph", _empty) as sandbox, _running(sandbox, f"{LONG_POLL}{called}"):
        _until(lambda: sandbox.ask(_can_call))
        return [_seconds(sandbox, f"Besichtigung {number}", REST_SECONDS, _told) for number in range(changes)]


def without_doorbell(changes: int) -> list[float]:
    """Return the seconds of each change, polled each POLL_SECONDS; the changes come at any moment in between."""
    rests = random.Random(1)  # noqa: S311 - no secret
    with SandboxProcess("graph", _empty) as sandbox, _running(sandbox, str(POLL_SECONDS)):
        _until(lambda: sandbox.ask(_is_polled))
        return [
            _seconds(sandbox, f"Besichtigung {number}", rests.uniform(0, POLL_SECONDS), _made)
            for number in range(changes)
        ]


def _seconds(sandbox: SandboxProcess, subject: str, rest: float, began: Callable[..., float]) -> float:
    time.sleep(rest)
    event_id, made = sandbox.ask(_create, subject)
    _until(lambda: sandbox.ask(_arrived, subject))
    arrived: float = sandbox.ask(_arrived, subject)
    since: float = sandbox.ask(began, event_id, made)
    return arrived - since


@contextmanager
def _running(sandbox: SandboxProcess, poll: str) -> Iterator[None]:
    """Run the service from entering to leaving."""
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(sandbox.write_configuration(folder))
        text = configuration.read_text("utf-8")
        configuration.write_text(text.replace(f"poll_seconds: {POLL_SECONDS}", f"poll_seconds: {poll}"), "utf-8")
        command = [sys.executable, "-m", "calsync", "run", "-c", str(configuration)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                yield
            finally:
                process.terminate()


def _until(condition: Callable[[], object]) -> None:
    over = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > over:
            raise TimeoutError("the change does not arrive")
        time.sleep(GLANCE)


def _empty(_sandbox: Sandbox, _anna: Person) -> None:
    """Leave both calendars empty."""


def _can_call(sandbox: Sandbox, _anna: Person) -> bool:
    return bool(sandbox.graph.subscriptions.present)


def _is_polled(sandbox: Sandbox, _anna: Person) -> bool:
    return len(sandbox.graph.sent("GET", "/calendarView/delta")) > 1


def _create(_sandbox: Sandbox, anna: Person, subject: str) -> tuple[str, float]:
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None) + timedelta(days=1)
    times = [{"dateTime": at.isoformat(), "timeZone": "UTC"} for at in (start, start + timedelta(hours=1))]
    made = time.monotonic()
    return anna.mailbox.create({"subject": subject, "start": times[0], "end": times[1]})["id"], made


def _arrived(sandbox: Sandbox, _anna: Person, subject: str) -> float | None:
    """Return when FLOWFACT has answered the request that creates the appointment."""
    created = sandbox.flowfact.sent("POST", "/entity-service/")
    return next((one.finished for one in created if f'"{subject}"'.encode() in one.body), None)


def _told(sandbox: Sandbox, _anna: Person, event_id: str, _made: float) -> float:
    """Return when the server began to call about an event."""
    return next(
        made.began
        for made in sandbox.graph.subscriptions.deliveries.made
        if any(one.get("resourceData", {}).get("id") == event_id for one in made.notifications)
    )


def _made(_sandbox: Sandbox, _anna: Person, _event_id: str, made: float) -> float:
    return made
