"""The form of values is told by the values."""

from __future__ import annotations

import pytest

from calsync_flowfact.forms import notes_form, shape, time_form


@pytest.mark.parametrize(
    ("found", "form"),
    [
        ([1_774_744_200_000, "1774744200000"], "epoch_ms"),
        ([1_774_744_200, 1_774_744_200.5], "epoch_s"),
        (["2026-03-29T10:00:00+02:00", "2026-03-29T10:00:00Z"], "iso"),
        (["2026-03-29T10:00:00", "2026-03-29 10:00"], "iso_local"),
        (["2026-03-29", "2026-03-29T10:00:00Z"], "iso"),
        (["2026-03-29", "2026-03-30"], "iso_local"),
        (["29.03.2026", "30.03.2026 10:30"], "german_local"),
        (["29.03.2026 10:30:00", "2026-03-29", "30.3.2026"], "german_local"),
        ([7, "x", 8], None),
        ([15, 30], None),
        ([{"from": 1_774_744_200_000}], None),
        (["20260329", "x"], None),
        ([], None),
    ],
)
def test_the_form_of_times(found: list[object], form: str | None) -> None:
    assert time_form(found) == form


def test_dates_without_a_time_are_read_by_both_iso_codecs() -> None:
    assert time_form(["2026-03-29"], days="iso") == "iso"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([15, 30, "x"], "numbers"),
        (["x"], "texts"),
        ([{}], "objects"),
        ([True], "a tick"),
        ([None], "something else"),
    ],
)
def test_what_is_no_time_is_named(found: list[object], words: str) -> None:
    assert shape(found)[0].startswith(words)


@pytest.mark.parametrize(
    ("found", "form"),
    [
        (["<p>eins</p>", "<b>zwei</b>", "drei"], "html"),
        (["<p>eins</p>", "zwei", "drei"], None),
        (["eins\nzwei", "drei", "vier", "fünf"], "text"),
        (["eins\nzwei", "<p>drei</p>"], None),
        (["Stand B14 <Halle 3>", "5 < 6"], None),
        ([], None),
    ],
)
def test_the_form_of_notes(found: list[str], form: str | None) -> None:
    assert notes_form(found) == form
