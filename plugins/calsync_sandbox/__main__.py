"""`python -m calsync_sandbox`: the sandbox in a process of its own, for benchmarks and for trying things out."""

from __future__ import annotations

import asyncio
import json
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import click

from calsync_sandbox.configuration import Exchange
from calsync_sandbox.sandbox import Account, Person, Sandbox
from calsync_sandbox.seed import seed, seed_many


@click.command()
@click.option("--events", type=click.IntRange(min=0), default=0, help="Add so many appointments.")
@click.option(
    "--calendar",
    "calendars",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="Import this .ics file into the mailbox; may be repeated.",
)
@click.option(
    "--exchange", type=click.Choice(get_args(Exchange)), default="graph", help="Which Exchange to serve."
)
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="Write the configuration here.")
def main(events: int, calendars: tuple[Path, ...], exchange: Exchange, folder: Path) -> None:
    """Print one JSON line with the servers' addresses and the configuration; serve until SIGTERM."""
    asyncio.run(_serve(events, calendars, exchange, folder))


async def _serve(events: int, calendars: tuple[Path, ...], exchange: Exchange, folder: Path) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Sandbox(exchange=exchange) as sandbox:
        anna = _filled(sandbox, events, calendars)
        configuration = sandbox.write_configuration(folder, [Account(name="anna", person=anna)])
        told = {server.name: server.url for server in sandbox.servers} | {"configuration": str(configuration)}
        click.echo(json.dumps(told))
        await stop.wait()


def _filled(sandbox: Sandbox, events: int, calendars: tuple[Path, ...]) -> Person:
    anna = sandbox.add_person("anna@example.de", first="Anna", last="Beispiel")
    now = datetime.fromtimestamp(sandbox.now(), UTC)
    seed(sandbox.flowfact, anna.user, anna.mailbox, now)
    seed_many(sandbox.flowfact, anna.user, anna.mailbox, now, events)
    for path in calendars:
        sandbox.import_calendar(path, anna)
    return anna


if __name__ == "__main__":
    main()
