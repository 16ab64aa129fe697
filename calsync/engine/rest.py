"""Whether an account may be left alone: its last run found nothing to do, and neither side tells of anything new.

A plan is made of what is remembered, the account's terms and the window of the last listing. A run that decided
nothing, asked nothing and remembered nothing new therefore leaves the next one nothing to find out before a feed
tells of something (docs/decisions/0040).
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
from calsync.sync.model import Side
from calsync.sync.plan import Kind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

    from calsync.engine.account import Account, Run
    from calsync.ports import Page
    from calsync.records import Rest


def terms(account: Account) -> str:
    """Return what names all that a plan depends on besides what is remembered."""
    calendars = [(account.calendars[side].key, account.calendars[side].capabilities) for side in Side]
    chosen = account.direction, account.policy, account.on_target_edit, account.first_sync
    told = repr((__version__, account.rules, chosen, account.past, account.future, calendars))
    return hashlib.sha256(told.encode()).hexdigest()


def leaves_nothing(run: Run) -> bool:
    """Tell whether the next run would decide the same, and do nothing, as long as neither side tells of anything.

    What is held or blocked is looked at by each run: people watch its numbers, and some of it ends with time.
    """
    state, report = run.notebook.state, run.report
    waits = state.intents or state.attempts or state.holds or state.decisions or state.hangs or report.notices
    decided = any(operation.kind is not Kind.SKIP for operation in report.plan.operations)
    unsure = run.unlisted is not None or state.rebuild is not None or run.unconfirmed
    return not (run.notebook.noted or waits or decided or unsure)


def rests(account: Account, rest: Rest | None, last: int, now: datetime) -> bool:
    """Tell whether nothing but news is left to look for; `last` is the account's last run, beside the store."""
    if rest is None or rest.terms != terms(account) or last > rest.run:
        return False
    told = all(known.token is not None for known in rest.sides.values())
    return told and not listing_due(account, rest.sides, now)


class Feed:
    """What one side tells behind its token, read as far as the first news."""

    def __init__(self, pages: AsyncIterator[Page], since: str | None) -> None:
        self.since = self.token = since
        """The token that was asked with, and the one that reading goes on behind."""
        self.news: Page | None = None
        self._pages = pages

    async def look(self) -> None:
        """Read until there is news, or the end. Raises as `Reader.changes`."""
        async for page in self._pages:
            if page.observations or page.removed:
                self.news = page
                return
            self.token = page.token or self.token

    async def pages(self) -> AsyncGenerator[Page, None]:
        """Yield the news, and all that follows."""
        if self.news is not None:
            yield self.news
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


def tokens_of(feeds: Mapping[Side, Feed]) -> Mapping[Side, str | None]:
    """Return how far the sides were read."""
    return {side: feed.token for side, feed in feeds.items()}
