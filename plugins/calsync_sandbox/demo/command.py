"""The command `calsync demo`."""

from __future__ import annotations

import asyncio
import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from calsync.errors import CalsyncError
from calsync_sandbox.configuration import Exchange, SignIn
from calsync_sandbox.demo import report
from calsync_sandbox.demo.colleagues import open_office
from calsync_sandbox.demo.console import Console
from calsync_sandbox.demo.folder import demo_folder
from calsync_sandbox.demo.living import keep_living
from calsync_sandbox.demo.pages import Pages
from calsync_sandbox.demo.show import fill, play
from calsync_sandbox.flowfact import FORMS
from calsync_sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync_sandbox.demo.report import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    once: bool
    calendars: Sequence[Path]
    events: int
    as_json: bool
    exchange: Exchange
    sign_in: SignIn
    schema: str


@click.command()
@click.option("--once", is_flag=True, help="End after the scenes; exit code 0 only if all came true.")
@click.option(
    "--calendar",
    "calendars",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE.ics",
    help="Import this calendar into the mailbox; may be repeated.",
)
@click.option("--events", type=click.IntRange(min=0), default=0, help="Add so many appointments.")
@click.option(
    "--exchange", type=click.Choice(get_args(Exchange)), default="graph", help="Which Exchange to play with."
)
@click.option(
    "--sign-in",
    type=click.Choice(get_args(SignIn)),
    default="application",
    help="Who signs in to Microsoft 365: calsync itself, or the agent for it.",
)
@click.option(
    "--schema",
    type=click.Choice(list(FORMS)),
    default="appointments",
    help="In which of FLOWFACT's schemas the appointments are: with the names one expects, or with quite others.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def demo(
    once: bool,
    calendars: tuple[Path, ...],
    events: int,
    exchange: Exchange,
    sign_in: SignIn,
    schema: str,
    as_json: bool,
) -> int:
    """Watch two calendars become and stay the same, on this machine alone."""
    if sign_in == "delegated" and exchange != "graph":
        raise click.UsageError("--sign-in delegated is a way into Microsoft 365: use it with --exchange graph.")
    options = Options(
        once=once,
        calendars=calendars,
        events=events,
        as_json=as_json,
        exchange=exchange,
        sign_in=sign_in,
        schema=schema,
    )
    try:
        outcome = asyncio.run(_demo(options))
    except CalsyncError as error:
        if as_json:
            click.echo(json.dumps({"errors": str(error).splitlines()}))
        raise
    return 0 if outcome.good else 1


async def _demo(options: Options) -> Outcome:
    console = Console(quiet=options.as_json)
    pages = None if options.once else Pages()
    if pages is not None:
        pages.announce(console, "They open when the scenes below are over, in half a minute")
        console.say()
    form = FORMS[options.schema]
    async with Sandbox(exchange=options.exchange, sign_in=options.sign_in, form=form) as sandbox:
        anna, filled = fill(sandbox, options.calendars, options.events, console)
        with demo_folder() as folder:
            stage, outcome = await play(sandbox, anna, filled, folder.path, console)
            folder.failed = not outcome.good
            if options.as_json:
                click.echo(json.dumps(report.as_json(outcome)))
            report.show(console, outcome)
            if pages is not None:
                await open_office(stage, pages.port)
                await keep_living(stage, pages, _stop_on_signals())
    return outcome


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
