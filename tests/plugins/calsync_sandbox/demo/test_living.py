from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from calsync_sandbox.demo import living
from calsync_sandbox.demo.commandline import CommandFailed, CommandLine
from calsync_sandbox.demo.console import Console
from calsync_sandbox.demo.living import keep_living
from calsync_sandbox.demo.pages import Pages
from calsync_sandbox.demo.show import fill
from calsync_sandbox.demo.stage import ACCOUNT, Stage
from calsync_sandbox.sandbox import Account, Sandbox

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Listener(Console):
    """Remembers outcomes, and stops the show when it has heard enough of them."""

    enough: int
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    heard: list[tuple[bool, str]] = field(default_factory=list)

    def say(self, line: str = "") -> None:
        """Say nothing."""

    def outcome(self, good: bool, line: str) -> None:
        self.heard.append((good, line))
        if len(self.heard) == self.enough:
            self.stop.set()


async def test_changes_arrive_while_calsync_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(living, "pauses", lambda: itertools.repeat(0.1))
    listener, pages = Listener(enough=6), Pages()
    async with Sandbox() as sandbox:
        anna, _ = fill(sandbox, [], 0, listener)
        accounts = [Account(name=ACCOUNT, person=anna)]
        configuration = sandbox.write_configuration(tmp_path, accounts, pages=pages.port)
        stage = Stage(sandbox, anna, CommandLine(configuration), listener)
        await stage.sync_until_done()
        await asyncio.wait_for(keep_living(stage, pages, listener.stop), 60)
        assert sandbox.mails.sent == []
    assert [good for good, _ in listener.heard] == [True] * 6
    assert [line.split()[3] for _, line in listener.heard] == ["created", "edited", "moved"] * 2
    assert (tmp_path / "calsync.log").exists()


async def test_a_service_that_ends_by_itself_is_told(tmp_path: Path) -> None:
    listener = Listener(enough=1_000)
    async with Sandbox() as sandbox:
        anna, _ = fill(sandbox, [], 0, listener)
        configuration = sandbox.write_configuration(tmp_path, [Account(name=ACCOUNT, person=anna)])
        stage = Stage(sandbox, anna, CommandLine(configuration), listener)
        configuration.unlink()
        with pytest.raises(CommandFailed, match=r"exit code 2; its log is .*calsync\.log"):
            await asyncio.wait_for(keep_living(stage, Pages(), listener.stop), 60)
        with pytest.raises(CommandFailed, match="calsync sync ended with exit code 2"):
            await stage.sync()
