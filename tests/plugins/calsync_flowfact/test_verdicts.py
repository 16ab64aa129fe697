"""A wrong mapping is found by what is stored, at the start and before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import ConfigError
from calsync_flowfact.sample import Sample
from calsync_flowfact.verdicts import verdicts

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.ports import Provider
    from calsync_flowfact.config import Settings

SECONDS = 1_774_744_200
HTML = "<p>Schlüssel beim Hausmeister.</p><p>Bitte <b>pünktlich</b>!</p>"


def store(loopback: Any, schema: str = "appointments", count: int = 5, **fields: Any) -> None:
    names = {"appointments": ("start_date", "end_date", "assignee"), "termine_neu": ("beginn", "ende", "betreuer")}
    start, end, owner = names[schema]
    for number in range(count):
        at = (SECONDS + number * 86_400) * 1000
        given = {start: at, end: at + 3_600_000, owner: [loopback.anna["id"]]} | fields
        loopback.server.create(schema, given, user=loopback.anna)


@pytest.mark.parametrize(
    ("stored", "fields", "told"),
    [
        ({"start_date": SECONDS, "end_date": SECONDS}, {}, "fields.start: .* holds seconds .*set codec: epoch_s"),
        ({}, {"start": {"codec": "epoch_s"}}, "fields.start: .* holds milliseconds .*set codec: epoch_ms"),
        ({"end_date": "2026-03-29T10:00:00"}, {}, "fields.end: .* without an offset; set codec: iso_local"),
        ({"end_date": "2026-03-29T10:00:00+02:00"}, {}, "fields.end: .* with an offset; set codec: iso"),
        (
            {"end_date": "2026-03-29T10:00:00"},
            {"end": {"codec": "iso"}},
            "fields.end: .* without an offset; set codec: iso_local",
        ),
        ({"message": HTML}, {}, "fields.description: .* holds HTML; set codec: html"),
        ({"message": "eins\nzwei"}, {"description": {"codec": "html"}}, "fields.description: .*set codec: text"),
        (
            {"start_date": "29.03.2026 10:00", "end_date": "29.03.2026"},
            {},
            "fields.start: .*set codec: german_local",
        ),
        ({"start_date": "2026-03-29", "end_date": "2026-03-29"}, {}, "fields.end: .*set codec: iso_local"),
        (
            {"start_date": "morgen"},
            {},
            "fields.start: .* holds texts that are no times; map the field with the time",
        ),
        (
            {"reminder_date": 15},
            {"reminder": {"field": "reminder_date"}},
            "fields.reminder: .* holds numbers that are no times; .* or `field: null`",
        ),
        (
            {},
            {"start": {"field": "end_date"}, "end": {"field": "start_date"}},
            "fields.end: 'start_date' .* lies before the start in most of them; exchange",
        ),
        ({"ical_uid": "x@example.de"}, {"marker": {"field": "ical_uid"}}, "fields.marker: .* something else"),
    ],
)
async def test_what_contradicts_the_mapping_refuses_the_start(
    loopback: Any, providers: Callable[..., Provider], stored: dict[str, Any], fields: Any, told: str
) -> None:
    store(loopback, **stored)
    with pytest.raises(ConfigError, match=told) as caught:
        await providers(fields=fields).login()
    assert "Hausmeister" not in str(caught.value)
    assert all(one.startswith("connection flowfact: ") for one in caught.value.problems)
    assert all(one.method == "GET" or "/search-service/" in one.path for one in loopback.server.requests)


async def test_a_field_that_names_no_users_is_not_the_owner(loopback: Any, settings: Any) -> None:
    entity = {"id": "e", "assignee": {"values": ["contact-1"]}, "start_date": {"values": [SECONDS * 1000]}}
    (found,) = verdicts(Sample(settings(), [entity]), {"anna"})
    assert found.en.startswith("fields.owner: 'assignee' in FLOWFACT's appointments does not")
    assert found.de.startswith("fields.owner: 'assignee' in FLOWFACTs Terminen nennt keine Benutzer")


async def test_single_odd_appointments_prove_nothing(loopback: Any) -> None:
    store(loopback, count=9, message="Schlüssel?")
    store(loopback, count=1, start_date=0, end_date=0, message=HTML)
    await loopback.provider.login()


def appointment(**fields: Any) -> dict[str, Any]:
    given = {"start_date": SECONDS * 1000, "end_date": SECONDS * 1000 + 3_600_000, "assignee": "anna"} | fields
    return {
        "id": "e",
        "_metadata": given.pop("_metadata", {}),
        **{key: {"values": [one]} for key, one in given.items()},
    }


def told(settings: Settings, entities: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return severity and field of each verdict."""
    found = verdicts(Sample(settings, entities, "api"), {"anna"})
    return [(one.severity, one.en.split(":")[0].removeprefix("fields.")) for one in found]


def test_objects_are_no_times(settings: Callable[..., Settings]) -> None:
    (found,) = verdicts(Sample(settings(), [appointment(start_date={"from": SECONDS})] * 3), {"anna"})
    assert (found.severity, "holds objects instead of times" in found.en) == ("error", True)
    assert "enthält Objekte statt Zeiten" in found.de


