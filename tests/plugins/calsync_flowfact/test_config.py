from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import voluptuous as vol

from calsync_flowfact.config import CALENDAR_SCHEMA, CONNECTION_SCHEMA, settings_of
from calsync_flowfact.tenant import field_problems

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync_flowfact.config import Settings

CONNECTION = vol.Schema(dict(CONNECTION_SCHEMA))
CALENDAR = vol.Schema(dict(CALENDAR_SCHEMA))


def test_the_defaults_are_the_names_of_the_public_description() -> None:
    settings = settings_of(CONNECTION({"api_token": " abc-1 "}))
    assert settings.api_token == "abc-1"
    assert settings.base_url == "https://api.production.cloudios.flowfact-prod.cloud"
    assert (settings.schema, settings.write_schema) == ("appointments", "appointments")
    assert not settings.index_is_group
    assert (settings.page_size, settings.overlap) == (100, 120_000)
    assert (settings.max_concurrency, settings.timeout) == (4, 30)
    assert settings.fetched == [
        "id",
        "_metadata",
        "assignee",
        "end_date",
        "isFullDayAppointment",
        "message",
        "participants",
        "start_date",
        "subject",
    ]
    assert settings.name("marker") is None
    with pytest.raises(KeyError):
        settings.required("marker")


def test_other_names_and_codecs() -> None:
    options = {
        "api_token": "t",
        "stage": "development",
        "path_prefix": "stable",
        "schema": "termine",
        "write_schema": "termine_neu",
        "clear_strategy": "empty_string",
        "all_day_end": "inclusive",
        "on_native_sync": "warn",
        "fields": {"summary": {"field": "titel"}, "start": {"codec": "iso"}, "attendee_count": {"field": None}},
    }
    settings = settings_of(CONNECTION(options))
    assert settings.base_url == "https://api.development.cloudios.flowfact-dev.cloud"
    assert (settings.index_is_group, settings.empty_values, settings.all_day_end == "inclusive") == (
        True,
        ("",),
        True,
    )
    assert (settings.name("summary"), settings.name("attendee_count")) == ("titel", None)
    assert (settings.on_native_sync, settings_of(CONNECTION({"api_token": "t"})).on_native_sync) == (
        "warn",
        "refuse",
    )
    assert (settings.fields["start"].field, settings.fields["start"].codec) == ("start_date", "iso")


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({}, "api_token"),
        ({"api_token": ""}, "api_token"),
        ({"api_token": "a\nb"}, "api_token"),
        ({"api_token": 7}, "api_token"),
        ({"api_token": "t", "auth": {}}, "auth"),
        ({"api_token": "t", "stage": "live"}, "stage"),
        ({"api_token": "t", "path_prefix": "v2"}, "path_prefix"),
        ({"api_token": "t", "page_size": 0}, "page_size"),
        ({"api_token": "t", "page_size": True}, "page_size"),
        ({"api_token": "t", "overlap_seconds": -1}, "overlap_seconds"),
        ({"api_token": "t", "schema": "a/b"}, "schema"),
        ({"api_token": "t", "clear_strategy": "skip"}, "clear_strategy"),
        ({"api_token": "t", "on_native_sync": "skip"}, "on_native_sync"),
        ({"api_token": "t", "fields": {"owner": {"field": None}}}, "owner/field"),
        ({"api_token": "t", "fields": {"summary": {"field": "_metadata"}}}, "summary/field"),
        ({"api_token": "t", "fields": {"start": {"codec": "text"}}}, "start/codec"),
        ({"api_token": "t", "fields": {"kind": {"field": "kind"}}}, "kind"),
        ({"api_token": "t", "fields": {"marker": {"field": "subject"}}}, "fields"),
        ({"api_token": "t", "fields": {"profile": "none"}}, "fields"),
        ({"api_token": "t", "fields": {"profile": "all"}}, "profile"),
        ({"api_token": "t", "fields": {"private": {"field": "p", "codec": "list"}}}, "private"),
        ({"api_token": "t", "fields": {"private": {"field": "p", "codec": "list", "values": []}}}, "values"),
        ({"api_token": "t", "fields": {"private": {"field": "p", "values": ["x"]}}}, "private"),
        ({"api_token": "t", "fields": {"private": {"field": "p", "otherwise": "x"}}}, "private"),
        ({"api_token": "t", "fields": {"private": {"codec": "whole_days"}}}, "codec"),
        ({"api_token": "t", "fields": {"all_day": {"field": "f", "codec": "whole_days"}}}, "all_day"),
        ({"api_token": "t", "fields": {"all_day": {"codec": "date"}}}, "fields"),
        ({"api_token": "t", "all_day_end": "midnight"}, "all_day_end"),
        ({"api_token": "t", "all_day_zone": "UTC"}, "all_day_zone"),
        ({"api_token": "t", "base_url": "https://a.de", "stage": "staging"}, "<server>"),
    ],
)
def test_what_is_refused(options: dict[str, Any], key: str) -> None:
    with pytest.raises(vol.MultipleInvalid) as caught:
        CONNECTION(options)
    (error,) = caught.value.errors
    assert "/".join(map(str, error.path)).endswith(key)


