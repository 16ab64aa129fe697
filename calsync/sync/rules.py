"""What a rule is, and the chain in which rules are asked in the order of the configuration.

Rules are pure, trusted and synchronous. A rule that raises holds its event: an event is never synced without a
rule that should have seen it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from calsync.sync.model import FIELDS, Draft, Event, Field, Observation, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.sync.model import Capabilities, Changes


@dataclass(frozen=True, slots=True)
class Allow:
    """The write may go on."""


@dataclass(frozen=True, slots=True)
class Drop:
    """The write goes on without these fields; they stay pending."""

    fields: frozenset[Field]
    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """The write waits until a person releases or discards it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Block:
    """The write is never carried out, and nobody can release it: it might mail somebody."""

    reason: str


Verdict = Allow | Drop | Hold | Block
ALLOW = Allow()


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """What a guard is asked about.

    Of a create, `target` is None and `changes` are the draft's values; of a delete, `changes` is None.
    """

    side: Side
    target: Observation | None
    changes: Changes | None
    capabilities: Capabilities


class Rule:
    """A step of the chain. Each method has a default that changes nothing; override what the rule is about."""

    name: str = ""

    def admit(self, event: Event) -> str | None:
        """Return the reason why this event is not synced, or None to let it pass."""
        del event
        return None

    def project(self, event: Event) -> Event:
        """Return the event as its copy on the other side may show it.

        It is applied to both observations and to the base. A field whose value it alters goes only from the
        original to the copy and is never merged back. It must depend on nothing but the event.
        """
        return event

    def alters(self, event: Event) -> frozenset[Field]:
        """Return the fields that `project` takes charge of for this event, altered or not."""
        del event
        return frozenset()

    def on_create(self, source: Event, draft: Draft) -> Draft:
        """Return the draft that is created for a source event."""
        del source
        return draft

    def guard(self, write: Write) -> Verdict:
        """Judge one write just before it is planned."""
        del write
        return ALLOW


class RuleFailed(Exception):  # noqa: N818 - internal signal of the chain, turned into a hold
    """A rule raised. Its event is held with a reason that names the rule."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule

    @property
    def reason(self) -> str:
        return f"rule_failed:{self.rule}"


class Chain:
    """The configured rules, asked one after the other."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)

    def admit(self, event: Event) -> tuple[str, str] | None:
        """Return (rule, reason) of the first rule that does not admit the event."""
        for rule in self.rules:
            try:
                reason = rule.admit(event)
            except Exception as error:
                raise RuleFailed(rule.name) from error
            if reason is not None:
                return rule.name, reason
        return None

    def project(self, event: Event) -> tuple[Event, frozenset[Field]]:
        """Return the event after all rules, and the fields that they altered or took charge of."""
        projected, altered = event, frozenset[Field]()
        for rule in self.rules:
            try:
                altered |= rule.alters(projected)
                projected = rule.project(projected)
            except Exception as error:
                raise RuleFailed(rule.name) from error
        return projected, altered | {name for name in FIELDS if projected.value(name) != event.value(name)}

    def draft(self, source: Event) -> Draft:
        """Return what a create of the copy of `source` carries: projected, by default without a reminder."""
        event, _ = self.project(source)
        draft = Draft(summary=event.summary, when=event.when, description=event.description, reminder=None)
        for rule in self.rules:
            try:
                draft = rule.on_create(source, draft)
            except Exception as error:
                raise RuleFailed(rule.name) from error
        return draft

    def guard(self, write: Write) -> Verdict:
        """Return the strictest verdict of all rules: a block before a hold before dropped fields.

        A rule that raises holds the write, and hides no other rule's block: a hold can be released.
        """
        verdicts = [core_guard(write)]
        for rule in self.rules:
            try:
                verdicts.append(rule.guard(write))
            except Exception:  # noqa: BLE001 - whatever a rule raises holds its write
                verdicts.append(Hold(RuleFailed(rule.name).reason))
        return _strictest(verdicts)


def core_guard(write: Write) -> Verdict:
    """Keep an online meeting's notes, which carry its join link, whatever rules are configured."""
    if write.target is not None and write.target.event.online_meeting and "description" in (write.changes or {}):
        return Drop(frozenset({"description"}), "online_meeting")
    return ALLOW


def _strictest(verdicts: Sequence[Verdict]) -> Verdict:
    for kind in (Block, Hold):
        for verdict in verdicts:
            if isinstance(verdict, kind):
                return verdict
    drops = [verdict for verdict in verdicts if isinstance(verdict, Drop)]
    if drops:
        first = drops[0]
        return replace(first, fields=frozenset().union(*(drop.fields for drop in drops)))
    return ALLOW
