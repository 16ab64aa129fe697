"""What the engine asks of the world: providers and their calendars, the clock. Contracts stand in the docstrings.

Whoever implements a port raises only errors of `calsync.errors`; anything else is a bug of the plugin and stops
its account.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from calsync.errors import ConfigError

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from calsync.forms import FormField, Question
    from calsync.http import HttpFactory
    from calsync.sync.model import Capabilities, Changes, Draft, Need, Observation, Window


class Clock(ABC):
    """Time. Everything reads it here, so that a simulation can give another."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the present instant, in UTC."""

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Wait."""

    def later(self, seconds: float, call: Callable[[], object]) -> Callable[[], object]:
        """Have something called so many seconds later, which nobody waits for; return what calls it off."""
        waiting = asyncio.ensure_future(self.sleep(seconds))
        waiting.add_done_callback(lambda over: None if over.cancelled() else call())
        return waiting.cancel

    async def until(self, stirred: asyncio.Future[None], seconds: float) -> None:
        """Wait until somebody gives a future its result, at most so long: then it gets it here."""

        def over() -> None:
            if not stirred.done():
                stirred.set_result(None)

        call_off = self.later(seconds, over)
        try:
            await stirred
        finally:
            call_off()


class SystemClock(Clock):
    """The machine's time, which the event loop waits by."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def later(self, seconds: float, call: Callable[[], object]) -> Callable[[], object]:
        return asyncio.get_running_loop().call_later(seconds, call).cancel


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

    async def listen(self, ring: Ring) -> None:
        """Ring whenever something in this calendar may have changed, until cancelled.

        A calendar without a doorbell returns, and is not asked again. One with a doorbell also rings when it
        begins to hear, and again after it may have been deaf for a while: with NOTHING_NEW where it knows that
        `changes` has told everything since. Rings may come too often; what one leaves out is found by the poll.
        Raises Retry, LoginError, AccountError: it is called again later.
        """
        del ring


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. An error is an obstacle; a warning is not."""

    severity: str
    """`ok`, `warning` or `error`."""
    message: str
    german: str | None = None
    """The same in German, where somebody has written that."""

    def said(self, language: str) -> str:
        """Return the message in `de` or `en`; in English where nobody has written it in German."""
        return self.german if language == "de" and self.german is not None else self.message

    def of(self, connection: str) -> Finding:
        """Return the same, said of a connection."""
        german = None if self.german is None else f"Verbindung {connection}: {self.german}"
        return Finding(self.severity, f"connection {connection}: {self.message}", german)

    def beside(self, connection: str) -> Finding:
        """Return the same without the connection, for where that stands already."""
        german = self.german and self.german.removeprefix(f"Verbindung {connection}: ")
        return Finding(self.severity, self.message.removeprefix(f"connection {connection}: "), german)


class Vault(ABC):
    """Keeps what one connection must remember and nobody may read, as the tokens of a person's sign-in.

    Its methods block: they are for a thread, not for the event loop.
    """

    @abstractmethod
    def read(self, field: str) -> str | None:
        """Return what was written last, None for nothing. Raises LoginError for what cannot be decrypted."""

    @abstractmethod
    def write(self, field: str, text: str) -> None:
        """Keep a text, encrypted, in place of the former one. A crash leaves either. Raises StoreError."""

    @abstractmethod
    def alone(self, field: str) -> AbstractContextManager[None]:
        """Keep all others, in this process and in others, from a field that is read, renewed and written.

        Raises StoreError, and Retry where another one does not let go of it.
        """


class Learnt(ABC):
    """Keeps what one connection has found out about its server: no secret, and nobody's text.

    It can be found out again at any time, so a lost or broken one reads as nothing. Its methods block.
    """

    @abstractmethod
    def read(self) -> Mapping[str, Any]:
        """Return what was written last, an empty mapping for nothing."""

    @abstractmethod
    def write(self, content: Mapping[str, Any]) -> None:
        """Keep what JSON can hold in place of the former. A crash leaves either. Raises StoreError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """What somebody needs to sign in on another device: a page, and a code to type in there."""

    address: str
    code: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """What somebody has sent to a connection's public address. Anybody can, so nothing of it is true."""

    query: Mapping[str, str]
    content_type: str
    """Lower-cased, without parameters."""
    body: bytes
    """One MiB at most."""


