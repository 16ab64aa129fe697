"""Forms go with the schemas: whoever fills one in has said what the provider needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import voluptuous as vol

from calsync.forms import Kind
from calsync.loader import Plugins

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.forms import FormField
    from calsync.ports import ProviderSpec

SPECS = Plugins.find().load(["exchange_ews", "flowfact", "graph"], []).providers
FORMS = [
    (spec.form, spec.connection_schema) if part == "connection" else (spec.calendar_form, spec.calendar_schema)
    for spec in SPECS.values()
    for part in ("connection", "calendar")
]
SECRET = ("password", "secret", "token")


@pytest.mark.parametrize(("form", "schema"), FORMS)
def test_a_form_asks_for_keys_of_the_schema_and_for_all_that_are_required(
    form: Sequence[FormField], schema: Mapping[Any, Any]
) -> None:
    asked = [field.key for field in form]
    assert asked
    assert len(set(asked)) == len(asked)
    assert set(asked) <= {str(key) for key in schema}
    required = {str(key) for key in schema if isinstance(key, vol.Required)}
    assert required <= {field.key for field in form if field.required}


@pytest.mark.parametrize(("form", "schema"), FORMS)
def test_it_says_so_in_both_languages_and_keeps_secrets(
    form: Sequence[FormField], schema: Mapping[Any, Any]
) -> None:
    for field in form:
        texts = [field.label, field.help, *field.choices.values()]
        assert all(words.en and words.de for words in texts)
        assert (field.kind is Kind.SECRET) == field.key.endswith(SECRET)
        assert bool(field.choices) == (field.kind in {Kind.CHOICE, Kind.FLAG})
        check = next(value for key, value in schema.items() if str(key) == field.key)
        for choice in field.choices:
            value = choice == "true" if field.kind is Kind.FLAG else choice
            assert check(value) == value


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: str(spec.name))
def test_an_own_connection_takes_over_nobodys_credentials(spec: ProviderSpec) -> None:
    if spec.own is not None:
        written = {str(key): f"value of {key}" for key in spec.connection_schema}
        taken = spec.own.settings(written)
        secret = {field.key for field in spec.form if field.kind is Kind.SECRET} | {"username", "certificate"}
        assert not secret & taken.keys()
        assert set(spec.own.asks) <= {field.key for field in spec.form}
