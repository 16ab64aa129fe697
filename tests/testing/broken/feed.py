"""Calendars whose feed breaks a promise each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.model import AllDay, Timed
from calsync.testing import Behaviour, MemoryCalendar
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from calsync.ports import Page, Written
    from calsync.sync.model import Changes, Event, Observation, Window


class Altered(MemoryCalendar):
    """What it tells of changes is altered page by page, for a listing in full and for what came since."""

    def listed(self, page: Page) -> Page:
        return page

    def followed(self, page: Page) -> Page:
        return page

    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        alter = self.listed if token is None else self.followed
        async for page in super().changes(token, window):
            yield alter(page)


class ForgetsTheFirst(Altered):
    """A listing lacks an event and claims to be complete."""

    def listed(self, page: Page) -> Page:
        return replace(page, observations=page.observations[1:])


class NeverComplete(Altered):
    def listed(self, page: Page) -> Page:
        return replace(page, complete=False)


class AlwaysComplete(Altered):
    """Its first page claims that nothing follows."""

    def listed(self, page: Page) -> Page:
        return replace(page, complete=True, token=page.token or "behind this page")


class GivesNoToken(Altered):
    def listed(self, page: Page) -> Page:
        return replace(page, token=None)


class HidesDeletes(Altered):
    """It also says nothing of what has left the window."""

    def followed(self, page: Page) -> Page:
        return replace(page, removed=())


class TellsNothingNew(Altered):
    def followed(self, page: Page) -> Page:
        return replace(page, observations=())


class TellsNoCreates(Altered):
    def __init__(self, behaviour: Behaviour | None = None) -> None:
        super().__init__(behaviour=behaviour)
        self._known: set[str] = set()

    def listed(self, page: Page) -> Page:
        self._known.update(seen.id for seen in page.observations)
        return page

    def followed(self, page: Page) -> Page:
        return replace(page, observations=[seen for seen in page.observations if seen.id in self._known])


class HasRevisionsOfItsOwn(Altered):
    """The feed's revision of an event is not the one that a read gives."""

    def listed(self, page: Page) -> Page:
        told = [replace(seen, revision=f"feed {seen.revision}") for seen in page.observations]
        return replace(page, observations=told)


class OnlyThePagesBegin(MemoryCalendar):
    """Of many pages it gives the first one, and takes it for all."""

    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        pages = [page async for page in super().changes(token, window)]
        yield replace(pages[0], token=pages[-1].token, complete=pages[-1].complete)


class TokensForOnce(MemoryCalendar):
    """What a token has told is not told again: after a crash it is lost."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        super().__init__(behaviour=behaviour)
        self._used: set[str] = set()

    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        async for page in super().changes(token, window):
            yield replace(page, observations=(), removed=()) if token in self._used else page
        self._used.add(token or "")


class FollowsOnlyListings(MemoryCalendar):
    """The token of a listing works; those that follow tell nothing."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        super().__init__(behaviour=behaviour)
        self._first: set[str | None] = {None}

    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        async for page in super().changes(token, window):
            if token is None:
                self._first.add(page.token)
            yield page if token in self._first else replace(page, observations=(), removed=())


class ForgivesLostTokens(MemoryCalendar):
    def drop_tokens(self) -> None:
        """Keep them."""


class TripsOverOldEvents(MemoryCalendar):
    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        for event in self.events().values():
            assert window.holds(event.when)
        async for page in super().changes(token, window):
            yield page


class AnswersAnOldRevision(MemoryCalendar):
    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        return replace(await super().update(target, changes, stamp), revision=target.revision)


def hiding(hidden: Callable[[Event, Window], bool]) -> Callable[[], MemoryCalendar]:
    """Return what makes calendars whose listings lack such events."""

    class Hiding(MemoryCalendar):
        async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
            async for page in super().changes(token, window):
                told = [seen for seen in page.observations if not hidden(seen.event, window)]
                yield replace(page, observations=told)

    return Hiding


def paged(kind: Callable[..., MemoryCalendar]) -> Callable[[], MemoryCalendar]:
    return lambda: kind(behaviour=Behaviour(page_size=5))


def begins(event: Event, window: Window) -> bool:
    return isinstance(event.when, Timed) and event.when.start == window.start


def began_before(event: Event, window: Window) -> bool:
    return isinstance(event.when, Timed) and event.when.start < window.start


def ends_behind(event: Event, window: Window) -> bool:
    return isinstance(event.when, Timed) and event.when.end > window.end


def has_no_length(event: Event, window: Window) -> bool:
    return isinstance(event.when, Timed) and event.when.start == event.when.end


def is_the_first_day(event: Event, window: Window) -> bool:
    return isinstance(event.when, AllDay) and event.when.first <= window.start.date()


def is_the_last_day(event: Event, window: Window) -> bool:
    return isinstance(event.when, AllDay) and event.when.after > window.end.date()


EDGES: Mapping[str, Callable[[Event, Window], bool]] = {
    "begins with the window": begins,
    "ends just inside": began_before,
    "begins just inside": ends_behind,
    "spans the window": ends_behind,
    "an instant at its start": has_no_length,
    "an instant inside": has_no_length,
    "the first day": is_the_first_day,
    "the last day": is_the_last_day,
}
"""What somebody forgets who does not see an edge of the window."""

BROKEN: Sequence[tuple[Callable[[], MemoryCalendar], str]] = [
    (NeverComplete, "test_an_empty_calendar_is_listed_completely"),
    (GivesNoToken, "test_an_empty_calendar_is_listed_completely"),
    (ForgetsTheFirst, "test_a_listing_in_full_tells_every_event"),
    (lambda: MemoryCalendar(behaviour=Behaviour(page_size=100)), "test_a_long_listing_comes_in_pages"),
    (paged(OnlyThePagesBegin), "test_a_long_listing_comes_in_pages"),
    (paged(AlwaysComplete), "test_a_long_listing_comes_in_pages"),
    *((hiding(edge), f"test_what_overlaps_the_window_is_told[{name}]") for name, edge in EDGES.items()),
    (HasRevisionsOfItsOwn, "test_a_feed_and_a_read_agree_on_the_revision"),
    (TellsNothingNew, "test_what_users_create_and_edit_is_told"),
    (TellsNoCreates, "test_what_users_create_and_edit_is_told"),
    (HidesDeletes, "test_what_users_delete_is_a_tombstone_or_costs_the_token"),
    (HidesDeletes, "test_an_event_that_leaves_the_window_is_told"),
    (TellsNoCreates, "test_an_event_that_comes_into_the_window_is_told"),
    (TokensForOnce, "test_a_token_can_be_used_again"),
    (FollowsOnlyListings, "test_tokens_follow_one_another"),
    (paged(OnlyThePagesBegin), "test_many_changes_come_at_once"),
    (AnswersAnOldRevision, "test_a_write_of_our_own_is_told_as_it_was_answered"),
    (ForgivesLostTokens, "test_a_lost_token_says_so"),
    (TripsOverOldEvents, "test_events_outside_the_window_do_no_harm"),
]
