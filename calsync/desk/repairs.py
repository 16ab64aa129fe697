"""What a person should look at: one card for each cause. A card is gone when its cause is."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Any

from calsync.desk import repair_texts
from calsync.desk.systems import system_of
from calsync.errors import (
    AccountError,
    ConfigError,
    LoginError,
    OtherCalendar,
    OtherSync,
    PluginError,
    Retry,
    UnknownAddress,
)
from calsync.second import is_own_name
from calsync.service import State
from calsync.sync.brakes import (
    BUDGET,
    DELETES,
    DIRECTION,
    FIRST_SYNC,
    LEFT_ACCOUNT,
    PRIVATE_DELETED,
    REWRITES,
    RULES,
)
from calsync.sync.choices import AMBIGUOUS, CONFLICT, UNSURE, offers
from calsync.sync.loops import CHANGED_OFTEN
from calsync.sync.plan import Kind
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from calsync.desk.decisions import Case
    from calsync.desk.systems import System
    from calsync.ports import Finding
    from calsync.reasons import Language
    from calsync.service import Status
    from calsync.store.showing import Failing, Waiting
    from calsync.sync.model import Direction, Side

PATIENCE = timedelta(minutes=15)
"""A server that does not answer for so long is told: most come back by themselves."""


class Cause(StrEnum):
    """What is wrong, the most urgent first."""

    SIGN_IN = "sign_in"
    PASSWORD = "password"  # noqa: S105 - a kind of card
    CONFIGURATION = "configuration"
    ACCOUNT = "account"
    SWAPPED = "swapped"
    OTHER_SYNC = "other_sync"
    BROKEN = "broken"
    UNREACHABLE = "unreachable"
    REBUILD = "rebuild"
    DIRECTION = "direction"
    FIRST_SYNC = "first_sync"
    DELETES = "deletes"
    REWRITES = "rewrites"
    BUDGET = "budget"
    CONFLICT = "conflict"
    UNSURE = "unsure"
    RULES = "rules"
    ASKED = "asked"
    LOOP = "loop"
    OFTEN = "often"
    RULE = "rule"
    HELD = "held"
    ATTENDEES = "attendees"
    QUARANTINE = "quarantine"
    FINDING = "finding"


class Action(StrEnum):
    """What the one button does."""

    SIGN_IN = "sign_in"
    """Sign in to the connection."""
    CREDENTIALS = "credentials"
    """Change the connection's credentials."""
    EDIT = "edit"
    """Change the account or the connection, as written down."""
    TRY = "try"
    """Try again now."""
    CONFIRM = "confirm"
    """Look at the account's plan and confirm it."""
    DECIDE = "decide"
    """Decide about what is held."""
    SHOW = "show"
    """Look at the events that are meant; what to do is done elsewhere."""
    CHECK = "check"
    """Check the connection again."""


