"""What the last runs of an account came to, and whom nobody has mailed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from calsync.desk.mails import Mails
from calsync.web.api.accounts import SECTION
from calsync.web.api.route import Asked, Route, Told
from calsync.web.api.undo import SideCounts, side_counts
from calsync.web.api.words import Moment

if TYPE_CHECKING:
    from calsync.desk import Desk


class Ran(Told, frozen=True, kw_only=True):
    """One run that did something, failed, or worked again."""

    number: Annotated[int, msgspec.Meta(description="0 where it failed before it could begin")]
    began: Moment
    ended: Moment
    sides: list[SideCounts]
    error: Annotated[str | None, msgspec.Meta(description="What it failed with; null: it went well")]


class History(Told, frozen=True, kw_only=True):
    """What runs did."""

    runs: Annotated[list[Ran], msgspec.Meta(description="The last ones, the newest first")]
    mails_sent: int
    mails_prevented: Annotated[
        int,
        msgspec.Meta(description="Writes that would have mailed somebody: made without a mail, or left undone"),
    ]


async def runs(desk: Desk, asked: Asked) -> History:
    page = await desk.showing.account(asked.who, asked.path["account"])
    told = [
        Ran(
            number=one.number,
            began=one.began,
            ended=one.ended,
            sides=side_counts(one.sides),
            error=one.error,
        )
        for one in page.runs
    ]
    return History(runs=told, mails_sent=Mails.sent, mails_prevented=page.mails.prevented)


ROUTES = (
    Route(
        id="list_runs",
        method="GET",
        path="/accounts/{account}/runs",
        summary="Tell what the last runs came to, and how many mails were sent and prevented",
        section=SECTION,
        handler=runs,
        answer=History,
    ),
)
