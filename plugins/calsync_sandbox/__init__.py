"""The sandbox: FLOWFACT and Exchange on loopback, with faults and a counter of mails, and `calsync demo`.

Servers: `flowfact`; `graph` and `ews`, the two faces of a `mailbox`; `authority` for their tokens. What all share
is in `server`, `faults`, `rate` and `mail`. `sandbox` starts them together, `seed` and `ics` fill them, `judge`
tells whether both sides are the same, and `demo` shows it.
"""

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
