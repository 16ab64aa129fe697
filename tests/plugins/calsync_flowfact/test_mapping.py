from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calsync.errors import EventError
from calsync.sync.model import AllDay, Draft, Event, Timed

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync_flowfact.mapping import EntityMapping

START = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
WHEN = Timed(START, START + timedelta(hours=1))
MS = 1774744200000
ENTITY: dict[str, Any] = {
    "id": "e1",
    "_metadata": {
        "id": "e1",
        "schema": "appointments",
        "creator": "api",
        "createdTimestamp": 1770000000000,
        "timestamp": 1770000000000,
        "lastModifier": "anna",
        "lastModifiedTimestamp": 1770000600000,
    },
    "subject": {"values": ["Besichtigung  Gartenstraße"]},
    "message": {"values": ["Schlüssel\r\nmitnehmen"]},
    "start_date": {"values": [MS]},
    "end_date": {"values": [MS + 3_600_000]},
    "isFullDayAppointment": {"values": [False]},
    "participants": {"values": ["c1", "c2", None]},
    "assignee": {"values": ["anna", "ben"]},
    "calsync_marker": {"values": ["v1:anna:x"]},
    "reminder_date": {"values": [MS - 900_000]},
    "kind": {"values": ["viewing"]},
}
FINE = st.characters(exclude_categories=["Cs"])
WHENS = st.one_of(
    st.builds(
        lambda start, minutes: Timed(start, start + timedelta(minutes=minutes)),
        st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        st.integers(0, 10_000),
    ),
    st.builds(
        lambda first, days: AllDay(first, first + timedelta(days=days)),
        st.dates(date(2000, 1, 1), date(2090, 1, 1)),
        st.integers(1, 30),
    ),
)


def test_an_entity_is_read(mapping: Callable[..., EntityMapping]) -> None:
    seen = mapping().observe(ENTITY)
    assert seen is not None
    assert seen.event == Event(
        summary="Besichtigung Gartenstraße",
        description="Schlüssel\nmitnehmen",
        when=WHEN,
        reminder=True,
        attendee_count=2,
        created=datetime.fromtimestamp(1770000000, UTC),
    )
    assert (seen.id, seen.revision, seen.written_by_us, seen.marker) == ("e1", "1770000600000", False, "v1:anna:x")
    assert seen.modified == datetime.fromtimestamp(1770000600, UTC)


def test_nothing_that_names_anybody_is_kept(mapping: Callable[..., EntityMapping]) -> None:
    assert "c1" not in repr(mapping().observe(ENTITY))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"isFullDayAppointment": {"values": ["true"]}}, {"when": AllDay(date(2026, 3, 29), date(2026, 3, 30))}),
        ({"private": {"values": [True]}}, {"private": True}),
        ({"private": {"values": ["false"]}}, {"private": False}),
        ({"private": {"values": [0]}}, {"private": False}),
        ({"recurrence": {"values": ["FREQ=WEEKLY"]}}, {"series": True}),
        ({"reminder_date": {"values": []}}, {"reminder": False}),
        ({"participants": None}, {"attendee_count": 0}),
        ({"subject": {"values": []}}, {"summary": ""}),
        ({"subject": {"values": [4711]}}, {"summary": "4711"}),
        ({"message": {}}, {"description": ""}),
        ({"end_date": {"values": [MS]}}, {"when": Timed(START, START)}),
    ],
)
def test_single_fields(
    mapping: Callable[..., EntityMapping], change: dict[str, Any], expected: dict[str, Any]
) -> None:
    seen = mapping().observe(ENTITY | change)
    assert seen is not None
    assert {name: getattr(seen.event, name) for name in expected} == expected


@pytest.mark.parametrize(
    "change",
    [
        {"start_date": {"values": []}},
        {"start_date": None},
        {"end_date": {"values": [None]}},
        {"end_date": {"values": [MS - 60_000]}},
        {"start_date": {"values": ["morgen"]}},
        {"end_date": {"values": [10**18]}},
        {"id": None, "_metadata": {}},
        {"id": 7, "_metadata": None},
    ],
)
def test_what_is_no_event(mapping: Callable[..., EntityMapping], change: dict[str, Any]) -> None:
    assert mapping().observe(ENTITY | change) is None


def test_what_is_not_mapped_is_not_known(mapping: Callable[..., EntityMapping]) -> None:
    fields = {name: {"field": None} for name in ("reminder", "marker", "attendee_count", "private", "series")}
    seen = mapping(fields=fields).observe(ENTITY)
    assert seen is not None
    assert (seen.event.reminder, seen.event.attendee_count, seen.marker) == (None, None, None)
    assert not seen.event.private


@pytest.mark.parametrize(
    ("metadata", "ours", "revision"),
    [
        ({"creator": "api", "timestamp": 1770000000}, True, "1770000000000"),
        ({"creator": "anna", "createdTimestamp": 1770000000000}, False, "1770000000000"),
        ({"lastModifier": "api", "lastModifiedTimestamp": 1770000000001.0}, True, "1770000000001"),
        ({"creator": "api", "lastModifiedTimestamp": 1770000000001}, None, "1770000000001"),
        ({"timestamp": True}, None, None),
        ({}, None, None),
    ],
)
def test_who_wrote_last_and_which_version(
    mapping: Callable[..., EntityMapping], metadata: dict[str, Any], ours: bool | None, revision: str | None
) -> None:
    seen = mapping().observe(ENTITY | {"_metadata": metadata})
    assert seen is not None
    assert (seen.written_by_us, seen.revision) == (ours, revision)


