"""The commands that set an account: its switch and its direction."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import click

from calsync.cli.commands import configuration
from calsync.cli.failures import DONE
from calsync.cli.text import language, plain
from calsync.sync.model import Direction

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from calsync.desk.accounts import Accounts
    from calsync.reasons import Language

SWITCHED: Mapping[Language, Mapping[str, str]] = {
    "en": {"on": "switched on", "off": "switched off"},
    "de": {"on": "eingeschaltet", "off": "ausgeschaltet"},
}
DIRECTION: Mapping[Language, str] = {"en": "direction", "de": "Richtung"}


@click.command()
@configuration
@click.argument("account")
@click.argument("state", type=click.Choice(["on", "off"]))
def switch(path: Path, account: str, state: str) -> int:
    """Switch an account on or off, also while the service runs. Off deletes nothing."""
    _at_desk(path, lambda accounts: accounts.switch(account, who(), on=state == "on"))
    click.echo(f"{plain(account)}: {SWITCHED[language()][state]}")
    return DONE


@click.command()
@configuration
@click.argument("account")
@click.argument("direction", type=click.Choice([each.value for each in Direction]))
def direction(path: Path, account: str, direction: str) -> int:
    """Choose which side of an account is written, also while the service runs.

    A side that was not written before waits until its plan is confirmed: see `calsync plan` and `calsync confirm`.
    """
    _at_desk(path, lambda accounts: accounts.direct(account, Direction(direction), who()))
    click.echo(f"{plain(account)}: {DIRECTION[language()]} {direction}")
    return DONE


def _at_desk(path: Path, act: Callable[[Accounts], Awaitable[None]]) -> None:
    async def work() -> None:
        # The app brings in every driver; `calsync --help` does without.
        from calsync.app import App  # noqa: PLC0415

        async with App.open(path) as app, app.desk() as accounts:
            await act(accounts)

    asyncio.run(work())


def who() -> str:
    """Return how the audit calls who uses the command line."""
    return f"command line, user {os.getuid()}"
