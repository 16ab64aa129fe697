"""`calsync leave`, `export` and `erase` print what is asked for, and nothing is done without its hash."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

import calsync.app
from calsync.cli import run
from calsync.engine import Counts, Leaving
from calsync.engine.unmark import Marked
from calsync.results import Erased, Left
from calsync.sync.model import Event, Observation, Side, Timed
from calsync.sync.plan import Kind, Operation, Plan
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SEEN = Observation(
    id="r1",
    event=Event(summary="Besichtigung", when=Timed(NOW, NOW.replace(hour=10)), description="Schlüssel\nabholen"),
    revision="1",
)
DELETE = Operation(kind=Kind.DELETE, side=Side.RIGHT, reason="leaving", target=SEEN)
SKIP = Operation(kind=Kind.SKIP, side=Side.RIGHT, reason="leave_edited", source=SEEN)
SHOWN = Leaving(plan=Plan((DELETE, SKIP)), hash="0123", staying=2, run=7)


class FakeApp:
    """Answers what a test has put into it, and notes what it was asked."""

    asked: tuple[Any, ...] = ()
    found = SHOWN

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[FakeApp]:
        del path
        yield cls()

    async def leave(self, *arguments: Any) -> Left:
        type(self).asked = arguments
        return Left(self.found, {Side.LEFT: Counts(), Side.RIGHT: Counts(deleted=1)})

    async def export(self, account: str, target: Path | None) -> Mapping[str, Any]:
        type(self).asked = (account, target)
        return {"account": account, "word": "Umlaut ü"}

    async def erase(self, account: str) -> Erased:
        type(self).asked = (account,)
        return Erased(configured=True, kept_off=True, copies=[])


@pytest.fixture(autouse=True)
def app(monkeypatch: pytest.MonkeyPatch) -> type[FakeApp]:
    fake = type("App", (FakeApp,), {})
    monkeypatch.setattr(calsync.app, "App", fake)
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    return fake


def test_a_preview_says_what_goes_what_stays_and_how_to_go_on(
    app: type[FakeApp], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["leave", "anna", "--remove-copies", "right", "-c", "c.yaml"]) == 0
    assert app.asked[:3] == ("anna", Side.RIGHT, None)
    told = capsys.readouterr().out
    assert "  löschen  rechts  2026-03-02 09:00 UTC  Besichtigung\n      Notizen  Schlüssel\\nabholen ->" in told
    assert (
        "  rechts  2026-03-02 09:00 UTC  Besichtigung  Der Termin bleibt: Jemand hat diese Kopie geändert" in told
    )
    assert "Kopien, die bleiben und calsyncs Kennzeichen verlieren: 2." in told
    assert told.splitlines()[-1] == "--confirm 0123"


def test_all_stays_unless_a_side_is_named(app: type[FakeApp], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["leave", "anna", "-c", "c.yaml", "--json"]) == 0
    assert app.asked[:3] == ("anna", None, None)
    told = json.loads(capsys.readouterr().out)
    assert (told["hash"], told["done"], told["staying"]) == ("0123", False, 2)
    assert [each["reason"] for each in told["operations"]] == ["leaving", "leave_edited"]


def test_what_is_done_names_its_run_and_what_keeps_a_marker(
    app: type[FakeApp], capsys: pytest.CaptureFixture[str]
) -> None:
    app.found = replace(SHOWN, marked=[Marked(Side.RIGHT, SEEN, "has_attendees")])
    assert run(["leave", "anna", "--confirm", "0123", "-c", "c.yaml"]) == 0
    assert app.asked[2] == "0123"
    told = capsys.readouterr().out
    assert "Entfernte Kopien: 1." in told
    assert "Diese behalten calsyncs Kennzeichen:" in told
    assert "Lauf 7" in told
    assert "--confirm" not in told


def test_what_is_in_the_way_is_a_failure(app: type[FakeApp], capsys: pytest.CaptureFixture[str]) -> None:
    app.found = replace(SHOWN, problem="account anna: the plan is not 9 any more")
    assert run(["leave", "anna", "--confirm", "9", "-c", "c.yaml"]) == 1
    told = capsys.readouterr()
    assert "the plan is not 9 any more" in told.err
    assert "--confirm" not in told.out


def test_an_export_is_printed_or_written(
    app: type[FakeApp], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", "anna", "-c", "c.yaml"]) == 0
    assert json.loads(capsys.readouterr().out) == {"account": "anna", "word": "Umlaut ü"}
    target = tmp_path / "anna.json"
    assert run(["export", "anna", "--out", str(target), "-c", "c.yaml"]) == 0
    assert app.asked == ("anna", target)
    assert "Umlaut" not in capsys.readouterr().out


def test_erasing_says_what_stays(app: type[FakeApp], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["erase", "anna", "-c", "c.yaml"]) == 0
    assert app.asked == ("anna",)
    told = capsys.readouterr().out
    assert "In Ihrer Konfiguration steht das Konto noch" in told
    assert "Sicherungen" in told
