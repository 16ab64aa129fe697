"""Accounts: switching, directing and running them, and deciding what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from calsync.people import Role
from calsync.reasons import sentence
from calsync.sync.choices import Choice
from calsync.sync.model import Direction, Side
from calsync.sync.plan import Kind
from calsync.web.api.accounts import SECTION
from calsync.web.api.route import Asked, Given, Route, Told
from calsync.web.api.words import Moment, Name, Span, span

if TYPE_CHECKING:
    from calsync.desk import Desk
    from calsync.desk.decisions import Case
    from calsync.sync.model import Observation

CaseName = Annotated[
    str, msgspec.Meta(pattern="^[0-9a-f]{8}$", description="The name of a case, as it was listed")
]


class Switch(Given, frozen=True, kw_only=True):
    """Whether an account is synced. Off deletes nothing, and on goes on without a duplicate."""

    on: bool


class SwitchAll(Given, frozen=True, kw_only=True):
    """Many accounts, all at once. Those that are not there are left out."""

    accounts: Annotated[list[Name], msgspec.Meta(min_length=1, max_length=1000)]
    on: bool


class Directed(Given, frozen=True, kw_only=True):
    """Which side is written. One that was only read before waits until a person has confirmed the plan."""

    direction: Direction


class Shown(Told, frozen=True, kw_only=True):
    """One side's event, as it was last read."""

    event: Annotated[str, msgspec.Meta(description="Its id")]
    summary: str
    when: Span | None
    description: str


class Waiting(Told, frozen=True, kw_only=True):
    """Something that waits for a person."""

    name: CaseName
    since: Moment
    kind: Annotated[Kind, msgspec.Meta(description="What is not done; hold where nobody knows")]
    side: Annotated[Side, msgspec.Meta(description="The side that is not written meanwhile")]
    reason: str
    sentence: str
    rule: Annotated[str | None, msgspec.Meta(description="The rule that holds it; null: no rule does")]
    left: Shown | None
    right: Shown | None
    gone: Annotated[Side | None, msgspec.Meta(description="The side on which the event is not there any more")]
    differing: Annotated[list[str], msgspec.Meta(description="The fields in which both sides differ")]
    choices: Annotated[list[Choice], msgspec.Meta(description="What may be chosen; empty: it ends by itself")]
    decided: Annotated[Choice | None, msgspec.Meta(description="What was chosen, and the next run carries out")]


class Holds(Told, frozen=True, kw_only=True):
    """What waits in an account, what waits longest first."""

    holds: list[Waiting]


class Word(Given, frozen=True, kw_only=True):
    """A person's word about what was listed. It counts as long as both sides show what they showed then."""

    cases: Annotated[list[CaseName], msgspec.Meta(min_length=1, max_length=1000)]
    choice: Choice


class Taken(Told, frozen=True, kw_only=True):
    """For which cases the word counts; the others are over, show other values, or were decided before."""

    decided: list[CaseName]


async def switch(desk: Desk, asked: Asked) -> None:
    await desk.steering.switch(asked.who, asked.path["account"], on=asked.body.on)


async def switch_all(desk: Desk, asked: Asked) -> None:
    await desk.steering.switch_all(asked.who, asked.body.accounts, on=asked.body.on)


async def direct(desk: Desk, asked: Asked) -> None:
    await desk.steering.direct(asked.who, asked.path["account"], asked.body.direction)


async def run(desk: Desk, asked: Asked) -> None:
    await desk.steering.sync_now(asked.who, asked.path["account"])


async def holds(desk: Desk, asked: Asked) -> Holds:
    return Holds(holds=[_waiting(case) for case in await desk.showing.holds(asked.who, asked.path["account"])])


async def decide(desk: Desk, asked: Asked) -> Taken:
    word: Word = asked.body
    taken = await desk.steering.decide(asked.who, asked.path["account"], word.cases, word.choice)
    return Taken(decided=[case.name for case in taken])


def _waiting(case: Case) -> Waiting:
    return Waiting(
        name=case.name,
        since=case.since,
        kind=case.kind,
        side=case.side,
        reason=case.reason,
        sentence=sentence(case.reason, "en"),
        rule=case.rule,
        left=_shown(case.left),
        right=_shown(case.right),
        gone=case.gone,
        differing=list(case.differing),
        choices=list(case.choices),
        decided=case.decided,
    )


def _shown(seen: Observation | None) -> Shown | None:
    if seen is None:
        return None
    event = seen.event
    return Shown(event=seen.id, summary=event.summary, when=span(event.when), description=event.description)


ROUTES = (
    Route(
        id="switch_account",
        method="PUT",
        path="/accounts/{account}/switch",
        summary="Switch an account on or off",
        section=SECTION,
        handler=switch,
        body=Switch,
        answer=None,
    ),
    Route(
        id="switch_accounts",
        method="POST",
        path="/switches",
        summary="Switch many accounts on or off, or none where that fails",
        section=SECTION,
        handler=switch_all,
        body=SwitchAll,
        answer=None,
        role=Role.ADMINISTRATOR,
    ),
    Route(
        id="direct_account",
        method="PUT",
        path="/accounts/{account}/direction",
        summary="Choose an account's direction",
        section=SECTION,
        handler=direct,
        body=Directed,
        answer=None,
    ),
    Route(
        id="sync_account",
        method="POST",
        path="/accounts/{account}/sync",
        summary="Have an account run soon",
        section=SECTION,
        handler=run,
        answer=None,
    ),
    Route(
        id="list_holds",
        method="GET",
        path="/accounts/{account}/holds",
        summary="Tell what waits for a person, and what may be chosen",
        section=SECTION,
        handler=holds,
        answer=Holds,
    ),
    Route(
        id="decide_holds",
        method="POST",
        path="/accounts/{account}/decisions",
        summary="Decide what waits; the account's next run carries it out",
        section=SECTION,
        handler=decide,
        body=Word,
        answer=Taken,
    ),
)
