from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from calsync_flowfact.habits import Habits, Probed, about, kept, to_keep

AT = datetime(2026, 3, 1, tzinfo=UTC)
FIELDS = {"titel": {"type": "TEXT"}, "beginn": {"type": "DATE"}}
SUBJECT = about("https://crm.example.de", ("a", "b"), FIELDS)


def test_a_result_comes_back() -> None:
    probed = Probed(habits=Habits(ranges=True, clears=False, search_lag=1.5), at=AT)
    assert kept(to_keep(probed, SUBJECT), SUBJECT) == probed


@pytest.mark.parametrize(
    "other",
    [
        about("https://other.example.de", ("a", "b"), FIELDS),
        about("https://crm.example.de", ("a", "c"), FIELDS),
        about("https://crm.example.de", ("a", "b"), {**FIELDS, "ende": {"type": "DATE"}}),
        about("https://crm.example.de", ("a", "b"), {**FIELDS, "beginn": {"type": "TEXT"}}),
    ],
)
def test_another_address_schema_or_field_makes_it_stale(other: str) -> None:
    assert kept(to_keep(Probed(habits=Habits(ranges=True), at=AT), SUBJECT), other) is None


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"about": SUBJECT},
        {"about": SUBJECT, "at": "x", "habits": {}},
        {"about": SUBJECT, "at": 7, "habits": []},
    ],
)
def test_a_broken_file_says_nothing(broken: dict[str, Any]) -> None:
    assert kept(broken, SUBJECT) is None


def test_a_later_version_s_answers_are_left_out() -> None:
    content = {**to_keep(Probed(habits=Habits(ranges=True), at=AT), SUBJECT), "habits": {"ranges": True, "new": 1}}
    assert kept(content, SUBJECT) == Probed(habits=Habits(ranges=True), at=AT)
