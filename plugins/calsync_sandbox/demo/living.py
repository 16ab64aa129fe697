"""After the scenes: `calsync run` keeps all calendars the same and shows its pages, while people go on working."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING, Any

from calsync_sandbox.demo.commandline import CommandFailed, stopped
from calsync_sandbox.demo.scenes import content
from calsync_sandbox.demo.stage import TO_FLOWFACT, TO_OUTLOOK, Change, Seen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync_sandbox.demo.pages import Pages
    from calsync_sandbox.demo.stage import Stage

Over = set["asyncio.Future[Any]"]
"""The person has had enough, or the service has ended."""
IN_FLOWFACT = "Rückruf Frau Özdemir wegen Finanzierung"
IN_OUTLOOK = "Steuerberaterin Frau Weiß"
_PAUSE_SECONDS = 3.0
_LONGEST_SECONDS = 60.0
_GLANCE_SECONDS = 0.05


async def keep_living(stage: Stage, pages: Pages, stop: asyncio.Event) -> None:
    """Open the pages, edit on alternating sides and show each change arriving, until `stop` is set."""
    stage.console.title("calsync run keeps all the same from now on, and shows its pages; Ctrl-C ends it")
    log = stage.calsync.configuration.with_name("calsync.log")
    stage.console.say(f"  its log is {log}")
    service = await stage.calsync.start("run", log=log)
    over: Over = {asyncio.ensure_future(stop.wait()), asyncio.ensure_future(service.wait())}
    opening = asyncio.ensure_future(pages.open(stage.calsync))
    try:
        await asyncio.wait({opening, *over}, return_when=asyncio.FIRST_COMPLETED)
        if opening.done():
            await opening
            pages.announce(stage.console, "They are open")
        for change in _changes(stage):
            if await _show(stage, change, over) or await _is_over(over, _PAUSE_SECONDS):
                break
        if not stop.is_set():
            raise CommandFailed(f"calsync run ended with exit code {service.returncode}; its log is {log}")
    finally:
        await stopped(service)
        for waiting in {opening, *over}:
            waiting.cancel()
        await asyncio.gather(opening, return_exceptions=True)


def _changes(stage: Stage) -> Iterator[Change]:
    for number in itertools.count(1):
        note = f"Nachtrag {number}"
        yield Change(
            TO_OUTLOOK,
            "edited",
            f"{IN_FLOWFACT}: {note}",
            lambda note=note: stage.edit_in_flowfact(IN_FLOWFACT, description=note),  # type: ignore[misc]
            lambda note=note: note in content(stage.outlook(IN_FLOWFACT)),  # type: ignore[misc]
        )
        yield Change(
            TO_FLOWFACT,
            "edited",
            f"{IN_OUTLOOK}: {note}",
            lambda note=note: stage.edit_in_outlook(  # type: ignore[misc]
                IN_OUTLOOK, body={"contentType": "text", "content": note}
            ),
            lambda note=note: note in stage.flowfact_notes(IN_OUTLOOK),  # type: ignore[misc]
        )


async def _show(stage: Stage, change: Change, over: Over) -> bool:
    """Let somebody carry out a change and show when it has arrived. Return whether all is over before that."""
    started = time.monotonic()
    change.act()
    while not change.arrived() and time.monotonic() - started < _LONGEST_SECONDS:
        if await _is_over(over, _GLANCE_SECONDS):
            return True
    seconds = time.monotonic() - started if change.arrived() else None
    stage.show(Seen(change.way, change.verb, change.text, seconds))
    return False


async def _is_over(over: Over, seconds: float) -> bool:
    """Wait for the end, but not longer than this; return whether it has come."""
    done, _ = await asyncio.wait(over, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    return bool(done)
