"""What several answers are made of."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec

from calsync.sync.model import AllDay, Timed, When
from calsync.web.api.route import Told

Most = Annotated[int, msgspec.Meta(ge=1, le=200, description="Rows of this page")]
Offset = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000, description="Rows to leave out before")]
Before = Annotated[
    int, msgspec.Meta(ge=0, le=2**53, description="Only rows behind this one: the `more` of a page")
]
Id = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class TimedSpan(Told, frozen=True, kw_only=True, tag_field="kind", tag="timed"):
    """From one instant to another."""

    start: Moment
    end: Moment


class Days(Told, frozen=True, kw_only=True, tag_field="kind", tag="all_day"):
    """Whole days."""

    first: date
    after: Annotated[date, msgspec.Meta(description="The day after the last one")]


Span = TimedSpan | Days


def span(when: When | None) -> Span | None:
    match when:
        case Timed():
            return TimedSpan(start=when.start, end=when.end)
        case AllDay():
            return Days(first=when.first, after=when.after)
        case None:
            return None
