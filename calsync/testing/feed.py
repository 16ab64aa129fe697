"""The in-memory calendar's change feed: listings in full, pages, opaque tokens, and a feed that lags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.errors import TokenLost
from calsync.ports import Page
from calsync.testing.rows import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta
    from typing import Protocol

    from calsync.sync.model import Observation, Window
    from calsync.testing.memory import Behaviour
    from calsync.testing.rows import Change, Row, Rows

    class Observe(Protocol):
        """How a row is shown to calsync."""

        def __call__(self, row: Row, *, marker: bool) -> Observation: ...


@dataclass(frozen=True, slots=True)
class Position:
    """What a token stands for: so many changes were told, and the window is frozen in it."""

    told: int
    window: Window


class Feed:
    """Answers `changes` from the log of a calendar."""

    def __init__(self, rows: Rows, behaviour: Behaviour, observe: Observe) -> None:
        self._rows = rows
        self._behaviour = behaviour
        self._observe = observe
        self._tokens: dict[str, Position] = {}
        self._issued = 0

    def drop_tokens(self) -> None:
        self._tokens.clear()

    def searched(self) -> Mapping[str, Row]:
        """Return all rows as the search for markers sees them: without the changes of the last moments."""
        lag = self._behaviour.marker_lag
        return self._rows.state(self._end(self._behaviour.lag if lag is None else lag))

    def pages(self, token: str | None, window: Window) -> Iterator[Page]:
        """Answer one round. Raises TokenLost for a token that was dropped or never issued."""
        if token is None:
            return self._listing(window)
        if token not in self._tokens:
            raise TokenLost("the sync token is not known any more")
        return self._incremental(self._tokens[token])

    def _listing(self, window: Window) -> Iterator[Page]:
        end = self._end(self._behaviour.lag)
        told = [*map(self._told, self._rows.state(end).values()), *self._behaviour.repeated]
        inside = [row for row in told if self._shows(row, window)]
        pages = self._cut(inside)
        limit = self._behaviour.listing_pages
        for number, page in enumerate(pages, start=1):
            if limit is not None and number > limit:
                return
            last = number == len(pages)
            token = self._token(Position(end, window)) if last else None
            observations = [self._observe(row, marker=False) for row in page]
            yield Page(observations=observations, token=token, complete=last)

    def _incremental(self, start: Position) -> Iterator[Page]:
        end, window = self._end(self._behaviour.lag), start.window
        changes = self._rows.log[start.told : end]
        latest = {change.after.id: change.after for change in changes}
        concerned = {change.after.id for change in changes if self._concerns(change, window)}
        told = [self._told(latest[event_id]) for event_id in latest if event_id in concerned]
        told += self._behaviour.repeated
        pages = self._cut(told)
        for number, page in enumerate(pages, start=1):
            position = end if number == len(pages) else start.told
            yield self._changed(page, window, self._token(Position(position, window)))

    def _changed(self, rows: Sequence[Row], window: Window, token: str) -> Page:
        shown = [row for row in rows if self._shows(row, window) or self._tells_outside(row)]
        return Page(
            observations=[self._observe(row, marker=False) for row in shown],
            removed=[row.id for row in rows if row not in shown],
            token=token,
        )

    def _shows(self, row: Row, window: Window) -> bool:
        return _inside(row, window) and row.id not in self._behaviour.hidden

    def _told(self, row: Row) -> Row:
        """Return an event as it is told: as it is, or as it was."""
        if row.id not in self._behaviour.stale:
            return row
        states = [change.after for change in self._rows.log if change.after.id == row.id]
        return states[-2] if len(states) > 1 else row

    def _tells_outside(self, row: Row) -> bool:
        return self._behaviour.tells_outside and row.place is Place.CALENDAR

    def _concerns(self, change: Change, window: Window) -> bool:
        """Tell whether the feed of this window has to say anything about a change."""
        if change.after.id in self._behaviour.hidden:
            return False
        seen = _inside(change.before, window) or _inside(change.after, window)
        return seen or self._behaviour.tells_outside

    def _cut(self, rows: Sequence[Row]) -> list[Sequence[Row]]:
        size = self._behaviour.page_size
        return [rows[at : at + size] for at in range(0, len(rows), size)] or [()]

    def _end(self, lag: timedelta) -> int:
        """Return how many changes are visible by now, where they take so long to be."""
        log, latest = self._rows.log, self._rows.now() - lag
        end = len(log)
        while end and log[end - 1].at > latest:
            end -= 1
        return end

    def _token(self, position: Position) -> str:
        self._issued += 1
        token = f"token-{self._issued}"
        self._tokens[token] = position
        return token


def _inside(row: Row | None, window: Window) -> bool:
    return row is not None and row.place is Place.CALENDAR and window.holds(row.event.when)
