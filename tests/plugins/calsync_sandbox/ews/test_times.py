"""Instants, wall times, and zones whose ids are kept as they were written."""

from typing import Any

import pytest

from calsync_sandbox.mailbox import Mailbox

BERLIN = "W. Europe Standard Time"
ODD = [
    "Customized Time Zone",
    "tzone://Microsoft/Utc",
    "Mitteleuropäische Zeit",
    "(UTC+01:00) Amsterdam, Berlin, Bern, Rom, Stockholm, Wien",
    "CEST",
    "",
]


def item(
    start: str, end: str, *, all_day: bool = False, zone: str | None = BERLIN, end_zone: str | None = None
) -> str:
    zones = "" if zone is None else f'<t:StartTimeZone Id="{zone}"/>'
    zones += f'<t:EndTimeZone Id="{end_zone}"/>' if end_zone is not None else ""
    day = "<t:IsAllDayEvent>true</t:IsAllDayEvent>" if all_day else ""
    return f"<t:Start>{start}</t:Start><t:End>{end}</t:End>{day}{zones}"


def times(anna: Mailbox) -> tuple[str, str, str]:
    (event,) = anna.events.values()
    start, end = event["start"], event["end"]
    return start["dateTime"][:16], end["dateTime"][:16], start["timeZone"]


@pytest.mark.parametrize(
    ("written", "context", "stored"),
    [
        (
            item("2026-07-01T09:00:00Z", "2026-07-01T10:00:00+00:00"),
            "",
            ("2026-07-01T11:00", "2026-07-01T12:00", BERLIN),
        ),
        (item("2026-07-01T09:00:00", "2026-07-01T10:00:00"), "", ("2026-07-01T09:00", "2026-07-01T10:00", BERLIN)),
        (
            item("2026-07-01T09:00:00", "2026-07-01T10:00:00", zone=None),
            "Tokyo Standard Time",
            ("2026-07-01T09:00", "2026-07-01T10:00", "Tokyo Standard Time"),
        ),
        (
            item("2026-07-01T09:00:00", "2026-07-01T10:00:00", zone=None),
            "",
            ("2026-07-01T09:00", "2026-07-01T10:00", "UTC"),
        ),
        (
            item("2026-07-01T09:00:00.1234567Z", "2026-07-01T10:00:00.123456789Z", zone="Europe/Berlin"),
            "",
            ("2026-07-01T11:00", "2026-07-01T12:00", BERLIN),
        ),
    ],
)
async def test_creates(ews: Any, anna: Mailbox, written: str, context: str, stored: tuple[str, str, str]) -> None:
    header = f'<t:TimeZoneContext><t:TimeZoneDefinition Id="{context}"/></t:TimeZoneContext>' if context else ""
    assert (await ews.create_raw(written, header=header)).code == "NoError"
    assert times(anna) == stored


@pytest.mark.parametrize("zone", ODD)
async def test_odd_zones_are_kept_and_their_instants_hold(ews: Any, xml: Any, anna: Mailbox, zone: str) -> None:
    created = await ews.create_raw(item("2026-07-01T09:00:00Z", "2026-07-01T10:00:00Z", zone=zone, end_zone=zone))
    assert created.code == "NoError"
    seen = await ews.get(
        created.id, fields="calendar:Start calendar:End calendar:StartTimeZone calendar:EndTimeZone"
    )
    assert (seen.text("//t:Start"), seen.text("//t:End")) == ("2026-07-01T09:00:00Z", "2026-07-01T10:00:00Z")
    assert seen.all("//t:StartTimeZone")[0].get("Id") == zone
    assert times(anna)[2] == BERLIN
    moved = await ews.update(
        created.id,
        created.key,
        xml.set("calendar:Start", "<t:Start>2026-07-01T08:00:00Z</t:Start>"),
        xml.set("calendar:End", "<t:End>2026-07-01T08:30:00Z</t:End>"),
    )
    assert moved.code == "NoError"
    seen = await ews.get(created.id, fields="calendar:Start calendar:StartTimeZone")
    assert (seen.text("//t:Start"), seen.all("//t:StartTimeZone")[0].get("Id")) == ("2026-07-01T08:00:00Z", zone)


