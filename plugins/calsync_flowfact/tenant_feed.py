"""What changed in a FLOWFACT tenant, read once for all its calendars (docs/decisions/0023).

Whoever asks first reads (`reading`), the others are told what is in the log. A number of appointments that stays
unexplained is an alarm: nobody tells in whose calendar something was missed, so each one counts its own
appointments when it is read the next time (`feed`).
"""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.errors import CalsyncError, TokenLost
from calsync.values import replace
from calsync_flowfact.log import Change, Log
from calsync_flowfact.position import Floors, Position, Token
from calsync_flowfact.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calsync.ports import Clock
    from calsync_flowfact.client import Client
    from calsync_flowfact.config import Settings
    from calsync_flowfact.trash import Trash

PACE_SECONDS = 60.0
"""How often whoever waits looks whether the host polls in another pace now."""


@dataclass(frozen=True, slots=True)
class News:
    """What a calendar is told."""

    changes: Sequence[Change]
    """In the order in which they were found, everybody's."""
    position: Position
    seq: int
    alarm: bool
    """Whether something may have been missed since the calendar was told the last time."""


class TenantFeed:
    """Reads at most once per poll. What it knows is in memory; each calendar's token lets it begin again."""

    def __init__(
        self, client: Client, settings: Settings, trash: Trash, clock: Clock, poll_seconds: Callable[[], float]
    ) -> None:
        """Within `poll_seconds` of a read, or of a failed one, the server is not asked again."""
        self._client = client
        self._trash = trash
        self._read = Reading(client, settings, trash, clock)
        self._wider: Settings | None = None
        """What is fetched besides from the next read on."""
        self._owner_field = settings.required("owner")
        self._clock = clock
        self._overlap = settings.overlap
        self.tells = settings.habits.tells_changes
        """Whether this server's changes can be read at all."""
        self._poll_seconds = poll_seconds
        self._reading = asyncio.Lock()
        self._hearing: dict[asyncio.Future[None], Callable[[], None]] = {}
        """What is called for those who follow."""
        self._reader: asyncio.Task[None] | None = None
        """Reads as long as anybody follows."""
        self._ending: set[asyncio.Task[None]] = set()
        """Those before it that have not ended yet."""
        self._context = copy_context()
        """One for all of them."""
        self._asked: float | None = None
        self._failure: CalsyncError | None = None
        self._position: Position | None = None
        self._seq = 0
        """The number of the last read."""
        self._begin_anew()

    @property
    def poll_seconds(self) -> float:
        return self._poll_seconds()

    def widen(self, settings: Settings) -> None:
        """Fetch what these settings say from the next read on. What was read is read once more, with all of it."""
        self._wider = settings

    def _take_over(self) -> None:
        if self._wider is not None:
            self._read = Reading(self._client, self._wider, self._trash, self._clock)
            self._wider = self._asked = None
            self._begin_anew()

    def _begin_anew(self) -> None:
        """Forget what was read: the next read begins at a calendar's token, or at the present moment."""
        self._id = uuid.uuid4().hex
        self._log = Log(self._owner_field)
        self._alarmed = 0
        """The last read with a number of appointments that nothing explained."""
        self._too_far: Floors | None = None
        """From where on more has changed than can be read."""
        self._began: Position | None = None
        self._position = None
        self._forget_past()

    def _forget_past(self) -> None:
        self._past = Log(self._owner_field)
        """What was read for calendars whose tokens are older than the log."""
        self._reach: Floors | None = None
        """From where on past and log hold everything together."""

    @property
    def search_shows_trash(self) -> bool | None:
        """Whether a search also answers what was deleted; None before the first read."""
        return None if self._position is None else self._position.trash_in_search

    async def present(self, reads: str, owned: int) -> Token:
        """Return the token of a calendar that is about to be listed in full. Raises Retry, LoginError."""
        async with self._reading:
            self._take_over()
            if self._position is None:
                self._begin(await self._read.present())
                self._asked = self._clock.now().timestamp()
            return Token(
                reads=reads, feed=self._id, seq=self._seq, listed=True, owned=owned, position=self._now_at
            )

    async def since(self, token: Token) -> News:
        """Return what was read that a calendar was not told. Raises TokenLost, Retry, LoginError, AccountError."""
        async with self._reading:
            self._take_over()
            if self._position is None:
                self._begin(token.position)
            await self._poll()
            seq = self._told(token)
            if seq is not None and not token.listed:
                changes = self._log.after(seq)
            else:
                floors = token.position.floors(self._overlap)
                if seq is None:
                    await self._read_back(floors)
                late = self._seq if seq is None else seq
                changes = [
                    *(self._past.where(lambda change: change.since(floors)) if seq is None else ()),
                    *self._log.where(lambda change: change.seq > late or change.since(floors)),
                ]
            unseen = seq is None and self._now_at.trash is None
            return News(changes, self._now_at, self._seq, unseen or self._alarmed > (seq or 0))

    def _told(self, token: Token) -> int | None:
        """Return the last read that a calendar was told, None where that was another process's."""
        if token.feed == self._id and token.seq >= self._log.whole_since:
            return token.seq
        began = self._began is not None and token.position.cursors == self._began.cursors
        return 0 if began and not self._log.whole_since else None

    def token(self, then: Token, owned: int | None, news: News) -> Token:
        """Return the token of a calendar that was told the news: where there are none, the one that it had."""
        if then.feed == self._id and not (then.listed or news.changes or news.alarm):
            return then
        return replace(then, feed=self._id, seq=news.seq, listed=False, owned=owned, position=news.position)

    async def wait(self) -> None:
        """Wait for the next read, and do it where nobody else does. A failure is left to whoever asks then."""
        asked = self._asked
        while self._asked == asked and (due := self._due_in()):
            await self._clock.sleep(min(due, PACE_SECONDS))
        async with self._reading:
            with suppress(CalsyncError):
                self._take_over()
                if self._position is None:
                    self._begin(await self._read.present())
                await self._poll()

    def follow(self, hear: Callable[[], None], *, at_once: bool) -> asyncio.Future[None]:
        """Call `hear` behind each read, as long as the host polls, until what this returns is cancelled.

        `at_once`: also before the next read. One task reads for all who follow.
        """
        loop = asyncio.get_running_loop()
        following: asyncio.Future[None] = loop.create_future()
        if not self.tells or not self.poll_seconds:
            following.set_result(None)
            return following
        self._hearing[following] = hear
        following.add_done_callback(self._left, context=self._context)
        if at_once:
            loop.call_soon(self._greet, following)
        if self._reader is None:
            self._reader = asyncio.create_task(self._read_on(), context=self._context)
            self._reader.add_done_callback(self._read_over)
        return following

    async def _read_on(self) -> None:
        while self.poll_seconds:
            await self.wait()
            for following, hear in [*self._hearing.items()]:
                if not following.done():
                    hear()

    def _greet(self, following: asyncio.Future[None]) -> None:
        if following in self._hearing and not following.done():
            self._hearing[following]()

    def _left(self, following: asyncio.Future[None]) -> None:
        self._hearing.pop(following, None)
        if not self._hearing:
            self._end_reader()

    def _end_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.cancel()
            self._ending.add(reader)
            reader.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """End the listening of all who follow; return when nothing is asked of the server any more."""
        for following in [*self._hearing]:
            following.cancel()
        self._end_reader()
        if self._ending:
            await asyncio.wait(self._ending)

    def _read_over(self, reader: asyncio.Task[None]) -> None:
        """End the listening of all who follow, as that of a calendar ends: a bug is told to each."""
        error = None if reader.cancelled() else reader.exception()
        if reader is not self._reader:  # nobody followed any more
            return
        self._reader = None
        following, self._hearing = self._hearing, {}
        for one in following:
            if one.done():
                continue
            if reader.cancelled():
                one.cancel()
            elif error is None:
                one.set_result(None)
            else:
                one.set_exception(error)

    def latest(self, owner: str) -> int:
        """Return which read found the latest change of an owner's appointments, 0 for none."""
        return self._log.latest(owner)

    @property
    def _now_at(self) -> Position:
        if self._position is None:
            raise RuntimeError("nothing was read yet")
        return self._position

    def _begin(self, position: Position) -> None:
        self._position = self._began = position

    def _due_in(self) -> float:
        """Return the seconds until the server may be asked again."""
        since = None if self._asked is None else self._clock.now().timestamp() - self._asked
        return 0.0 if since is None or since < 0 else max(0.0, self.poll_seconds - since)

    async def _poll(self) -> None:
        """Poll, unless it was just done; then what came of it stands for this call too."""
        if self._due_in() > 0:
            if self._failure is not None:
                raise self._failure.with_traceback(None)
            return
        self._asked, self._failure = self._clock.now().timestamp(), None
        try:
            position, explained = await self._read.poll(self._now_at, self._log, self._seq + 1)
        except TokenLost:
            floors = self._now_at.floors(self._overlap)
            self._begin_anew()
            self._too_far = floors  # for all, so that not each calendar's token is tried
            self._begin(await self._read.present())
            raise
        except CalsyncError as error:
            self._failure = error
            raise
        except BaseException:
            self._asked = None  # nobody has asked to the end
            raise
        self._position, self._seq = position, self._seq + 1
        if not explained:
            self._alarmed = self._seq
        if self._log.trim():
            self._forget_past()

    async def _read_back(self, floors: Floors) -> None:
        """Read everything from some times on that the log may not hold. Raises TokenLost for too much of it."""
        if self._reach is not None and self._reach.reach(floors):
            return
        if self._too_far is not None and floors.reach(self._too_far):
            raise TokenLost("more changed in FLOWFACT since then than can be read one by one")
        floors = floors if self._reach is None else floors.lower(self._reach)
        try:
            self._past = await self._read.since(floors, self._seq, trash=self._now_at.trash is not None)
        except TokenLost:
            self._too_far = floors
            raise
        self._reach = floors
