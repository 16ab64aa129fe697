import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from calsync.errors import Blocked, Missing, Retry, Stale, TokenLost, UnknownOutcome
from calsync.ports import Elsewhere, Gone, Here, NoAccess, Page, Trashed
from calsync.sync.model import Capabilities, Draft, Event, Observation, Timed, Window
from calsync.testing import Behaviour, FakeClock, MemoryCalendar
from calsync.values import replace

DAY = datetime(2026, 3, 3, tzinfo=UTC)
WINDOW = Window(DAY, DAY + timedelta(days=30))
WHEN = Timed(DAY + timedelta(hours=9), DAY + timedelta(hours=10))
EVENT = Event(summary="Besichtigung", when=WHEN, description="Schlüssel mitnehmen")
MEETING = replace(EVENT, attendee_count=2)
DRAFT = Draft(summary="Notar", when=WHEN, description="", reminder=15)


def calendar(behaviour: Behaviour | None = None, *, may_mail: bool = False) -> MemoryCalendar:
    return MemoryCalendar(
        now=FakeClock().now, behaviour=behaviour, capabilities=Capabilities(writes_may_mail=may_mail)
    )


async def pages(calendar: MemoryCalendar, token: str | None = None) -> list[Page]:
    return [page async for page in calendar.changes(token, WINDOW)]


async def observed(calendar: MemoryCalendar, event_id: str) -> Observation:
    return (await calendar.read([event_id]))[event_id]


def told(pages: list[Page]) -> tuple[list[str], list[str]]:
    """Return the ids that were observed and the tombstones."""
    return [seen.id for page in pages for seen in page.observations], [i for page in pages for i in page.removed]


async def token_of(calendar: MemoryCalendar) -> str:
    token = (await pages(calendar))[-1].token
    assert token is not None
    return token


async def test_each_change_gives_a_new_revision_and_says_who_wrote() -> None:
    under_test = calendar()
    event_id = under_test.user_create(EVENT)
    first = await observed(under_test, event_id)
    assert first.written_by_us is False
    await under_test.update(first, {"summary": "Neu"}, "stamp")
    second = await observed(under_test, event_id)
    assert second.written_by_us is True
    assert second.revision != first.revision
    assert under_test.events()[event_id].summary == "Neu"


async def test_a_system_may_not_know_who_wrote() -> None:
    under_test = calendar(Behaviour(tells_writer=False))
    event_id = under_test.user_create(EVENT)
    assert (await observed(under_test, event_id)).written_by_us is None


async def test_an_event_that_leaves_the_window_is_a_tombstone() -> None:
    under_test = calendar()
    event_id = under_test.user_create(EVENT)
    token = await token_of(under_test)
    under_test.user_edit(event_id, when=Timed(DAY - timedelta(days=2), DAY - timedelta(days=2)))
    assert told(await pages(under_test, token)) == ([], [event_id])


async def test_or_is_told_as_it_is_now() -> None:
    under_test = calendar(Behaviour(tells_outside=True))
    event_id = under_test.user_create(EVENT)
    token = await token_of(under_test)
    under_test.user_edit(event_id, when=Timed(DAY - timedelta(days=2), DAY - timedelta(days=2)))
    assert told(await pages(under_test, token)) == ([event_id], [])


async def test_a_token_on_an_early_page_loses_nothing() -> None:
    under_test = calendar(Behaviour(page_size=2))
    token = await token_of(under_test)
    ids = [under_test.user_create(EVENT) for _ in range(5)]
    first = (await pages(under_test, token))[0]
    assert told(await pages(under_test, first.token))[0] == ids


async def test_a_lagging_feed_tells_later_and_reads_see_at_once() -> None:
    clock = FakeClock()
    under_test = MemoryCalendar(now=clock.now, behaviour=Behaviour(lag=timedelta(seconds=60)))
    token = await token_of(under_test)
    written = await under_test.create(DRAFT, "marker")
    assert await observed(under_test, written.id)
    assert await under_test.find_marker("marker") == []
    behind = (await pages(under_test, token))[-1].token
    assert told(await pages(under_test)) == ([], [])
    clock.advance(61)
    assert [seen.id for seen in await under_test.find_marker("marker")] == [written.id]
    assert told(await pages(under_test, behind)) == ([written.id], [])


