from __future__ import annotations

from datetime import UTC, datetime

import pytest

from calsync.sync.forms import may_be_form
from calsync.sync.model import Timed

NINE = datetime(2026, 3, 5, 9, tzinfo=UTC)
TEN = datetime(2026, 3, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("Raum 1", "Raum 1"),
        ("Raum 1, Hinterhaus", "Raum 1"),
        ("Raum 1, Hinterhaus", ""),
        ("Raum 1\n\n\nHinterhaus", "Raum 1 Hinterhaus"),
        ("„Raum“: 1", '"Raum"; 1'),
        ("Raum 😀 1", "Raum ? 1"),
        ("Notar", "NOTAR"),
        ("☎ ✓", "? ?"),
    ],
)
def test_a_server_cuts_texts_and_changes_their_signs(written: str, found: str) -> None:
    assert may_be_form(found, written)


@pytest.mark.parametrize(
    ("written", "found"),
    [("Raum 1", "Raum 2"), ("Raum 1", "Raum 1, Hinterhaus"), ("", "Raum"), ("Raum 1", "1"), ("Raum 1", "☎ ✓ !!")],
)
def test_everything_else_a_person_has_written(written: str, found: str) -> None:
    assert not may_be_form(found, written)


def test_a_time_is_kept_as_it_is() -> None:
    assert may_be_form(Timed(NINE, TEN), Timed(NINE, TEN))
    assert not may_be_form(Timed(NINE, NINE), Timed(NINE, TEN))
