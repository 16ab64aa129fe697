"""Repairs: what somebody should look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from calsync.desk.repairs import Action, Cause
from calsync.web.api.route import Asked, Route, Told
from calsync.web.api.words import Moment

if TYPE_CHECKING:
    from calsync.desk import Desk


class Repair(Told, frozen=True, kw_only=True):
    """One problem. It is not there any more when its cause is not."""

    key: Annotated[str, msgspec.Meta(description="What names it as long as it is there")]
    cause: Cause
    account: str | None
    connection: str | None
    since: Moment | None
    events: Annotated[int, msgspec.Meta(description="How many events it is about")]
    accounts: Annotated[int, msgspec.Meta(description="How many accounts wait for it")]
    happened: str
    means: str
    todo: str
    action: Annotated[Action, msgspec.Meta(description="What its button on the pages does")]
    by_owner: Annotated[bool, msgspec.Meta(description="Whether the owner can do it, else an administrator")]


class Repairs(Told, frozen=True, kw_only=True):
    """All of them, the most urgent first."""

    repairs: list[Repair]


async def listed(desk: Desk, asked: Asked) -> Repairs:
    return Repairs(
        repairs=[
            Repair(
                key=one.key,
                cause=one.cause,
                account=one.account,
                connection=one.connection,
                since=one.since,
                events=one.events,
                accounts=one.accounts,
                happened=one.happened("en"),
                means=one.means("en"),
                todo=one.todo("en"),
                action=one.action,
                by_owner=one.by_owner,
            )
            for one in await desk.showing.repairs(asked.who)
        ]
    )


ROUTES = (
    Route(
        id="list_repairs",
        method="GET",
        path="/repairs",
        summary="Tell what somebody should look at",
        section="Repairs",
        handler=listed,
        answer=Repairs,
    ),
)
