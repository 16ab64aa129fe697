"""`calsync check`, `sync`, `backup`, `restore`, `run` and `worker`: exit codes, JSON and nothing else."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from calsync.cli import run
from calsync.results import AccountResult, CheckResult, SyncResult
from tests.fake_app import FINE, FakeApp, Printed

BROKEN = AccountResult(ok=False, error="m365: cannot reach the server")


def test_check_is_fine(app: type[FakeApp], capsys: Printed) -> None:
    app.answer = [CheckResult("connection m365", "ok", "signed in")]
    assert run(["check", "-c", "x.yaml"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "ok  connection m365  signed in\nerrors: 0, warnings: 0\n"
    assert printed.err == ""


def test_check_writes_if_it_is_asked_to(app: type[FakeApp]) -> None:
    app.answer = []
    for options, asked in (([], ["x.yaml"]), (["--try-writes"], ["x.yaml", "try"])):
        assert run(["check", "-c", "x.yaml", *options]) == 0
        assert list(app.asked) == asked


def test_check_tells_every_error_and_is_a_matter_of_configuration(app: type[FakeApp], capsys: Printed) -> None:
    app.answer = [
        CheckResult("account anna", "error", "read\x1bonly"),
        CheckResult("account bert", "error", "none"),
    ]
    assert run(["check", "--config", "x.yaml", "--json"]) == 2
    printed = capsys.readouterr()
    assert json.loads(printed.out)["ok"] is False
    assert printed.err == "calsync: account anna: read\\x1bonly\ncalsync: account bert: none\n"


def test_a_backup_says_where_it_is(app: type[FakeApp], capsys: Printed) -> None:
    app.answer = Path("/backups/one.db")
    assert run(["backup", "-c", "x.yaml", "--to", "/backups/one.db"]) == 0
    assert capsys.readouterr().out == "/backups/one.db\n"
    assert app.asked == ("x.yaml", Path("/backups/one.db"))


@pytest.mark.parametrize("kept", [Path("/var/kept.db"), None])
def test_a_restore_says_what_is_next(app: type[FakeApp], capsys: Printed, kept: Path | None) -> None:
    app.answer = kept
    assert run(["restore", "-c", "x.yaml", "one.db"]) == 0
    printed = capsys.readouterr().out
    assert ("is kept as /var/kept.db" in printed) == (kept is not None)
    assert printed.endswith("see calsync plan\n")


def test_sync_that_is_fine(app: type[FakeApp], capsys: Printed) -> None:
    app.answer = SyncResult(0.5, {"m365": 3}, {"anna": FINE})
    assert run(["sync", "-c", "x.yaml"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("anna\n")
    assert "right: 1 skipped. It belongs to a series" in printed.out
    assert printed.err == ""


def test_sync_speaks_german(app: type[FakeApp], capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    app.answer = SyncResult(0.5, {"m365": 3}, {"anna": FINE})
    assert run(["sync", "-c", "x.yaml"]) == 0
    assert "rechts: 1 ausgelassen. Der Termin gehört zu einer Serie" in capsys.readouterr().out


def test_sync_with_an_account_that_failed(app: type[FakeApp], capsys: Printed) -> None:
    app.answer = SyncResult(0.5, {"m365": 3}, {"anna": FINE, "bert": BROKEN, "cora": AccountResult(ok=False)})
    assert run(["sync", "-c", "x.yaml", "--json", "--account", "bert"]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["accounts"]["bert"]["ok"] is False
    assert printed.err == "calsync: bert: m365: cannot reach the server\ncalsync: cora: the sync failed\n"


def test_sync_shows_progress_on_a_terminal_and_json_alone_on_standard_output(
    app: type[FakeApp], capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.answer = SyncResult(0.5, {}, {})
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert run(["sync", "-c", "x.yaml", "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"seconds": 0.5, "requests": {}, "accounts": {}}
    assert "50 % of 2" in printed.err
    assert printed.err.endswith("\r")


def test_run_ends_cleanly_at_a_signal(app: type[FakeApp]) -> None:
    assert run(["run", "-c", "x.yaml"]) == 0
    assert app.asked == ("x.yaml", "stopped")


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["run", "--scheduler", "process"], ("stopped",)),
        (["run", "--scheduler", "procrastinate"], ("workers", "stopped")),
        (["worker"], (8, "stopped")),
        (["worker", "--jobs", "3"], (3, "stopped")),
    ],
)
def test_what_runs_accounts_is_an_option(
    app: type[FakeApp], arguments: list[str], asked: tuple[object, ...]
) -> None:
    assert run([*arguments, "-c", "x.yaml"]) == 0
    assert app.asked == ("x.yaml", *asked)


def test_a_worker_runs_at_least_one(app: type[FakeApp]) -> None:
    assert run(["worker", "--jobs", "0", "-c", "x.yaml"]) == 2
