from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import voluptuous as vol

from calsync.sync.rules import Chain
from calsync_rules.private_mask import SCHEMA, build

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.sync.model import Event


def test_a_private_event_shows_only_its_time(make_event: Callable[..., Event]) -> None:
    event = make_event(private=True)
    projected, altered = Chain([build(vol.Schema(SCHEMA)({}))]).project(event)
    assert (projected.summary, projected.description, projected.when) == ("Privat", "", event.when)
    assert altered == {"summary", "description"}


def test_its_copy_is_created_masked(make_event: Callable[..., Event]) -> None:
    draft = Chain([build({"text": "Belegt"})]).draft(make_event(private=True))
    assert (draft.summary, draft.description) == ("Belegt", "")


def test_both_texts_are_taken_charge_of_even_where_they_look_the_same(make_event: Callable[..., Event]) -> None:
    event = make_event(private=True, summary="Privat", description="")
    _, altered = Chain([build({"text": "Privat"})]).project(event)
    assert altered == {"summary", "description"}


def test_other_events_are_untouched(make_event: Callable[..., Event]) -> None:
    event = make_event()
    assert Chain([build({"text": "Privat"})]).project(event) == (event, frozenset())


def test_the_text_is_one_line() -> None:
    assert vol.Schema(SCHEMA)({"text": " Nicht\nda "}) == {"text": "Nicht da"}


@pytest.mark.parametrize("wrong", ["", " \n", 5, None])
def test_a_text_that_shows_nothing_is_refused(wrong: Any) -> None:
    with pytest.raises(vol.Invalid, match="not empty"):
        vol.Schema(SCHEMA)({"text": wrong})
