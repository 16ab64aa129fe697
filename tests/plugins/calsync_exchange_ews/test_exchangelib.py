"""What a client that nobody here wrote puts into a calendar, calsync reads right, and the reverse."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import exchangelib as other
import pytest
from exchangelib.items import SEND_TO_NONE
from exchangelib.recurrence import DailyPattern, NumberedPattern, Recurrence
from exchangelib.version import EXCHANGE_2019, Version

from calsync.errors import Blocked
from calsync.sync.model import AllDay, Draft, Timed
from calsync.testing.contract.case import WINDOW, listen
from tests.plugins.calsync_exchange_ews.test_contract import ADDRESS, ExchangeUnderTest, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from calsync.sync.model import Observation

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
WHEN = Timed(START, START + timedelta(hours=1))


class Both:
    """One calendar, as calsync and as exchangelib have opened it."""

    def __init__(self, under_test: ExchangeUnderTest, url: str) -> None:
        self.calendar = under_test.calendar
        self.mails = under_test.mails
        self._url = url
        self._account: Any = None

    async def do(self, act: Callable[[Any], Any]) -> Any:
        """Let exchangelib do something; it blocks."""
        return await asyncio.to_thread(lambda: act(self._opened()))

    async def seen(self) -> Observation:
        """Return the only event that calsync is told of."""
        (found,) = (await listen(self.calendar)).observations.values()
        return found

    def _opened(self) -> Any:
        if self._account is None:
            config = other.Configuration(
                service_endpoint=self._url,
                credentials=other.Credentials("EX\\anna", "made-up"),
                auth_type="basic",
                version=Version(build=EXCHANGE_2019),
                max_connections=1,
            )
            self._account = other.Account(ADDRESS, config=config, autodiscover=False, access_type=other.DELEGATE)
        return self._account


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    async with opened({"auth": "basic"}, {}) as under_test:
        yield Both(under_test, under_test.server.ews_url)


def saved(zone: str = "Europe/Berlin", **fields: Any) -> Callable[[Any], Any]:
    """Return an act that saves an appointment at 10 o'clock in Berlin."""

    def act(account: Any) -> Any:
        given = {
            "subject": "Notartermin",
            "body": "Ausweise\nVollmacht",
            "start": START.astimezone(other.EWSTimeZone(zone)),
            "end": (START + timedelta(hours=1)).astimezone(other.EWSTimeZone(zone)),
            **fields,
        }
        item = other.CalendarItem(account=account, folder=account.calendar, **given)
        item.save(send_meeting_invitations=SEND_TO_NONE)
        return item.id

    return act


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"])
async def test_an_appointment_in_any_zone(both: Both, zone: str) -> None:
    event_id = await both.do(saved(zone))
    seen = await both.seen()
    assert (seen.id, seen.event.summary, seen.event.when) == (event_id, "Notartermin", WHEN)
    assert seen.event.description == "Ausweise\nVollmacht"
    assert (seen.event.attendee_count, seen.event.organised_here, seen.event.series) == (0, True, False)


async def test_whole_days(both: Both) -> None:
    first, last = other.EWSDate(2026, 3, 28), other.EWSDate(2026, 3, 30)
    await both.do(saved(start=first, end=last, is_all_day=True))
    assert (await both.seen()).event.when == AllDay(date(2026, 3, 28), date(2026, 3, 31))


async def test_a_meeting_is_not_written(both: Both) -> None:
    attendee = other.Attendee(mailbox=other.Mailbox(email_address="kunde@example.org"))
    await both.do(saved(required_attendees=[attendee]))
    seen = await both.seen()
    assert seen.event.attendee_count
    for write in (lambda: both.calendar.update(seen, {"summary": "Neu"}, ""), lambda: both.calendar.delete(seen)):
        with pytest.raises(Blocked, match="has_attendees"):
            await write()
    assert both.mails() == 0


async def test_a_series_is_told_as_one(both: Both) -> None:
    pattern = Recurrence(
        pattern=DailyPattern(interval=1), boundary=NumberedPattern(start=other.EWSDate(2026, 2, 1), number=60)
    )
    start = datetime(2026, 2, 1, 9, tzinfo=other.EWSTimeZone("Europe/Berlin"))
    master_id = await both.do(saved(start=start, end=start + timedelta(hours=1), recurrence=pattern))
    seen = await both.seen()
    assert (seen.id, seen.event.series) == (master_id, True)
    assert WINDOW.holds(seen.event.when) or seen.event.when.start >= WINDOW.start - timedelta(days=1)  # type: ignore[union-attr]


async def test_what_calsync_writes_exchangelib_reads(both: Both) -> None:
    draft = Draft(summary="Übergabe 🏡", when=WHEN, description="eins\nzwei", reminder=15)
    written = await both.calendar.create(draft, "v1:m")
    days = Draft(
        summary="Urlaub", when=AllDay(date(2026, 3, 28), date(2026, 3, 31)), description="", reminder=None
    )
    await both.calendar.create(days, "v1:n")

    def read(account: Any) -> Any:
        return {item.subject: item for item in account.calendar.all()}

    found = await both.do(read)
    timed, whole = found["Übergabe 🏡"], found["Urlaub"]
    assert (timed.id, timed.start, timed.end) == (written.id, WHEN.start, WHEN.end)
    assert "eins" in timed.body
    assert (timed.reminder_is_set, timed.reminder_minutes_before_start) == (True, 15)
    assert (timed.required_attendees, timed.sensitivity, timed.legacy_free_busy_status) == (None, "Normal", "Busy")
    assert (whole.start, whole.end, whole.is_all_day) == (date(2026, 3, 28), date(2026, 3, 30), True)
    assert whole.reminder_is_set is False
    seen = (await both.calendar.read([written.id]))[written.id]
    await both.calendar.update(seen, {"summary": "Neu"}, "")
    await both.calendar.delete((await both.calendar.read([written.id]))[written.id])
    assert set(await both.do(read)) == {"Urlaub"}
    assert [item.subject for item in await both.do(lambda account: list(account.trash.all()))] == ["Neu"]
    assert both.mails() == 0
