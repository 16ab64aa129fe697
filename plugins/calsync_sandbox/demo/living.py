"""After the scenes: `calsync run` keeps both calendars the same while people go on working, until Ctrl-C."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING

from calsync_sandbox.demo.commandline import CommandFailed, stopped
from calsync_sandbox.demo.scenes import content
from calsync_sandbox.demo.stage import TO_FLOWFACT, TO_OUTLOOK, Change, Seen, value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync_sandbox.demo.stage import Stage

IN_FLOWFACT = "Rückruf Frau Özdemir wegen Finanzierung"
IN_OUTLOOK = "Steuerberaterin Frau Weiß"
_PAUSE_SECONDS = 3.0
_LONGEST_SECONDS = 60.0
_GLANCE_SECONDS = 0.05


async def keep_living(stage: Stage, stop: asyncio.Event) -> None:
    """Edit on alternating sides and show each change arriving, until `stop` is set."""
    stage.console.title("calsync run keeps both the same from now on; Ctrl-C ends it")
    service = await stage.calsync.start("run")
    ended = asyncio.ensure_future(service.wait())
    try:
        for change in _changes(stage):
            await _show(stage, change, stop)
            await _until(stop, _PAUSE_SECONDS)
            if stop.is_set():
                return
            if ended.done():
                raise CommandFailed(f"calsync run ended with exit code {ended.result()}")
    finally:
        await stopped(service)


def _changes(stage: Stage) -> Iterator[Change]:
    for number in itertools.count(1):
        note = f"Nachtrag {number}"
        yield Change(
            TO_OUTLOOK,
            "edited",
            f"{IN_FLOWFACT}: {note}",
            lambda note=note: stage.edit_in_flowfact(IN_FLOWFACT, message=note),  # type: ignore[misc]
            lambda note=note: note in content(stage.outlook(IN_FLOWFACT)),  # type: ignore[misc]
        )
        yield Change(
            TO_FLOWFACT,
            "edited",
            f"{IN_OUTLOOK}: {note}",
            lambda note=note: stage.edit_in_outlook(  # type: ignore[misc]
                IN_OUTLOOK, body={"contentType": "text", "content": note}
            ),
            lambda note=note: note in str(value(stage.flowfact(IN_OUTLOOK), "message")),  # type: ignore[misc]
        )


async def _show(stage: Stage, change: Change, stop: asyncio.Event) -> None:
    started = time.monotonic()
    change.act()
    while not change.arrived() and not stop.is_set() and time.monotonic() - started < _LONGEST_SECONDS:
        await _until(stop, _GLANCE_SECONDS)
    if stop.is_set():
        return
    seconds = time.monotonic() - started if change.arrived() else None
    stage.show(Seen(change.way, change.verb, change.text, seconds))


async def _until(stop: asyncio.Event, seconds: float) -> None:
    """Wait for the stop, but not longer than this."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