def test_one_or_two_that_cannot_be_read_are_a_warning(settings: Callable[..., Settings]) -> None:
    assert told(settings(), [appointment(start_date="morgen")] * 2) == [("warning", "start")]
    assert told(settings(), [appointment(end_date=SECONDS * 1000 - 60_000)] * 2) == [("warning", "end")]


@pytest.mark.parametrize(
    "ours",
    [{"calsync_marker": "v1:anna:x"}, {"_metadata": {"creator": "api"}}, {"_metadata": {"lastModifier": "api"}}],
)
def test_what_calsync_wrote_proves_nothing(settings: Callable[..., Settings], ours: dict[str, Any]) -> None:
    written = [appointment(message="Ihr Code: <b>fett</b> und R&amp;B", **ours)] * 40
    assert told(settings(), written) == []
    html = settings(fields={"description": {"codec": "html"}})
    assert told(html, [appointment(message="eins\nzwei", **ours)] * 40) == []
    late = [appointment(start_date=SECONDS, end_date=SECONDS)] * 3
    assert told(settings(), written + late) == [("error", "start"), ("error", "end")]


def test_a_wrong_unit_shows_even_where_calsync_wrote_them_all(settings: Callable[..., Settings]) -> None:
    seconds = settings(fields={key: {"codec": "epoch_s"} for key in ("start", "end")})
    written = [appointment(calsync_marker="v1:anna:x")] * 3
    assert told(seconds, written) == [("error", "start"), ("error", "end")]


def test_a_few_notes_of_another_form_are_a_warning(settings: Callable[..., Settings]) -> None:
    html, description = settings(fields={"description": {"codec": "html"}}), [("warning", "description")]
    plain, lines, markup = (appointment(message=text) for text in ("eins", "eins\nzwei", "R&amp;B"))
    assert told(settings(), [plain] * 4 + [markup]) == description
    assert told(settings(), [markup]) == description
    assert told(settings(), [markup] * 4) == description
    assert told(settings(), [markup] * 5 + [plain] * 4) == [("error", "description")]
    assert told(html, [plain] * 49 + [lines]) == description
    assert told(html, [plain] * 40 + [lines] * 5) == [("error", "description")]
    assert told(html, [markup] * 40 + [lines] * 5) == description
    assert told(html, [plain] * 50) == []


@pytest.mark.parametrize(
    ("hours", "options", "wrong"),
    [
        ([(0, 0)], {}, "all_day_end: inclusive"),
        ([(0, 0), (0, 48)], {}, "all_day_end: inclusive"),
        ([(0, 23.99)], {}, "all_day_end: last_minute"),
        ([(0, 24)], {"all_day_end": "last_minute"}, "all_day_end: exclusive"),
        ([(1, 25)], {}, "all_day_zone: utc"),
        ([(0, 24)], {"all_day_zone": "utc"}, "all_day_zone: account"),
        ([(0, 24), (0, 72), (9, 10)], {}, None),
        ([(0, 0)], {"fields": {"all_day": {"codec": "whole_days"}}}, "all_day_end: inclusive"),
        (
            [(1, 1)],
            {"fields": {"all_day": {"codec": "whole_days"}}, "all_day_end": "inclusive"},
            "all_day_zone: utc",
        ),
        ([(0, 0)], {"fields": {"all_day": {"field": None}}}, None),
    ],
)
def test_days_of_another_form_refuse_the_start(
    settings: Callable[..., Settings], hours: list[tuple[float, float]], options: dict[str, Any], wrong: str | None
) -> None:
    midnight = 1_796_079_600_000  # 1 December 2026 in Berlin
    entities = [
        appointment(
            start_date=midnight + int(start * 3_600_000),
            end_date=midnight + int(end * 3_600_000),
            isFullDayAppointment=True,
        )
        for start, end in hours
    ]
    found = verdicts(Sample(settings(**options), entities * 3), {"anna"})
    assert [one.en.endswith(f"set {wrong}") and one.de.endswith(f"setzen Sie {wrong}") for one in found] == (
        [True] if wrong else []
    )
    assert {one.severity for one in found} <= {"error"}
    one_of_them = verdicts(Sample(settings(**options), entities), {"anna"})
    assert {one.severity for one in one_of_them} == ({"warning"} if wrong else set())


def test_dates_have_no_last_minute_and_no_zone(settings: Callable[..., Settings]) -> None:
    dated = [appointment(start_date="2026-12-01", end_date="2026-12-01")] * 3
    codecs: dict[str, Any] = {key: {"codec": "iso_local"} for key in ("start", "end")}
    fields = {**codecs, "all_day": {"codec": "date"}}
    for end in ("inclusive", "last_minute"):
        assert told(settings(fields=fields, all_day_end=end, all_day_zone="utc"), dated) == []
    assert told(settings(fields=fields), dated) == [("error", "all_day_end")]


def test_a_flag_that_is_filled_by_something_else_is_doubted(settings: Callable[..., Settings]) -> None:
    mapped = settings(fields={"series": {"field": "location_description"}})
    placed = appointment(location_description="Lindenstraße 12")
    assert told(mapped, [placed] * 5) == [("warning", "series")]
    assert told(mapped, [placed] * 4) == []
    assert told(mapped, [placed] * 5 + [appointment()] * 5) == []
