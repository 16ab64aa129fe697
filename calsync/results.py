"""What the app answers: to the command line today, to pages later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calsync.engine import Counts
from calsync.sync.approved import Drift

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calsync.engine import Leaving
    from calsync.plan_file import Planned
    from calsync.sync.model import Side
    from calsync.sync.plan import Kind, Plan


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What `calsync check` found about a connection or an account."""

    scope: str
    severity: str
    """`ok`, `warning` or `error`."""
    message: str
    german: str | None = None
    """The same in German, where somebody has written that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """Somebody whom discovery found, with an account, or left out with a reason."""

    account: str
    """The account's name: the person's id in the system that lists people."""
    address: str
    """The person's first address, "" for one who has none."""
    mailbox: str | None = None
    """The address that the other side's calendar is opened by; None for somebody who was left out."""
    reason: str | None = None
    """Why somebody was left out: a word of calsync.reasons."""
    error: str | None = None
    """What a system said about it."""


@dataclass(frozen=True, slots=True)
class Left:
    """What became of an account that is to leave, or would."""

    leaving: Leaving
    counts: Mapping[Side, Counts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What is left where an account was erased, and calsync must not or cannot take away."""

    configured: bool
    """The operator's file names it."""
    kept_off: bool
    """Its name stays in the store, switched off: it would begin by itself otherwise."""
    copies: Sequence[Path]
    """Older copies of the store beside it."""


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """What a sync of one account would do, or why that cannot be said."""

    plan: Plan | None
    error: str | None
    rebuild: str | None = None
    """Why nothing is written before a person has confirmed the plan: restored, behind, lost; or first_sync or
    direction, where only the sides wait that were not written before."""
    made: Planned | None = None
    """The same with its terms, as it is kept in a file; None where there is an error."""


@dataclass(frozen=True, slots=True)
class Message:
    """Operations of one kind that a person should know of for one reason."""

    kind: Kind
    side: Side
    reason: str
    count: int
    done: bool = False
    """Whether they were carried out, and the reason says at what price; else they are held, blocked, or wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountResult:
    """What one run of one account did."""

    left: Counts = field(default_factory=Counts)
    right: Counts = field(default_factory=Counts)
    ok: bool
    error: str | None = None
    messages: tuple[Message, ...] = ()
    off: bool = False
    """A person has switched the account off; what was done before that is counted."""
    drift: Drift = field(default_factory=Drift)
    """What is not as in the plan that was to be carried out, so that nothing was written."""


@dataclass(frozen=True, slots=True)
class SyncResult:
    """One run of each account."""

    seconds: float
    requests: Mapping[str, int]
    """Requests by connection, sign-in and start-up checks included."""
    accounts: Mapping[str, AccountResult]
