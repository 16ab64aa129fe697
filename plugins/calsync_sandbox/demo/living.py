"""After the scenes: `calsync run` keeps all calendars the same and shows its pages, while people go on working."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from calsync_sandbox.demo.commandline import CommandFailed, stopped
from calsync_sandbox.demo.errands import errands, pauses
from calsync_sandbox.demo.stage import Seen

if TYPE_CHECKING:
    from calsync_sandbox.demo.pages import Pages
    from calsync_sandbox.demo.stage import Change, Stage

Over = set["asyncio.Future[Any]"]
"""The person has had enough, or the service has ended."""
_LONGEST_SECONDS = 60.0
_GLANCE_SECONDS = 0.05


async def keep_living(stage: Stage, pages: Pages, stop: asyncio.Event) -> None:
    """Open the pages, let people work in both systems and show each change arriving, until `stop` is set."""
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
        for change, pause in zip(errands(stage), pauses(), strict=False):
            if await _show(stage, change, over) or await _is_over(over, pause):
                break
        if not stop.is_set():
            raise CommandFailed(f"calsync run ended with exit code {service.returncode}; its log is {log}")
    finally:
        await stopped(service)
        for waiting in {opening, *over}:
            waiting.cancel()
        await asyncio.gather(opening, return_exceptions=True)


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
