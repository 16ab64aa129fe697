"""The calendar in memory as if a network lay before it; what goes wrong there is told as a provider should."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from calsync.errors import CalsyncError, LoginError, Retry, UnknownOutcome
from calsync.testing import MemoryCalendar
from calsync.testing.proxy import FaultProxy, Passed, Trouble
from tests.testing.under_test import MemoryUnderTest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from calsync.ports import Page, Written
    from calsync.sync.model import Changes, Draft, Observation, Window

T = TypeVar("T")
BUSY, REFUSED = 429, 401


class Wire(FaultProxy):
    """A proxy before no server at all: a request is a call of the port."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1")

    def take(self, method: str, path: str) -> Trouble | None:
        return self._take(method, path)


class Distant(MemoryCalendar):
    """Asks its system over a wire. How trouble is told is one table, `refusal`."""

    def __init__(self) -> None:
        super().__init__()
        self.wire = Wire()

    def refusal(self, trouble: Trouble, *, changes: bool) -> CalsyncError:
        """Return what trouble with a request means. `changes`: the request was a write."""
        if trouble.status == REFUSED:
            return LoginError("refused (401)")
        if trouble.status == BUSY:
            return Retry("busy (429)", after=float(trouble.headers["Retry-After"]))
        return UnknownOutcome("the answer is lost") if changes else Retry("the answer is lost")

    async def asked(self, path: str, work: Awaitable[T], *, changes: bool = False) -> T:
        method = "POST" if changes else "GET"
        trouble = self.wire.take(method, path)
        if trouble is None or trouble.after or trouble.cut:
            answer = await work
            self.wire.passed.append(Passed(method, path, 200))
            if trouble is None:
                return answer
        elif hasattr(work, "close"):
            work.close()
        raise self.refusal(trouble, changes=changes)

    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        for page in await self.asked("changes", self._pages(token, window)):
            yield page

    async def _pages(self, token: str | None, window: Window) -> Sequence[Page]:
        return [page async for page in super().changes(token, window)]

    async def read(self, ids: Sequence[str]) -> Mapping[str, Observation]:
        return await self.asked("read", super().read(ids))

    async def create(self, draft: Draft, marker: str) -> Written:
        return await self.asked("create", super().create(draft, marker), changes=True)

    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        return await self.asked("update", super().update(target, changes, stamp), changes=True)

    async def delete(self, target: Observation) -> None:
        await self.asked("delete", super().delete(target), changes=True)


class DistantUnderTest(MemoryUnderTest):
    def __init__(self, calendar: Distant) -> None:
        super().__init__(calendar)
        self.proxy = calendar.wire


def distant(kind: Callable[[], Distant]) -> Callable[[], DistantUnderTest]:
    return lambda: DistantUnderTest(kind())
