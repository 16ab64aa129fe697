from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calsync.sync.model import Event, Timed, Window
from calsync.sync.rules import Hold
from calsync.values import replace

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SPAN = START, START + timedelta(hours=1)
EVENT = Event(summary="Besichtigung", when=Timed(*SPAN))


def test_a_copy_has_the_fields_that_are_named_and_all_others() -> None:
    copy = replace(EVENT, summary="  zwei \n Zeilen ")
    assert copy.summary == "zwei Zeilen"  # as whoever makes an event finds it
    assert EVENT.summary == "Besichtigung"
    assert replace(copy, summary=EVENT.summary) == EVENT


def test_dataclasses_are_copied_by_the_same_name() -> None:
    assert replace(Hold("a"), rule="b").rule == "b"


@pytest.mark.parametrize("name", ["summary", "sumary"])
def test_nobody_changes_a_value(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(EVENT, name, "x")


def test_a_field_that_is_not_there_is_not_replaced() -> None:
    with pytest.raises(TypeError):
        replace(EVENT, sumary="x")  # type: ignore[call-arg] # what is tested


def test_values_of_two_kinds_are_never_equal() -> None:
    same: object = Timed(*SPAN)
    other: object = Window(*SPAN)
    assert same == EVENT.when
    assert other != EVENT.when
