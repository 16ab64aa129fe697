"""The commands that set an account say what was done, and who did it stands in the audit."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

import calsync.app
from calsync.cli import run
from calsync.sync.model import Direction

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class FakeAccounts:
    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    async def switch(self, account: str, who: str, *, on: bool) -> None:
        self.asked.append((account, who.split(",", maxsplit=1)[0], on))

    async def direct(self, account: str, direction: Direction, who: str) -> None:
        self.asked.append((account, direction, who.split(",", maxsplit=1)[0]))


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch) -> FakeAccounts:
    accounts = FakeAccounts()

    class FakeApp:
        @classmethod
        @asynccontextmanager
        async def open(cls, path: Path) -> AsyncIterator[FakeApp]:
            yield cls()

        @asynccontextmanager
        async def desk(self) -> AsyncIterator[FakeAccounts]:
            yield accounts

    monkeypatch.setattr(calsync.app, "App", FakeApp)
    return accounts


def test_an_account_is_switched(accounts: FakeAccounts, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["switch", "anna", "off", "-c", "x.yaml"]) == 0
    assert run(["switch", "anna", "on", "-c", "x.yaml"]) == 0
    assert accounts.asked == [("anna", "command line", False), ("anna", "command line", True)]
    assert capsys.readouterr().out == "anna: switched off\nanna: switched on\n"


def test_a_direction_is_chosen(accounts: FakeAccounts, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["direction", "anna", "left_to_right", "-c", "x.yaml"]) == 0
    assert accounts.asked == [("anna", Direction.LEFT_TO_RIGHT, "command line")]
    assert capsys.readouterr().out == "anna: direction left_to_right\n"


def test_a_word_that_is_no_direction_is_refused(
    accounts: FakeAccounts, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["direction", "anna", "sideways", "-c", "x.yaml"]) == 2
    assert accounts.asked == []
    assert "left_to_right" in capsys.readouterr().err
