"""Undoing what calsync wrote: what that would do, and having exactly that done."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from calsync.desk.planned import MOST
from calsync.desk.undo_plan import undo_plan
from calsync.records import Selection
from calsync.sync.model import Side
from calsync.web.api.accounts import SECTION
from calsync.web.api.plans import (
    PATIENCE,
    Hash,
    LeftAlone,
    PlannedWrite,
    ReasonCount,
    WriteCount,
    counts_of,
    left_alone_of,
    reasons_of,
    write_of,
)
from calsync.web.api.problems import Failed
from calsync.web.api.route import Asked, Given, Route, Told
from calsync.web.api.words import Id, Moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.desk import Desk

BEGIN, END = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Before and behind these nothing was written; and what lies far beyond cannot be brought into UTC."""


class Writes(Given, frozen=True, kw_only=True, tag_field="kind", tag="writes"):
    """Writes by their numbers."""

    numbers: Annotated[
        list[Id], msgspec.Meta(min_length=1, max_length=1000, description="As the account's activity tells them")
    ]


class Run(Given, frozen=True, kw_only=True, tag_field="kind", tag="run"):
    """All that one run of the account wrote."""

    number: Id


class Since(Given, frozen=True, kw_only=True, tag_field="kind", tag="since"):
    """All that was written of the account since a moment."""

    at: Moment


class Chosen(Given, frozen=True, kw_only=True):
    """Which writes are meant."""

    what: Writes | Run | Since


class ConfirmUndo(Given, frozen=True, kw_only=True):
    """Which writes are meant, and what was seen of undoing them."""

    what: Writes | Run | Since
    hash: Hash


Anew = Annotated[
    bool,
    msgspec.Meta(
        description="Whether something deleted is created anew: its attachments, categories and type stay in the"
        " system's own trash"
    ),
]


class UndoPlan(Told, frozen=True, kw_only=True):
    """What undoing would do."""

    hash: Hash
    why: Annotated[
        Literal["nothing", "waits"] | None,
        msgspec.Meta(
            description="Why nothing can be undone: nothing of that kind was written, or the account's plan waits"
            " to be confirmed; null: it can"
        ),
    ]
    counts: list[WriteCount]
    writes: Annotated[list[PlannedWrite], msgspec.Meta(description=f"The first {MOST} of them")]
    others: Annotated[list[ReasonCount], msgspec.Meta(description="What is left alone, by the reason")]
    left_alone: Annotated[list[LeftAlone], msgspec.Meta(description=f"The first {MOST} of it")]
    anew: Anew
    copied_again: Annotated[
        int, msgspec.Meta(description="Copies that undoing had removed, and that the next run makes again")
    ]


class SideCounts(Told, frozen=True, kw_only=True):
    """What was done on one side."""

    side: Side
    created: int
    updated: int
    deleted: int
    failed: int


class Undone(Told, frozen=True, kw_only=True):
    """What was undone."""

    run: Annotated[int, msgspec.Meta(description="The run that did it, by which it is undone in turn")]
    sides: list[SideCounts]
    anew: Anew
    untouched: Annotated[int, msgspec.Meta(description="Events that were left alone, as they changed meanwhile")]


async def undo(desk: Desk, asked: Asked) -> UndoPlan:
    account, selection = asked.path["account"], _selection(asked.body.what)
    found = undo_plan(await desk.steering.undo(asked.who, account, selection, None), selection, None)
    if not await desk.showing.owns(asked.who, account):
        found = found.discreet()
    return UndoPlan(
        hash=found.hash,
        why=None if found.why == "changed" else found.why,
        counts=counts_of(found.plan),
        writes=[write_of(one) for one in found.plan.writes],
        others=reasons_of(found.plan.others),
        left_alone=left_alone_of(found.plan),
        anew=found.anew,
        copied_again=found.copied_again,
    )


async def confirm(desk: Desk, asked: Asked) -> Undone:
    selection = _selection(asked.body.what)
    found = await desk.steering.undo(asked.who, asked.path["account"], selection, asked.body.hash)
    if found.problem is not None:
        raise Failed(HTTPStatus.CONFLICT, "not_undone", found.problem)
    anew = any(counts.created for counts in found.counts.values())
    return Undone(run=found.run, sides=side_counts(found.counts), anew=anew, untouched=found.untouched)


def side_counts(counts: Mapping[Side, Any]) -> list[SideCounts]:
    """Return what was done on each side, as a run counts it, or as it is kept of one."""
    return [
        SideCounts(side=side, created=of.created, updated=of.updated, deleted=of.deleted, failed=of.failed)
        for side, of in counts.items()
    ]


def _selection(what: Writes | Run | Since) -> Selection:
    match what:
        case Writes():
            return Selection(ids=what.numbers)
        case Run():
            return Selection(run=what.number)
        case Since():
            return Selection(since=min(max(what.at, BEGIN), END))


ROUTES = (
    Route(
        id="plan_undo",
        method="POST",
        path="/accounts/{account}/undo",
        summary="Read both calendars, and tell what undoing some writes would do; nothing is written",
        section=SECTION,
        handler=undo,
        body=Chosen,
        answer=UndoPlan,
        patience=PATIENCE,
    ),
    Route(
        id="confirm_undo",
        method="POST",
        path="/accounts/{account}/undo/confirm",
        summary="Undo writes, if that does what was seen",
        section=SECTION,
        handler=confirm,
        body=ConfirmUndo,
        answer=Undone,
        refusals=(HTTPStatus.CONFLICT,),
        patience=PATIENCE,
    ),
)
