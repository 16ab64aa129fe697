"""One connection: whom it signs in as, whom it knows, and the calendars that it opens."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from calsync.forms import Question
    from calsync.ports.calendar import Calendar
    from calsync.sync.model import Need


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


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """What somebody needs to sign in on another device: a page, and a code to type in there."""

    address: str
    code: str
    until: datetime


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
