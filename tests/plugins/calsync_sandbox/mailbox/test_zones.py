from datetime import UTC, datetime

import pytest

from calsync_sandbox.mailbox.errors import MailboxError
from calsync_sandbox.mailbox.zones import instant, kept_name, read_wall, seven, stamp, zone


def at(year: int, month: int, day: int, hour: int = 0) -> datetime:
    """Return a wall time: without a zone, as the server reads them."""
    return datetime(year, month, day, hour, tzinfo=UTC).replace(tzinfo=None)


@pytest.mark.parametrize("name", ["Europe/Berlin", "W. Europe Standard Time"])
def test_both_kinds_of_names_mean_the_same(name: str) -> None:
    assert instant(at(2026, 7, 1, 9), name) == datetime(2026, 7, 1, 7, tzinfo=UTC)


def test_iana_names_are_kept_as_windows_names_where_these_mean_the_same() -> None:
    wall = at(2026, 7, 1, 9)
    assert kept_name("Europe/Berlin", wall) == "W. Europe Standard Time"
    assert kept_name("W. Europe Standard Time", wall) == "W. Europe Standard Time"
    assert kept_name("UTC", wall) == "UTC"
    before_the_change_of_rules = at(1975, 7, 1, 9)
    assert kept_name("Europe/Lisbon", before_the_change_of_rules) in {"GMT Standard Time", "Europe/Lisbon"}
    assert kept_name("Europe/Moscow", at(2012, 7, 1, 9)) == "Russian Standard Time"
    assert kept_name("Europe/Simferopol", at(1990, 8, 1, 9)) == "Europe/Simferopol"


@pytest.mark.parametrize("name", ["", "Middle-earth", "../etc", "Europe", "europe\x00"])
def test_unknown_zones(name: str) -> None:
    with pytest.raises(MailboxError) as error:
        zone(name)
    assert error.value.code == "TimeZoneNotSupportedException"


@pytest.mark.parametrize(
    "text",
    ["2026-03-02", "2026-03-02T09:00:00Z", "2026-03-02T09:00:00+01:00", "2026-13-02T09:00:00", "20260302T090000"],
)
def test_wall_times_have_one_form(text: str) -> None:
    with pytest.raises(MailboxError):
        read_wall(text)


def test_seven_decimals() -> None:
    assert seven(read_wall("2026-03-02T09:00:00.1234567")) == "2026-03-02T09:00:00.1234560"
    assert stamp(datetime(2026, 3, 2, tzinfo=UTC)) == "2026-03-02T00:00:00.0000000Z"


def test_dates_out_of_range() -> None:
    with pytest.raises(MailboxError):
        instant(at(1, 1, 1), "Asia/Tokyo")
