from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest

from calsync_exchange_ews.zones import instant_of, is_windows_name, stamp, windows_name, zone_named

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("w. europe standard time", "Europe/Berlin"),
        ("tzone://Microsoft/Utc", "UTC"),
        ("UTC", "UTC"),
        ("Europe/Vienna", "Europe/Vienna"),
        ("(UTC+01:00) Amsterdam, Berlin, Bern, Rom, Stockholm, Wien", None),
        ("Mitteleuropäische Zeit", None),
        ("Customized Time Zone", None),
        ("CEST", None),
        ("../../etc/passwd", None),
        ("", None),
    ],
)
def test_names_are_known_or_not(name: str, key: str | None) -> None:
    zone = zone_named(name)
    assert (zone.key if zone else None) == key


@pytest.mark.parametrize("key", ["Europe/Berlin", "Europe/Vienna", "Europe/Zurich"])
def test_the_zones_of_users_have_a_windows_name(key: str) -> None:
    assert windows_name(ZoneInfo(key)) == "W. Europe Standard Time"


def test_almost_all_zones_have_a_windows_name() -> None:
    without = [key for key in available_timezones() if windows_name(ZoneInfo(key)) is None]
    assert len(without) < 80
    assert {key for key in without if key.startswith("Europe/")} <= {"Europe/Uzhgorod", "Europe/Zaporozhye"}


def test_only_names_of_windows_are_given_back() -> None:
    assert is_windows_name("W. Europe Standard Time")
    assert not is_windows_name("Customized Time Zone")
    assert not is_windows_name("Europe/Berlin")


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-29T01:30:00Z",
        "2026-03-29T03:30:00+02:00",
        "2026-03-29T01:30:00.123456789Z",
        "2026-03-29T03:30:00",
        " 2026-03-29T01:30:00.0Z\n",
    ],
)
def test_instants_are_read(text: str) -> None:
    assert instant_of(text, BERLIN).replace(microsecond=0) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "gestern", "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        instant_of(text, BERLIN)


def test_instants_are_sent_with_their_offset() -> None:
    assert stamp(datetime(2026, 3, 10, 9, tzinfo=UTC)) == "2026-03-10T09:00:00Z"
    assert stamp(datetime(2026, 3, 10, tzinfo=BERLIN)) == "2026-03-10T00:00:00+01:00"
