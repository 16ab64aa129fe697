"""One calendar: what is asked of it, what it answers, and what no write may do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from calsync.sync.model import Capabilities, Changes, Draft, Observation, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a change feed's answer, in the order in which it is to be stored."""

    observations: Sequence[Observation] = ()
    removed: Sequence[str] = ()
    """Tombstones: ids of events that may be gone from the calendar or from the window. Never proof."""
    token: str | None = None
    """Stored together with this page: reading goes on behind it. None: not before a later page."""
    complete: bool = False
    """Only on the last page of a listing in full: it has told every event of the window."""


@dataclass(frozen=True, slots=True)
class Here:
    """The event is in the calendar (inside or outside the window)."""

    observation: Observation


@dataclass(frozen=True, slots=True)
class Trashed:
    """The event is in the trash. Proof of a delete."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The server says that there is no such event."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The event lives on in another calendar, or belongs to somebody else now."""


@dataclass(frozen=True, slots=True)
class NoAccess:
    """The server does not say. Proves nothing."""


Whereabouts = Here | Trashed | Gone | Elsewhere | NoAccess
"""What a server says of where an event is. Only `Trashed` and `Gone` prove a delete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The answer to a create or an update."""

    id: str
    revision: str | None = None
    """The version of our write, where the server answered one."""
    stored: Observation | None = None
    """The event as the server stored it, where the answer holds it; saves the read-back."""


class Reader(ABC):
    """One calendar of a connection, to read."""

    key: str
    """The calendar's own identity after all aliases are resolved; two accounts with one key are refused.

    It stays the same when the owner's address changes: an account whose calendar has another key is stopped.
    """
    capabilities: Capabilities

    @abstractmethod
    def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        """Yield what changed behind `token`, or everything that overlaps `window` where `token` is None.

        A listing in full ends with a page that is `complete` and carries a token; an incremental one may carry
        tokens on every page and must on the last. Events repeat, come in any order and may be outside the
        window; the last one of an id wins. A connection may answer with what it has read for all its calendars
        within `Host.poll_seconds`.
        Raises TokenLost (list in full), Retry, LoginError, AccountError.
        """

    @abstractmethod
    async def read(self, ids: Sequence[str]) -> Mapping[str, Observation]:
        """Return the present events with these ids, with their markers; an id that is not found is absent.

        An event in the trash, in another calendar or of another owner counts as not found.
        """

    @abstractmethod
    async def locate(self, event_id: str, uid: str | None = None) -> Whereabouts:
        """Ask where one event is now. Any doubt of the server is `NoAccess`.

        `uid` is the one that the event was last read with: a system that gives a moved event another id finds it
        by that, in the trash or elsewhere.
        """

    @abstractmethod
    async def find_marker(self, marker: str) -> Sequence[Observation]:
        """Return the events of this calendar that carry this marker. May lag by `capabilities.marker_lag`."""


may_change: ContextVar[Callable[[], object]] = ContextVar("may_change", default=lambda: None)
"""Raises Retry where the task must not change anything on a server any more. Asked just before each request that
changes something, as `calsync.http` does by itself: the task may have waited for its turn, or have been frozen
together with its process, and lost its account to another process meanwhile."""
NOTHING_NEW = ""
"""The reason of a ring that wakes nobody: the doorbell hears from now on, `changes` has told everything so far."""


class Ring(Protocol):
    """Says that a calendar may have changed. A ring proves nothing: it wakes a run, which asks the calendar."""

    def __call__(self, reason: str, /) -> None:
        """`reason` is for the log: a few words without names and ids; or NOTHING_NEW."""


class Calendar(Reader):
    """One calendar of a connection, to read and write.

    Every write may raise UnknownOutcome (sent, answer lost), Retry (surely not carried out), Blocked, EventError,
    LoginError, AccountError. A write to an existing event first reads it: Stale if its revision is not the
    observation's, Missing if it is not there. No write may be able to mail anybody. Each asks `may_change`.
    """

    @abstractmethod
    async def create(self, draft: Draft, marker: str) -> Written:
        """Create an event that carries `marker` and belongs to the account's user.

        Repeating a create with the same marker must not make a second event where the server can tell.
        """

    @abstractmethod
    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        """Write only the changed fields. `when` keeps the target's own zone, else takes the account's."""

    @abstractmethod
    async def delete(self, target: Observation) -> None:
        """Move the event to the trash. One that is in the trash already is a success."""

    @abstractmethod
    async def unmark(self, event_id: str) -> None:
        """Take calsync's marker from an event, and change nothing else; one without a marker is a success.

        The event is read first, so no observation of it is needed. Raises Missing; Blocked as an update does,
        whatever it would write; EventError where the server keeps the marker all the same.
        """

    def listen(self, ring: Ring) -> Awaitable[None]:
        """Ring whenever something in this calendar may have changed, until cancelled.

        It is a coroutine, or a future of its own for each call: of those one task may serve many. It is cancelled
        when nobody listens any more. The first ring comes when this has returned.

        A calendar without a doorbell is done at once, and is not asked again. One with a doorbell also rings when
        it begins to hear, and again after it may have been deaf for a while: with NOTHING_NEW where it knows that
        `changes` has told everything since. Rings may come too often; what one leaves out is found by the poll.
        Raises Retry, LoginError, AccountError: it is called again later.
        """
        del ring
        return _done()


async def _done() -> None:
    """There is nothing to wait for."""


class ReadOnly(Reader):
    """A calendar without its write methods: what the engine gets of a one-way account's source."""

    def __init__(self, calendar: Reader) -> None:
        self._calendar = calendar
        self.key = calendar.key
        self.capabilities = calendar.capabilities

    def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        return self._calendar.changes(token, window)

    async def read(self, ids: Sequence[str]) -> Mapping[str, Observation]:
        return await self._calendar.read(ids)

    async def locate(self, event_id: str, uid: str | None = None) -> Whereabouts:
        return await self._calendar.locate(event_id, uid)

    async def find_marker(self, marker: str) -> Sequence[Observation]:
        return await self._calendar.find_marker(marker)
