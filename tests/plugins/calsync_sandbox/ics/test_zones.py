from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from calsync_sandbox.ics.lines import Component, read
from calsync_sandbox.ics.zones import Zones, mailbox_zone

BERLIN = ZoneInfo("Europe/Berlin")
NORTH = """
BEGIN:STANDARD
DTSTART:16011025T030000
TZOFFSETFROM:{summer}
TZOFFSETTO:{winter}
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010325T020000
TZOFFSETFROM:{winter}
TZOFFSETTO:{summer}
END:DAYLIGHT"""


def zone_of(definition: str, name: str = "Eigene Zone") -> ZoneInfo | None:
    text = f"BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:{name}\n{definition.strip()}\nEND:VTIMEZONE\nEND:VCALENDAR\n"
    component: Component = read(text.encode(), "a.ics")[0].components[0]
    return Zones(BERLIN, {name: component}).find(name)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("us/central", "US/Central"),
        ('"Europe/Paris"', "Europe/Paris"),
        ("/mozilla.org/20050126_1/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("UTC", "UTC"),
    ],
)
def test_names(name: str, key: str) -> None:
    assert Zones(BERLIN, {}).find(name) == ZoneInfo(key)


def test_unknown_names() -> None:
    assert Zones(BERLIN, {}).find("Nirgendwo") is None
    with pytest.raises(ValueError, match="Nirgendwo"):
        mailbox_zone("Nirgendwo")


def test_a_definition_that_names_its_place() -> None:
    assert zone_of("X-LIC-LOCATION:Asia/Tokyo") == ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("winter", "summer", "key"),
    [
        ("+0100", "+0200", "Europe/Berlin"),
        ("-0600", "-0500", "America/Chicago"),
        ("+0545", "+0545", "Asia/Katmandu"),
    ],
)
def test_a_definition_by_its_offsets(winter: str, summer: str, key: str) -> None:
    found = zone_of(NORTH.format(winter=winter, summer=summer))
    assert found is not None
    for month in (1, 7):
        at = datetime(2026, month, 1)  # noqa: DTZ001 - asked in two zones
        assert at.replace(tzinfo=found).utcoffset() == at.replace(tzinfo=ZoneInfo(key)).utcoffset()


def test_the_mailbox_s_own_zone_comes_first() -> None:
    assert zone_of(NORTH.format(winter="+0100", summer="+0200")) == BERLIN


def test_the_southern_hemisphere() -> None:
    text = (
        NORTH.format(winter="+1000", summer="+1100")
        .replace("16010325", "16011001")
        .replace("16011025", "16010401")
    )
    found = zone_of(text)
    assert found is not None
    assert found.key.startswith("Australia/")


def test_only_standard_time() -> None:
    found = zone_of("BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETTO:+0900\nEND:STANDARD")
    assert found is not None
    assert found.key.startswith("Asia/")


def test_offsets_that_no_zone_has() -> None:
    assert zone_of("BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETTO:+0007\nEND:STANDARD") is None
    assert zone_of("BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETTO:bald\nEND:STANDARD") is None
