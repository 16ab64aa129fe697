"""What each rule makes of one event, asked again as it is remembered. Nothing follows from the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.model import FIELDS, Capabilities, Draft
from calsync.sync.rules import Block, Hold, RuleFailed, Write
from calsync.values import Struct, replace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from calsync.sync.model import Event, Field, Observation, Side
    from calsync.sync.rules import Chain, Verdict

_MAY_MAIL = Capabilities(writes_may_mail=True)
"""Which calendar a write goes to is not known here; only whose reason is known already is asked for."""


class Opinion(Struct, frozen=True, kw_only=True):
    """One rule's answers about an event."""

    rule: str
    refuses: str | None = None
    """Why it does not admit the event; a word of calsync.reasons."""
    fields: tuple[Field, ...] = ()
    """What the copy shows otherwise than the event, because of this rule."""
    reminder: int | None = None
    """So many minutes before its start the copy reminds, because of this rule; None: it has no say in that."""
    blocks: str | None = None
    """Why it holds or blocks a write to the event."""
    failed: str | None = None
    """Why it gave no answer; a word of calsync.reasons. Then all else is unknown."""

    @property
    def silent(self) -> bool:
        """Whether this rule changes nothing about the event."""
        return self == Opinion(rule=self.rule)


def opinions(
    chain: Chain, side: Side, event: Observation, partner: Observation | None, known: Collection[str] = ()
) -> Sequence[Opinion]:
    """Ask each rule about an event of a side, in their order. Whoever does not answer is not asked twice.

    `known` are the reasons for which something of the event is held or blocked: the rule that gives one is told.
    """
    found: list[Opinion] = []
    projected = event.event
    draft = Draft(summary=projected.summary, when=projected.when, description=projected.description, reminder=None)
    for rule, alone in _each(chain):
        alone.about(side, event, partner)
        try:
            opinion, projected, draft = _asked(rule, alone, event.event, projected, draft)
            blocks = _blocks(alone, side, event, partner, known)
        except RuleFailed as failed:
            found.append(Opinion(rule=rule, failed=failed.reason))
        else:
            found.append(replace(opinion, blocks=blocks))
    return found


def _each(chain: Chain) -> Iterator[tuple[str, Chain]]:
    for rule in chain.rules:
        yield rule.name, chain.alone(rule)


def _asked(rule: str, alone: Chain, event: Event, projected: Event, draft: Draft) -> tuple[Opinion, Event, Draft]:
    """Return what a rule says, and the event and the draft as it leaves them."""
    refused = alone.admit(event)
    after, altered = alone.project(projected)
    made = alone.on_create(event, draft)
    opinion = Opinion(
        rule=rule,
        refuses=None if refused is None else refused[1],
        fields=tuple(name for name in FIELDS if name in altered),
        reminder=made.reminder if made.reminder != draft.reminder else None,
    )
    return opinion, after, made


def _blocks(
    alone: Chain, side: Side, event: Observation, partner: Observation | None, known: Collection[str]
) -> str | None:
    """Return which of these reasons a rule gives for a write to the event."""
    if not known:
        return None
    changes = {name: (partner or event).event.value(name) for name in FIELDS}
    for wanted in (changes, None):
        verdict: Verdict = alone.guard(Write(side=side, target=event, changes=wanted, capabilities=_MAY_MAIL))
        if isinstance(verdict, Block | Hold) and verdict.reason in known:
            return verdict.reason
    return None