async def test_the_search_for_markers_lags_by_itself() -> None:
    clock = FakeClock()
    behaviour = Behaviour(marker_lag=timedelta(seconds=60))
    under_test = MemoryCalendar(now=clock.now, behaviour=behaviour)
    written = await under_test.create(DRAFT, "marker")
    assert told(await pages(under_test))[0] == [written.id]
    assert await under_test.find_marker("marker") == []
    clock.advance(61)
    assert [seen.id for seen in await under_test.find_marker("marker")] == [written.id]


async def test_an_event_may_be_taken_for_gone_although_it_is_there() -> None:
    under_test = calendar()
    event_id = under_test.user_create(EVENT)
    under_test.behaviour.gone.add(event_id)
    assert await under_test.locate(event_id) == Gone()
    assert told(await pages(under_test))[0] == [event_id]


async def test_a_marker_that_lags_behind_a_delete_is_not_found() -> None:
    clock = FakeClock()
    under_test = MemoryCalendar(now=clock.now)
    written = await under_test.create(DRAFT, "marker")
    clock.advance(60)
    under_test.behaviour.lag = timedelta(seconds=30)
    under_test.user_delete(written.id)
    assert await under_test.find_marker("marker") == []


async def test_hidden_events_are_missing_from_a_listing_that_claims_to_be_complete() -> None:
    under_test = calendar()
    shown, hidden = under_test.user_create(EVENT), under_test.user_create(EVENT)
    under_test.behaviour.hidden.add(hidden)
    listed = await pages(under_test)
    assert told(listed) == ([shown], [])
    assert listed[-1].complete
    under_test.user_edit(hidden, summary="X")
    assert told(await pages(under_test, listed[-1].token)) == ([], [])


async def test_a_broken_listing_does_not_claim_to_be_complete() -> None:
    under_test = calendar(Behaviour(page_size=1, listing_pages=2))
    for _ in range(3):
        under_test.user_create(EVENT)
    listed = await pages(under_test)
    assert len(listed) == 2
    assert not any(page.complete or page.token for page in listed)


async def test_dropped_tokens_are_lost() -> None:
    under_test = calendar()
    token = await token_of(under_test)
    under_test.drop_tokens()
    with pytest.raises(TokenLost):
        await pages(under_test, token)


async def test_locate_tells_every_place() -> None:
    under_test = calendar()
    event_id = under_test.user_create(EVENT)
    assert isinstance(await under_test.locate(event_id), Here)
    under_test.user_delete(event_id)
    assert await under_test.locate(event_id) == Trashed()
    under_test.user_restore(event_id)
    assert isinstance(await under_test.locate(event_id), Here)
    under_test.user_move_away(event_id)
    assert await under_test.locate(event_id) == Elsewhere()
    under_test.user_forbid(event_id)
    assert await under_test.locate(event_id) == NoAccess()
    assert await under_test.read([event_id]) == {}
    under_test.user_purge(event_id)
    assert await under_test.locate(event_id) == Gone()
    assert await under_test.locate("never was") == Gone()


async def test_a_copy_by_a_user_carries_the_marker() -> None:
    under_test = calendar()
    written = await under_test.create(DRAFT, "marker")
    copy = under_test.user_copy(written.id)
    assert {seen.id for seen in await under_test.find_marker("marker")} == {written.id, copy}
    assert under_test.events()[copy].uid != under_test.events()[written.id].uid


async def test_a_repeated_create_makes_a_second_event_only_where_the_system_cannot_tell() -> None:
    under_test = calendar()
    first = await under_test.create(DRAFT, "marker")
    assert (await under_test.create(DRAFT, "marker")).id == first.id
    under_test.behaviour.idempotent = False
    assert (await under_test.create(DRAFT, "marker")).id != first.id


