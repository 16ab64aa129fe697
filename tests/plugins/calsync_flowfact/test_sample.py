"""A wrong mapping is found by what is stored, at the start and before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import ConfigError
from calsync_flowfact.sample import Sample, notes_form, time_form

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.ports import Provider
    from calsync_flowfact.config import Settings

SECONDS = 1_774_744_200
HTML = "<p>Schlüssel beim Hausmeister.</p><p>Bitte <b>pünktlich</b>!</p>"


def store(loopback: Any, schema: str = "appointments", count: int = 3, **fields: Any) -> None:
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
    assert all(one.method == "GET" or "/search-service/" in one.path for one in loopback.server.requests)


async def test_a_field_that_names_no_users_is_not_the_owner(loopback: Any, settings: Any) -> None:
    entity = {"id": "e", "assignee": {"values": ["contact-1"]}, "start_date": {"values": [SECONDS * 1000]}}
    (problem,) = Sample(settings(), [entity]).problems("flowfact", {"anna"})
    assert problem.startswith("connection flowfact, fields.owner: 'assignee' in FLOWFACT's appointments does not")


async def test_single_odd_appointments_prove_nothing(loopback: Any) -> None:
    store(loopback, count=9, message="Schlüssel?")
    store(loopback, count=1, start_date=0, end_date=0, message=HTML)
    await loopback.provider.login()


def test_times_of_another_kind_prove_nothing(settings: Callable[..., Settings]) -> None:
    assert time_form(["29.03.2026", "30.03.2026"]) is None
    assert time_form(["2026-03-29", "2026-03-30"]) is None
    assert time_form([7, "x", 8]) is None
    assert notes_form(["Stand B14 <Halle 3>", "5 < 6"]) is None
    assert notes_form([]) is None


async def test_a_group_s_other_schemas_are_not_held_against_the_mapping(
    loopback: Any, providers: Callable[..., Provider]
) -> None:
    store(loopback, "termine_neu", 9, titel="Besichtigung")
    store(loopback, count=1)
    await providers(schema="appointment_schemas", write_schema="appointments").login()


async def test_a_search_that_is_refused_starts_all_the_same(loopback: Any) -> None:
    from calsync_sandbox.faults import Fault

    loopback.server.faults.add(Fault(path="/search-service/", status=400, times=None))
    await loopback.provider.login()
