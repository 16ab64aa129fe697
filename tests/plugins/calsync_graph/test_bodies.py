"""What is written: exactly these keys, and no way to name anybody."""

from __future__ import annotations

import ast
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import calsync_graph
from calsync.sync.model import AllDay, Changes, Draft, Event, Observation, Timed, When
from calsync.values import replace
from calsync_graph.bodies import (
    PATCH_KEYS,
    POST_KEYS,
    UNMARK_KEYS,
    Body,
    Edit,
    NewEvent,
    Unmark,
    edit,
    new_event,
    times,
)
from calsync_graph.mapping import MARKER_PROPERTY, Stored, when_of

BERLIN = ZoneInfo("Europe/Berlin")
WINDOWS = "W. Europe Standard Time"
STARTS = st.integers(0, 19_000_000).map(
    lambda minutes: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
TIMED = st.builds(
    lambda start, minutes: Timed(start, start + timedelta(minutes=minutes)), STARTS, st.integers(0, 9999)
)
ALL_DAY = st.builds(
    lambda first, days: AllDay(first, first + timedelta(days=days)),
    st.dates(date(2000, 1, 1), date(2037, 1, 1)),
    st.integers(1, 50),
)
WHENS: st.SearchStrategy[When] = TIMED | ALL_DAY
ZONES = st.sampled_from(
    [
        WINDOWS,
        "Europe/Berlin",
        "UTC",
        "Tokyo Standard Time",
        "tzone://Microsoft/Utc",
        "tzone://Microsoft/Custom",
        "",
    ]
)
TEXTS = st.text(max_size=50)


def target(start_zone: str = WINDOWS, end_zone: str = WINDOWS) -> Stored:
    event = Event(summary="x", when=AllDay(date(2026, 3, 1), date(2026, 3, 2)))
    return Stored(
        observation=Observation(id="1", event=event, revision="r"), start_zone=start_zone, end_zone=end_zone
    )


@given(
    draft=st.builds(
        Draft, summary=TEXTS, when=WHENS, description=TEXTS, reminder=st.none() | st.integers(0, 20000)
    ),
    marker=TEXTS,
)
def test_a_post_has_these_keys_and_no_others(draft: Draft, marker: str) -> None:
    body = new_event(draft, marker, BERLIN).json()
    assert set(body) == POST_KEYS - ({"location"} if not draft.location else set())
    assert body.get("location", {}) == ({"displayName": draft.location} if draft.location else {})
    assert (body["responseRequested"], body["allowNewTimeProposals"]) == (False, False)
    assert body["isReminderOn"] is (draft.reminder is not None)
    assert isinstance(body["reminderMinutesBeforeStart"], int)


@given(
    changes=st.fixed_dictionaries({}, optional={"summary": TEXTS, "when": WHENS, "description": TEXTS}),
    zone=ZONES,
)
def test_a_patch_has_the_changed_fields_and_no_others(changes: Changes, zone: str) -> None:
    body = edit(changes, target(zone, zone), BERLIN).json()
    assert set(body) <= PATCH_KEYS
    assert ("subject" in body) is ("summary" in changes)
    assert ("body" in body) is ("description" in changes)
    for key in ("start", "end", "isAllDay"):
        assert (key in body) is ("when" in changes)


@given(when=WHENS, start_zone=ZONES, end_zone=ZONES)
def test_what_is_written_is_what_is_read(when: When, start_zone: str, end_zone: str) -> None:
    body = times(when, start_zone, end_zone, BERLIN).json()
    assert when_of(body) == when
    assert not any(body[key]["timeZone"].startswith("tzone:") for key in ("start", "end"))  # it takes none of them


def test_the_keys_name_nobody_and_send_nothing() -> None:
    # The whole list, so that a new key is a decision that somebody looks at.
    patched = ["body", "end", "isAllDay", "start", "subject"]
    posted = [
        "allowNewTimeProposals",
        "isReminderOn",
        "location",
        "reminderMinutesBeforeStart",
        "responseRequested",
        "singleValueExtendedProperties",
        "transactionId",
    ]
    assert sorted(PATCH_KEYS) == patched
    assert sorted(POST_KEYS - PATCH_KEYS) == posted
    assert sorted(UNMARK_KEYS) == ["singleValueExtendedProperties"]
    assert set(Unmark().json()) == UNMARK_KEYS


@pytest.mark.parametrize("body", [NewEvent, Edit, Unmark])
@pytest.mark.parametrize(
    "name", ["attendees", "isOnlineMeeting", "onlineMeetingProvider", "isDraft", "recurrence"]
)
def test_a_body_cannot_be_given_anything_else(body: type[Any], name: str) -> None:
    with pytest.raises(TypeError):
        body(**{name: []})
    with pytest.raises((AttributeError, TypeError)):
        setattr(Edit(subject="x"), name, [])


def test_only_bodies_are_written() -> None:
    """Each `changes=True` request of the client sends `body.json()` or nothing, and nobody else sends requests."""
    bodies = {each.__name__ for each in Body.__subclasses__()}
    assert bodies == {"NewEvent", "Edit", "Unmark"}
    folder = Path(str(calsync_graph.__file__)).parent
    senders = {
        path.name
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "_request"
    }
    assert senders == {"client.py"}
    calls = [
        node
        for node in ast.walk(ast.parse((folder / "client.py").read_text("utf-8")))
        if isinstance(node, ast.Call)
    ]
    writes = [
        text for text in map(ast.unparse, calls) if text.startswith("self._request(") and "changes=True" in text
    ]
    assert sorted(write.split("'")[1] for write in writes) == ["DELETE", "PATCH", "POST"]
    assert all("body.json()" in write for write in writes if "DELETE" not in write)


def test_a_reminder_is_explicit() -> None:
    draft = Draft(summary="x", when=AllDay(date(2026, 3, 1), date(2026, 3, 2)), description="", reminder=15)
    with_one = new_event(draft, "m", BERLIN).json()
    without = new_event(replace(draft, reminder=None), "m", BERLIN).json()
    assert (with_one["isReminderOn"], with_one["reminderMinutesBeforeStart"]) == (True, 15)
    assert without["isReminderOn"] is False


def test_the_same_marker_is_the_same_transaction() -> None:
    draft = Draft(summary="x", when=AllDay(date(2026, 3, 1), date(2026, 3, 2)), description="", reminder=None)
    one, two, other = (new_event(draft, marker, BERLIN).json() for marker in ("m", "m", "n"))
    assert one["transactionId"] == two["transactionId"] != other["transactionId"]
    assert one["singleValueExtendedProperties"] == [{"id": MARKER_PROPERTY, "value": "m"}]


def test_a_new_event_stands_in_the_zone_of_the_account() -> None:
    when = Timed(datetime(2026, 7, 1, 8, tzinfo=UTC), datetime(2026, 7, 1, 9, tzinfo=UTC))
    body = new_event(Draft(summary="x", when=when, description="", reminder=None), "m", BERLIN).json()
    assert body["start"] == {"dateTime": "2026-07-01T10:00:00", "timeZone": "Europe/Berlin"}


def test_changed_times_keep_the_zones_that_the_user_chose() -> None:
    when = Timed(datetime(2026, 7, 1, 8, tzinfo=UTC), datetime(2026, 7, 1, 9, tzinfo=UTC))
    body = edit({"when": when}, target("Tokyo Standard Time", "GMT Standard Time"), BERLIN).json()
    assert body["start"] == {"dateTime": "2026-07-01T17:00:00", "timeZone": "Tokyo Standard Time"}
    assert body["end"] == {"dateTime": "2026-07-01T10:00:00", "timeZone": "GMT Standard Time"}
    assert body["isAllDay"] is False


def test_days_are_midnights_of_one_zone() -> None:
    body = edit({"when": AllDay(date(2026, 3, 29), date(2026, 3, 30))}, target(WINDOWS, "UTC"), BERLIN).json()
    assert body["start"] == {"dateTime": "2026-03-29T00:00:00", "timeZone": WINDOWS}
    assert body["end"] == {"dateTime": "2026-03-30T00:00:00", "timeZone": WINDOWS}
    assert body["isAllDay"] is True
