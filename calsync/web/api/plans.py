"""Plans: what an account would do, and the word that lets it write what waits for one."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from calsync.desk.planned import MOST, planned
from calsync.reasons import sentence
from calsync.sync.model import Side
from calsync.web.api.accounts import SECTION
from calsync.web.api.problems import Failed
from calsync.web.api.route import Asked, Given, Route, Told
from calsync.web.api.words import Span, span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.desk import Desk
    from calsync.desk.planned import Planned
    from calsync.desk.planned import PlannedWrite as WriteForPeople
    from calsync.sync.changes import FieldChange
    from calsync.sync.model import Value
    from calsync.sync.plan import Kind

PATIENCE = 600.0
"""Seconds: both calendars are read, which the first time is all that is in them."""
Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$", description="What names a plan")]
Write = Literal["create", "update", "delete"]


class PlannedChange(Told, frozen=True, kw_only=True):
    """What would become of one field."""

    field: str
    old: Annotated[str | Span | None, msgspec.Meta(description="What is there; null where nothing is")]
    new: Annotated[str | Span | None, msgspec.Meta(description="What would be there; null where it is deleted")]
    rule: Annotated[str | None, msgspec.Meta(description="The rule that made it other than the other side's")]


class PlannedWrite(Told, frozen=True, kw_only=True):
    """One event that would be written."""

    kind: Write
    side: Annotated[Side, msgspec.Meta(description="The side that would be written")]
    summary: str
    when: Span | None
    fields: Annotated[list[str], msgspec.Meta(description="What would be written")]
    changes: list[PlannedChange]
    reason: str
    sentence: Annotated[str, msgspec.Meta(description="Why")]


class WriteCount(Told, frozen=True, kw_only=True):
    """How many events would be written alike."""

    kind: Write
    side: Side
    events: int


class ReasonCount(Told, frozen=True, kw_only=True):
    """How many events stay as they are for one reason."""

    reason: str
    sentence: str
    events: int


class LeftAlone(Told, frozen=True, kw_only=True):
    """One event, or some of its fields, that stays as it is."""

    side: Side
    summary: str | None
    when: Span | None
    fields: Annotated[list[str], msgspec.Meta(description="Which of its fields; empty: all of it")]
    reason: str
    sentence: Annotated[str, msgspec.Meta(description="Why")]
    rule: Annotated[str | None, msgspec.Meta(description="The rule that decided that; null: no rule's guard did")]


class Plan(Told, frozen=True, kw_only=True):
    """What a run would do now."""

    hash: Hash
    waits: Annotated[bool, msgspec.Meta(description="Whether nothing of it is written before it is confirmed")]
    counts: list[WriteCount]
    writes: Annotated[list[PlannedWrite], msgspec.Meta(description=f"The first {MOST} of them")]
    others: list[ReasonCount]
    left_alone: Annotated[
        list[LeftAlone], msgspec.Meta(description=f"The first {MOST} events that stay as they are")
    ]


class Confirm(Given, frozen=True, kw_only=True):
    """Which plan was seen. One that is another one by now is not confirmed."""

    hash: Hash


async def plan(desk: Desk, asked: Asked) -> Plan:
    account = asked.path["account"]
    found = planned(await desk.steering.plan(asked.who, account))
    if not await desk.showing.owns(asked.who, account):
        found = found.discreet()
    return plan_of(found)


async def confirm(desk: Desk, asked: Asked) -> None:
    confirmation = await desk.steering.confirm(asked.who, asked.path["account"], asked.body.hash)
    if confirmation.problem is not None:
        raise Failed(HTTPStatus.CONFLICT, "not_confirmed", confirmation.problem)


def plan_of(found: Planned) -> Plan:
    """Return what a run would do."""
    return Plan(
        hash=found.hash,
        waits=found.waits,
        counts=counts_of(found),
        writes=[write_of(one) for one in found.writes],
        others=reasons_of(found.others),
        left_alone=left_alone_of(found),
    )


def counts_of(found: Planned) -> list[WriteCount]:
    """Return how many events would be written alike."""
    return [
        WriteCount(kind=_kind(kind), side=side, events=events) for (kind, side), events in found.counts.items()
    ]


def write_of(one: WriteForPeople) -> PlannedWrite:
    """Return one event that would be written."""
    return PlannedWrite(
        kind=_kind(one.kind),
        side=one.side,
        summary=one.summary,
        when=span(one.when),
        fields=list(one.fields),
        changes=[_change(each) for each in one.changes],
        reason=one.reason,
        sentence=sentence(one.reason),
    )


def reasons_of(counted: Mapping[str, int]) -> list[ReasonCount]:
    """Return how many events stay as they are for each reason."""
    return [ReasonCount(reason=why, sentence=sentence(why), events=events) for why, events in counted.items()]


def left_alone_of(found: Planned) -> list[LeftAlone]:
    """Return the events that stay as they are."""
    return [
        LeftAlone(
            side=one.side,
            summary=one.summary,
            when=span(one.when),
            fields=list(one.fields),
            reason=one.reason,
            sentence=sentence(one.reason),
            rule=one.rule,
        )
        for one in found.left_alone
    ]


def _change(change: FieldChange) -> PlannedChange:
    return PlannedChange(field=change.field, old=_value(change.old), new=_value(change.new), rule=change.rule)


def _value(value: Value | None) -> str | Span | None:
    return value if value is None or isinstance(value, str) else span(value)


def _kind(kind: Kind) -> Write:
    found: Write = msgspec.convert(kind.value, Write)
    return found


ROUTES = (
    Route(
        id="plan_account",
        method="POST",
        path="/accounts/{account}/plan",
        summary="Read both calendars, and tell what a run would do; nothing is written",
        section=SECTION,
        handler=plan,
        answer=Plan,
        patience=PATIENCE,
    ),
    Route(
        id="confirm_account",
        method="POST",
        path="/accounts/{account}/confirm",
        summary="Let an account write what waits for a confirmation",
        section=SECTION,
        handler=confirm,
        body=Confirm,
        answer=None,
        refusals=(HTTPStatus.CONFLICT,),
        patience=PATIENCE,
    ),
)
