"""The demo's colleagues leave something for a person to decide, and its pages let their people in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync_sandbox.demo.colleagues import open_office
from calsync_sandbox.demo.commandline import CommandFailed, CommandLine
from calsync_sandbox.demo.console import Console
from calsync_sandbox.demo.pages import Pages
from calsync_sandbox.demo.show import fill
from calsync_sandbox.demo.stage import ACCOUNT, Stage
from calsync_sandbox.sandbox import Account, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from calsync_sandbox.configuration import Exchange


@pytest.mark.parametrize("exchange", ["graph", "exchange_ews"])
async def test_something_is_left_to_decide(tmp_path: Path, exchange: Exchange) -> None:
    quiet, pages = Console(quiet=True), Pages()
    async with Sandbox(exchange=exchange) as sandbox:
        anna, _ = fill(sandbox, [], 0, quiet)
        configuration = sandbox.write_configuration(tmp_path, [Account(name=ACCOUNT, person=anna)])
        stage = Stage(sandbox, anna, CommandLine(configuration), quiet)
        await open_office(stage, pages.port)
        await stage.sync_until_done()
        accounts = (await stage.calsync.json("holds"))["accounts"]
        assert sandbox.mails.sent == []
    reasons = {name: {case["reason"] for case in found["cases"]} for name, found in accounts.items()}
    assert reasons == {"anna": set(), "bernd": {"conflict"}, "clara": {"brake_deletes"}, "david": set()}, reasons
    assert len(accounts["clara"]["cases"]) == 12


async def test_an_agent_who_signs_in_herself_has_no_colleagues(tmp_path: Path) -> None:
    quiet, pages = Console(quiet=True), Pages()
    async with Sandbox(sign_in="delegated") as sandbox:
        anna, _ = fill(sandbox, [], 0, quiet)
        configuration = sandbox.write_configuration(tmp_path, [Account(name=ACCOUNT, person=anna)])
        await open_office(Stage(sandbox, anna, CommandLine(configuration), quiet), pages.port)
        text = configuration.read_text("utf-8")
    assert f'listen: "127.0.0.1:{pages.port}"' in text
    assert "clara" not in text


async def test_people_whom_nobody_can_invite_are_told(tmp_path: Path) -> None:
    calsync = CommandLine(tmp_path / "missing.yaml")
    with pytest.raises(CommandFailed, match="calsync user ended with exit code 2"):
        await calsync.invite("Anna Beispiel")
