"""Values that mean the same are equal, and none is invalid."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calsync.sync.model import (
    FIELDS,
    AllDay,
    Base,
    Direction,
    Draft,
    Event,
    Link,
    Side,
    Timed,
    Window,
    normal_line,
    normal_text,
)
from calsync.values import replace

if TYPE_CHECKING:
    from calsync.sync.model import When

HOUR = timedelta(hours=1)
LINE_ENDS = ("\n", "\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029")
TEXTS = (
    st.text(st.sampled_from("a \t\r\n\v\f\x00\x1c\x85\x96\xa0\u2003\u2028\u2029\ufeff\ud800ü😀<&"), max_size=12)
    | st.text()
)


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 3, 2, hour, minute, second, tzinfo=UTC)


def test_an_instant_is_compared_in_utc_and_cut_to_minutes() -> None:
    berlin = timezone(HOUR)
    shown_in_berlin = Timed(at(9, 0, 31).astimezone(berlin), at(10, 0, 59).astimezone(berlin))
    assert shown_in_berlin == Timed(at(9), at(10))
    assert shown_in_berlin.start.tzinfo is UTC


def test_a_span_needs_zones_and_does_not_end_before_it_starts() -> None:
    naive = at(9).replace(tzinfo=None)
    for start, end in ((naive, at(9)), (at(9), naive)):
        with pytest.raises(ValueError, match="time zone"):
            Timed(start, end)
    with pytest.raises(ValueError, match="before it starts"):
        Timed(at(10), at(9))
    assert Timed(at(9, 0, 5), at(9, 0, 1)).start == at(9)


def test_whole_days_last_at_least_one() -> None:
    with pytest.raises(ValueError, match="one day"):
        AllDay(date(2026, 3, 2), date(2026, 3, 2))


@pytest.mark.parametrize(
    ("direction", "written"),
    [
        (Direction.BOTH, {Side.LEFT, Side.RIGHT}),
        (Direction.LEFT_TO_RIGHT, {Side.RIGHT}),
        (Direction.RIGHT_TO_LEFT, {Side.LEFT}),
    ],
)
def test_a_direction_names_the_sides_that_are_written(direction: Direction, written: set[Side]) -> None:
    assert {side for side in Side if direction.writes(side)} == written
    assert [side.other for side in Side] == [Side.RIGHT, Side.LEFT]


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("\n\n a \n\nb \t\n", " a\n\nb"),
        ("a\xa0b\x00c\x7f", "a bc"),
        ("Tür\tzu 😀 <b>&amp;</b>", "Tür\tzu 😀 <b>&amp;</b>"),
        ("a\ud83d", "a"),
        ("a\x96\x1c\ufeffb", "ab"),
        *((f"Schlüssel{end}Tor", "Schlüssel\nTor") for end in LINE_ENDS),
        *((f"{end}a \t{end} b{end}", "a\n b") for end in LINE_ENDS),
    ],
)
def test_notes_have_one_form(text: str, normal: str) -> None:
    assert normal_text(text) == normal


def test_a_summary_is_one_line() -> None:
    assert normal_line("  Notar\r\n\tMüller\xa0 ") == "Notar Müller"
    assert {normal_line(f"Notar{end}Müller{end}") for end in LINE_ENDS} == {"Notar Müller"}


@settings(deadline=None, derandomize=True, max_examples=400)
@given(TEXTS)
def test_the_normal_form_of_a_normal_form_is_itself(text: str) -> None:
    assert normal_text(normal_text(text)) == normal_text(text)
    assert normal_line(normal_line(text)) == normal_line(text)
    assert normal_line(normal_text(text)) == normal_line(text)
    normal_text(text).encode()


def test_an_event_holds_normal_text_however_it_was_made(agreed: Event) -> None:
    event = Event(summary=" Besichtigung ", when=agreed.when, description="Schlüssel\r\n")
    assert event == agreed
    assert event.with_values({"summary": "Notar\n", "description": "\n"}).value("summary") == "Notar"


def test_a_draft_and_a_base_hold_the_synced_fields(agreed: Event) -> None:
    draft = Draft(summary=agreed.summary, when=agreed.when, description=agreed.description, reminder=15)
    base = Base.of(agreed, 3)
    assert draft.values() == base.values == {name: agreed.value(name) for name in FIELDS}
    assert base.mapping_version == 3


def test_a_base_in_another_mapping_follows_its_event_where_that_was_as_agreed(agreed: Event) -> None:
    base = replace(Base.of(agreed, 1), owed=frozenset({"summary"}))
    before = replace(agreed, summary="wartet")
    after = replace(agreed, summary="WARTET", description="SCHLÜSSEL")
    moved = base.translated(before, after, 2)
    assert moved.values == {**base.values, "description": "SCHLÜSSEL"}
    assert (moved.mapping_version, moved.private, moved.owed) == (2, False, base.owed)
    private = base.translated(before, replace(after, private=True), 2)
    assert (private.private, private.owed) == (True, frozenset())
    assert Base().translated(before, after, 2) == Base(mapping_version=2)


def test_a_link_is_read_and_changed_by_side(agreed: Event) -> None:
    link, base = Link(id=1, left="l", right=None), Base.of(agreed, 1)
    assert [link.event_id(side) for side in Side] == ["l", None]
    for side in Side:
        changed = link.with_event(side, "new").with_base(side, base)
        assert (changed.event_id(side), changed.base(side)) == ("new", base)
        assert changed.base(side.other) == Base()
        assert changed.event_id(side.other) == link.event_id(side.other)


@pytest.mark.parametrize(
    ("when", "inside"),
    [
        (Timed(at(7), at(8)), False),
        (Timed(at(7), at(8, 1)), True),
        (Timed(at(11, 59), at(13)), True),
        (Timed(at(12), at(13)), False),
        (Timed(at(8), at(8)), True),
        (Timed(at(12), at(12)), False),
        (AllDay(date(2026, 3, 1), date(2026, 3, 2)), False),
        (AllDay(date(2026, 3, 2), date(2026, 3, 3)), True),
        (AllDay(date(2026, 3, 3), date(2026, 3, 4)), False),
    ],
)
def test_the_window_is_half_open(when: When, inside: bool) -> None:
    assert Window(at(8), at(12)).holds(when) is inside
