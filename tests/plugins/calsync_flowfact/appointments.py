"""Appointments on a FLOWFACT server on loopback: entered there, and read by the provider."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from calsync.sync.model import Draft, Timed
from tests.plugins.calsync_flowfact.conftest import WINDOW

if TYPE_CHECKING:
    from calsync.ports import Calendar, Page

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
WHEN = Timed(START, START + timedelta(hours=1))
DRAFT = Draft(summary="Notartermin", when=WHEN, description="Ausweise", reminder=15)
MARKER = "v1:anna:1:2"
MS = int(START.timestamp() * 1000)


def fields_of(loopback: Any, **more: Any) -> dict[str, Any]:
    return {
        "subject": "Besichtigung",
        "message": "Notiz",
        "start_date": MS,
        "end_date": MS + 3_600_000,
        "isFullDayAppointment": False,
        "assignee": [loopback.anna["id"]],
        "kind": "viewing",
        "location_description": "Gartenstraße 5",
        "participants": ["c1", "c2"],
    } | more


def created(loopback: Any, **more: Any) -> str:
    entity = loopback.server.create("appointments", fields_of(loopback, **more), user=loopback.anna)
    return str(entity["id"])


async def pages(calendar: Calendar, token: str | None = None) -> list[Page]:
    return [page async for page in calendar.changes(token, WINDOW)]


async def known(calendar: Calendar) -> str:
    """Read the calendar once, so that it knows the server's habits; return the token."""
    token = (await pages(calendar))[-1].token
    assert token
    return token
