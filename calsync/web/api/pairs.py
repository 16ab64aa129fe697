"""What is linked: the events of both sides that are the same appointment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from calsync.desk.left_out import How
from calsync.sync.model import Side, State
from calsync.web.api.accounts import SECTION
from calsync.web.api.explain import OneSide, side_of
from calsync.web.api.route import Asked, Given, Route, Told
from calsync.web.api.words import Before, Most

if TYPE_CHECKING:
    from calsync.desk import Desk
    from calsync.desk.pairs import Pair as Shown


class Pair(Told, frozen=True, kw_only=True):
    """An event on the left that is the same appointment as an event on the right."""

    number: int
    state: State
    how: Annotated[How | None, msgspec.Meta(description="How it is left out; null: it is synced")]
    reason: Annotated[str | None, msgspec.Meta(description="Why it is left out")]
    origin: Annotated[
        Side | None, msgspec.Meta(description="Whose event was there first; null: both were there before")
    ]
    left: OneSide | None
    right: OneSide | None
    differing: Annotated[list[str], msgspec.Meta(description="The fields in which both sides differ")]


class Pairs(Told, frozen=True, kw_only=True):
    """A page of them, the newest first."""

    pairs: list[Pair]
    more: Annotated[int | None, msgspec.Meta(description="`before` of the next page; null: there is none")]


class Linked(Given, frozen=True, kw_only=True):
    """Which pairs are looked for."""

    state: State | None = None
    before: Before | None = None
    most: Most = 50


async def listed(desk: Desk, asked: Asked) -> Pairs:
    query: Linked = asked.query
    found = await desk.showing.pairs(
        asked.who, asked.path["account"], state=query.state, before=query.before, most=query.most
    )
    return Pairs(pairs=[_pair(one) for one in found.rows], more=found.more)


def _pair(found: Shown) -> Pair:
    return Pair(
        number=found.id,
        state=found.state,
        how=found.how,
        reason=found.reason,
        origin=found.origin,
        left=side_of(found.sides[Side.LEFT]),
        right=side_of(found.sides[Side.RIGHT]),
        differing=list(found.differing),
    )


ROUTES = (
    Route(
        id="list_pairs",
        method="GET",
        path="/accounts/{account}/pairs",
        summary="Tell which events are the same appointment, and what both sides show",
        section=SECTION,
        handler=listed,
        query=Linked,
        answer=Pairs,
    ),
)
