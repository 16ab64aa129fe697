"""What a person is asked about a tenant's fields, and what the answers set."""

from __future__ import annotations

from typing import Any

import pytest
import voluptuous as vol

from calsync_flowfact.config import CODECS, CONNECTION_SCHEMA, REQUIRED, Settings, settings_of
from calsync_flowfact.questions import LABELS, OPEN, UNMAPPED, questions
from calsync_flowfact.suggest import suggest
from calsync_sandbox.flowfact import FORMS
from calsync_sandbox.flowfact.schemas import seeded


def field(kind: str, german: str = "", **more: Any) -> dict[str, Any]:
    return {"type": kind, "captions": {"de": german}, **more}


def connected(**options: Any) -> Settings:
    return settings_of(vol.Schema(CONNECTION_SCHEMA)({"api_token": "t", **options}))


def asked(properties: dict[str, Any], settings: Settings | None = None) -> dict[str, Any]:
    found = questions(settings or connected(), properties, suggest(properties, ()))
    return {one.key: one for one in found}


def answered(properties: dict[str, Any], **choices: str) -> dict[str, Any]:
    """Return the settings that the answers make; what is not chosen is as it is offered."""
    entry: dict[str, Any] = {"fields": {}}
    for key, question in asked(properties).items():
        wanted = choices.get(key, question.chosen)
        for option in question.options:
            if option.name == wanted:
                entry |= option.settings | {"fields": entry["fields"] | option.settings["fields"]}
    return entry


@pytest.mark.parametrize("schema", FORMS)
def test_the_likeliest_answers_map_both_of_the_sandboxs_schemas(schema: str) -> None:
    entry = answered(seeded()[schema]["properties"])
    settings = connected(schema=schema, **entry)
    wanted = {key: one["field"] for key, one in FORMS[schema].configured()["fields"].items()}
    assert {key: settings.name(key) for key in CODECS} == wanted


def test_every_value_is_asked_about_what_no_tenant_has_under_a_certain_name_first() -> None:
    found = asked(seeded()["appointments"]["properties"])
    assert found.keys() == CODECS.keys() == LABELS.keys()
    assert {key for key, one in found.items() if not one.settled} == OPEN
    assert UNMAPPED.keys() | REQUIRED == CODECS.keys()


def test_another_field_of_the_tenant_may_be_the_private_one_also_one_value_of_a_list() -> None:
    properties = {
        "vip": field("CHECKBOX", "Diskret"),
        "art": field("LIST", "Art", fields={"p": {"value": "p", "captions": {"de": "Intern"}}}),
        "betreff": field("TEXT", "Betreff"),
    }
    private = asked(properties)["private"]
    assert [one.name for one in private.options] == ["vip", "art=p", ""]
    assert [one.words.de for one in private.options] == ["„Diskret“ (vip)", "„Art“ (art): „Intern“", "Kein Feld"]
    assert private.chosen == ""
    assert answered(properties, private="art=p")["fields"]["private"] == {
        "field": "art",
        "codec": "list",
        "values": ["p"],
    }


def test_what_a_write_could_destroy_is_only_offered_where_its_name_says_so() -> None:
    properties = {"objekt": field("TEXT", "Objekt"), "faellig": field("DATE", "Fällig")}
    found = asked(properties)
    assert [one.name for one in found["marker"].options] == [""]
    assert [one.name for one in found["reminder"].options] == [""]


def test_what_holds_already_stays_chosen() -> None:
    properties = seeded()["appointments"]["properties"]
    settings = connected(fields={"private": {"field": "kind", "codec": "list", "values": ["personal"]}})
    private = asked(properties, settings)["private"]
    assert private.chosen == "kind=personal"
    assert private.options[0].name == "private"  # what the name says is still offered first


def test_a_guess_is_offered_and_not_chosen() -> None:
    properties = {"privat_nummer": field("CHECKBOX", "Private Nummer bekannt")}
    private = asked(properties)["private"]
    assert ([one.name for one in private.options], private.chosen) == (["privat_nummer", ""], "")