def test_a_refused_token_is_not_repeated() -> None:
    with pytest.raises(vol.Invalid) as caught:
        CONNECTION({"api_token": "geheim wort"})
    assert "geheim" not in str(caught.value)


def test_the_side_of_an_account_names_one_user() -> None:
    assert CALENDAR({"user": " anna@example.de "}) == {"user": "anna@example.de"}
    assert CALENDAR({"user_id": "u-1"}) == {"user_id": "u-1"}
    for wrong in ({"user": "anna"}, {"user": "a@b.de", "user_id": "u"}, {"mailbox": "a@b.de"}):
        with pytest.raises(vol.Invalid):
            CALENDAR(wrong)


def test_a_mapping_that_reads_other_values_has_another_version(settings: Callable[..., Settings]) -> None:
    versions = [
        settings().mapping_version("Europe/Berlin"),
        settings().mapping_version("Europe/Lisbon"),
        settings(fields={"description": {"codec": "html"}}).mapping_version("Europe/Berlin"),
        settings(fields={"summary": {"field": "titel"}}).mapping_version("Europe/Berlin"),
        settings(all_day_end="inclusive").mapping_version("Europe/Berlin"),
        settings(all_day_end="last_minute").mapping_version("Europe/Berlin"),
        settings(fields={"all_day": {"codec": "whole_days"}}).mapping_version("Europe/Berlin"),
        settings(fields={"private": {"field": "private", "codec": "list", "values": ["privat"]}}).mapping_version(
            "Europe/Berlin"
        ),
    ]
    assert len(set(versions)) == len(versions)
    assert settings(page_size=7).mapping_version("Europe/Berlin") == versions[0]


def test_what_rules_need_is_mapped_and_fetched_for_them_alone(settings: Callable[..., Settings]) -> None:
    mapped = settings(fields={"location": {"field": "ort"}, "types": {"field": "art"}})
    plain, located = mapped.needing([]), mapped.needing(["location"])
    both = mapped.needing(["location", "types"])
    assert {"ort", "art"} & set(plain.fetched) == set()
    assert {"ort", "art"} & set(located.fetched) == {"ort"}
    assert {"ort", "art"} & set(both.fetched) == {"ort", "art"}
    other = settings(fields={"location": {"field": "platz"}}).needing(["location"])
    numbers = [one.also_read for one in (plain, located, both, other)]
    assert numbers[0] == 0
    assert len(set(numbers)) == len(numbers)
    assert len({one.mapping_version("Europe/Berlin") for one in (plain, located, both, other)}) == 1
    assert settings().needing(["location"]).also_read == 0


