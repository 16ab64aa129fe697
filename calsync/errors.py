"""One small tree of errors. A class says what the caller does next; its message says it to a person.

Messages are single English sentences without secrets, addresses or customer text.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.sync.model import Observation


class CalsyncError(Exception):
    """Base of all errors that calsync raises on purpose."""


class Bug(Exception):  # noqa: N818 - errors are named as outcomes
    """A bug in another process. Its text is what `reason` said of it there, `kind` the name of its class."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


PLUGINS: set[str] = set()
"""The packages of the plugins that were imported."""


def reason(error: BaseException) -> str:
    """Return what may be shown and logged: an expected error's sentence, a bug's place without its text.

    Where that place is a library's, the plugin that it was called by is named.
    """
    if isinstance(error, CalsyncError | Bug):
        return str(error)
    calls = list(traceback.walk_tb(error.__traceback__))
    if not calls:
        return f"a bug, {type(error).__name__}"
    frame, line = calls[-1]
    packages = [str(called.f_globals.get("__name__", "")).partition(".")[0] for called, _ in calls]
    plugin = next((package for package in reversed(packages) if package in PLUGINS), packages[-1])
    by = "" if plugin == packages[-1] else f", called by the plugin {plugin}"
    return f"a bug, {type(error).__name__} in {frame.f_code.co_filename}:{line}{by}"


def class_of(error: Exception) -> str:
    """Return the name of the class here that an error is of, or of a bug its own class's.

    That an answer was lost matters to whoever asked; to everybody else it is one more thing to try again.
    """
    if isinstance(error, Bug):
        return error.kind
    told = (each for each in type(error).__mro__ if each.__module__ == __name__ and each is not Lost)
    return next((each.__name__ for each in told), type(error).__name__)


class ConfigError(CalsyncError):
    """Do not start. Every problem that was found, one line each, with file, line and key."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class StoreError(CalsyncError):
    """Stop this run; nothing was half-written (disk full, database locked or corrupt)."""


class PluginError(CalsyncError):
    """Do not use this plugin; the message names it."""


class LoginError(CalsyncError):
    """Stop the connection until a person changes its credentials or rights (wrong token, lost consent)."""


class AccountError(CalsyncError):
    """Stop this account until a person acts (unknown user, no mailbox, read-only calendar)."""


class SwitchedOff(CalsyncError):  # noqa: N818 - errors are named as outcomes
    """A person has switched the account off: nothing more is sent until somebody switches it on again."""


class UnknownAddress(AccountError):  # noqa: N818 - errors are named as outcomes
    """No mailbox has the address that the account names. Another address of the same person may lead to one."""


class OtherSync(AccountError):  # noqa: N818
    """Another program syncs this account's calendar. Two of them would copy each other's copies."""


class OtherCalendar(AccountError):  # noqa: N818
    """An address or a name leads to another calendar than the one that was synced so far."""


class Retry(CalsyncError):  # noqa: N818 - errors are named as outcomes
    """Nothing was changed; try again later. `after` is in seconds, None where the server did not say."""

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class Busy(Retry):
    """Another process works on this account, or is to do it first; nothing failed. Try again soon."""


class Lost(Retry):
    """The answer to a read is lost, or of no use: perhaps for what was asked."""


class UnknownOutcome(CalsyncError):  # noqa: N818
    """A write was sent and its answer lost. Settle the intent before the next write to that event."""


class TokenLost(CalsyncError):  # noqa: N818
    """The sync token is no longer accepted. List in full; absence is a doubt, never a delete."""


class EventError(CalsyncError):
    """The server refuses this one event for good (malformed, too long). Count it and quarantine the event."""


class Blocked(CalsyncError):  # noqa: N818
    """The write might mail or harm somebody else, so it was not sent. `reason` is a word of calsync.reasons."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Stale(CalsyncError):  # noqa: N818
    """The event is not what the plan was made from; nothing was written. Reconcile again from `fresh`."""

    def __init__(self, fresh: Observation) -> None:
        super().__init__("the event changed on the server since it was read")
        self.fresh = fresh


class Missing(CalsyncError):  # noqa: N818
    """The event was not found where it was expected; nothing was written. Doubt it and locate it."""
