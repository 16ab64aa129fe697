"""Why an appointment is, or is not, in the other calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from calsync.desk.explain import MOST
from calsync.sync.model import Side
from calsync.web.api.accounts import SECTION
from calsync.web.api.route import Asked, Given, Route, Told
from calsync.web.api.words import Moment, Span, span

if TYPE_CHECKING:
    from calsync.desk import Desk
    from calsync.desk import explain as told
    from calsync.desk.pairs import Shown


LONGEST = 600
"""Characters of an id, or of words: a line of a request has room for no more. Ids have up to a few hundred."""


class Meant(Given, frozen=True, kw_only=True):
    """Which appointment is meant."""

    event: Annotated[
        str, msgspec.Meta(max_length=LONGEST, description="Its id on either side, or words of its subject")
    ] = ""
    side: Annotated[Side | None, msgspec.Meta(description="Where the event of this id stands")] = None


class Hit(Told, frozen=True, kw_only=True):
    """An appointment that may be meant."""

    side: Side
    event: Annotated[str, msgspec.Meta(description="Its id there")]
    summary: str | None
    when: Span | None


class OneSide(Told, frozen=True, kw_only=True):
    """One side's event, as it was read last."""

    event: Annotated[str, msgspec.Meta(description="Its id")]
    summary: str
    when: Span | None
    description: str
    gone: Annotated[bool, msgspec.Meta(description="Whether it is proven to be deleted, or to stand elsewhere")]


class RuleSays(Told, frozen=True, kw_only=True):
    """What one rule makes of one side's event, as it is configured now."""

    rule: str
    side: Side
    sentences: list[str]


class Step(Told, frozen=True, kw_only=True):
    """One thing that happened, or is so since."""

    at: Annotated[Moment | None, msgspec.Meta(description="null where nobody knows when")]
    run: int | None
    sentence: Annotated[str, msgspec.Meta(description="What happened; times in it are of the account's zone")]


class Life(Told, frozen=True, kw_only=True):
    """One appointment."""

    sentence: Annotated[str, msgspec.Meta(description="Why it is, or is not, in either calendar")]
    notes: Annotated[list[str], msgspec.Meta(description="What else is to be known of that")]
    left: OneSide | None
    right: OneSide | None
    differing: Annotated[list[str], msgspec.Meta(description="The fields in which both sides differ")]
    rules: list[RuleSays]
    steps: Annotated[list[Step], msgspec.Meta(description="What happened, the oldest first")]


class Explained(Told, frozen=True, kw_only=True):
    """The appointment that is meant; where several may be, these."""

    life: Annotated[Life | None, msgspec.Meta(description="null where none, or several, may be meant")]
    events: Annotated[list[Hit], msgspec.Meta(description=f"Those that may be meant, at most {MOST}")]
    total: Annotated[int, msgspec.Meta(description="How many may be meant")]


async def explain(desk: Desk, asked: Asked) -> Explained:
    account, meant = asked.path["account"], asked.query
    found = await desk.explaining.find(asked.who, account, meant.event.strip())
    hits = [hit for hit in found.rows if meant.side in {None, hit.side}]
    total = found.total - len(found.rows) + len(hits)
    life = None
    if total == 1:
        (hit,) = hits
        life = await desk.explaining.explain(asked.who, account, hit.side, hit.event_id)
    return Explained(life=None if life is None else _life(life), events=[_hit(each) for each in hits], total=total)


def _hit(hit: told.Hit) -> Hit:
    return Hit(side=hit.side, event=hit.event_id, summary=hit.summary, when=span(hit.when))


def _life(found: told.Explanation) -> Life:
    return Life(
        sentence=found.sentence("en"),
        notes=list(found.notes("en")),
        left=side_of(found.pair.sides[Side.LEFT]),
        right=side_of(found.pair.sides[Side.RIGHT]),
        differing=list(found.pair.differing),
        rules=[
            RuleSays(rule=one.opinion.rule, side=one.side, sentences=one.sentences("en")) for one in found.rules
        ],
        steps=[Step(at=one.at, run=one.run, sentence=one.sentence("en", found.zone)) for one in found.steps],
    )


def side_of(shown: Shown | None) -> OneSide | None:
    """Return what one side shows."""
    if shown is None:
        return None
    return OneSide(
        event=shown.event_id,
        summary=shown.summary,
        when=span(shown.when),
        description=shown.description,
        gone=shown.gone,
    )


ROUTES = (
    Route(
        id="explain_event",
        method="GET",
        path="/accounts/{account}/explain",
        summary="Tell why an appointment is, or is not, in the other calendar; no server is asked",
        section=SECTION,
        handler=explain,
        query=Meant,
        answer=Explained,
    ),
)