def test_a_field_may_be_the_type_and_say_something_else(settings: Callable[..., Settings]) -> None:
    private = {"field": "art", "codec": "list", "values": ["privat"]}
    assert settings(fields={"types": {"field": "art"}, "private": private}).name("types") == "art"
    for wrong in ({"location": {"field": "art"}, "private": private}, {"types": {"field": "subject"}}):
        with pytest.raises(vol.Invalid, match=r"name (art|subject) for more than one value"):
            CONNECTION({"api_token": "t", "fields": wrong})


def test_a_profile_says_what_is_not_named(settings: Callable[..., Settings]) -> None:
    names = {"summary": "titel", "start": "beginn", "end": "ende", "owner": "betreuer"}
    fields = {key: {"field": name} for key, name in names.items()}
    bare = CONNECTION({"api_token": "t", "fields": {"profile": "none", **fields}})
    found = settings_of(bare).fields
    assert {key: one.field for key, one in found.items() if one.field} == names
    dto = settings_of(CONNECTION({"api_token": "t", "fields": {"profile": "dto"}}))
    assert dto == settings_of(CONNECTION({"api_token": "t"}))


def test_days_without_a_field_can_be_stored(settings: Callable[..., Settings]) -> None:
    assert settings(fields={"all_day": {"codec": "whole_days"}}).stores_days
    assert not settings(fields={"all_day": {"field": None}}).stores_days


def test_a_wrong_list_value_is_a_problem_before_anything_is_written(settings: Callable[..., Settings]) -> None:
    mapped = {"field": "private", "codec": "list", "values": ["privat", "geheim"], "otherwise": "offen"}
    declared: dict[str, dict[str, Any]] = {name: {"type": kind} for name, kind in TYPES.items()}
    declared["private"] = {"type": "LIST", "fields": {"a": {"value": "privat"}, "offen": None}}
    (found,) = field_problems(settings(fields={"private": mapped, **UNMAPPED}), declared)
    assert found.en.endswith("has a field 'private' that does not list 'geheim'")
    assert found.de.endswith("hat ein Feld 'private', in dessen Liste 'geheim' fehlt")
    declared["private"] = {"type": "CHECKBOX"}
    (found,) = field_problems(settings(fields={"private": mapped, **UNMAPPED}), declared)
    assert "of type CHECKBOX, which the codec list does not fit" in found.en
    declared["private"] = {"type": "LIST"}
    (found,) = field_problems(settings(fields={"private": {"field": "private"}, **UNMAPPED}), declared)
    assert "of type LIST, which the codec bool does not fit" in found.en
    assert "vom Typ LIST, zu dem der Codec bool nicht passt" in found.de


@pytest.mark.parametrize("kind", ["TEXT", "NUMBER", "JSON"])
def test_a_tick_is_written_into_nothing_but_a_checkbox(settings: Callable[..., Settings], kind: str) -> None:
    declared = {name: {"type": one} for name, one in TYPES.items()}
    declared |= {"isFullDayAppointment": {"type": kind}, "serie": {"type": kind}}
    fields = {**UNMAPPED, "private": {"field": None}, "series": {"field": "serie"}}
    (found,) = field_problems(settings(fields=fields), declared)
    assert (found.severity, "fields.all_day: " in found.en) == ("error", True)
    listed = {"field": "isFullDayAppointment", "codec": "list", "values": ["ja"]}
    (found,) = field_problems(settings(fields={**fields, "all_day": listed}), declared)
    assert found.en.endswith("which the codec list does not fit (it is for LIST)")


TYPES = {
    "subject": "TEXT",
    "message": "TEXTAREA",
    "start_date": "DATE",
    "end_date": "DATE",
    "isFullDayAppointment": "CHECKBOX",
    "assignee": "USER",
    "participants": "SCHEMA",
}
UNMAPPED = {key: {"field": None} for key in ("marker", "reminder", "series")}
