"""The provider `caldav`: calendars of CalDAV servers (RFC 4791), followed by their sync reports (RFC 6578)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.hookspecs import hookimpl
from calsync.ports import ProviderSpec
from calsync_caldav.config import CALENDAR_SCHEMA, CONNECTION_SCHEMA
from calsync_caldav.form import CALENDAR_FORM, FORM
from calsync_caldav.provider import open_provider

if TYPE_CHECKING:
    from collections.abc import Sequence

PROVIDER = ProviderSpec(
    name="caldav",
    connection_schema=CONNECTION_SCHEMA,
    calendar_schema=CALENDAR_SCHEMA,
    open=open_provider,
    form=FORM,
    calendar_form=CALENDAR_FORM,
)


@hookimpl
def calsync_providers() -> Sequence[ProviderSpec]:
    """Hand over the one provider of this plugin."""
    return (PROVIDER,)
