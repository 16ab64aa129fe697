from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calsync.sync.model import AllDay, Timed
from calsync_flowfact.times import InstantCodec, SpanCodec, Unreadable, day_start

BERLIN = ZoneInfo("Europe/Berlin")
BEIRUT = ZoneInfo("Asia/Beirut")
ZONES = st.sampled_from([BERLIN, BEIRUT, ZoneInfo("UTC"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")])
FORMS = st.sampled_from(["epoch_ms", "epoch_s", "iso", "iso_local", "german_local"])
EXACT = st.sampled_from(["epoch_ms", "epoch_s", "iso"])
INSTANTS = st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
MINUTES = st.integers(0, 60 * 24 * 40).map(lambda minutes: timedelta(minutes=minutes))
DAYS = st.dates(date(1980, 1, 1), date(2100, 1, 1))


def span(
    form: str,
    zone: ZoneInfo,
    *,
    inclusive: bool = False,
    ends: str | None = None,
    utc: bool = False,
    dates: bool = False,
) -> SpanCodec:
    codec, ends = InstantCodec(form, zone), ends or ("inclusive" if inclusive else "exclusive")
    return SpanCodec(start=codec, end=codec, days_end=ends, utc=utc, dates=dates)


@given(EXACT, ZONES, INSTANTS, MINUTES)
def test_timed_events_come_back(form: str, zone: ZoneInfo, start: datetime, length: timedelta) -> None:
    when = Timed(start, start + length)
    assert span(form, zone).decode(*span(form, zone).encode(when), all_day=False) == when


@given(st.sampled_from(["iso_local", "german_local"]), ZONES, INSTANTS, MINUTES)
def test_wall_clock_time_comes_back_but_for_the_hour_that_is_repeated(
    form: str, zone: ZoneInfo, start: datetime, length: timedelta
) -> None:
    start = start.replace(microsecond=0)
    codec, when = span(form, zone), Timed(start, start + length)
    values = codec.encode(when)
    read = codec.decode(*values, all_day=False)
    assert codec.encode(read) == values
    twice = [instant.astimezone(zone).fold for instant in (when.start, when.end)]
    assert read == when or any(twice)


@given(FORMS, ZONES, DAYS, st.integers(1, 30), st.booleans())
def test_days_come_back(form: str, zone: ZoneInfo, first: date, days: int, inclusive: bool) -> None:
    codec, when = span(form, zone, inclusive=inclusive), AllDay(first, first + timedelta(days=days))
    assert codec.decode(*codec.encode(when), all_day=True) == when


def test_the_forms_of_an_instant() -> None:
    instant = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    forms = ("epoch_ms", "epoch_s", "iso", "iso_local", "german_local")
    assert [InstantCodec(form, BERLIN).encode(instant) for form in forms] == [
        1774747800000,
        1774747800,
        "2026-03-29T03:30:00+02:00",
        "2026-03-29T03:30:00",
        "29.03.2026 03:30",
    ]
    assert InstantCodec("german_local", BERLIN).encode(instant + timedelta(seconds=7)) == "29.03.2026 03:30:07"


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("epoch_ms", 1774747800000),
        ("epoch_ms", "1774747800000"),
        ("epoch_s", 1774747800.0),
        ("iso", "2026-03-29T01:30:00Z"),
        ("iso", "2026-03-29T03:30:00.000+02:00"),
        ("iso", "2026-03-29T03:30"),
        ("iso_local", "2026-03-29 03:30:00"),
        ("iso_local", "2026-03-29T01:30:00+00:00"),
        ("german_local", "29.03.2026 03:30"),
        ("german_local", "29.3.2026 3:30:00"),
    ],
)
def test_what_servers_may_answer(form: str, value: object) -> None:
    assert InstantCodec(form, BERLIN).decode(value) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("form", ["epoch_ms", "epoch_s", "iso", "iso_local", "german_local"])
@pytest.mark.parametrize(
    "value", [None, True, "", "morgen", "31.02.2026", "29.03.26 10:00", [], {}, float("nan"), float("inf"), 10**30]
)
def test_what_no_codec_reads(form: str, value: object) -> None:
    with pytest.raises(Unreadable):
        InstantCodec(form, BERLIN).decode(value)


def test_a_german_date_without_a_time_begins_at_midnight() -> None:
    codec = InstantCodec("german_local", BERLIN)
    assert codec.decode("01.07.2026") == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert (codec.is_day("01.07.2026"), codec.is_day("01.07.2026 00:00"), codec.is_day("morgen")) == (
        True,
        False,
        False,
    )


@pytest.mark.parametrize("ends", ["exclusive", "inclusive", "last_minute"])
@pytest.mark.parametrize("at", [253_402_300_799_000, -62_135_596_800_000])
def test_the_ends_of_the_calendar_are_no_error_of_another_kind(ends: str, at: int) -> None:
    for zone in (BERLIN, ZoneInfo("America/New_York"), ZoneInfo("UTC")):
        with suppress(Unreadable):
            span("epoch_ms", zone, ends=ends).are_days(at, at)


def test_a_time_before_the_calendar_begins_is_not_read() -> None:
    with pytest.raises(Unreadable):
        InstantCodec("iso", BERLIN).decode("0001-01-01T00:00:00")


def test_an_event_in_the_repeated_hour_is_no_event_that_ends_before_it_starts() -> None:
    when = Timed(datetime(2026, 10, 25, 0, 50, tzinfo=UTC), datetime(2026, 10, 25, 1, 10, tzinfo=UTC))
    codec = span("iso_local", BERLIN)
    values = codec.encode(when)
    assert values == ("2026-10-25T02:50:00", "2026-10-25T02:10:00")
    assert codec.decode(*values, all_day=False) == when


@pytest.mark.parametrize("all_day", [True, False])
def test_an_end_before_the_start_is_no_span(all_day: bool) -> None:
    with pytest.raises(Unreadable):
        span("iso", BERLIN).decode("2026-03-10T10:00:00Z", "2026-03-08T10:00:00Z", all_day=all_day)


@pytest.mark.parametrize(
    ("start", "end", "when"),
    [
        ("2026-03-29T00:00", "2026-03-30T00:00", AllDay(date(2026, 3, 29), date(2026, 3, 30))),
        ("2026-03-29T00:00Z", "2026-03-30T00:00Z", AllDay(date(2026, 3, 29), date(2026, 3, 30))),
        ("2026-07-01T00:00Z", "2026-07-01T00:00Z", AllDay(date(2026, 7, 1), date(2026, 7, 2))),
        ("2026-03-29", "2026-03-29", AllDay(date(2026, 3, 29), date(2026, 3, 30))),
        ("2026-03-29T00:00", "2026-03-29T23:59", AllDay(date(2026, 3, 29), date(2026, 3, 30))),
        ("2026-03-29T08:00", "2026-03-30T17:00", AllDay(date(2026, 3, 29), date(2026, 3, 31))),
        ("2026-03-28T23:00Z", "2026-03-29T22:00Z", AllDay(date(2026, 3, 29), date(2026, 3, 30))),
    ],
)
def test_days_as_people_and_other_programs_store_them(start: str, end: str, when: AllDay) -> None:
    assert span("iso", BERLIN).decode(start, end, all_day=True) == when


def test_a_day_that_begins_without_midnight() -> None:
    spring = date(2026, 3, 29)
    assert day_start(spring, BEIRUT).astimezone(BEIRUT).hour == 1
    codec = span("epoch_ms", BEIRUT)
    when = AllDay(spring - timedelta(days=1), spring)
    assert codec.decode(*codec.encode(when), all_day=True) == when


def test_the_last_day_of_the_calendar_is_no_span() -> None:
    with pytest.raises(Unreadable):
        span("iso_local", ZoneInfo("UTC")).decode("9999-12-31", "9999-12-31", all_day=True)


ENDS = st.sampled_from(["exclusive", "inclusive", "last_minute"])


@given(EXACT, ENDS, ZONES, st.booleans(), DAYS, st.integers(1, 30))
def test_days_of_any_form_come_back(form: str, ends: str, zone: ZoneInfo, utc: bool, day: date, days: int) -> None:
    when, codec = AllDay(day, day + timedelta(days=days)), span(form, zone, ends=ends, utc=utc)
    stored = codec.encode(when)
    assert codec.decode(*stored, all_day=True) == when
    assert codec.are_days(*stored)


@given(st.sampled_from(["iso_local", "german_local"]), ENDS, ZONES, DAYS, st.integers(1, 30))
def test_days_as_dates_come_back(form: str, ends: str, zone: ZoneInfo, day: date, days: int) -> None:
    when, codec = AllDay(day, day + timedelta(days=days)), span(form, zone, ends=ends, dates=True)
    stored = codec.encode(when)
    assert all(len(str(value)) == len("2026-03-29") for value in stored)
    assert codec.decode(*stored, all_day=True) == when
    assert codec.are_days(*stored)


def test_times_that_are_no_whole_days() -> None:
    at = datetime(2026, 7, 1, 9, tzinfo=BERLIN)
    for when in (Timed(at, at + timedelta(hours=24)), Timed(at, at)):
        for codec in (span("iso_local", BERLIN), span("iso_local", BERLIN, dates=True)):
            assert not codec.are_days(*codec.encode(when))
    midnight = Timed(at.replace(hour=0), at.replace(hour=0))
    assert not span("epoch_ms", BERLIN).are_days(*span("epoch_ms", BERLIN).encode(midnight))