async def test_an_hour_that_comes_twice_is_kept_as_it_was_written(ews: Any) -> None:
    for start, end in (("00:10", "00:40"), ("01:10", "01:40"), ("00:20", "01:20")):
        created = await ews.create_raw(item(f"2026-10-25T{start}:00Z", f"2026-10-25T{end}:00Z"))
        seen = await ews.get(created.id, fields="calendar:Start calendar:End calendar:StartTimeZone")
        told = (seen.text("//t:Start"), seen.text("//t:End"), seen.all("//t:StartTimeZone")[0].get("Id"))
        assert told == (f"2026-10-25T{start}:00Z", f"2026-10-25T{end}:00Z", BERLIN)


@pytest.mark.parametrize(
    ("start", "end", "zone", "days"),
    [
        ("2026-07-01T00:00:00+02:00", "2026-07-02T00:00:00+02:00", BERLIN, ("2026-07-01", "2026-07-02")),
        ("2026-07-01T09:00:00+02:00", "2026-07-01T10:00:00+02:00", BERLIN, ("2026-07-01", "2026-07-02")),
        ("2026-07-01T00:00:00+02:00", "2026-07-02T00:00:01+02:00", BERLIN, ("2026-07-01", "2026-07-03")),
        ("2026-07-01T00:00:00+02:00", "2026-07-01T00:00:00+02:00", BERLIN, ("2026-07-01", "2026-07-02")),
        ("2026-07-01T00:00:00+02:00", "2026-07-02T00:00:00+02:00", "UTC", ("2026-06-30", "2026-07-02")),
        ("2026-07-01T00:00:00", "2026-07-02T00:00:00", "Tokyo Standard Time", ("2026-07-01", "2026-07-02")),
        ("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", BERLIN, ("2026-03-29", "2026-03-30")),
    ],
)
async def test_all_day_is_forced_to_midnight(
    ews: Any, anna: Mailbox, start: str, end: str, zone: str, days: tuple[str, str]
) -> None:
    assert (await ews.create_raw(item(start, end, all_day=True, zone=zone))).code == "NoError"
    assert times(anna) == (f"{days[0]}T00:00", f"{days[1]}T00:00", zone)


async def test_an_update_turns_an_hour_into_a_day_and_back(ews: Any, xml: Any, anna: Mailbox) -> None:
    created = await ews.create()
    day = await ews.update(
        created.id, created.key, xml.set("calendar:IsAllDayEvent", "<t:IsAllDayEvent>true</t:IsAllDayEvent>")
    )
    assert times(anna) == ("2026-03-02T00:00", "2026-03-03T00:00", BERLIN)
    await ews.update(
        created.id,
        day.key,
        xml.set("calendar:IsAllDayEvent", "<t:IsAllDayEvent>false</t:IsAllDayEvent>"),
        xml.set("calendar:Start", "<t:Start>2026-03-02T10:00:00</t:Start>"),
        xml.set("calendar:End", "<t:End>2026-03-02T11:00:00</t:End>"),
    )
    assert times(anna) == ("2026-03-02T10:00", "2026-03-02T11:00", BERLIN)


async def test_an_update_of_the_zone_alone_moves_nothing(ews: Any, xml: Any, anna: Mailbox) -> None:
    created = await ews.create()
    zone = '<t:{0}TimeZone Id="Tokyo Standard Time"/>'
    changed = await ews.update(
        created.id,
        created.key,
        xml.set("calendar:StartTimeZone", zone.format("Start")),
        xml.set("calendar:EndTimeZone", zone.format("End")),
    )
    seen = await ews.get(changed.id, fields="calendar:Start calendar:StartTimeZone")
    assert seen.text("//t:Start") == "2026-03-02T08:00:00Z"
    assert seen.all("//t:StartTimeZone")[0].get("Id") == "Tokyo Standard Time"
    assert times(anna) == ("2026-03-02T17:00", "2026-03-02T18:00", "Tokyo Standard Time")


async def test_both_ends_have_zones_of_their_own(ews: Any, anna: Mailbox) -> None:
    await ews.create_raw(item("2026-07-01T09:00:00Z", "2026-07-01T10:00:00Z", end_zone="UTC"))
    (event,) = anna.events.values()
    assert (event["start"]["timeZone"], event["end"]["timeZone"]) == (BERLIN, "UTC")
    assert event["end"]["dateTime"].startswith("2026-07-01T10:00")