class Doorbells(ABC):
    """A public address at which a server can ring for one connection."""

    @abstractmethod
    def open(self, hear: Callable[[Call], str | None]) -> str:
        """Return the address; whoever calls there (POST) is heard from now on.

        `hear` answers at once: a text, which is sent as plain text, or None for "accepted" (202), whatever came.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What the host lends to a provider: nothing is taken from the machine behind its back."""

    connection: str
    """The name in the configuration, for messages."""
    clock: Clock
    random: random.Random
    http: HttpFactory
    vault: Vault | None = None
    """None where no key is configured (`service.key`)."""
    doorbells: Doorbells | None = None
    """None where no public address is configured (`service.public_url`)."""
    learnt: Learnt | None = None
    """None where nothing is kept."""
    poll_seconds: Callable[[], float] = lambda: 0.0
    """Returns how often the host asks each calendar what changed, in seconds; later it may be another number. For
    so long, what a connection has read for one calendar may answer for all: one question per poll, however many
    there are. 0: whoever asks wants a fresh answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRequest:
    """Which calendar an account wants of a connection."""

    account: str
    settings: Mapping[str, Any]
    """The account's side from the YAML without `connection`, validated by the provider's calendar schema."""
    timezone: ZoneInfo
    other_address: str | None = None
    """The e-mail address that leads to the account's other calendar, where its side names one."""
    needs: frozenset[Need] = frozenset()
    """What is to be read of events besides, as far as the system has it. It moves `Capabilities.also_read`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whom a system knows, with a calendar in it."""

    id: str
    """What the system knows the person by, whatever the address: at most 64 of `a-z A-Z 0-9 . - _`."""
    addresses: Sequence[str]
    """The person's e-mail addresses, the one that others use first."""
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedCalendar:
    """A calendar of a mailbox, for somebody to pick."""

    id: str
    """What the key `calendar` of an account's side takes."""
    name: str
    main: bool
    """It is the mailbox's own one, which is meant where an account names none."""
    writable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserSignIn:
    """A sign-in that a browser is sent away for."""

    address: str
    """Where to."""
    flow: Mapping[str, Any]
    """What `finish_sign_in` needs, as JSON can hold it. Only that browser may keep it; `state` is in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who has signed in."""

    tenant_id: str
    object_id: str
    address: str
    """By which a mailbox is opened, for who has one."""


