"""Of which events of an account nothing is left to be found out, and what a run plans for that hears of some.

A plan is made of what is remembered, the account's terms and the window of the last listing. What a run decided
nothing about, asked nothing about and remembered nothing new of therefore leaves the next one nothing to find out
before a feed tells of it (docs/decisions/0040 and 0041).
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from calsync import __version__
from calsync.ahead import ahead
from calsync.engine.pull import listing_due
from calsync.engine.together import together
from calsync.errors import TokenLost
from calsync.records import Scope
from calsync.sync.model import BOTH, Direction, Side

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

    from calsync.engine.account import Account, Run
    from calsync.ports import Page
    from calsync.records import Rest


def terms(account: Account) -> str:
    """Return what names all that a plan depends on besides what is remembered."""
    calendars = [(account.calendars[side].key, account.calendars[side].capabilities) for side in BOTH]
    chosen = account.direction, account.policy, account.on_target_edit, account.first_sync
    told = repr((__version__, FORM, account.rules, chosen, account.past, account.future, calendars))
    return hashlib.sha256(told.encode()).hexdigest()


FORM = "with unsettled events"
"""What a rest is: a process that knows another one, as an older one does, takes no account for being at it."""
MOST = 1000
"""So many events are read one by one; where more are told of, all are read at once."""


def unsettled(run: Run) -> frozenset[tuple[Side, str]] | None:
    """Return the events that the next run plans for as long as neither side tells of anything; None: all.

    What is held or blocked is looked at by each run: people watch its numbers, and some of it ends with time.
    """
    state, touched = run.notebook.state, run.notebook.touched
    waits = state.intents or state.attempts or state.holds or state.decisions or state.hangs or run.report.notices
    unsure = run.unlisted is not None or state.rebuild is not None or run.unconfirmed
    if touched is None or len(touched) > MOST or waits or unsure:
        return None
    return frozenset(touched)


def rests(account: Account, rest: Rest | None, last: int, now: datetime) -> bool:
    """Tell whether nothing but news is left to look for; `last` is the account's last run, beside the store."""
    if rest is None or rest.terms != terms(account) or last > rest.run:
        return False
    told = all(known.token is not None for known in rest.sides.values())
    return told and not listing_due(account, rest.sides, now)


class Feed:
    """What one side tells behind its token, read to its end, or as far as MOST events."""

    def __init__(self, pages: AsyncIterator[Page], since: str | None) -> None:
        self.since = self.token = since
        """The token that was asked with, and the one that reading goes on behind."""
        self.news: list[Page] = []
        """The first page that tells of something, and all that followed it."""
        self.ended = False
        """All that it tells has been read."""
        self._pages = pages

    @property
    def told(self) -> int:
        """How many events it tells of, as far as it was read."""
        return sum(len(page.observations) + len(page.removed) for page in self.news)

    async def look(self) -> None:
        """Read until it tells of more than MOST events, or the end. Raises as `Reader.changes`."""
        async for page in self._pages:
            if self.news or page.observations or page.removed:
                self.news.append(page)
            else:
                self.token = page.token or self.token
            if self.told > MOST:
                return
        self.ended = True

    async def pages(self) -> AsyncGenerator[Page, None]:
        """Yield the news, and all that follows."""
        for page in self.news:
            yield page
        async with aclosing(ahead(self._pages)) as pages:
            async for page in pages:
                yield page


@asynccontextmanager
async def asked(account: Account, rest: Rest) -> AsyncIterator[Mapping[Side, Feed]]:
    """Ask both sides what is new; give nothing where one cannot tell any more, as its token is lost.

    Raises what a side raised, after both have answered: then nothing of it is stored.
    """
    window = rest.sides[Side.LEFT].window
    if window is None:
        raise TypeError("a side that was listed has a window")
    async with AsyncExitStack() as stack:
        feeds: dict[Side, Feed] = {}
        for side, known in rest.sides.items():
            pages = account.calendars[side].changes(known.token, window)
            if isinstance(pages, AsyncGenerator):
                stack.push_async_callback(pages.aclose)
            feeds[side] = Feed(pages, known.token)
        try:
            await together(feed.look() for feed in feeds.values())
        except TokenLost:
            feeds = {}
        yield feeds


def is_quiet(feeds: Mapping[Side, Feed]) -> bool:
    """Tell whether both sides were asked, and none has told of anything."""
    return bool(feeds) and not any(feed.news for feed in feeds.values())


def scope_of(account: Account, rest: Rest, feeds: Mapping[Side, Feed]) -> Scope | None:
    """Return what a run plans for that both sides have told this; None: all, as nothing less is proven to do.

    What a feed tells that was not read to its end may be about anything. Where only one side is written, what only
    the other one has stays without a link, and may be anybody's partner.
    """
    if not feeds or account.direction is not Direction.BOTH or not all(feed.ended for feed in feeds.values()):
        return None
    events, uids = set(rest.unsettled), set[tuple[Side, str]]()
    for side, feed in feeds.items():
        for page in feed.news:
            events.update((side, event_id) for event_id in page.removed)
            for seen in page.observations:
                events.add((side, seen.id))
                if seen.event.uid is not None:
                    uids.add((side, seen.event.uid))
    return Scope(rest=rest, events=frozenset(events), uids=frozenset(uids)) if len(events) <= MOST else None


def tokens_of(feeds: Mapping[Side, Feed]) -> Mapping[Side, str | None]:
    """Return how far the sides were read."""
    return {side: feed.token for side, feed in feeds.items()}