def test_owners(mapping: Callable[..., EntityMapping]) -> None:
    assert mapping().owned(ENTITY)
    assert not mapping().owned(ENTITY | {"assignee": {"values": ["ben"]}})
    assert not mapping().owned({"id": "e1"})


def test_a_draft_becomes_a_body(mapping: Callable[..., EntityMapping]) -> None:
    draft = Draft(summary="Notar", when=WHEN, description="Ausweis\n2", reminder=15)
    assert mapping().draft_fields(draft, "m") == {
        "subject": {"values": ["Notar"]},
        "message": {"values": ["Ausweis\n2"]},
        "start_date": {"values": [MS]},
        "end_date": {"values": [MS + 3_600_000]},
        "isFullDayAppointment": {"values": [False]},
        "assignee": {"values": ["anna"]},
        "calsync_marker": {"values": ["m"]},
        "reminder_date": {"values": [MS - 900_000]},
    }


def test_a_draft_without_reminder_notes_and_title(mapping: Callable[..., EntityMapping]) -> None:
    when = AllDay(date(2026, 3, 29), date(2026, 3, 30))
    draft = Draft(summary="", when=when, description="", reminder=None)
    assert set(mapping().draft_fields(draft, "m")) == {
        "start_date",
        "end_date",
        "isFullDayAppointment",
        "assignee",
        "calsync_marker",
    }


def test_the_reminder_of_a_whole_day_counts_from_its_first_midnight(mapping: Callable[..., EntityMapping]) -> None:
    when = AllDay(date(2026, 3, 29), date(2026, 3, 30))
    fields = mapping().draft_fields(Draft(summary="x", when=when, description="", reminder=15), "m")
    assert fields["reminder_date"]["values"][0] == fields["start_date"]["values"][0] - 900_000
    assert fields["end_date"]["values"][0] - fields["start_date"]["values"][0] == 23 * 3_600_000


def test_only_what_changed_is_sent(mapping: Callable[..., EntityMapping]) -> None:
    changed = mapping()
    assert changed.change_fields({"summary": "Neu"}, ENTITY) == {"subject": {"values": ["Neu"]}}
    assert changed.change_fields({"description": ""}, ENTITY) == {"message": {"values": []}}
    assert set(changed.change_fields({"when": WHEN}, ENTITY)) == {"start_date", "end_date"}
    day = AllDay(date(2026, 3, 29), date(2026, 3, 30))
    assert changed.change_fields({"when": day}, ENTITY)["isFullDayAppointment"] == {"values": [True]}
    cleared = mapping(clear_strategy="empty_string").change_fields({"description": ""}, ENTITY)
    assert cleared == {"message": {"values": [""]}}
    assert mapping(fields={"description": {"field": None}}).change_fields({"description": "x"}, ENTITY) == {}


def test_whole_days_need_their_field(mapping: Callable[..., EntityMapping]) -> None:
    unmapped, day = mapping(fields={"all_day": {"field": None}}), AllDay(date(2026, 3, 29), date(2026, 3, 30))
    with pytest.raises(EventError, match="all_day"):
        unmapped.change_fields({"when": day}, ENTITY)
    assert set(unmapped.change_fields({"when": WHEN}, ENTITY)) == {"start_date", "end_date"}


@pytest.mark.parametrize("ends", ["exclusive", "inclusive", "last_minute"])
def test_an_end_in_the_last_second_of_the_calendar_is_no_event_that_stops_others(
    mapping: Callable[..., EntityMapping], ends: str
) -> None:
    midnight = 1_774_738_800_000
    forever = {"start_date": {"values": [midnight]}, "end_date": {"values": [253_402_300_799_000]}}
    whole = mapping(fields={"all_day": {"codec": "whole_days"}}, all_day_end=ends)
    assert whole.observe(ENTITY | forever) is None


def test_the_end_of_the_calendar_is_the_events_own_error(mapping: Callable[..., EntityMapping]) -> None:
    late = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    with pytest.raises(EventError, match="end of the calendar"):
        mapping(fields={"start": {"codec": "iso"}}).change_fields({"when": Timed(late, late)}, ENTITY)


@given(
    summary=st.text(FINE),
    description=st.text(FINE),
    when=WHENS,
    times=st.sampled_from(["epoch_ms", "epoch_s", "iso"]),
    notes=st.sampled_from(["text", "html"]),
    inclusive=st.booleans(),
)
def test_what_is_written_is_what_is_read(
    new_mapping: Callable[..., EntityMapping],
    summary: str,
    description: str,
    when: Timed | AllDay,
    times: str,
    notes: str,
    inclusive: bool,
) -> None:
    fields = {"start": {"codec": times}, "end": {"codec": times}, "description": {"codec": notes}}
    codec = new_mapping(fields=fields, all_day_end="inclusive" if inclusive else "exclusive")
    event = Event(summary=summary, description=description, when=when)
    draft = Draft(summary=event.summary, when=event.when, description=event.description, reminder=15)
    entity = {"id": "e", **codec.draft_fields(draft, "m")}
    read = codec.observe(entity)
    assert read is not None
    assert (read.event.summary, read.event.description, read.event.when) == (
        event.summary,
        event.description,
        event.when,
    )
    assert (read.event.reminder, read.marker, codec.owned(entity)) == (True, "m", True)
