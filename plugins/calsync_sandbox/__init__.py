"""The sandbox: FLOWFACT and Microsoft 365 on loopback, with faults and a counter of mails, and `calsync demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.hookspecs import hookimpl

if TYPE_CHECKING:
    import click


@hookimpl
def calsync_commands(cli: click.Group) -> None:
    """Add `calsync demo`."""
    from calsync_sandbox.demo.command import demo  # noqa: PLC0415 - the servers alone need no icalendar

    cli.add_command(demo)
