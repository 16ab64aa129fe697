"""Whatever goes wrong, a command says why in one line for each error, and ends with its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

import calsync.cli
from calsync.cli import cli, main, run
from calsync.errors import AccountError, ConfigError, LoginError, PluginError, Retry, StoreError
from calsync.loader import Plugins

if TYPE_CHECKING:
    from tests.fake_app import FakeApp, Printed


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


@pytest.mark.parametrize(("wanted", "code"), [(0, 1), (None, 1), ("no", 1), (3, 3)])
def test_what_wants_to_end_calsync_is_told_and_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: Printed, wanted: object, code: int
) -> None:
    def find() -> Plugins:
        raise SystemExit(wanted)

    monkeypatch.setattr(Plugins, "find", find)
    assert run(["plugins"]) == code
    assert f"a bug, SystemExit in {__file__}" in capsys.readouterr().err


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
