"""Letting an account leave calsync: what that would do, and having exactly that done."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from calsync.desk.departing import departing
from calsync.desk.planned import MOST
from calsync.sync.model import Side
from calsync.web.api.accounts import SECTION
from calsync.web.api.plans import (
    PATIENCE,
    Hash,
    LeftAlone,
    PlannedWrite,
    ReasonCount,
    left_alone_of,
    reasons_of,
    write_of,
)
from calsync.web.api.problems import Failed
from calsync.web.api.route import Asked, Given, Route, Told

if TYPE_CHECKING:
    from calsync.desk import Desk

Copies = Annotated[
    Literal["left", "right", "none"],
    msgspec.Meta(description="The side whose copies are removed, where nobody has edited them; none: all stay"),
]


class Leave(Given, frozen=True, kw_only=True):
    """How an account is to leave."""

    remove_copies: Copies


class ConfirmLeave(Given, frozen=True, kw_only=True):
    """How an account is to leave, and what was seen of that."""

    remove_copies: Copies
    hash: Hash


class LeavePlan(Told, frozen=True, kw_only=True):
    """What leaving would do."""

    hash: Hash
    possible: Annotated[
        bool, msgspec.Meta(description="Whether it can be done; copies cannot be removed while a plan waits")
    ]
    removed: Annotated[int, msgspec.Meta(description="Copies that are moved to the trash")]
    writes: Annotated[list[PlannedWrite], msgspec.Meta(description=f"The first {MOST} of them")]
    staying: Annotated[int, msgspec.Meta(description="Copies that stay")]
    others: Annotated[list[ReasonCount], msgspec.Meta(description="Why copies on that side stay")]
    left_alone: Annotated[list[LeftAlone], msgspec.Meta(description=f"The first {MOST} of these")]


class Left(Told, frozen=True, kw_only=True):
    """What became of an account that has left."""

    run: Annotated[int, msgspec.Meta(description="The run that did it, by which removed copies come back")]
    removed: Annotated[int, msgspec.Meta(description="Copies that were to be removed")]
    marked: Annotated[list[ReasonCount], msgspec.Meta(description="Events that keep calsync's marker")]


async def leave(desk: Desk, asked: Asked) -> LeavePlan:
    account, remove = asked.path["account"], _side(asked.body.remove_copies)
    found = departing(await desk.steering.leave(asked.who, account, remove, None), remove)
    if not await desk.showing.owns(asked.who, account):
        found = found.discreet()
    return LeavePlan(
        hash=found.hash,
        possible=not found.changed,
        removed=sum(found.removal.counts.values()),
        writes=[write_of(one) for one in found.removal.writes],
        staying=found.staying,
        others=reasons_of(found.removal.others),
        left_alone=left_alone_of(found.removal),
    )


async def confirm(desk: Desk, asked: Asked) -> Left:
    remove = _side(asked.body.remove_copies)
    leaving = await desk.steering.leave(asked.who, asked.path["account"], remove, asked.body.hash)
    if leaving.problem is not None:
        raise Failed(HTTPStatus.CONFLICT, "not_left", leaving.problem)
    found = departing(leaving, remove)
    removed = sum(found.removal.counts.values())
    return Left(run=found.run, removed=removed, marked=reasons_of(found.marked))


def _side(word: str) -> Side | None:
    return None if word == "none" else Side(word)


ROUTES = (
    Route(
        id="plan_leave",
        method="POST",
        path="/accounts/{account}/leave",
        summary="Read both calendars, and tell what leaving would do; nothing is written",
        section=SECTION,
        handler=leave,
        body=Leave,
        answer=LeavePlan,
        patience=PATIENCE,
    ),
    Route(
        id="confirm_leave",
        method="POST",
        path="/accounts/{account}/leave/confirm",
        summary="Let an account leave calsync, if that does what was seen",
        section=SECTION,
        handler=confirm,
        body=ConfirmLeave,
        answer=Left,
        refusals=(HTTPStatus.CONFLICT,),
        patience=PATIENCE,
    ),
)