ACTIONS: Mapping[Cause, Action] = {
    Cause.SIGN_IN: Action.SIGN_IN,
    Cause.PASSWORD: Action.CREDENTIALS,
    Cause.CONFIGURATION: Action.EDIT,
    Cause.ACCOUNT: Action.EDIT,
    Cause.SWAPPED: Action.EDIT,
    Cause.OTHER_SYNC: Action.TRY,
    Cause.BROKEN: Action.TRY,
    Cause.UNREACHABLE: Action.TRY,
    Cause.REBUILD: Action.CONFIRM,
    Cause.DIRECTION: Action.CONFIRM,
    Cause.FIRST_SYNC: Action.CONFIRM,
    Cause.DELETES: Action.DECIDE,
    Cause.REWRITES: Action.DECIDE,
    Cause.BUDGET: Action.DECIDE,
    Cause.CONFLICT: Action.DECIDE,
    Cause.UNSURE: Action.DECIDE,
    Cause.RULES: Action.DECIDE,
    Cause.ASKED: Action.DECIDE,
    Cause.LOOP: Action.SHOW,
    Cause.OFTEN: Action.SHOW,
    Cause.RULE: Action.SHOW,
    Cause.HELD: Action.SHOW,
    Cause.ATTENDEES: Action.SHOW,
    Cause.QUARANTINE: Action.SHOW,
    Cause.FINDING: Action.CHECK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One card."""

    cause: Cause
    account: str | None = None
    """None where a whole connection is meant."""
    connection: str | None = None
    """None where one account is meant."""
    system: str = ""
    """What the system is called that it is about: the connection's, or that of the side not written."""
    other: str = ""
    """What the other side's system is called."""
    side: Side | None = None
    reason: str | None = None
    """The word of calsync.reasons behind it, where there is one; of an unusable entry the one of config.Why."""
    events: int = 0
    """How many events it is about."""
    accounts: int = 0
    """How many accounts wait for it."""
    since: datetime | None = None
    detail: str | None = None
    """What a system or calsync itself said about it."""
    german: str | None = None
    """The same in German, where it is known."""
    here: bool = True
    """Whether it can be changed on the pages; else only the operator's file says it."""

    @property
    def action(self) -> Action:
        return ACTIONS[self.cause]

    @property
    def key(self) -> str:
        """What names the card as long as its cause is there: 16 hexadecimal digits."""
        told = self.detail if self.cause in {Cause.FINDING, Cause.CONFIGURATION} else None
        parts = (self.cause, self.account, self.connection, self.side, self.reason, told)
        return hashlib.sha256("\n".join(part or "" for part in parts).encode()).hexdigest()[:16]

    @property
    def own(self) -> bool:
        """Whether it is about the sign-in to a mailbox that the account's owner has connected."""
        theirs = self.connection is not None and is_own_name(self.connection)
        return theirs and self.action in {Action.SIGN_IN, Action.CREDENTIALS}

    @property
    def by_owner(self) -> bool:
        """Whether the account's owner can do it; else an administrator does."""
        return self.own or self.action in {Action.TRY, Action.CONFIRM, Action.DECIDE, Action.SHOW}

    def happened(self, language: Language) -> str:
        return repair_texts.happened(self, language)

    def means(self, language: Language) -> str:
        return repair_texts.means(self, language)

    def todo(self, language: Language) -> str:
        return repair_texts.todo(self, language)

    def said(self, language: Language) -> str | None:
        """Return what a system or calsync itself said, in the language as far as possible."""
        return self.german if language == "de" and self.german is not None else self.detail

    def button(self, language: Language) -> str:
        return repair_texts.button(self, language)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How one account is."""

    account: str
    titles: Mapping[Side, str]
    connections: Collection[str]
    status: Status
    direction: Direction
    kept: bool = False
    """Whether it was added on the pages."""
    failing_since: datetime | None = None
    rebuild: str | None = None
    """Why nothing is written before a person has confirmed the plan."""
    unconfirmed: Collection[Side] = ()
    """The sides that a changed direction, or a first sync, lets calsync write, and nobody has confirmed."""
    asks: bool = False
    """Whether its first sync waits for a person."""
    waiting: Sequence[Waiting] = ()
    failing: Sequence[Failing] = ()

    def can_decide(self, reason: str, kind: Kind) -> bool:
        """Tell whether a person's word ends what is held for this reason; else something else does."""
        return self.rebuild is None and bool(offers(reason, kind, self.direction))

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to tell of it."""
        status, told = self.status, (self.rebuild, self.unconfirmed, self.waiting, self.failing)
        return status.state is State.OFF or (status.error_class is None and not any(told))


@dataclass(frozen=True, slots=True, kw_only=True)
class Disabled:
    """An entry of the configuration that cannot be used, and stops nothing else."""

    account: str | None = None
    connection: str | None = None
    problem: str
    why: str = "wrong"
    """The word of calsync.config.Why."""

    def todo(self, language: Language) -> str:
        return repair_texts.unusable(self.why, language)


def repairs(
    conditions: Iterable[Condition],
    systems: Mapping[str, System],
    now: datetime,
    findings: Mapping[str, Sequence[Finding]] | None = None,
    disabled: Iterable[Disabled] = (),
) -> Sequence[Repair]:
    """Return all cards, the most urgent first, and of those the oldest. `findings`: of connections' checks.

    Accounts that wait for one connection make one card. An account that is switched off has none.
    """
    served = [one for one in conditions if not one.quiet]
    failures = list(_failures(served, systems, now))
    failing = {card.connection for card in failures}
    told = {name: found for name, found in (findings or {}).items() if name not in failing}
    cards = [*_disabled(disabled), *failures, *_findings(told, systems)]
    cards += [card for condition in served for card in _waiting(condition)]
    return sorted(cards, key=_urgency)


def has_card(condition: Condition, systems: Mapping[str, System], now: datetime) -> bool:
    """Tell whether `repairs` has a card of this account. That takes one card, not all of them."""
    if condition.quiet:
        return False
    told = chain(_waiting(condition), _failures([condition], systems, now))
    return next(told, None) is not None


_ORDER = list(Cause)


def _urgency(card: Repair) -> tuple[int, float, str, str]:
    return _ORDER.index(card.cause), _instant(card.since), card.account or "", card.connection or ""


def _disabled(disabled: Iterable[Disabled]) -> Iterator[Repair]:
    for one in disabled:
        named = one.account is not None or one.connection is not None
        yield Repair(
            cause=Cause.CONFIGURATION,
            account=one.account,
            connection=one.connection,
            reason=one.why,
            detail=one.problem,
            here=named,
        )


def _failures(conditions: Iterable[Condition], systems: Mapping[str, System], now: datetime) -> Iterator[Repair]:
    """Yield what accounts fail with; what is wrong with a connection once for all of its accounts."""
    shared: defaultdict[tuple[Cause, str], list[Repair]] = defaultdict(list)
    for condition in conditions:
        card = _failure(condition, systems, now)
        if card is None:
            continue
        if card.connection is None:
            yield card
        else:
            shared[card.cause, card.connection].append(card)
    for cards in shared.values():
        eldest = min(cards, key=lambda card: _instant(card.since))
        yield eldest if eldest.own else replace(eldest, account=None, accounts=len(cards))


def _failure(condition: Condition, systems: Mapping[str, System], now: datetime) -> Repair | None:
    status = condition.status
    if status.error_class is None:
        return None
    since = condition.failing_since or (status.since if status.state is State.FAILING else None)
    cause = cause_of(status.error_class)
    if cause is Cause.UNREACHABLE and (since is None or now - since < PATIENCE):
        return None
    connection = _connection(condition, status.error) if cause in {Cause.PASSWORD, Cause.UNREACHABLE} else None
    card = Repair(
        cause=cause,
        account=condition.account,
        since=since,
        detail=status.error,
        accounts=1,
        here=condition.kept,
    )
    if connection is None:
        return replace(card, cause=Cause.ACCOUNT) if cause is Cause.PASSWORD else card
    system = system_of(connection, systems)
    if cause is Cause.PASSWORD and system.by_person:
        cause = Cause.SIGN_IN
    return replace(card, cause=cause, connection=connection, system=system.title, here=system.kept)


_CAUSES: Mapping[str, Cause] = {
    LoginError.__name__: Cause.PASSWORD,
    OtherSync.__name__: Cause.OTHER_SYNC,
    OtherCalendar.__name__: Cause.SWAPPED,
    Retry.__name__: Cause.UNREACHABLE,
    AccountError.__name__: Cause.ACCOUNT,
    UnknownAddress.__name__: Cause.ACCOUNT,
    ConfigError.__name__: Cause.ACCOUNT,
    PluginError.__name__: Cause.ACCOUNT,
}


def cause_of(error_class: str) -> Cause:
    """Return which card tells a failure of this class; one of a sign-in may be the person's to renew."""
    return _CAUSES.get(error_class, Cause.BROKEN)


def by_itself(error_class: str) -> bool:
    """Tell whether a failure of this class may end without anybody doing anything."""
    return cause_of(error_class) not in {Cause.PASSWORD, Cause.ACCOUNT, Cause.SWAPPED}


def _connection(condition: Condition, error: str | None) -> str | None:
    """Return the connection that an error is about: its sentence begins with it, or names it after the account."""
    found = re.match(r"(?:account \S+: )?(?:connection )?([^\s:,]+)[:,]? ", error or "")
    return found[1] if found is not None and found[1] in condition.connections else None


def _findings(findings: Mapping[str, Sequence[Finding]], systems: Mapping[str, System]) -> Iterator[Repair]:
    for connection, found in findings.items():
        for finding in found:
            if finding.severity != "ok":
                said, title = finding.beside(connection), system_of(connection, systems).title
                yield Repair(
                    cause=Cause.FINDING,
                    connection=connection,
                    system=title,
                    detail=said.message,
                    german=said.german,
                )


def _waiting(condition: Condition) -> Iterator[Repair]:
    """Yield what waits for a person in an account, and what its servers refuse."""
    if condition.rebuild is not None:
        yield Repair(cause=Cause.REBUILD, account=condition.account, reason=condition.rebuild)
        return
    turned = any(waiting.reason == DIRECTION for waiting in condition.waiting)
    for side in condition.unconfirmed:
        yield _card(condition, Cause.FIRST_SYNC if condition.asks and not turned else Cause.DIRECTION, side)
    for waiting in condition.waiting:
        cause = _held(waiting.kind, waiting.reason)
        if cause is not None:
            what = {"reason": waiting.reason, "events": waiting.events, "since": waiting.since}
            yield _card(condition, cause, waiting.side, **what)
    for failing in condition.failing:
        if failing.error not in _NOT_THEIR_FAULT:
            yield _card(condition, Cause.QUARANTINE, failing.side, reason="quarantined", events=failing.events)


_NOT_THEIR_FAULT = frozenset({"Retry", "UnknownOutcome"})
"""Errors of writes that go on being tried, as their servers are the cause."""
_HELD: Mapping[str, Cause] = {
    DELETES: Cause.DELETES,
    REWRITES: Cause.REWRITES,
    BUDGET: Cause.BUDGET,
    CONFLICT: Cause.CONFLICT,
    UNSURE: Cause.UNSURE,
    RULES: Cause.RULES,
    AMBIGUOUS: Cause.ASKED,
    LEFT_ACCOUNT: Cause.ASKED,
    PRIVATE_DELETED: Cause.ASKED,
    "loop": Cause.LOOP,
    CHANGED_OFTEN: Cause.OFTEN,
    "rule_failed": Cause.RULE,
    "rule_hangs": Cause.RULE,
}


def _held(kind: Kind, reason: str) -> Cause | None:
    """Return which card tells what waits; None where another one tells it already."""
    word = reason.partition(":")[0]
    if kind is Kind.BLOCK:
        return Cause.ATTENDEES
    if word in {DIRECTION, FIRST_SYNC} or word.startswith("rebuild"):
        return None
    return _HELD.get(word, Cause.HELD)


def card_of(cases: Sequence[Case], titles: Mapping[Side, str]) -> Repair | None:
    """Return what tells cases that wait alike; None where they wait for the plan. `titles`: of both systems."""
    first = cases[0]
    cause = _held(first.kind, first.reason)
    if cause is None:
        return None
    system, other = titles[first.side], titles[first.side.other]
    events, reason = len(cases), first.reason
    return Repair(cause=cause, side=first.side, system=system, other=other, reason=reason, events=events)


def _card(condition: Condition, cause: Cause, side: Side, **what: Any) -> Repair:
    system, other = condition.titles[side], condition.titles[side.other]
    return Repair(cause=cause, account=condition.account, side=side, system=system, other=other, **what)


def _instant(since: datetime | None) -> float:
    return float("inf") if since is None else since.timestamp()
