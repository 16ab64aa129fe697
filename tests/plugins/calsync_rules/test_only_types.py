from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import voluptuous as vol

from calsync.sync.rules import Chain, needs_of
from calsync_rules.only_types import SCHEMA, build

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.sync.model import Event


def chain(**options: Any) -> Chain:
    return Chain([build(vol.Schema(SCHEMA)(options))])


@pytest.mark.parametrize(
    ("types", "included", "not_excluded"),
    [
        (("viewing",), True, False),
        (("Viewing ",), True, False),
        (("call", "viewing"), True, False),
        (("call",), False, True),
        ((), True, True),
    ],
)
def test_what_is_included_passes_and_what_is_excluded_does_not(
    make_event: Callable[..., Event], types: tuple[str, ...], included: bool, not_excluded: bool
) -> None:
    event = make_event(types=types)
    other = ("only_types", "other_type")
    assert chain(include=["viewing", "notary"]).admit(event) == (None if included else other)
    assert chain(exclude=["viewing", "notary"]).admit(event) == (None if not_excluded else other)


def test_numbers_are_names_too(make_event: Callable[..., Event]) -> None:
    assert chain(include=[3]).admit(make_event(types=("3",))) is None
    assert chain(include=[3]).admit(make_event(types=("03",))) is not None


def test_it_needs_types_and_changes_nothing(make_event: Callable[..., Event]) -> None:
    event, asked = make_event(types=("call",)), chain(include=["viewing"])
    assert needs_of(asked.rules) == {"types"}
    assert asked.project(event) == (event, frozenset())
    assert asked.draft(event) == Chain([]).draft(event)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "either include or exclude"),
        ({"include": ["a"], "exclude": ["b"]}, "either include or exclude"),
        ({"include": []}, "a type at least"),
        ({"exclude": [" "]}, "the name of a type"),
        ({"exclude": [True]}, "the name of a type"),
        ({"include": "viewing"}, "list"),
        ({"includes": ["a"]}, "extra keys"),
    ],
)
def test_options_that_say_nothing_are_refused(options: Any, said: str) -> None:
    with pytest.raises(vol.Invalid, match=said):
        vol.Schema(SCHEMA)(options)
