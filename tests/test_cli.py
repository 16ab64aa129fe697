"""The commands: exit codes, JSON and nothing else, one line for each error, no plugin without need."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

import calsync.app
import calsync.cli
from calsync.cli import cli, group, main, run
from calsync.cli.accounts import who
from calsync.engine import Confirmation, Counts
from calsync.errors import AccountError, ConfigError, LoginError, PluginError, Retry, StoreError
from calsync.loader import Plugin, Plugins
from calsync.loader.manifest import Manifest
from calsync.results import AccountPlan, AccountResult, CheckResult, Discovered, SyncResult
from calsync.sync.approved import Drift, Moved, plan_lines
from calsync.sync.model import Event, Observation, Side, Timed
from calsync.sync.plan import Kind, Operation, Plan

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Sequence

FINE = AccountResult(left=Counts(created=1), right=Counts(skipped=Counter(series=1)), ok=True)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SEEN = Observation(id="l1", event=Event(summary="Weg\u202e", when=Timed(NOW, NOW)), revision="1")
BROKEN = AccountResult(ok=False, error="m365: cannot reach the server")


class FakeApp:
    """Answers what a test has put into it; an error is raised."""

    answer: Any = None
    refuses: Exception | None = None
    asked: tuple[Any, ...] = ()

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[FakeApp]:
        cls.asked = (str(path),)
        if cls.refuses is not None:
            raise cls.refuses
        yield cls()

    async def check(self, *, try_writes: bool) -> Any:
        return self.answered(*(["try"] if try_writes else []))

    discovered: Sequence[Discovered] = ()

    async def plan(self, *accounts: str) -> Any:
        return self.answered(*accounts)

    def write_plans(self, path: Path, plans: Any) -> None:
        self.answered(path, plans)

    async def sync(
        self, account: str | None, progress: Callable[[str, int, int], None] | None, *, plan: Path | None, who: str
    ) -> Any:
        if plan is not None:
            return self.answered(account, plan, who)
        if progress is not None:
            progress("anna", 1, 2)
        return self.answered(account)

    async def confirm(self, account: str, plan_hash: str, by: str) -> Any:
        assert by == who()
        return self.answered(account, plan_hash)

    async def backup(self, target: Path | None) -> Any:
        return self.answered(target)

    async def restore(self, saved: Path) -> Any:
        return self.answered(saved)

    async def run(self, stop: asyncio.Event, reload: asyncio.Event, *, deferred: bool) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
        self.answered(*(["workers"] if deferred else []), "stopped")

    async def work(self, stop: asyncio.Event, reload: asyncio.Event, at_once: int) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
        self.answered(at_once, "stopped")

    def answered(self, *asked: Any) -> Any:
        type(self).asked += asked
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> type[FakeApp]:
    fake = type("App", (FakeApp,), {})
    monkeypatch.setattr(calsync.app, "App", fake)
    monkeypatch.setenv("LC_ALL", "C")
    return fake


Printed = pytest.CaptureFixture[str]


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


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError(["x.yaml:1: one", "x.yaml:2: two"]), 2),
        (PluginError("one\ntwo"), 2),
        (LoginError("one\ntwo"), 2),
        (AccountError("one\ntwo"), 2),
        (StoreError("one\ntwo"), 1),
        (Retry("one\ntwo"), 1),
        (ExceptionGroup("", [Retry("one"), ExceptionGroup("", [LoginError("two")])]), 2),
    ],
)
@pytest.mark.parametrize("command", ["check", "plan", "sync", "run", "worker"])
def test_a_command_that_cannot_begin_says_why_in_lines(
    app: type[FakeApp], capsys: Printed, error: Exception, code: int, command: str
) -> None:
    app.refuses = error
    assert run([command, "-c", "x.yaml"]) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert [line.split(": ")[0] for line in lines] == ["calsync", "calsync"]
    assert [line.split()[-1] for line in lines] == ["one", "two"]


@pytest.mark.parametrize("command", ["check", "plan", "sync"])
def test_json_is_one_object_even_then(app: type[FakeApp], capsys: Printed, command: str) -> None:
    app.refuses = ConfigError(["one", "two"])
    assert run([command, "-c", "x.yaml", "--json"]) == 2
    content = json.loads(capsys.readouterr().out)
    assert content["errors"] == ["one", "two"]
    assert content.keys() & {"findings", "accounts"}


def test_a_bug_is_not_dressed_up(app: type[FakeApp]) -> None:
    app.refuses = ExceptionGroup("", [Retry("one"), ValueError("bug")])
    with pytest.raises(ExceptionGroup):
        run(["sync", "-c", "x.yaml"])


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


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interrupt_is_told(capsys: Printed, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cli, "main", interrupted)
    assert run([]) == 130
    assert capsys.readouterr().err == "calsync: interrupted; nothing is lost, the next run goes on from here\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["sync"], "calsync: Missing option '-c' / '--config'. See calsync sync --help.\n"),
        (["sync", "-c", "x", "--acount", "a"], "calsync: No such option"),
        (["synk"], "calsync: No such command 'synk'"),
    ],
)
def test_wrong_usage_is_one_line(capsys: Printed, arguments: list[str], expected: str) -> None:
    assert run(arguments) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(expected)
    assert printed.err.count("\n") == 1
    assert printed.out == ""


COMMANDS = ("backup", "check", "confirm", "demo", "plan", "plugins", "restore", "run", "sync")


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_lists_every_command(capsys: Printed, arguments: list[str]) -> None:
    assert run(arguments) == 0
    printed = capsys.readouterr().out
    assert all(f"  {name} " in printed for name in COMMANDS)


def test_plugins_lists_the_bundled_ones(capsys: Printed) -> None:
    assert run(["plugins"]) == 0
    assert (
        "rules: attendee_stripping, copy_location, only_types, private_mask, reminder_once, series_skip"
        in capsys.readouterr().out
    )
    assert run(["plugins", "--json"]) == 0
    plugins = json.loads(capsys.readouterr().out)["plugins"]
    assert {plugin["name"] for plugin in plugins} >= {"flowfact", "graph", "rules", "sandbox"}


def test_a_plugin_that_cannot_say_what_it_is_is_told_beside_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.setattr(Plugins, "find", lambda: Plugins([plugin("good")], ["acme/manifest.json is no JSON"]))
    assert run(["plugins"]) == 0
    printed = capsys.readouterr()
    assert "good " in printed.out
    assert printed.err == "calsync: not listed: acme/manifest.json is no JSON\n"
    assert run(["plugins", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["broken"] == ["acme/manifest.json is no JSON"]


@pytest.mark.parametrize(("wanted", "code"), [(0, 1), (None, 1), ("no", 1), (3, 3)])
def test_what_wants_to_end_calsync_is_told_and_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: Printed, wanted: object, code: int
) -> None:
    def find() -> Plugins:
        raise SystemExit(wanted)

    monkeypatch.setattr(Plugins, "find", find)
    assert run(["plugins"]) == code
    assert f"a bug, SystemExit in {__file__}" in capsys.readouterr().err


def plugin(module: str, *commands: str) -> Plugin:
    manifest = Manifest(
        domain=module,
        name="A plugin",
        version="1",
        kind="tool",
        documentation="",
        providers=frozenset(),
        rules=frozenset(),
        commands=frozenset(commands),
    )
    return Plugin(manifest=manifest, module=module, origin="test")


def found(monkeypatch: pytest.MonkeyPatch, *plugins: Plugin) -> click.Group:
    """Return a fresh group that finds only these plugins."""
    monkeypatch.setattr(Plugins, "find", lambda: Plugins(plugins))
    return group.PluginGroup(commands={"sync": click.Command("sync")})


def test_a_plugins_command_is_listed_from_its_manifest(monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    top = found(monkeypatch, plugin("not_there", "wave", "sync"))
    top.main(["--help"], standalone_mode=False)
    printed = capsys.readouterr().out
    assert "wave  (plugin not_there) A plugin" in printed
    assert printed.count("sync") == 1


def test_a_plugins_command_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    top = found(monkeypatch, plugin("waving", "wave"))
    monkeypatch.setattr(Plugins, "command", lambda _, name, opened: click.Command(name, callback=lambda: 7))
    assert top.main(["wave"], standalone_mode=False) == 7


def test_a_broken_plugin_costs_only_its_own_commands(monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    def broken() -> Plugins:
        raise PluginError("manifest.json is no JSON")

    top = found(monkeypatch)
    monkeypatch.setattr(Plugins, "find", broken)
    top.main(["--help"], standalone_mode=False)
    printed = capsys.readouterr()
    assert "sync" in printed.out
    assert printed.err == "calsync: manifest.json is no JSON\n"


def calsync_in_a_process(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "imported"),
    [
        (["--help"], set()),
        (["plugins"], set()),
        (["sync", "--help"], set()),
        (["demo", "--help"], {"calsync_sandbox"}),
    ],
)
def test_a_command_imports_only_its_own_plugin(arguments: list[str], imported: set[str]) -> None:
    code = f"import sys; from calsync.cli import run; code = run({arguments}); print(*sys.modules); sys.exit(code)"
    finished = calsync_in_a_process(code)
    assert finished.returncode == 0, finished.stderr
    modules = set(finished.stdout.splitlines()[-1].split())
    plugins = {"calsync_flowfact", "calsync_graph", "calsync_rules", "calsync_sandbox"}
    assert modules & plugins == imported
    assert "calsync.app" not in modules


def test_output_that_nobody_reads_any_more_ends_it_silently() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    finished = subprocess.run(
        [sys.executable, "-m", "calsync", "plugins"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert finished.stderr == ""


def test_the_program_ends_with_the_exit_code(monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    monkeypatch.setattr(calsync.cli, "tell_bugs_without_their_texts", lambda: None)  # it is the process's own
    monkeypatch.setattr(sys, "argv", ["calsync", "synk"])
    monkeypatch.setattr(sys, "stdout", sys.__stdout__)
    monkeypatch.setattr(sys, "stderr", sys.__stderr__)
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
