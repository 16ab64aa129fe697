"""What a rule is, and the chain in which rules are asked in the order of the configuration.

Rules are pure, trusted and synchronous. A rule that raises holds its event, and so does one that never answered
about it: an event is never synced without a rule that should have seen it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calsync.sync.asking import Asked, Asking, Version
from calsync.sync.model import FIELDS, Draft, Event, Field, Need, Observation, Side
from calsync.values import Struct, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calsync.sync.asking import Events, Hang
    from calsync.sync.model import Capabilities, Changes


@dataclass(frozen=True, slots=True)
class Allow:
    """The write may go on."""


@dataclass(frozen=True, slots=True)
class Drop:
    """The write goes on without these fields; they stay pending."""

    fields: frozenset[Field]
    reason: str
    rule: str | None = field(default=None, compare=False)
    """Which rule said so: the chain notes it."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The write waits until a person releases or discards it."""

    reason: str
    rule: str | None = field(default=None, compare=False)
    """As of `Drop`."""


@dataclass(frozen=True, slots=True)
class Block:
    """The write is never carried out, and nobody can release it: it might mail somebody."""

    reason: str
    rule: str | None = field(default=None, compare=False)
    """As of `Drop`."""


Verdict = Allow | Drop | Hold | Block
"""What a rule says of a write, from the mildest to the strictest."""
ALLOW = Allow()
"""The write may be done."""


class Write(Struct, frozen=True, kw_only=True):
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
    needs: frozenset[Need] = frozenset()
    """What it looks at that is not read of events otherwise."""

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


FAILURES = (Exception, SystemExit)
"""What a rule may raise, and ends nothing but its own event: `sys.exit()`, too, would end everybody's sync."""


