"""`calsync conformance` writes nowhere unless somebody names an account that was never synced."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from calsync.cli import conformance_report, run
from calsync.store import FileRuns
from calsync.testing.conformance import FAILED, PASSED, SKIPPED, Conformance, Promise

if TYPE_CHECKING:
    from pathlib import Path

CONFIGURATION = """
service: {{store: "sqlite:///{folder}/calsync.db"}}
connections:
  m365: {{provider: graph, tenant_id: example.de, client_id: "1", client_secret: "1"}}
  exchange:
    {{provider: exchange_ews, url: "https://mail.example.de/EWS/Exchange.asmx", username: a, password: b}}
accounts:
  anna:
    left: {{connection: m365, mailbox: anna@example.de}}
    right: {{connection: exchange, mailbox: anna@example.de}}
    timezone: Europe/Berlin
"""


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    path = tmp_path / "calsync.yaml"
    path.write_text(CONFIGURATION.format(folder=tmp_path))
    return path


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "name a calendar of the provider graph that may be written to, one of these: anna.left"),
        (["--writes-to", "anna"], "one of these: anna.left"),
        (["--writes-to", "anna.right"], "one of these: anna.left"),
        (["--writes-to", "berta.left"], "one of these: anna.left"),
    ],
)
def test_nobody_is_written_to_who_was_not_named(
    configuration: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["conformance", "graph", "-c", str(configuration), *options]) == 2
    assert said in capsys.readouterr().err


def test_an_account_that_was_synced_is_refused(configuration: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(FileRuns(configuration.with_name("calsync.db.runs")).put("anna", 7))
    command = ["conformance", "graph", "-c", str(configuration), "--writes-to", "anna.left", "--json"]
    assert run(command) == 2
    printed = capsys.readouterr()
    assert json.loads(printed.out)["ok"] is False
    assert "accounts.anna: it has been synced" in printed.err
    assert "this writes made-up events" in printed.err


FOUND = Conformance(
    [
        Promise("feed", "a token can be used again", PASSED),
        Promise("feed", "a lost token says so", FAILED, "it is not so (feed.py:7)"),
        Promise("writing", "only a create sets the reminder", SKIPPED, "it takes no reminder, so nobody gets one"),
    ],
    ["v1:conformance:1:2"],
)


def test_the_report_has_a_line_for_each_promise_and_a_sum() -> None:
    assert [conformance_report.line(promise).split(maxsplit=1)[0] for promise in FOUND.promises] == [
        "pass",
        "fail",
        "not",
    ]
    assert conformance_report.summary(FOUND) == "passed: 1, failed: 1, not supported: 1"
    told = conformance_report.as_json(FOUND)
    assert set(told) == {*conformance_report.EMPTY, "left_behind", "quality"}
    assert [line.split()[:3] for line in told["quality"]] == [["broken", "bronze", "follows_changes:"]]
    assert told["promises"][1]["detail"] == "it is not so (feed.py:7)"
    assert "v1:conformance:1:2" in conformance_report.left_behind(FOUND)[0]
