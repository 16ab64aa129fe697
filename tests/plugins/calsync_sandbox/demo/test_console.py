from __future__ import annotations

import pytest

from calsync_sandbox.demo.console import Console, width


def test_tables_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    Console().table([["", "created"], ["Outlook", "5"], ["家", "1,000"]])
    assert capsys.readouterr().out == "            created\n  Outlook         5\n  家          1,000\n"


def test_long_sentences_are_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    Console().paragraph("Bitte ändern Sie ihn in Outlook. " * 6)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("      ") and len(line) <= 100 for line in lines)


def test_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(quiet=True)
    console.title("Titel")
    console.outcome(True, "gut")
    console.table([["", "x"], ["y", "1"]])
    console.paragraph("Satz")
    assert capsys.readouterr().out == ""


def test_outcomes_are_told_by_a_mark(capsys: pytest.CaptureFixture[str]) -> None:
    Console().outcome(True, "gut")
    Console().outcome(False, "schlecht")
    assert capsys.readouterr().out == "  ✓ gut\n  ✗ schlecht\n"


@pytest.mark.parametrize(("text", "wide"), [("Müller", 6), ("u\u0308", 1), ("🏡", 2), ("", 0)])
def test_width(text: str, wide: int) -> None:
    assert width(text) == wide
