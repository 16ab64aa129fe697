"""Whatever two people make of one event: what is written to a side is what stands on the other one, whole."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from calsync.sync.merge import Half, Merge, Terms, half, merge
from calsync.sync.model import AllDay, Base, Direction, Event, Link, Observation, Side, Timed, When
from calsync.sync.rules import Chain

if TYPE_CHECKING:
    from calsync.sync.view import ConflictPolicy

DAY = date(2026, 3, 28)  # summer time begins on the day behind it
INSTANT = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)


def timed(start: int, minutes: int) -> Timed:
    begin = INSTANT + timedelta(minutes=start)
    return Timed(begin, begin + timedelta(minutes=minutes))


def all_day(start: int, days: int) -> AllDay:
    first = DAY + timedelta(days=start)
    return AllDay(first, first + timedelta(days=days))


WHENS: st.SearchStrategy[When] = st.one_of(
    st.builds(timed, st.sampled_from([0, 45, 120]), st.sampled_from([0, 30, 60, 3 * 1440])),
    st.builds(all_day, st.integers(0, 2), st.integers(1, 3)),
)
TEXTS = st.sampled_from(["", "a", "b"])
EVENTS = st.builds(Event, summary=TEXTS, when=WHENS, description=TEXTS)


def terms(**chosen: Any) -> Terms:
    return Terms(**chosen)


TERMS = st.builds(
    terms,
    direction=st.sampled_from(Direction),
    policy=st.sampled_from(["left", "right", "hold"]),
    on_target_edit=st.sampled_from(["keep", "restore"]),
    origin=st.sampled_from([None, *Side]),
)


def side_of(side: Side, agreed: Base, event: Event) -> Half:
    link = Link(id=1, left="left", right="right").with_base(side, agreed)
    return half(link, side, Observation(id=side, event=event, revision="1"), Chain([]), 1)


def merged(bases: dict[Side, Base], events: dict[Side, Event], terms: Terms) -> Merge:
    left, right = (side_of(side, bases[side], events[side]) for side in Side)
    return merge(left, right, terms)


@given(agreed=EVENTS, left=EVENTS, right=EVENTS, terms=TERMS)
def test_what_is_written_stands_on_the_other_side_whole(
    agreed: Event, left: Event, right: Event, terms: Terms
) -> None:
    events = {Side.LEFT: left, Side.RIGHT: right}
    found = merged(dict.fromkeys(Side, Base.of(agreed, 1)), events, terms)
    for side, wants in found.wants.items():
        assert terms.direction.writes(side) or not wants
        for name, value in wants.items():
            assert value == events[side.other].value(name), "never half of one and half of the other"


@given(agreed=EVENTS, left=EVENTS, right=EVENTS, policy=st.sampled_from(["left", "right"]))
def test_what_was_written_both_ways_wants_nothing_more(
    agreed: Event, left: Event, right: Event, policy: ConflictPolicy
) -> None:
    terms = Terms(direction=Direction.BOTH, policy=policy, on_target_edit="keep", origin=None)
    events = {Side.LEFT: left, Side.RIGHT: right}
    found = merged(dict.fromkeys(Side, Base.of(agreed, 1)), events, terms)
    after = {side: events[side].with_values(found.wants[side]) for side in Side}
    assert after[Side.LEFT] == after[Side.RIGHT]
    again = merged({side: Base.of(after[side], 1) for side in Side}, after, terms)
    assert not any(again.wants.values())
