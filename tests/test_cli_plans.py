"""`calsync plan`, its file, `sync --plan` and `confirm`: what a person saw is carried out, and no other plan."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from calsync.cli import run
from calsync.cli.accounts import who
from calsync.engine import Confirmation
from calsync.results import AccountPlan, AccountResult, SyncResult
from calsync.sync.approved import Drift, Moved, plan_lines
from calsync.sync.model import Event, Observation, Side, Timed
from calsync.sync.plan import Kind, Operation, Plan
from tests.fake_app import FINE, FakeApp, Printed

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SEEN = Observation(id="l1", event=Event(summary="Weg\u202e", when=Timed(NOW, NOW)), revision="1")


def test_plan_of_all_accounts(app: type[FakeApp], capsys: Printed) -> None:
    app.answer = {"anna": AccountPlan(Plan(operations=()), None)}
    assert run(["plan", "-c", "x.yaml"]) == 0
    assert capsys.readouterr().out == "anna: nothing to do\n"
    assert app.asked == ("x.yaml",)


def test_plans_are_kept_in_a_file(app: type[FakeApp], capsys: Printed, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    app.answer = {"anna": AccountPlan(Plan(operations=()), None)}
    assert run(["plan", "-c", "x.yaml", "anna", "bert", "--account", "cora", "--out", str(path)]) == 0
    assert app.asked == ("x.yaml", "anna", "bert", "cora", path, app.answer)
    told = f"anna: nothing to do\n{path}: written; `calsync sync --plan {path}` carries out exactly this\n"
    assert capsys.readouterr().out == told


def test_a_file_that_is_there_stays_and_nobody_is_asked(
    app: type[FakeApp], capsys: Printed, tmp_path: Path
) -> None:
    path = tmp_path / "plan.json"
    path.write_text("precious")
    assert run(["plan", "-c", "x.yaml", "--out", str(path), "--json"]) == 2
    printed = capsys.readouterr()
    assert f"{path}: is there already" in printed.err
    assert json.loads(printed.out)["errors"]
    assert app.asked == ()
    assert path.read_text() == "precious"


def test_where_one_account_cannot_be_planned_no_file_is_written(
    app: type[FakeApp], capsys: Printed, tmp_path: Path
) -> None:
    path = tmp_path / "plan.json"
    app.answer = {"anna": AccountPlan(Plan(operations=()), None), "bert": AccountPlan(None, "no server")}
    assert run(["plan", "-c", "x.yaml", "--out", str(path)]) == 1
    printed = capsys.readouterr()
    assert "written" not in printed.out
    assert f"{path}: was not written, as not every account could be planned" in printed.err
    assert path not in app.asked


def test_a_plan_is_carried_out_by_whoever_gives_the_command(app: type[FakeApp], capsys: Printed) -> None:
    app.answer = SyncResult(0.5, {"m365": 3}, {"anna": FINE})
    assert run(["sync", "-c", "x.yaml", "--plan", "plan.json", "--account", "anna"]) == 0
    assert app.asked == ("x.yaml", "anna", Path("plan.json"), who())
    assert capsys.readouterr().out.startswith("anna\n")


@pytest.mark.parametrize(
    ("language", "first", "added", "window"),
    [
        ("C", "anna: failed", "  added:  create  right", "The window moved"),
        ("de_DE", "anna: gescheitert", "  dazugekommen:  anlegen  rechts", "weiterger"),
    ],
)
def test_a_plan_that_is_another_by_now_is_named_line_by_line(
    app: type[FakeApp],
    capsys: Printed,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    first: str,
    added: str,
    window: str,
) -> None:
    monkeypatch.setenv("LC_ALL", language)
    (line,) = plan_lines(Plan((Operation(kind=Kind.CREATE, side=Side.RIGHT, reason="new", source=SEEN),)))
    drift = Drift(moved=[Moved("added", line), Moved("gone", line)], window=True)
    app.answer = SyncResult(0.5, {}, {"anna": AccountResult(ok=False, error="it has changed", drift=drift)})
    assert run(["sync", "-c", "x.yaml", "--plan", "plan.json"]) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{first}\n")
    assert f"{added}  2026-03-02 09:00 UTC  Weg\\u202e" in printed.out
    assert window in printed.out
    assert printed.err == "calsync: anna: it has changed\n"
    assert run(["sync", "-c", "x.yaml", "--plan", "plan.json", "--json"]) == 1
    (account,) = json.loads(capsys.readouterr().out)["accounts"].values()
    assert account["moved"][1] == {"what": "gone", "operation": "create", "side": "right", "reason": "new"}
    assert account["window_moved"]
    assert "Weg" not in json.dumps(account)


def test_plan_of_an_account_that_fails(app: type[FakeApp], capsys: Printed) -> None:
    app.answer = {"anna": AccountPlan(None, "no server")}
    assert run(["plan", "-c", "x.yaml", "--account", "anna", "--json"]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["accounts"]["anna"]["error"] == "no server"
    assert printed.err == "calsync: anna: no server\n"
    assert app.asked == ("x.yaml", "anna")


def test_plan_of_an_account_that_waits_for_a_person(app: type[FakeApp], capsys: Printed) -> None:
    app.answer = {"anna": AccountPlan(Plan(operations=()), None, "restored")}
    assert run(["plan", "-c", "x.yaml"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("anna: nothing to do\n  What calsync remembers is older")
    assert f"(calsync confirm -c FILE anna {Plan(operations=()).hash})" in printed
    assert run(["plan", "-c", "x.yaml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accounts"]["anna"]["rebuild"] == "restored"


def test_plan_of_an_account_whose_direction_was_changed(app: type[FakeApp], capsys: Printed) -> None:
    app.answer = {"anna": AccountPlan(Plan(operations=()), None, "direction")}
    assert run(["plan", "-c", "x.yaml"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("anna: nothing to do\n  The direction was changed so that calsync may now write")
    assert f"(calsync confirm -c FILE anna {Plan(operations=()).hash})" in printed


def test_a_plan_is_confirmed(app: type[FakeApp], capsys: Printed) -> None:
    app.answer = Confirmation(Plan(operations=()), None)
    assert run(["confirm", "-c", "x.yaml", "anna", "0123"]) == 0
    assert capsys.readouterr().out == "anna: confirmed; the next run carries the plan out\n"
    assert app.asked == ("x.yaml", "anna", "0123")


def test_a_plan_that_has_changed_is_shown_and_not_confirmed(app: type[FakeApp], capsys: Printed) -> None:
    app.answer = Confirmation(Plan(operations=()), "account anna: the plan is not 0123 any more")
    assert run(["confirm", "-c", "x.yaml", "anna", "0123"]) == 1
    printed = capsys.readouterr()
    assert printed.out == "anna: nothing to do\n"
    assert printed.err == "calsync: account anna: the plan is not 0123 any more\n"
