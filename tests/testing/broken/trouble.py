"""Calendars that tell trouble on the wire in a way that would write twice, delete, or wait for nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import AccountError, CalsyncError, EventError, Retry, UnknownOutcome
from calsync.ports import Page, Written
from tests.testing.distant import BUSY, REFUSED, Distant, distant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from calsync.sync.model import Draft, Window
    from calsync.testing.contract import UnderTest
    from calsync.testing.proxy import Trouble


class RepeatsLostWrites(Distant):
    """It says that nothing was changed, so the same would be written once more."""

    def refusal(self, trouble: Trouble, *, changes: bool) -> CalsyncError:
        del changes
        return super().refusal(trouble, changes=False)


class TakesLossForSuccess(Distant):
    async def create(self, draft: Draft, marker: str) -> Written:
        try:
            return await super().create(draft, marker)
        except UnknownOutcome:
            return Written(id="nobody knows")


class SendsAgainByItself(Distant):
    """It sends a write a second time where the first one was to wait."""

    async def create(self, draft: Draft, marker: str) -> Written:
        try:
            return await super().create(draft, marker)
        except Retry:
            await super().create(draft, f"{marker} again")
            return await super().create(draft, marker)


class TakesHasteForRefusal(Distant):
    """A server that is busy has it give up an event for good."""

    def refusal(self, trouble: Trouble, *, changes: bool) -> CalsyncError:
        return EventError("refused") if trouble.status == BUSY else super().refusal(trouble, changes=changes)


class ComesBackYesterday(Distant):
    def refusal(self, trouble: Trouble, *, changes: bool) -> CalsyncError:
        return Retry("busy", after=-1) if trouble.status == BUSY else super().refusal(trouble, changes=changes)


class GivesUpAtFailures(Distant):
    """A server that fails for a minute stops an account until a person acts."""

    def refusal(self, trouble: Trouble, *, changes: bool) -> CalsyncError:
        if trouble.status is not None and trouble.status >= 500:
            return AccountError("the server is broken")
        return super().refusal(trouble, changes=changes)


class ListsWhatCame(Distant):
    """It takes the half of a listing that has come for the whole: the rest would count as deleted."""

    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        try:
            async for page in super().changes(token, window):
                yield page
        except Retry:
            yield Page(token="half", complete=True)


class KnocksForEver(Distant):
    """A password that is refused is tried again and again, until the user is locked out."""

    def refusal(self, trouble: Trouble, *, changes: bool) -> CalsyncError:
        return Retry("later") if trouble.status == REFUSED else super().refusal(trouble, changes=changes)


BROKEN: Sequence[tuple[Callable[[], UnderTest], str]] = [
    (distant(RepeatsLostWrites), "test_a_create_whose_answer_is_lost_is_an_unknown_outcome"),
    (distant(TakesLossForSuccess), "test_a_create_whose_answer_is_lost_is_an_unknown_outcome"),
    (distant(RepeatsLostWrites), "test_an_update_whose_answer_is_lost_is_an_unknown_outcome"),
    (distant(RepeatsLostWrites), "test_a_delete_whose_answer_is_lost_is_an_unknown_outcome"),
    (distant(TakesLossForSuccess), "test_a_write_that_never_arrives_changes_nothing"),
    (distant(SendsAgainByItself), "test_a_short_pause_is_waited_for"),
    (distant(TakesHasteForRefusal), "test_who_is_throttled_writes_nothing_and_comes_back_later"),
    (distant(ComesBackYesterday), "test_who_is_throttled_writes_nothing_and_comes_back_later"),
    (distant(GivesUpAtFailures), "test_a_server_that_fails_is_asked_again[503]"),
    (distant(TakesLossForSuccess), "test_a_write_that_the_server_failed_at_is_not_taken_for_done"),
    (distant(ListsWhatCame), "test_an_answer_that_breaks_off_is_never_a_complete_listing"),
    (distant(KnocksForEver), "test_a_refused_sign_in_waits_for_a_person"),
]