class Provider(ABC):
    """One configured connection: a tenant or an organisation with its credentials."""

    @property
    def system(self) -> str | None:
        """What people call the system, as FLOWFACT or Outlook; None: the connection's own name stands for it."""
        return None

    @property
    def by_person(self) -> bool:
        """Whether a person signs in here with `sign_in`, and does so again where that is not valid any more."""
        return False

    @property
    def untold(self) -> frozenset[str]:
        """What it does not tell of its events, of `series` and `private`: they pass for single, or for open."""
        return frozenset()

    @abstractmethod
    async def login(self) -> None:
        """Sign in and verify what the connection's configuration claims. Raises LoginError, ConfigError, Retry."""

    def proven(self) -> None:
        """Sign in again although it was refused: a check beside this connection has just done so."""
        return

    async def sign_in(self, show: Callable[[DeviceCode], object]) -> str:
        """Let a person sign in whose sign-in the connection then keeps; return who it was.

        Raises ConfigError where none does: all that it needs stands in the configuration. LoginError, Retry.
        """
        del show
        raise _nobody_signs_in()

    @abstractmethod
    async def open(self, request: CalendarRequest) -> Calendar:
        """Open a calendar, resolve its aliases and verify that it can be read.

        Raises AccountError for an unknown or wrong user, LoginError, Retry.
        """

    @abstractmethod
    async def check(self) -> Sequence[Finding]:
        """After `login`: say what `calsync check` should tell about this connection, without writing."""

    async def check_calendar(self, calendar: Calendar) -> Sequence[Finding]:
        """Say what `calsync check` should tell about one opened calendar, above all whether it can be written."""
        del calendar
        return ()

    async def try_writes(self, calendar: Calendar) -> Sequence[Finding]:
        """Try to write, as a person has asked for; say what that showed. What was written is gone afterwards."""
        del calendar
        return ()

    async def calendars(self, settings: Mapping[str, Any]) -> Sequence[NamedCalendar]:
        """After `login`: list the calendars of one mailbox, its main one first, for somebody to pick one.

        `settings`: an account's side, as for `open`; which calendar it names does not count. Empty where a mailbox
        has one calendar only. Raises as `open` does.
        """
        del settings
        return ()

    async def is_own(self, settings: Mapping[str, Any]) -> bool:
        """After `login`: tell whether a mailbox is that of who signs in. In doubt it is not. Raises as `open`."""
        del settings
        return False

    async def begin_sign_in(self, redirect_uri: str) -> BrowserSignIn:
        """Begin to let a person sign in as with `sign_in`, but in the browser. Raises as `sign_in` does."""
        del redirect_uri
        raise _nobody_signs_in()

    async def finish_sign_in(self, flow: Mapping[str, Any], answer: Mapping[str, str]) -> SignedIn:
        """Keep the sign-in of who comes back with this answer (a query), and return who that is.

        Raises LoginError where it does not belong to `flow`, was refused or has expired, and where somebody has
        signed in before, for another one; Retry.
        """
        del flow, answer
        raise _nobody_signs_in()

    async def people(self) -> Sequence[Person]:
        """After `login`: list everybody, the inactive too. Asked only where the spec has a `person_key`.

        An answer that may be incomplete raises Retry.
        """
        return ()

    async def questions(self) -> Sequence[Question]:
        """Look at the system, without `login`, and ask what only a person can say of it.

        Asked only where the spec says where the answers stand (`asked`). Raises LoginError, ConfigError, Retry.
        """
        return ()

    @abstractmethod
    async def close(self) -> None:
        """Close connections to the server."""


def _nobody_signs_in() -> ConfigError:
    return ConfigError(["nobody has to sign in here: all that the connection needs stands in the configuration"])


class OpenConnection(Protocol):
    """Opens a connection of a configuration, for a plugin's own command."""

    def __call__(self, path: Path, connection: str, /) -> AbstractAsyncContextManager[Provider]:
        """Read the configuration at `path` and build its connection; it is not signed in.

        Raises ConfigError, also for a connection that is not there; PluginError.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnConnection:
    """How one person's own connection is made after one that the operator wrote down."""

    settings: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    """Return what it takes over of the operator's settings: the server, and nobody's credentials."""
    asks: Sequence[str] = ()
    """The keys of `form` that the person fills in; none where the person signs in by the browser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSpec:
    """What a plugin hands over to register a provider."""

    name: str
    connection_schema: Mapping[Any, Any]
    """voluptuous schema of a connection's keys, without `provider`."""
    calendar_schema: Mapping[Any, Any]
    """voluptuous schema of an account's side, without `connection`."""
    open: Callable[[Mapping[str, Any], Host], Provider]
    """Build the provider from validated settings. Does no I/O."""
    person_key: str | None = None
    """The key of `calendar_schema` that takes a `Person.id`; None where people cannot be listed."""
    address_key: str | None = None
    """The key of `calendar_schema` that takes a person's e-mail address."""
    form: Sequence[FormField] = ()
    """What pages ask for a connection."""
    calendar_form: Sequence[FormField] = ()
    """What pages ask for an account's side."""
    own: OwnConnection | None = None
    """None where nobody has a connection of their own."""
    asked: str | None = None
    """The key of `connection_schema` that the answers to its `questions` fill; None where it asks nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSpec:
    """What a plugin hands over to register a rule."""

    name: str
    schema: Any
    """voluptuous schema of the rule's options, a mapping."""
    build: Callable[[Mapping[str, Any]], Any]
    """Build the `calsync.sync.rules.Rule` from validated options."""


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
