from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from calsync.values import replace
from calsync_sandbox.demo.console import Console
from calsync_sandbox.demo.report import Outcome, as_json, show
from calsync_sandbox.demo.stage import TO_OUTLOOK, Seen
from calsync_sandbox.demo.tally import Tally
from calsync_sandbox.ics import Row
from calsync_sandbox.judge import Difference, Verdict
from calsync_sandbox.sandbox import ImportedFile

FILE = ImportedFile(
    Path("alt.ics"),
    [
        Row(file="alt.ics", line=1, kind="single", outcome="moved", weeks=3, attendees=2, reminder=True),
        Row(file="alt.ics", line=9, kind="single", outcome="imported", private=True),
        Row(file="alt.ics", line=17, kind="series", outcome="moved", weeks=1),
        Row(file="alt.ics", line=25, kind="unknown", outcome="refused", reason="no DTSTART"),
    ],
    frozenset({"a", "b"}),
)


@pytest.fixture
def outcome() -> Outcome:
    tally = Tally("anna")
    tally.sides["right"]["skipped"] = {"series": 1200}
    told = {"operation": "create", "side": "left", "reason": "attendees_not_carried", "count": 1, "done": True}
    tally.messages["create", "left", "attendees_not_carried"] = told
    return Outcome(
        tally=tally,
        seen=[Seen(TO_OUTLOOK, "created", "Besichtigung", 0.5)],
        files=[FILE],
        verdict=Verdict(2, ()),
        second_run_writes=0,
        invitations_sent=0,
        touched=0,
        violations=0,
        series={"left": 0, "right": 1200},
    )


def test_all_came_true(outcome: Outcome) -> None:
    found = as_json(outcome)
    assert (outcome.good, found["ok"], found["converged"]) == (True, True, True)
    imported = found["imported"]
    assert (imported["entries"], imported["on_both_sides"], imported["reported_as_series"]) == (4, 2, 1)
    assert (imported["refused"], imported["reasons"]) == (1, {"no DTSTART": 1})
    rows = imported["files"]["alt.ics"]["rows"]
    assert [(row["line"], row["outcome"], row["reason"]) for row in rows][-2:] == [
        (17, "moved", ""),
        (25, "refused", "no DTSTART"),
    ]
    assert imported["files"]["alt.ics"]["not_carried_over"] == {
        "attendees": 1,
        "series": 1,
        "own_reminder_time": 1,
        "private_text": 1,
    }


@pytest.mark.parametrize(
    "broken",
    [
        {"second_run_writes": 1},
        {"invitations_sent": 1},
        {"touched": 1},
        {"violations": 1},
        {"series": {"left": 0, "right": 1201}},
        {"seen": [Seen(TO_OUTLOOK, "created", "Besichtigung")]},
        {"verdict": Verdict(1, (Difference(left=None, right="x"),))},
        {"files": [replace(FILE, singles=frozenset({"a"}))]},
    ],
)
def test_one_thing_that_did_not_is_enough(outcome: Outcome, broken: dict[str, Any]) -> None:
    assert not replace(outcome, **broken).good


def test_a_failed_account_is_not_good(outcome: Outcome) -> None:
    outcome.tally.ok = False
    assert not outcome.good


def test_attendees_that_calsync_does_not_tell_of_are_not_good(outcome: Outcome) -> None:
    outcome.tally.messages.clear()
    assert not outcome.good


def test_an_event_without_its_equal_is_not_on_both_sides(outcome: Outcome) -> None:
    alone = replace(outcome, verdict=Verdict(1, (Difference(left=None, right="b"),)))
    assert as_json(alone)["imported"]["on_both_sides"] == 1


def test_the_last_lines(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    show(Console(), outcome)
    good = capsys.readouterr().out
    assert good.endswith("  invitations sent: 0\n  converged: yes\n")
    assert "alt.ics" in good
    assert "1 refused: no DTSTART" in good
    assert "1,200 of Outlook skipped: series" in good
    assert "1 in FLOWFACT created: attendees_not_carried" in good
    assert "copies in FLOWFACT without attendees: 1 by calsync, 1 by the import tables" in good
    broken = replace(
        outcome, files=[], touched=2, verdict=Verdict(1, (Difference(left="l", right="r", fields=("notes",)),))
    )
    show(Console(), broken)
    bad = capsys.readouterr().out
    assert "left l and right r differ in notes" in bad
    assert "2 events lost bytes" in bad
    assert bad.endswith("  converged: no\n")
