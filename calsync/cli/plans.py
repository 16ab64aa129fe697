"""The commands about plans: show one, carry one out, confirm what waits for a person."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from calsync.cli import plan_report, sync_report
from calsync.cli.accounts import who
from calsync.cli.commands import configuration, json_output
from calsync.cli.failures import DONE, FAILED, json_even_on_failure, print_json, tell
from calsync.cli.progress import progress_bar
from calsync.cli.text import language, plain
from calsync.plan_file import expect_free
from calsync.results import AccountPlan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.engine import Confirmation
    from calsync.reasons import Language
    from calsync.results import Discovered, SyncResult

CONFIRMED: Mapping[Language, str] = {
    "en": "confirmed; the next run carries the plan out",
    "de": "bestätigt; der nächste Lauf führt den Plan aus",
}
one_account = click.option("--account", metavar="NAME", help="Only this account.")


@click.command()
@configuration
@click.argument("accounts", nargs=-1, metavar="[ACCOUNT]...")
@one_account
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Keep the plan in a new file, for `calsync sync --plan`. It holds what stands in the calendars.",
)
@json_output
def plan(path: Path, accounts: tuple[str, ...], account: str | None, out: Path | None, as_json: bool) -> int:
    """Show what a sync would do, of all accounts or of some; write nothing to them."""
    with json_even_on_failure(as_json, plan_report.EMPTY):
        plans, discovered = asyncio.run(_plan(path, [*accounts, *([account] if account else [])], out))
    errors = {name: result.error for name, result in plans.items() if result.error is not None}
    if as_json:
        print_json(plan_report.as_json(plans, discovered))
    else:
        kept = out if not errors else None
        click.echo("\n".join(plan_report.lines(plans, language(), discovered, kept)))
    tell(f"{name}: {error}" for name, error in errors.items())
    if errors and out is not None:
        tell([f"{out}: was not written, as not every account could be planned"])
    return FAILED if errors else DONE


@click.command()
@configuration
@one_account
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Carry out exactly the plan of this file, made by `calsync plan --out`; nothing if it has changed.",
)
@json_output
def sync(path: Path, account: str | None, plan_file: Path | None, as_json: bool) -> int:
    """Sync each account once."""
    with json_even_on_failure(as_json, sync_report.EMPTY):
        result = asyncio.run(_sync(path, account, plan_file))
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
        click.echo(f"{plain(account)}: {CONFIRMED[language()]}")
        return DONE
    shown = AccountPlan(result.plan, None)
    click.echo("\n".join(plan_report.lines({account: shown}, language())))
    tell([result.problem])
    return FAILED


async def _plan(
    path: Path, accounts: Sequence[str], out: Path | None
) -> tuple[Mapping[str, AccountPlan], Sequence[Discovered]]:
    from calsync.app import App  # noqa: PLC0415 - it brings in every driver

    if out is not None:
        expect_free(out)
    async with App.open(path) as app:
        plans = await app.plan(*accounts)
        if out is not None and all(one.error is None for one in plans.values()):
            app.write_plans(out, plans)
        return plans, app.discovered


async def _confirm(path: Path, account: str, plan_hash: str) -> Confirmation:
    from calsync.app import App  # noqa: PLC0415 - see _plan

    async with App.open(path) as app:
        return await app.confirm(account, plan_hash, who())


async def _sync(path: Path, account: str | None, plan_file: Path | None) -> SyncResult:
    from calsync.app import App  # noqa: PLC0415 - see _plan

    bar = progress_bar()
    try:
        async with App.open(path) as app:
            return await app.sync(account, bar, plan=plan_file, who=who())
    finally:
        if bar is not None:
            bar.close()
