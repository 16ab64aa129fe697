"""The commands that show how accounts are, and what was done. They ask no server and change nothing."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click

from calsync.cli import activity_report, status_report
from calsync.cli.commands import configuration, json_output
from calsync.cli.failures import DONE, json_even_on_failure, print_json
from calsync.cli.text import language
from calsync.people import OPERATOR

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from calsync.desk import Showing
    from calsync.desk.activity import Activity
    from calsync.desk.left_out import LeftOutPage
    from calsync.desk.overview import Overview
    from calsync.desk.repairs import Repair
    from calsync.desk.showing import AccountPage, Page

MOST = 50
"""Lines of one listing."""


@click.command()
@configuration
@click.argument("account", required=False)
@json_output
def status(path: Path, account: str | None, as_json: bool) -> int:
    """Show how all accounts are, or everything about one, and what somebody should look at."""
    with json_even_on_failure(as_json, status_report.EMPTY):
        if account is None:
            page, cards = asyncio.run(_all(path))
            told = status_report.as_json(page, cards) if as_json else status_report.lines(page, cards, language())
        else:
            one, left_out = asyncio.run(_one(path, account))
            told = (
                status_report.account_json(one, left_out)
                if as_json
                else status_report.account_lines(one, left_out, language())
            )
    if isinstance(told, dict):
        print_json(told)
    else:
        click.echo("\n".join(told))
    return DONE


@click.command()
@configuration
@click.argument("account")
@click.option("--before", type=int, metavar="NUMBER", help="Only what is older than this entry.")
@json_output
def activity(path: Path, account: str, before: int | None, as_json: bool) -> int:
    """Show what was done in an account lately, the newest first."""
    with json_even_on_failure(as_json, activity_report.EMPTY):
        page = asyncio.run(_activity(path, account, before))
    if as_json:
        print_json(activity_report.as_json(page))
    else:
        click.echo("\n".join(activity_report.lines(page, language())))
    return DONE


async def _all(path: Path) -> tuple[Overview, Sequence[Repair]]:
    from calsync.desk.overview import Wanted  # noqa: PLC0415 - it brings in the engine

    async with _showing(path) as showing:
        return await showing.overview(OPERATOR, Wanted(most=None)), await showing.repairs(OPERATOR)


async def _one(path: Path, account: str) -> tuple[AccountPage, LeftOutPage]:
    async with _showing(path) as showing:
        return await showing.account(OPERATOR, account), await showing.left_out(OPERATOR, account, most=MOST)


async def _activity(path: Path, account: str, before: int | None) -> Page[Activity]:
    async with _showing(path) as showing:
        return await showing.activity(OPERATOR, account, before=before, most=MOST)


@asynccontextmanager
async def _showing(path: Path) -> AsyncIterator[Showing]:
    from calsync.app import App  # noqa: PLC0415 - it brings in every driver

    async with App.open(path) as app, app.showing() as showing:
        yield showing
