"""calsync's own commands."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from calsync.cli import check_report, login_report, plugin_report
from calsync.cli.failures import DONE, USAGE, json_even_on_failure, print_json, tell
from calsync.cli.logs import STYLES, Style, log_to_standard_error
from calsync.cli.stopping import at_hangup, until_stopped
from calsync.cli.text import language
from calsync.loader import Plugins
from calsync.loader.details import details

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from calsync.app import App
    from calsync.ports import DeviceCode
    from calsync.results import CheckResult

configuration = click.option(
    "-c",
    "--config",
    "path",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The configuration.",
)
log_style = click.option(
    "--log",
    "style",
    type=click.Choice(STYLES),
    default="console",
    show_default=True,
    help="How it logs to standard error: lines for people, or JSON for programs.",
)
SCHEDULERS = ("process", "procrastinate")
json_output = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.command()
@configuration
@json_output
@click.option(
    "--try-writes",
    is_flag=True,
    help="Also create an event of the year 2000, change and delete it, where only that shows what a server does.",
)
def check(path: Path, as_json: bool, try_writes: bool) -> int:
    """Validate the configuration and log in everywhere."""
    with json_even_on_failure(as_json, check_report.EMPTY):
        results = asyncio.run(_check(path, try_writes=try_writes))
    if as_json:
        print_json(check_report.as_json(results))
    else:
        click.echo("\n".join(check_report.lines(results, language())))
    errors = check_report.errors(results, language())
    tell(errors)
    return USAGE if errors else DONE


@click.command()
@configuration
@click.argument("connection")
def login(path: Path, connection: str) -> int:
    """Sign in as a person to a connection that works on behalf of one."""
    who = asyncio.run(_login(path, connection))
    click.echo(login_report.done(connection, who, language()))
    return DONE


@click.command()
@configuration
@click.option(
    "--scheduler",
    type=click.Choice(SCHEDULERS),
    default=SCHEDULERS[0],
    show_default=True,
    help="Who runs the accounts: this process, or workers that Procrastinate's queue tells whose turn it is.",
)
@log_style
def run(path: Path, style: Style, scheduler: str) -> int:
    """Run the service until SIGTERM or SIGINT. SIGHUP has it read the configuration anew."""
    deferred = scheduler != SCHEDULERS[0]
    return _serve(path, style, lambda app, stop, reload: app.run(stop, reload, deferred=deferred))


@click.command()
@configuration
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="How many accounts it runs at the same time.",
)
@log_style
def worker(path: Path, style: Style, jobs: int) -> int:
    """Run accounts for `calsync run --scheduler procrastinate`, until SIGTERM or SIGINT; SIGHUP as there."""
    return _serve(path, style, lambda app, stop, reload: app.work(stop, reload, jobs))


@click.command()
@click.option("--verbose", is_flag=True, help="Import them as well: hooks, quality, and what is in the way.")
@json_output
def plugins(as_json: bool, verbose: bool) -> int:
    """List the installed plugins and what each provides."""
    with json_even_on_failure(as_json, plugin_report.EMPTY):
        found = Plugins.find()
    closely = {plugin: details(plugin) for plugin in found.found} if verbose else {}
    if as_json:
        print_json(plugin_report.as_json(found, closely))
    else:
        click.echo("\n".join(plugin_report.lines(found, closely)))
    tell(plugin_report.broken(found))
    return DONE


def _serve(path: Path, style: Style, work: Callable[[App, asyncio.Event, asyncio.Event], Awaitable[None]]) -> int:
    """Let the app work until the process is asked to stop: `work` gets it, what stops it, and what reloads it."""
    log_to_standard_error(style)

    async def until(stop: asyncio.Event) -> None:
        from calsync.app import App  # noqa: PLC0415 - see _check

        with at_hangup() as reload:
            async with App.open(path) as app:
                await work(app, stop, reload)

    asyncio.run(until_stopped(until))
    return DONE


async def _check(path: Path, *, try_writes: bool) -> Sequence[CheckResult]:
    # The app brings in every driver; `calsync --help` and `calsync plugins` do without.
    from calsync.app import App  # noqa: PLC0415

    async with App.open(path) as app:
        return await app.check(try_writes=try_writes)


async def _login(path: Path, connection: str) -> str:
    from calsync.app import App  # noqa: PLC0415 - see _check

    async with App.open(path) as app:
        return await app.sign_in(connection, _invite)


def _invite(device: DeviceCode) -> None:
    click.echo("\n".join(login_report.invitation(device, language())))
