"""What stands between outside text and a terminal."""

from __future__ import annotations

import io
import sys

import pytest

from calsync.cli.progress import ProgressBar, progress_bar
from calsync.cli.text import language, plain, table


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Besichtigung Lindenstraße · 3 Zimmer", "Besichtigung Lindenstraße · 3 Zimmer"),
        ("\x1b[2Jweg", r"\x1b[2Jweg"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2066x\u2069\ufeff", r"\u2066x\u2069\ufeff"),
        ("\x9b31m", r"\x9b31m"),
        ("\ud800", r"\ud800"),
        ("Familie 👨‍👩‍👧 ❤️", "Familie 👨‍👩‍👧 ❤️"),
    ],
)
def test_nothing_that_acts_on_a_terminal_stays_raw(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LANG": "C"}, "en"),
        ({"LC_ALL": "de_AT", "LANG": "en_US.UTF-8"}, "de"),
        ({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "de", "LANG": "en"}, "de"),
    ],
)
def test_the_language_is_the_locales(environ: dict[str, str], expected: str) -> None:
    assert language(environ) == expected


def test_a_table_is_aligned() -> None:
    assert table([["a", "bbb"], ["cc", "d"]]) == ["a   bbb", "cc  d"]
    assert table([["a", "bbb"], ["cc", "d"]], right=True) == ["a   bbb", "cc    d"]


def test_the_progress_of_all_accounts_is_one_bar() -> None:
    stream = io.StringIO()
    bar = ProgressBar(stream)
    bar("anna", 0, 100)
    bar("bert", 50, 100)
    assert stream.getvalue().split("\r")[-1] == "[#######-----------------------]  25 % of 200"
    bar.close()
    assert stream.getvalue().split("\r")[-2:] == [" " * 45, ""]


def test_progress_is_drawn_only_when_it_looks_different() -> None:
    stream = io.StringIO()
    bar = ProgressBar(stream)
    for done in range(10_001):
        bar("anna", done, 10_000)
    assert stream.getvalue().count("\r") == 101


def test_no_work_is_complete_and_leaves_no_trace() -> None:
    stream = io.StringIO()
    ProgressBar(stream).close()
    assert stream.getvalue() == ""
    ProgressBar(stream)("anna", 0, 0)
    assert "100 % of 0" in stream.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_only_a_terminal_gets_a_progress_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert progress_bar() is None
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert progress_bar() is not None
