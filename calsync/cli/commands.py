"""calsync's own commands."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from calsync.cli import check_report, login_report, plan_report, plugin_report, sync_report
from calsync.cli.failures import DONE, FAILED, USAGE, json_even_on_failure, print_json, tell
from calsync.cli.logs import log_to_standard_error
from calsync.cli.progress import progress_bar
from calsync.cli.stopping import at_hangup, until_stopped
from calsync.cli.text import language, plain
from calsync.loader import Plugins
from calsync.results import AccountPlan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.engine import Confirmation
    from calsync.ports import DeviceCode
    from calsync.results import CheckResult, Discovered, SyncResult

configuration = click.option(
    "-c",
    "--config",
    "path",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The configuration.",
)
one_account = click.option("--account", metavar="NAME", help="Only this account.")
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
        click.echo("\n".join(check_report.lines(results)))
    errors = check_report.errors(results)
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
@one_account
@json_output
def plan(path: Path, account: str | None, as_json: bool) -> int:
    """Show what a sync would do; write nothing."""
    with json_even_on_failure(as_json, plan_report.EMPTY):
        plans, discovered = asyncio.run(_plan(path, account))
    if as_json:
        print_json(plan_report.as_json(plans, discovered))
    else:
        click.echo("\n".join(plan_report.lines(plans, language(), discovered)))
    errors = {name: result.error for name, result in plans.items() if result.error is not None}
    tell(f"{name}: {error}" for name, error in errors.items())
    return FAILED if errors else DONE


@click.command()
@configuration
@one_account
@json_output
def sync(path: Path, account: str | None, as_json: bool) -> int:
    """Sync each account once."""
    with json_even_on_failure(as_json, sync_report.EMPTY):
        result = asyncio.run(_sync(path, account))
    if as_json:
        print_json(sync_report.as_json(result))
    else:
        click.echo("\n".join(sync_report.lines(result, language())))
    failed = {name: one.error for name, one in result.accounts.items() if not one.ok}
    tell(f"{name}: {error or 'the sync failed'}" for name, error in failed.items())
    return FAILED if failed else DONE


@click.command()
@configuration
@click.argument("account")
@click.argument("plan_hash", metavar="HASH")
def confirm(path: Path, account: str, plan_hash: str) -> int:
    """Let an account write that was restored or lost, or whose direction was changed.

    HASH is the one that `calsync plan` shows: it names what is then carried out. A plan that has changed since is
    shown anew, and nothing is confirmed.
    """
    result = asyncio.run(_confirm(path, account, plan_hash))
    if result.problem is None:
        click.echo(f"{plain(account)}: confirmed; the next run carries the plan out")
        return DONE
    shown = AccountPlan(result.plan, None)
    click.echo("\n".join(plan_report.lines({account: shown}, language())))
    tell([result.problem])
    return FAILED


@click.command()
@configuration
def run(path: Path) -> int:
    """Run the service until SIGTERM or SIGINT. SIGHUP has it read the configuration anew."""
    log_to_standard_error()

    async def serve(stop: asyncio.Event) -> None:
        from calsync.app import App  # noqa: PLC0415 - see _check

        with at_hangup() as reload:
            async with App.open(path) as app:
                await app.run(stop, reload)

    asyncio.run(until_stopped(serve))
    return DONE


@click.command()
@json_output
def plugins(as_json: bool) -> int:
    """List the installed plugins and what each provides."""
    with json_even_on_failure(as_json, plugin_report.EMPTY):
        found = Plugins.find().found
    if as_json:
        print_json(plugin_report.as_json(found))
    else:
        click.echo("\n".join(plugin_report.lines(found)))
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


async def _plan(path: Path, account: str | None) -> tuple[Mapping[str, AccountPlan], Sequence[Discovered]]:
    from calsync.app import App  # noqa: PLC0415 - see _check

    async with App.open(path) as app:
        return await app.plan(account), app.discovered


async def _confirm(path: Path, account: str, plan_hash: str) -> Confirmation:
    from calsync.app import App  # noqa: PLC0415 - see _check

    async with App.open(path) as app:
        return await app.confirm(account, plan_hash)


async def _sync(path: Path, account: str | None) -> SyncResult:
    from calsync.app import App  # noqa: PLC0415 - see _check

    bar = progress_bar()
    try:
        async with App.open(path) as app:
            return await app.sync(account, bar)
    finally:
        if bar is not None:
            bar.close()
