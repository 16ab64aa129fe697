"""Time zones: Graph's names, wall times and the instants that they stand for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzlocal.windows_tz import win_tz

from calsync_graph.zones import instant_of, wall_time, zone_named

BERLIN = ZoneInfo("Europe/Berlin")
NAMES = sorted({*win_tz, *win_tz.values(), "UTC", "tzone://Microsoft/Utc"})
INSTANTS = st.integers(0, 19_000_000).map(
    lambda minutes: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@given(instant=INSTANTS, name=st.sampled_from(NAMES))
def test_a_written_instant_is_read_as_itself_in_every_zone(instant: datetime, name: str) -> None:
    written = wall_time(instant, name, BERLIN)
    assert instant_of(written["dateTime"], written["timeZone"]) == instant
    assert written["timeZone"] in (name, "UTC")


@given(hours=st.integers(-30, 30), name=st.sampled_from(["W. Europe Standard Time", "Europe/Berlin"]))
@pytest.mark.parametrize("change", [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)])
def test_instants_around_the_change_of_clocks_are_kept(change: datetime, hours: int, name: str) -> None:
    instant = change + timedelta(minutes=30 * hours)
    written = wall_time(instant, name, BERLIN)
    assert instant_of(written["dateTime"], written["timeZone"]) == instant


def test_the_second_run_of_the_repeated_hour_is_written_in_utc() -> None:
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    name = "W. Europe Standard Time"
    assert wall_time(first, name, BERLIN) == {"dateTime": "2026-10-25T02:30:00", "timeZone": name}
    assert wall_time(second, name, BERLIN) == {"dateTime": "2026-10-25T01:30:00", "timeZone": "UTC"}


@pytest.mark.parametrize("name", ["UTC", "utc", "tzone://Microsoft/Utc", "Etc/UTC", "Etc/GMT"])
def test_utc_is_written_by_the_one_name_that_every_server_takes(name: str) -> None:
    written = wall_time(datetime(2026, 3, 10, 9, tzinfo=UTC), name, BERLIN)
    assert written == {"dateTime": "2026-03-10T09:00:00", "timeZone": "UTC"}


@pytest.mark.parametrize(
    "name", ["tzone://Microsoft/Custom", "", "Customized Time Zone", "../etc/passwd", "Europe"]
)
def test_a_zone_nobody_knows_gives_way_to_the_accounts(name: str) -> None:
    assert zone_named(name) is None
    written = wall_time(datetime(2026, 3, 10, 9, tzinfo=UTC), name, BERLIN)
    assert written == {"dateTime": "2026-03-10T10:00:00", "timeZone": "Europe/Berlin"}


@pytest.mark.parametrize("name", ["w. europe standard time", "Europe/Berlin", "W. Europe Standard Time"])
def test_windows_and_iana_names_mean_the_same(name: str) -> None:
    zone = zone_named(name)
    assert zone is not None
    assert zone.key == "Europe/Berlin"


def test_seven_decimals_are_read() -> None:
    assert instant_of("2026-03-01T09:00:00.1234567", "UTC") == datetime(2026, 3, 1, 9, 0, 0, 123456, tzinfo=UTC)


def test_an_offset_counts_more_than_the_zone_beside_it() -> None:
    assert instant_of("2026-03-01T09:00:00+02:00", "UTC") == datetime(2026, 3, 1, 7, tzinfo=UTC)


def test_a_time_in_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown zone"):
        instant_of("2026-03-01T09:00:00", "tzone://Microsoft/Custom")
