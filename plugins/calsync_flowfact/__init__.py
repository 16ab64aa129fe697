"""The provider `flowfact`: appointments of the FLOWFACT cloud CRM, through its REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.hookspecs import hookimpl
from calsync.ports import ProviderSpec
from calsync_flowfact.config import CALENDAR_SCHEMA, CONNECTION_SCHEMA
from calsync_flowfact.form import CALENDAR_FORM, FORM
from calsync_flowfact.provider import open_provider

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

    from calsync.ports import OpenConnection

PROVIDER = ProviderSpec(
    name="flowfact",
    connection_schema=CONNECTION_SCHEMA,
    calendar_schema=CALENDAR_SCHEMA,
    open=open_provider,
    person_key="user_id",
    address_key="user",
    form=FORM,
    calendar_form=CALENDAR_FORM,
    asked="fields",
)


@hookimpl
def calsync_commands(cli: click.Group, open_connection: OpenConnection) -> None:
    """Add `calsync flowfact`."""
    from calsync_flowfact.commands import flowfact  # noqa: PLC0415 - the provider alone needs no command line

    cli.add_command(flowfact(open_connection))


@hookimpl
def calsync_providers() -> Sequence[ProviderSpec]:
    """Hand over the one provider of this plugin."""
    return (PROVIDER,)