async def test_a_system_without_markers_and_reminders() -> None:
    under_test = MemoryCalendar(capabilities=Capabilities(marker=False, writes_reminder=False))
    written = await under_test.create(DRAFT, "marker")
    assert await under_test.find_marker("marker") == []
    assert written.stored is not None
    assert written.stored.event.reminder is None
    assert under_test.reminder_minutes(written.id) is None


@pytest.mark.parametrize(("answer", "revision", "stored"), [("revision", True, False), ("id", False, False)])
async def test_what_a_write_answers(answer: str, revision: bool, stored: bool) -> None:
    under_test = calendar()
    under_test.behaviour.answer = "revision" if answer == "revision" else "id"
    written = await under_test.create(DRAFT, "marker")
    assert (written.revision is not None, written.stored is not None) == (revision, stored)


async def test_a_server_with_its_own_form_of_values() -> None:
    under_test = calendar(Behaviour(normalise=lambda event: replace(event, summary=event.summary[:3])))
    written = await under_test.create(DRAFT, "marker")
    assert under_test.events()[written.id].summary == "Not"


async def test_a_write_that_would_mail_is_blocked() -> None:
    under_test = calendar(may_mail=True)
    reasons = []
    for event in (MEETING, replace(EVENT, attendee_count=None), replace(EVENT, organised_here=False)):
        seen = await observed(under_test, under_test.user_create(event))
        for write in (under_test.update(seen, {"summary": "X"}, "s"), under_test.delete(seen)):
            with pytest.raises(Blocked) as blocked:
                await write
            reasons.append(blocked.value.reason)
        assert under_test.events()[seen.id].summary == event.summary
    assert reasons == ["has_attendees"] * 4 + ["not_organised_here"] * 2
    assert under_test.mails == 0


async def test_a_naive_system_mails_and_counts() -> None:
    under_test = calendar(Behaviour(naive=True), may_mail=True)
    event_id = under_test.user_create(MEETING)
    await under_test.update(await observed(under_test, event_id), {"summary": "X"}, "s")
    assert under_test.mails == 2
    await under_test.delete(await observed(under_test, event_id))
    assert under_test.mails == 4
    unknown = under_test.user_create(replace(EVENT, attendee_count=None))
    await under_test.delete(await observed(under_test, unknown))
    assert under_test.mails == 5


async def test_a_system_that_never_mails_counts_nothing() -> None:
    under_test = calendar()
    await under_test.delete(await observed(under_test, under_test.user_create(MEETING)))
    assert under_test.mails == 0


async def test_a_join_link_is_not_written_over() -> None:
    under_test = calendar()
    event_id = under_test.user_create(replace(EVENT, online_meeting=True))
    seen = await observed(under_test, event_id)
    with pytest.raises(Blocked, match="online_meeting"):
        await under_test.update(seen, {"description": "weg"}, "s")
    await under_test.update(seen, {"summary": "Neu"}, "s")
    assert under_test.events()[event_id].online_meeting
    under_test.behaviour.naive = True
    await under_test.update(await observed(under_test, event_id), {"description": "weg"}, "s")
    assert not under_test.events()[event_id].online_meeting


async def test_a_stale_or_missing_target_is_not_written() -> None:
    under_test = calendar()
    event_id = under_test.user_create(EVENT)
    seen = await observed(under_test, event_id)
    under_test.user_edit(event_id, summary="Vom Menschen")
    for write in (under_test.update(seen, {"summary": "X"}, "s"), under_test.delete(seen)):
        with pytest.raises(Stale) as stale:
            await write
        assert stale.value.fresh.event.summary == "Vom Menschen"
    under_test.user_move_away(event_id)
    with pytest.raises(Missing):
        await under_test.delete(seen)
    under_test.user_delete(event_id)
    await under_test.delete(seen)
    with pytest.raises(Missing):
        await under_test.update(seen, {"summary": "X"}, "s")


