"""Accounts: how they are, what was done, and what was not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from calsync.desk.left_out import How
from calsync.desk.overview import Order, Wanted
from calsync.desk.statuses import Health
from calsync.sync.model import Direction, Side
from calsync.web.api.route import Asked, Given, Route, Told
from calsync.web.api.words import Before, Moment, Most, Offset, Span, span

if TYPE_CHECKING:
    from calsync.desk import Desk
    from calsync.desk.activity import Activity
    from calsync.desk.left_out import LeftOut
    from calsync.desk.overview import Row

SECTION = "Accounts"
Kind = Literal["create", "update", "delete", "link", "unlink", "wake", "sleep", "part", "rebase"]


class Progress(Told, frozen=True, kw_only=True):
    """How far a run is."""

    done: int
    total: int


class Account(Told, frozen=True, kw_only=True):
    """One account."""

    name: str
    left: Annotated[str, msgspec.Meta(description="What the left system is called")]
    right: str
    direction: Direction
    state: Annotated[Health, msgspec.Meta(description="As its badge on the pages says it")]
    since: Annotated[Moment, msgspec.Meta(description="When what the service does with it began")]
    good_at: Annotated[Moment | None, msgspec.Meta(description="When both sides were last read without an error")]
    error: str | None
    next_try: Moment | None
    progress: Progress | None
    held: Annotated[int, msgspec.Meta(description="What waits for a person's decision")]
    blocked: Annotated[int, msgspec.Meta(description="Events that are not written, as that might mail somebody")]
    linked: Annotated[int, msgspec.Meta(description="Pairs that are synced, and of which nothing waits")]
    skipped: Annotated[int, msgspec.Meta(description="Events that take no part")]


class Accounts(Told, frozen=True, kw_only=True):
    """A page of accounts."""

    accounts: list[Account]
    total: Annotated[int, msgspec.Meta(description="On all pages")]
    states: Annotated[dict[Health, int], msgspec.Meta(description="Of each state, whatever is looked for")]
    problems: int


class Looked(Given, frozen=True, kw_only=True):
    """Which accounts are looked for."""

    search: Annotated[
        str, msgspec.Meta(max_length=200, description="A part of the account's or a system's name")
    ] = ""
    state: Annotated[list[Health], msgspec.Meta(max_length=6, description="Only in one of these states")] = (
        msgspec.field(default_factory=list)
    )
    problems: Annotated[bool, msgspec.Meta(description="Only those that fail, or need a person")] = False
    order: Order = Order.NAME
    reverse: bool = False
    offset: Offset = 0
    most: Most = 50


class Done(Told, frozen=True, kw_only=True):
    """One thing that was done."""

    number: Annotated[int, msgspec.Meta(description="By which this one write is undone")]
    run: Annotated[int, msgspec.Meta(description="The run that did it, by which all of it is undone")]
    at: Moment
    kind: Kind
    reason: str
    side: Annotated[Side, msgspec.Meta(description="The side that was written")]
    sentence: str
    why: str | None
    summary: str | None
    when: Span | None
    fields: Annotated[list[str], msgspec.Meta(description="What was written")]


class Activities(Told, frozen=True, kw_only=True):
    """What was done, the newest first."""

    activities: list[Done]
    more: Annotated[int | None, msgspec.Meta(description="`before` of the next page; null: there is none")]


class Listed(Given, frozen=True, kw_only=True):
    """Which activities are looked for."""

    kind: Kind | None = None
    side: Side | None = None
    before: Before | None = None
    most: Most = 50


class Unsynced(Told, frozen=True, kw_only=True):
    """One event that is not synced, or waits."""

    how: How
    reason: str
    sentence: str
    rule: Annotated[str | None, msgspec.Meta(description="The rule that holds or blocks it; null: no rule does")]
    side: Annotated[Side, msgspec.Meta(description="Where the event stands")]
    event: Annotated[str, msgspec.Meta(description="Its id there")]
    summary: str | None
    when: Span | None
    since: Moment | None


class LeftOutCount(Told, frozen=True, kw_only=True):
    """How many events are left out for one reason."""

    how: How
    reason: str
    events: int


class AllUnsynced(Told, frozen=True, kw_only=True):
    """What is not synced, or waits, what needs a person first."""

    events: list[Unsynced]
    total: Annotated[int, msgspec.Meta(description="On all pages")]
    counts: Annotated[list[LeftOutCount], msgspec.Meta(description="Of the whole account")]


class Which(Given, frozen=True, kw_only=True):
    """Which events are looked for."""

    how: How | None = None
    offset: Offset = 0
    most: Most = 50


async def listed(desk: Desk, asked: Asked) -> Accounts:
    query: Looked = asked.query
    wanted = Wanted(
        search=query.search,
        states=frozenset(query.state),
        problems=query.problems,
        order=query.order,
        reverse=query.reverse,
        offset=query.offset,
        most=query.most,
    )
    found = await desk.showing.overview(asked.who, wanted)
    return Accounts(
        accounts=[account(row) for row in found.rows],
        total=found.total,
        states={state: found.states[state] for state in Health},
        problems=found.problems,
    )


async def one(desk: Desk, asked: Asked) -> Account:
    return account((await desk.showing.account(asked.who, asked.path["account"])).row)


async def activity(desk: Desk, asked: Asked) -> Activities:
    query: Listed = asked.query
    found = await desk.showing.activity(
        asked.who, asked.path["account"], kind=query.kind, side=query.side, before=query.before, most=query.most
    )
    return Activities(activities=[_done(each) for each in found.rows], more=found.more)


async def left_out(desk: Desk, asked: Asked) -> AllUnsynced:
    query: Which = asked.query
    name = asked.path["account"]
    found = await desk.showing.left_out(asked.who, name, how=query.how, offset=query.offset, most=query.most)
    return AllUnsynced(
        events=[_unsynced(each) for each in found.rows],
        total=found.total,
        counts=[
            LeftOutCount(how=how, reason=reason, events=events) for (how, reason), events in found.counts.items()
        ],
    )


def account(row: Row) -> Account:
    status = row.status
    return Account(
        name=row.account,
        left=row.titles[Side.LEFT],
        right=row.titles[Side.RIGHT],
        direction=row.direction,
        state=row.health,
        since=status.since,
        good_at=status.good_at,
        error=status.error,
        next_try=status.next_try,
        progress=None if status.progress is None else Progress(done=status.progress[0], total=status.progress[1]),
        held=row.held,
        blocked=row.blocked,
        linked=row.linked,
        skipped=row.skipped,
    )


def _done(found: Activity) -> Done:
    return Done(
        number=found.number,
        run=found.run,
        at=found.at,
        kind=msgspec.convert(found.kind, Kind),
        reason=found.reason,
        side=found.side,
        sentence=found.sentence("en"),
        why=found.why("en"),
        summary=found.summary,
        when=span(found.when),
        fields=list(found.fields),
    )


def _unsynced(found: LeftOut) -> Unsynced:
    return Unsynced(
        how=found.how,
        reason=found.reason,
        sentence=found.sentence("en"),
        rule=found.rule,
        side=found.side,
        event=found.event_id,
        summary=found.summary,
        when=span(found.when),
        since=found.since,
    )


ROUTES = (
    Route(
        id="list_accounts",
        method="GET",
        path="/accounts",
        summary="List accounts: administrators all, users their own",
        section=SECTION,
        handler=listed,
        query=Looked,
        answer=Accounts,
    ),
    Route(
        id="get_account",
        method="GET",
        path="/accounts/{account}",
        summary="Tell how one account is",
        section=SECTION,
        handler=one,
        answer=Account,
    ),
    Route(
        id="list_activity",
        method="GET",
        path="/accounts/{account}/activity",
        summary="Tell what was done, in plain sentences",
        section=SECTION,
        handler=activity,
        query=Listed,
        answer=Activities,
    ),
    Route(
        id="list_left_out",
        method="GET",
        path="/accounts/{account}/left-out",
        summary="Tell what is not synced, and why",
        section=SECTION,
        handler=left_out,
        query=Which,
        answer=AllUnsynced,
    ),
)