class RuleFailed(Exception):  # noqa: N818 - internal signal of the chain, turned into a hold
    """A rule raised. Its event is held with a reason that names the rule."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule

    @property
    def reason(self) -> str:
        return f"rule_failed:{self.rule}"

    @staticmethod
    def named(reason: str) -> bool:
        """Tell whether a reason is that of a rule which failed, or did not answer."""
        return reason.startswith(("rule_failed:", "rule_hangs:"))


class RuleHangs(RuleFailed):
    """A rule did not answer about this event before, so no rule is asked."""

    @property
    def reason(self) -> str:
        return f"rule_hangs:{self.rule}"


def needs_of(rules: Iterable[Rule]) -> frozenset[Need]:
    """Return what is to be read of events because one of these rules needs it."""
    return frozenset[Need]().union(*(rule.needs for rule in rules))


class Chain:
    """The configured rules, asked one after the other. An account has a chain of its own."""

    def __init__(
        self,
        rules: Sequence[Rule],
        *,
        account: str = "",
        versions: Mapping[str, str] | None = None,
        asking: Asking | None = None,
        hangs: Sequence[Hang] = (),
    ) -> None:
        """`versions` are those of the rules' plugins, by rule. `asking` is told of every question.

        What `hangs` name is not asked again.
        """
        self.rules = tuple(rules)
        self.account = account
        self.versions = {rule.name: (versions or {}).get(rule.name, "") for rule in self.rules}
        self._asking = asking or Asking()
        self._known_hangs = tuple(hangs)
        self._asked = [(rule, Asked(account, rule.name, self.versions[rule.name])) for rule in self.rules]
        self._hangs = {
            (hang.left, hang.right): hang.rule for hang in hangs if self.versions.get(hang.rule) == hang.version
        }
        self._events: Events = (None, None)
        self._hung: RuleHangs | None = None

    @property
    def hung(self) -> bool:
        """Whether a rule did not answer about some event before, and may not about others."""
        return bool(self._known_hangs)

    def without(self, hangs: Sequence[Hang]) -> Chain:
        """Return this chain, in which the questions that were never answered are not asked."""
        return Chain(self.rules, account=self.account, versions=self.versions, asking=self._asking, hangs=hangs)

    def alone(self, rule: Rule) -> Chain:
        """Return a chain of one rule of this one. What this rule never answered is not asked there either."""
        own = [hang for hang in self._known_hangs if hang.rule == rule.name]
        return Chain([rule], account=self.account, versions=self.versions, asking=self._asking, hangs=own)

    def about(self, side: Side, event: Observation | None, partner: Observation | None = None) -> None:
        """Tell what is asked about next: an event on `side`, and its partner where it has one."""
        events = (event, partner) if side is Side.LEFT else (partner, event)
        self._events = events
        if self._hangs:
            rule = self._hangs.get((Version.of(events[0]), Version.of(events[1])))
            self._hung = None if rule is None else RuleHangs(rule)

    def admit(self, event: Event) -> tuple[str, str] | None:
        """Return (rule, reason) of the first rule that does not admit the event."""
        self._expect_answers()
        try:
            for rule, asked in self._asked:
                self._asking.question = asked, self._events
                try:
                    reason = rule.admit(event)
                except FAILURES as error:
                    raise RuleFailed(rule.name) from error
                if reason is not None:
                    return rule.name, reason
        finally:
            self._asking.question = None
        return None

    def project(self, event: Event) -> tuple[Event, frozenset[Field]]:
        """Return the event after all rules, and the fields that they altered or took charge of."""
        self._expect_answers()
        projected, altered = event, frozenset[Field]()
        try:
            for rule, asked in self._asked:
                self._asking.question = asked, self._events
                try:
                    altered |= rule.alters(projected)
                    projected = rule.project(projected)
                except FAILURES as error:
                    raise RuleFailed(rule.name) from error
        finally:
            self._asking.question = None
        if projected is not event:
            altered |= {name for name in FIELDS if projected.value(name) != event.value(name)}
        return projected, altered

    def authors(self, event: Event) -> Mapping[Field, str]:
        """Return the rule that altered, or took charge of, each field last. Raises as `project`."""
        self._expect_answers()
        authors: dict[Field, str] = {}
        try:
            for rule, asked in self._asked:
                self._asking.question = asked, self._events
                try:
                    altered, projected = rule.alters(event), rule.project(event)
                except FAILURES as error:
                    raise RuleFailed(rule.name) from error
                altered |= {name for name in FIELDS if projected.value(name) != event.value(name)}
                authors |= dict.fromkeys(altered, rule.name)
                event = projected
        finally:
            self._asking.question = None
        return authors

    def draft(self, source: Event) -> Draft:
        """Return what a create of the copy of `source` carries: projected, by default without a reminder."""
        event, _ = self.project(source)
        draft = Draft(summary=event.summary, when=event.when, description=event.description, reminder=None)
        return self.on_create(source, draft)

    def on_create(self, source: Event, draft: Draft) -> Draft:
        """Return a draft of the copy of `source` after all rules."""
        self._expect_answers()
        try:
            for rule, asked in self._asked:
                self._asking.question = asked, self._events
                try:
                    draft = rule.on_create(source, draft)
                except FAILURES as error:
                    raise RuleFailed(rule.name) from error
        finally:
            self._asking.question = None
        return draft

    def guard(self, write: Write) -> Verdict:
        """Return the strictest verdict of all rules, and who gave it: a block before a hold before dropped fields.

        A rule that raises holds the write, and hides no other rule's block: a hold can be released.
        """
        if self._hung is not None:
            return Hold(self._hung.reason, self._hung.rule)
        verdicts = [core_guard(write)]
        try:
            for rule, asked in self._asked:
                self._asking.question = asked, self._events
                try:
                    verdicts.append(_said_by(rule, rule.guard(write)))
                except FAILURES:  # whatever a rule raises holds its write
                    verdicts.append(Hold(RuleFailed(rule.name).reason, rule.name))
        finally:
            self._asking.question = None
        return _strictest(verdicts)

    def _expect_answers(self) -> None:
        """Raise RuleHangs where a rule did not answer about these events before."""
        if self._hung is not None:
            raise RuleHangs(self._hung.rule)


def may_mail(event: Event) -> str | None:
    """Return why a write to this event may mail somebody, where its system does that; None where it mails nobody.

    An unknown count of attendees is None, and counts as some.
    """
    if event.attendee_count != 0:
        return "has_attendees"
    return None if event.organised_here else "not_organised_here"


def core_guard(write: Write) -> Verdict:
    """Keep an online meeting's notes, which carry its join link, whatever rules are configured."""
    if write.target is not None and write.target.event.online_meeting and "description" in (write.changes or {}):
        return Drop(frozenset({"description"}), "online_meeting")
    return ALLOW


def _said_by(rule: Rule, verdict: Verdict) -> Verdict:
    return ALLOW if isinstance(verdict, Allow) else replace(verdict, rule=rule.name)


def _strictest(verdicts: Sequence[Verdict]) -> Verdict:
    if all(verdict is ALLOW for verdict in verdicts):  # as of most writes
        return ALLOW
    for kind in (Block, Hold):
        for verdict in verdicts:
            if isinstance(verdict, kind):
                return verdict
    drops = [verdict for verdict in verdicts if isinstance(verdict, Drop)]
    return replace(drops[0], fields=frozenset().union(*(drop.fields for drop in drops)))