async def test_an_error_before_the_effect_changes_nothing() -> None:
    under_test = calendar()
    under_test.faults.add("create", lambda: Retry("busy"), times=2)
    for _ in range(2):
        with pytest.raises(Retry):
            await under_test.create(DRAFT, "marker")
    assert under_test.events() == {}
    await under_test.create(DRAFT, "marker")
    assert len(under_test.events()) == 1


async def test_an_error_after_the_effect_loses_only_the_answer() -> None:
    under_test = calendar()
    under_test.faults.add("create", lambda: UnknownOutcome("lost"), after=True)
    with pytest.raises(UnknownOutcome):
        await under_test.create(DRAFT, "marker")
    (event_id,) = under_test.events()
    for method in ("update", "delete"):
        under_test.faults.add(
            "update" if method == "update" else "delete", lambda: UnknownOutcome("lost"), after=True
        )
    with pytest.raises(UnknownOutcome):
        await under_test.update(await observed(under_test, event_id), {"summary": "X"}, "s")
    assert under_test.events()[event_id].summary == "X"
    with pytest.raises(UnknownOutcome):
        await under_test.delete(await observed(under_test, event_id))
    assert under_test.events() == {}


async def test_every_call_fails_until_the_faults_are_cleared() -> None:
    under_test = calendar()
    under_test.faults.add("locate", lambda: Retry("busy"), times=None)
    for _ in range(3):
        with pytest.raises(Retry):
            await under_test.locate("x")
    under_test.faults.clear()
    assert await under_test.locate("x") == Gone()


async def test_a_feed_breaks_before_or_behind_its_first_page() -> None:
    under_test = calendar(Behaviour(page_size=1))
    under_test.user_create(EVENT)
    under_test.user_create(EVENT)
    under_test.faults.add("changes", lambda: Retry("busy"))
    under_test.faults.add("changes", lambda: Retry("busy"), after=True)
    for expected in (0, 1):
        round_ = under_test.changes(None, WINDOW)
        for _ in range(expected):
            assert await anext(round_)
        with pytest.raises(Retry):
            await anext(round_)


async def test_a_feed_without_any_page_breaks_too() -> None:
    under_test = calendar(Behaviour(listing_pages=0))
    under_test.faults.add("changes", lambda: Retry("busy"), after=True)
    with pytest.raises(Retry):
        await pages(under_test)


async def test_calls_are_remembered_with_the_fields_they_carried() -> None:
    under_test = calendar()
    written = await under_test.create(DRAFT, "marker")
    await under_test.update(await observed(under_test, written.id), {"summary": "X", "description": "Y"}, "s")
    assert [(call.method, call.fields) for call in under_test.writes()] == [
        ("create", ()),
        ("update", ("description", "summary")),
    ]
    assert len(under_test.calls) == 3
    assert under_test.reminder_minutes(written.id) == 15


async def test_who_listens_hears_rings_until_cancelled() -> None:
    under_test, heard = calendar(Behaviour(doorbell=True)), asyncio.Queue[str]()
    listening = asyncio.ensure_future(under_test.listen(heard.put_nowait))
    assert await heard.get() == "listening begins"
    under_test.ring()
    assert await heard.get() == "a change"
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert under_test.listeners == []


async def test_without_a_doorbell_there_is_nothing_to_listen_to() -> None:
    under_test, heard = calendar(), list[str]()
    await under_test.listen(heard.append)
    assert (heard, under_test.calls) == ([], [])


async def test_a_doorbell_fails_when_it_is_ordered_to() -> None:
    under_test, heard = calendar(Behaviour(doorbell=True)), list[str]()
    for after in (False, True):
        under_test.faults.add("listen", lambda: Retry("down"), after=after)
        with pytest.raises(Retry):
            await under_test.listen(heard.append)
    assert heard == ["listening begins"]
