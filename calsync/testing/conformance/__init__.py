"""Plays the suite of promises on one calendar of a real server, inside of a fence. Needs `calsync[testing]`.

The calendar may hold other events: they are neither seen nor touched. What the suite makes is taken away again.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from calsync.errors import CalsyncError, PluginError
from calsync.testing.connected import Connected, markers
from calsync.testing.contract.case import NOT_SUPPORTED
from calsync.testing.fence import take_away

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from calsync.ports import CalendarRequest, Provider
    from calsync.testing.contract import UnderTest

    Opening = Callable[[], AbstractAsyncContextManager[tuple[Provider, CalendarRequest]]]
    """Signs in, and says how the calendar is opened."""

PASSED, FAILED, SKIPPED = "pass", "fail", "not supported"
SUITE = Path(__file__).with_name("suite.py")


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise, and what came of it."""

    group: str
    """Of what it is part: `feed`, `writing`, ..."""
    name: str
    """The promise in words."""
    result: str
    """PASSED, FAILED or SKIPPED."""
    detail: str = ""
    """What went wrong; or what is missing, and what follows from that."""


@dataclass(slots=True)
class Conformance:
    """What a run has shown."""

    promises: list[Promise] = field(default_factory=list)
    left_behind: Sequence[str] = ()
    """The markers of events that could not be taken away."""

    def count(self, result: str) -> int:
        return sum(promise.result == result for promise in self.promises)

    @property
    def good(self) -> bool:
        return self.count(PASSED) > 0 and not self.count(FAILED) and not self.left_behind


def play(opening: Opening, heard: Callable[[Promise], object], only: str = "") -> Conformance:
    """Play the suite, or the promises in whose names all words of `only` stand; `heard` is told of each.

    It runs an event loop of its own. Raises what `opening` raises, and PluginError where it breaks off.
    """
    player = _Player(opening, heard)
    options = [
        "--disable-plugin-autoload",
        "-ppytest_asyncio.plugin",
        "-pno:cacheprovider",
        "--capture=no",
        "--import-mode=importlib",
        "-oasyncio_default_test_loop_scope=session",
        "-oasyncio_default_fixture_loop_scope=session",
    ]
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as said:
        where = [f"--rootdir={folder}", f"-c{folder}/none.ini", str(SUITE)]
        if only:
            where += ["-k", " and ".join(only.split())]
        Path(folder, "none.ini").touch()
        code = pytest.main([*options, *where], plugins=[player])
    if player.stopped is not None:
        raise player.stopped
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        why = said.getvalue()[-500:]
        raise PluginError(f"the suite did not come to its end (pytest ended with {int(code)}): {why}")
    return player.found


class _Player:
    """What pytest is given: the calendar under test, and somebody who listens to what comes of each test."""

    def __init__(self, opening: Opening, heard: Callable[[Promise], object]) -> None:
        self.found = Conformance()
        self.stopped: CalsyncError | None = None
        """Why there is no calendar to play on."""
        self._opening = opening
        self._heard = heard
        self._told: set[str] = set()

    @pytest_asyncio.fixture(scope="session", loop_scope="session")
    async def _connected(self) -> AsyncIterator[Connected]:
        async with self._opening() as (provider, request):
            ground = markers(SystemRandom())
            yield await Connected.open(provider, request, ground)
            self.found.left_behind = await take_away(await provider.open(request), ground)

    @pytest_asyncio.fixture(loop_scope="session")
    async def fenced(self, _connected: Connected) -> AsyncIterator[UnderTest]:
        _connected.ground.next_test()
        yield _connected
        await take_away(await _connected.provider.open(_connected.request), _connected.ground)

    def pytest_runtest_makereport(self, item: pytest.Function, call: pytest.CallInfo[Any]) -> None:
        """Take a note of what a test came to: of the first of its parts that went wrong, or of the test itself."""
        error = None if call.excinfo is None else call.excinfo.value
        if item.nodeid in self._told or (error is None and call.when != "call"):
            return
        self._told.add(item.nodeid)
        if call.when == "setup" and isinstance(error, CalsyncError) and not self.found.promises:
            self.stopped = error
            item.session.shouldstop = "there is no calendar to play on"
            return
        promise = Promise(_group(item), _words(item), *_outcome(call))
        self.found.promises.append(promise)
        self._heard(promise)


def _group(item: pytest.Function) -> str:
    return str(item.function.__qualname__).partition("Contract")[0].lower()


def _words(item: pytest.Function) -> str:
    words: str = item.originalname.removeprefix("test_").replace("_", " ")
    return f"{words} [{item.callspec.id}]" if hasattr(item, "callspec") else words


def _outcome(call: pytest.CallInfo[Any]) -> tuple[str, str]:
    if call.excinfo is None:
        return PASSED, ""
    error = call.excinfo.value
    if isinstance(error, pytest.skip.Exception):
        return SKIPPED, str(error.msg).removeprefix(NOT_SUPPORTED)
    last = call.excinfo.traceback[-1]
    place = f"{Path(str(last.path)).name}:{last.lineno + 1}"
    return FAILED, f"{_said(error)} ({place})"


def _said(error: BaseException) -> str:
    """Return what may be shown: what was expected, or calsync's own error. A bug's text may be a customer's."""
    if isinstance(error, CalsyncError):
        return f"{type(error).__name__}: {error}"
    if isinstance(error, AssertionError | pytest.fail.Exception):
        return " ".join(str(error).splitlines()[:2]) or "it is not so"
    return f"a bug, {type(error).__name__}"
