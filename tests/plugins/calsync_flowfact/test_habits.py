from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from calsync_flowfact.habits import Habits, Probed, about, kept, to_keep

AT = datetime(2026, 3, 1, tzinfo=UTC)
FIELDS = {"titel": {"type": "TEXT"}, "beginn": {"type": "DATE"}}
MAPPING = "summary: titel"
SUBJECT = about("https://crm.example.de", ("a", "b"), FIELDS, MAPPING)


def test_a_result_comes_back() -> None:
    probed = Probed(habits=Habits(ranges=True, clears=False, search_lag=1.5), at=AT)
    assert kept(to_keep(probed, SUBJECT), SUBJECT) == probed


@pytest.mark.parametrize(
    "other",
    [
        about("https://other.example.de", ("a", "b"), FIELDS, MAPPING),
        about("https://crm.example.de", ("a", "c"), FIELDS, MAPPING),
        about("https://crm.example.de", ("a", "b"), {**FIELDS, "ende": {"type": "DATE"}}, MAPPING),
        about("https://crm.example.de", ("a", "b"), {**FIELDS, "beginn": {"type": "TEXT"}}, MAPPING),
        about("https://crm.example.de", ("a", "b"), FIELDS, "summary: name"),
    ],
)
def test_another_address_schema_field_or_mapping_makes_it_stale(other: str) -> None:
    assert kept(to_keep(Probed(habits=Habits(ranges=True), at=AT), SUBJECT), other) is None


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"about": SUBJECT},
        {"about": SUBJECT, "at": "x", "habits": {}},
        {"about": SUBJECT, "at": 7, "habits": []},
        {"about": SUBJECT, "at": "2026-03-01T00:00:00", "habits": {}},
        *(
            {"about": SUBJECT, "at": AT.isoformat(), "habits": habits}
            for habits in (
                {"page_size": "7"},
                {"page_size": 0},
                {"page_size": True},
                {"page_size": 2.5},
                {"ranges": "yes"},
                {"clears": 1},
                {"search_lag": "1"},
                {"search_lag": -1},
                {"search_lag": float("nan")},
                {"search_lag": float("inf")},
            )
        ),
    ],
)
def test_a_broken_file_says_nothing(broken: dict[str, Any]) -> None:
    assert kept(broken, SUBJECT) is None


def test_a_later_version_s_answers_are_left_out() -> None:
    content = {**to_keep(Probed(habits=Habits(ranges=True), at=AT), SUBJECT), "habits": {"ranges": True, "new": 1}}
    assert kept(content, SUBJECT) == Probed(habits=Habits(ranges=True), at=AT)


def test_what_was_not_asked_again_stays_as_it_was_known() -> None:
    before = Habits(ranges=True, page_size=4, clears=False, search_lag=1.5)
    assert Habits(ranges=False).filled(before) == Habits(ranges=False, clears=False, search_lag=1.5)
