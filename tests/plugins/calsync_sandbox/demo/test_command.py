"""The demo leaves nothing behind, except where a person has to look at what went wrong."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import tempfile
from typing import TYPE_CHECKING, Any

import pytest

from calsync.cli import run
from calsync.values import replace
from calsync_sandbox.demo.commandline import CommandFailed
from calsync_sandbox.demo.report import Outcome
from calsync_sandbox.demo.tally import Tally
from calsync_sandbox.judge import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

GOOD = Outcome(
    tally=Tally("anna"),
    seen=[],
    files=[],
    verdict=Verdict(2, ()),
    second_run_writes=0,
    invitations_sent=0,
    touched=0,
    violations=0,
    series={"left": 0, "right": 0},
)
Scenes = Any


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the demo makes its folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Coroutine[Any, Any, Outcome]]], None]:
    """Let the demo write its configuration, and its scenes go as a test says."""

    def played(scenes: Callable[[], Coroutine[Any, Any, Outcome]]) -> None:
        async def play(sandbox: Any, anna: Any, filled: Any, folder: Path, console: Any) -> tuple[None, Outcome]:
            (folder / "calsync.yaml").write_text("accounts: {}", "utf-8")
            return None, await scenes()

        monkeypatch.setattr("calsync_sandbox.demo.command.play", play)

    return played


def test_a_demo_that_ends_well_leaves_nothing_behind(
    place: Path, played: Scenes, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenes() -> Outcome:
        return GOOD

    played(scenes)
    assert run(["demo", "--once"]) == 0
    assert list(place.iterdir()) == []
    assert capsys.readouterr().err == ""


def test_ctrl_c_leaves_nothing_behind(place: Path, played: Scenes) -> None:
    async def scenes() -> Outcome:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(60)
        return GOOD

    played(scenes)
    assert run(["demo", "--once"]) == 130
    assert list(place.iterdir()) == []


def test_a_demo_that_failed_keeps_its_files_and_tells_where(
    place: Path, played: Scenes, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenes() -> Outcome:
        return replace(GOOD, second_run_writes=1)

    played(scenes)
    assert run(["demo", "--once", "--json"]) == 1
    (folder,) = place.iterdir()
    assert (folder / "calsync.yaml").exists()
    output, errors = capsys.readouterr()
    assert json.loads(output)["ok"] is False
    assert errors == f"calsync: the demo failed; its files are kept in {folder}\n"


def test_a_demo_that_cannot_go_on_keeps_its_files_and_tells_where(
    place: Path, played: Scenes, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenes() -> Outcome:
        raise CommandFailed("calsync sync ended with exit code 1")

    played(scenes)
    assert run(["demo", "--once"]) == 1
    (folder,) = place.iterdir()
    assert f"its files are kept in {folder}\n" in capsys.readouterr().err
