"""From a form as a person has filled it in to an entry of the second file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.desk.invalid import MISSING, UNKNOWN_KEY, Invalid, Wrong
from calsync.forms import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.forms import Option, Question
    from calsync.ports import ProviderSpec
    from calsync.second import Draft

    Fields = Mapping[str, str | None]
    """What was filled in, by key. Empty: the default, or of a secret the one that is kept. None: taken away."""


def filled(spec: ProviderSpec, fields: Fields, former: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry of a connection, its new secrets still as they were typed. Raises Invalid.

    `former`: the entry that it replaces. A secret of it is not taken to another server: whoever may change the
    address must not be able to have it sent to their own.
    """
    form = {field.key: field for field in spec.form}
    wrong = dict.fromkeys(fields.keys() - form.keys(), UNKNOWN_KEY)
    moved = any(
        field.kind is Kind.URL and (fields.get(key) or None) != former.get(key) for key, field in form.items()
    )
    entry = {"provider": spec.name, **{key: value for key, value in former.items() if key not in form}}
    for key, field in form.items():
        value = fields.get(key, "")
        if value:
            entry[key] = value == "true" if field.kind is Kind.FLAG else value
        elif value is not None and field.kind is Kind.SECRET and key in former and not moved:
            entry[key] = former[key]
        elif field.required:
            wrong[key] = MISSING
    if wrong:
        raise Invalid(wrong)
    return entry


def connection_of(draft: Draft, name: str) -> dict[str, Any]:
    """Return the entry of a kept connection. Raises Invalid for another one."""
    if name not in draft.connections:
        raise Invalid({"": not_kept(name)})
    return draft.connections[name]


def provider_in(entry: Mapping[str, Any]) -> str:
    """Return the name of a kept connection's provider; nothing where the file, edited by hand, names none."""
    return str(entry.get("provider") or "")


def not_kept(name: str) -> Wrong:
    """Return what is wrong with a name that stands in the operator's file, or nowhere."""
    return Wrong("kept_no_more", name)


def without_empty(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry without the texts that were left empty."""
    return {
        key: without_empty(value) if isinstance(value, dict) else value
        for key, value in entry.items()
        if value not in ("", None)
    }


def merged(entry: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry with more set in it. What is a mapping there gets further keys; its other ones stay."""
    added = {
        key: {**entry[key], **value} if isinstance(value, dict) and isinstance(entry.get(key), dict) else value
        for key, value in more.items()
    }
    return {**entry, **added}


def picked(questions: Sequence[Question], answers: Mapping[str, str]) -> Sequence[Option]:
    """Return the options that answer questions, `answers` by their keys; what nobody answers stays as it is.

    Only what is offered can be chosen: an answer cannot set anything else of a connection.
    """
    named = [(one, answers.get(one.key, one.chosen)) for one in questions]
    return [option for one, name in named for option in one.options if option.name == name]
