"""The command line. Commands are thin: they ask the app and print.

Exit codes: 0 done (skipped, held and blocked events are reported, not failures), 1 an account failed,
2 configuration, login or usage, 75 a rule hung (`calsync run`; start it again), 130 interrupted from the keyboard.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

import click

from calsync.cli import (
    accounts,
    backups,
    commands,
    conformance,
    explain,
    export,
    holds,
    keys,
    leaving,
    new,
    plans,
    showing,
    stores,
    undo,
    users,
)
from calsync.cli.bugs import tell_bugs_without_their_texts
from calsync.cli.failures import DONE, FAILED, INTERRUPTED, USAGE, exit_code, flattened, of_click, tell
from calsync.cli.group import PluginGroup
from calsync.errors import CalsyncError, reason

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.group(cls=PluginGroup, invoke_without_command=True)
@click.pass_context
def cli(context: click.Context) -> None:
    """Keep a FLOWFACT calendar and an Outlook calendar the same, without mailing anybody."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (
    commands.check,
    commands.login,
    plans.plan,
    plans.sync,
    commands.run,
    commands.worker,
    plans.confirm,
    commands.plugins,
    conformance.conformance,
    new.new,
    showing.status,
    showing.activity,
    explain.explain,
    accounts.switch,
    accounts.direction,
    holds.holds,
    holds.decide,
    backups.backup,
    backups.restore,
    stores.store,
    keys.rotate,
    export.export,
    undo.undo,
    leaving.leave,
    leaving.export,
    leaving.erase,
    users.user,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        # A subject may hold what the terminal's encoding lacks; that must not end the program.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # both are text streams
    tell_bugs_without_their_texts()
    # Thousands of events live as long as their run: looking through them for garbage again and again finds none.
    # But whatever waits to be looked through is memory that a service holds, so it may not be much more than that.
    gc.set_threshold(10_000, 10, 10)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Expected errors become one line each on standard error."""
    try:
        result = cli.main(list(arguments), prog_name="calsync", standalone_mode=False)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "calsync"
        tell([f"{error.format_message()} See {where} --help."])
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        tell(["interrupted; nothing is lost, the next run goes on from here"])
        return INTERRUPTED
    except (CalsyncError, ExceptionGroup) as error:
        failures = flattened(error)
        tell(line for failure in failures for line in str(failure).splitlines())
        return max(exit_code(failure) for failure in failures)
    except SystemExit as error:
        if of_click(error):
            raise
        tell([reason(error)])  # calsync's own code raises none: a plugin or a library wants to end the program
        return error.code if isinstance(error.code, int) and error.code else FAILED
    return result if isinstance(result, int) else DONE
