"""The provider `graph`: calendars of Microsoft 365, through Microsoft Graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.hookspecs import hookimpl
from calsync.ports import OwnConnection, ProviderSpec
from calsync_graph.config import CALENDAR_SCHEMA, CONNECTION_SCHEMA, own_settings
from calsync_graph.form import CALENDAR_FORM, FORM
from calsync_graph.provider import open_provider

if TYPE_CHECKING:
    from collections.abc import Sequence

PROVIDER = ProviderSpec(
    name="graph",
    connection_schema=CONNECTION_SCHEMA,
    calendar_schema=CALENDAR_SCHEMA,
    open=open_provider,
    address_key="mailbox",
    form=FORM,
    calendar_form=CALENDAR_FORM,
    own=OwnConnection(settings=own_settings),
)


@hookimpl
def calsync_providers() -> Sequence[ProviderSpec]:
    """Hand over the one provider of this plugin."""
    return (PROVIDER,)
