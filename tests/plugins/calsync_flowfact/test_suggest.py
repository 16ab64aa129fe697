from __future__ import annotations

import re
from typing import Any

import pytest
import voluptuous as vol
import yaml

from calsync_flowfact.config import CONNECTION_SCHEMA, settings_of
from calsync_flowfact.schema_report import mapping_lines, schema_lines
from calsync_flowfact.suggest import Confidence, missing, suggest
from calsync_sandbox.flowfact import FORMS
from calsync_sandbox.flowfact.schemas import seeded


def field(kind: str, german: str = "", **more: Any) -> dict[str, Any]:
    return {"type": kind, "captions": {"de": german}, **more}


@pytest.mark.parametrize("schema", FORMS)
def test_both_of_the_sandboxs_schemas_are_mapped_as_they_are(schema: str) -> None:
    form = FORMS[schema]
    found = {one.key: one for one in suggest(seeded()[schema]["properties"], ())}
    configured = form.configured()["fields"]
    assert {key: one.field for key, one in found.items()} == {key: one["field"] for key, one in configured.items()}
    assert all(one.confidence is not Confidence.GUESS for one in found.values())


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("schema", FORMS)
def test_the_suggestion_can_be_copied_into_the_configuration(schema: str, language: str) -> None:
    lines = mapping_lines("flowfact", schema, suggest(seeded()[schema]["properties"], ()), language)
    given = yaml.safe_load("\n".join(lines))
    settings = settings_of(vol.Schema(CONNECTION_SCHEMA)({"api_token": "t", **given}))
    assert settings.schema == schema
    assert settings.name("summary") == FORMS[schema].names["summary"]
    assert ("sicher" if language == "de" else "sure") in "\n".join(lines)


def test_the_form_of_stored_values_decides_about_codecs() -> None:
    properties = {"beginn": field("DATE", "Beginn"), "notiz": field("TEXTAREA", "Notiz")}
    stored = [{"beginn": {"values": [1_774_744_200]}, "notiz": {"values": ["<p>Hallo</p>"]}}]
    assert {one.key: one.codec for one in suggest(properties, stored)} == {
        "start": "epoch_s",
        "description": "html",
    }


def test_how_sure_a_suggestion_is() -> None:
    properties = {
        "titel": field("TEXT", "Titel"),
        "f1": field("DATE", "Beginn"),
        "bis_wann": field("DATE", "Dauert"),
        "f2": field("USER", "Makler"),
        "privat": field("LIST", "Sichtbarkeit", fields={"o": {"value": "o", "captions": {"de": "Offen"}}}),
        "startgebot": field("NUMBER", "Startgebot"),
        "kaputt": None,
    }
    found = {one.key: (one.field, one.confidence) for one in suggest(properties, ())}
    assert found == {
        "summary": ("titel", Confidence.SURE),
        "start": ("f1", Confidence.LIKELY),
        "end": ("bis_wann", Confidence.GUESS),
        "owner": ("f2", Confidence.GUESS),
        "private": ("privat", Confidence.LIKELY),
    }
    lines = mapping_lines("flowfact", "x", suggest(properties, ()), "de")
    assert [line.split(":")[0].strip() for line in lines if re.match(r"  # \w", line)] == [
        "# end",
        "# owner",
        "# private",
    ]


def test_a_word_in_a_name_is_a_guess_and_is_commented_out() -> None:
    properties = {"preis_von": field("NUMBER", "Preis von"), "preis_bis": field("NUMBER", "Preis bis")}
    assert {one.key: one.confidence for one in suggest(properties, ())} == {
        "start": Confidence.GUESS,
        "end": Confidence.GUESS,
    }
    given = yaml.safe_load("\n".join(mapping_lines("flowfact", "x", suggest(properties, ()), "de")))
    assert not {"start", "end"} & given["fields"].keys()


def test_a_whole_name_is_worth_more_than_two_words() -> None:
    properties = {"preis_von": field("DATE", "Preis von"), "beginn": field("DATE", "Wann")}
    (found,) = suggest(properties, ())
    assert (found.key, found.field, found.confidence) == ("start", "beginn", Confidence.LIKELY)


def test_a_place_is_suggested_for_the_location_alone() -> None:
    properties = {"location_description": field("TEXT", "Ort"), "ort_notiz": field("TEXTAREA", "Notiz")}
    (found,) = suggest(properties, ())
    assert (found.key, found.field, found.confidence) == ("location", "location_description", Confidence.SURE)


def test_a_field_that_says_the_type_may_say_something_else_too() -> None:
    art = field("LIST", "Art", fields={"p": {"value": "p", "captions": {"de": "Privat"}}})
    found = {one.key: one.field for one in suggest({"private_art": art}, ())}
    assert found == {"private": "private_art", "types": "private_art"}


def test_the_form_of_stored_days_decides_about_the_options() -> None:
    properties = {
        "beginn": field("DATE", "Beginn"),
        "ende": field("DATE", "Ende"),
        "ganztags": field("CHECKBOX", "Ganztags"),
    }
    days = [("01.12.2026", "01.12.2026"), ("02.12.2026 00:00", "04.12.2026 00:00")]
    stored = [
        {"beginn": {"values": [start]}, "ende": {"values": [end]}, "ganztags": {"values": [True]}}
        for start, end in days
    ]
    found = suggest(properties, stored)
    assert [one.codec for one in found] == ["german_local", "german_local", "bool"]
    given = yaml.safe_load("\n".join(mapping_lines("flowfact", "x", found, "de")))
    assert (given["all_day_end"], given["all_day_zone"]) == ("inclusive", "account")
    assert "all_day_end" not in "\n".join(mapping_lines("flowfact", "x", suggest(properties, ()), "de"))


def test_what_cannot_be_done_without_is_named() -> None:
    assert missing(suggest({"notiz": field("TEXTAREA", "Notiz")}, ())) == ["summary", "start", "end", "owner"]
    lines = mapping_lines("flowfact", "x", (), "de")
    assert "  summary: {field: null}  # kein Feld gefunden; bitte tragen Sie es ein" in lines


def test_two_fields_of_the_only_fitting_type_are_no_hint() -> None:
    assert suggest({"a": field("USER", "Makler"), "b": field("USER", "Vertretung")}, ()) == []


def test_the_schema_is_shown_with_both_languages_and_values_and_nothing_raw() -> None:
    listed = {"v": {"value": "v", "captions": {"de": "Besichtigung"}}}
    properties = {
        "art": {"type": "LIST", "captions": {"de": "Art", "en": "Kind\x1b[2J"}, "fields": listed},
        "kontakte": field("SCHEMA", "Kontakte", hasMultipleValues=True),
        "kaputt": None,
    }
    lines = schema_lines(properties, "de")
    assert lines[0].split() == ["Feld", "Typ", "Deutsch", "Englisch", "Werte"]
    assert re.search(r"art +LIST +Art +Kind\\x1b\[2J +v = Besichtigung", lines[1])
    assert re.search(r"kontakte +SCHEMA \(\+\) +Kontakte", lines[2])
    assert re.search(r"kaputt +\?", lines[3])
