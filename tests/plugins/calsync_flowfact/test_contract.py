"""The provider keeps every promise of a calendar, on FLOWFACT tenants of different habits."""

import html
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import voluptuous as vol

from calsync.http import HttpFactory
from calsync.ports import Calendar, CalendarRequest, Host, SystemClock
from calsync.sync.model import AllDay, Changes, Event, Timed, Value
from calsync.testing.contract import CalendarContract, UnderTest
from calsync.testing.contract.case import WHEN
from calsync_flowfact import PROVIDER
from calsync_sandbox.flowfact import FlowfactServer, Switches
from calsync_sandbox.flowfact.users import User
from calsync_sandbox.mail import MailLog

BERLIN = ZoneInfo("Europe/Berlin")
CONTACT = "0c0c0c0c-1d1d-4e4e-8f8f-2a2a2a2a2a2a"


@dataclass(frozen=True)
class Form:
    """How one schema stores an appointment: its field names, its notes and its times."""

    schema: str
    fields: Mapping[str, str]
    codecs: Mapping[str, str]
    notes: Callable[[str], str]
    time: Callable[[datetime], Any]

    def settings(self) -> dict[str, Any]:
        fields = {key: {"field": field} for key, field in self.fields.items()}
        for key, codec in self.codecs.items():
            fields[key] |= {"codec": codec}
        unmapped = {key: {"field": None} for key in ("series", "private") if key not in self.fields}
        return {"schema": self.schema, "fields": fields | unmapped}

    def stored(self, changes: Mapping[str, Value]) -> dict[str, Any]:
        """Return synced fields as FLOWFACT's own user interface would store them."""
        values: dict[str, Any] = {}
        for name, value in changes.items():
            match value:
                case Timed():
                    values |= {"all_day": False, "start": self.time(value.start), "end": self.time(value.end)}
                case AllDay():
                    start, end = midnight(value.first), midnight(value.after)
                    values |= {"all_day": True, "start": self.time(start), "end": self.time(end)}
                case _:
                    values[name] = self.notes(value) if name == "description" else value
        return {self.fields[key]: value for key, value in values.items()}


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), BERLIN)


APPOINTMENTS = Form(
    schema="appointments",
    fields={
        "summary": "subject",
        "description": "message",
        "start": "start_date",
        "end": "end_date",
        "all_day": "isFullDayAppointment",
        "owner": "assignee",
        "attendee_count": "participants",
        "marker": "calsync_marker",
        "reminder": "reminder_date",
        "series": "recurrence",
        "private": "private",
    },
    codecs={},
    notes=str,
    time=lambda when: round(when.timestamp() * 1000),
)
RENAMED = Form(
    schema="termine_neu",
    fields={
        "summary": "titel",
        "description": "notiz",
        "start": "beginn",
        "end": "ende",
        "all_day": "ganztags",
        "owner": "betreuer",
        "attendee_count": "beteiligte",
        "marker": "abgleich",
        "reminder": "erinnerung",
        "private": "vertraulich",
    },
    codecs={"description": "html", "start": "epoch_s", "end": "epoch_s", "reminder": "epoch_s"},
    notes=lambda text: f"<p>{html.escape(text)}</p>",
    time=lambda when: round(when.timestamp()),
)
LOCAL = replace(
    RENAMED,
    codecs=dict.fromkeys(("start", "end", "reminder"), "iso_local"),
    notes=str,
    time=lambda when: when.astimezone(BERLIN).replace(tzinfo=None).isoformat(),
)


class FlowfactUnderTest(UnderTest):
    page_size = 3

    def __init__(self, calendar: Calendar, server: FlowfactServer, form: Form, user: User, mails: MailLog) -> None:
        self.calendar = calendar
        self._server = server
        self._form = form
        self._user = user
        self._mails = mails

    async def user_create(self, event: Event) -> str:
        values = {"summary": event.summary, "when": event.when, "description": event.description}
        fields = self._form.stored(values) | {self._form.fields["owner"]: [self._user["id"]]}
        entity_id: str = self._server.create(self._form.schema, fields, user=self._user)["id"]
        return entity_id

    async def user_edit(self, event_id: str, changes: Changes) -> None:
        fields = self._form.stored({str(name): value for name, value in changes.items()})
        self._server.patch(event_id, fields, user=self._user)

    async def user_delete(self, event_id: str) -> None:
        self._server.delete(event_id, user=self._user)

    async def user_invite(self, event_id: str) -> None:
        self._server.patch(event_id, {self._form.fields["attendee_count"]: [CONTACT]}, user=self._user)

    async def user_uninvite(self, event_id: str) -> None:
        self._server.patch(event_id, {self._form.fields["attendee_count"]: None}, user=self._user)

    async def reminder_minutes(self, event_id: str) -> int | None:
        reminders = self._values(event_id, "reminder")
        if not reminders:
            return None
        leads = {self._form.time(WHEN.start - timedelta(minutes=minutes)): minutes for minutes in range(120)}
        return leads[reminders[0]]

    def _values(self, event_id: str, key: str) -> list[Any]:
        values: list[Any] = self._server.entities[event_id].get(self._form.fields[key], {}).get("values", [])
        return values

    async def lost_token(self, token: str) -> str:
        return token[:-1]

    def mails(self) -> int:
        return self._mails.count


@asynccontextmanager
async def opened(switches: Switches, form: Form = APPOINTMENTS) -> AsyncIterator[UnderTest]:
    """Start a tenant of these habits, and open the calendar of one of its users."""
    mails, clock = MailLog(), SystemClock()
    server = FlowfactServer(mails)
    for name in switches.__dataclass_fields__:
        setattr(server.switches, name, getattr(switches, name))
    await server.start()
    settings = vol.Schema(PROVIDER.connection_schema)(
        {
            "api_token": server.api_token,
            "base_url": server.url,
            "page_size": FlowfactUnderTest.page_size,
            **form.settings(),
        }
    )
    host = Host(connection="flowfact", clock=clock, random=random.Random(1), http=HttpFactory(clock))
    provider = PROVIDER.open(settings, host)
    try:
        user = server.add_user("anna@example.de", first="Anna", last="Muster")
        await provider.login()
        request = CalendarRequest(account="anna", settings={"user": "anna@example.de"}, timezone=BERLIN)
        yield FlowfactUnderTest(await provider.open(request), server, form, user, mails)
    finally:
        await provider.close()
        await server.stop()


class TestAsDocumented(CalendarContract):
    @pytest.fixture
    async def calendar_under_test(self) -> AsyncIterator[UnderTest]:
        async with opened(Switches()) as under_test:
            yield under_test


class TestTalkative(CalendarContract):
    """Writes answer the stored entity, and what is new counts as modified."""

    @pytest.fixture
    async def calendar_under_test(self) -> AsyncIterator[UnderTest]:
        switches = Switches(create_response="entity", last_modified_on_create=True, timestamp_moves=True)
        async with opened(switches) as under_test:
            yield under_test


class TestTaciturn(CalendarContract):
    """Writes answer as little as they can, and searches take no condition on metadata."""

    @pytest.fixture
    async def calendar_under_test(self) -> AsyncIterator[UnderTest]:
        switches = Switches(
            create_response="quoted_id", patch_response="empty", metadata_filter="400", strict_fields="ignore"
        )
        async with opened(switches) as under_test:
            yield under_test


@pytest.mark.parametrize("form", [RENAMED, LOCAL], ids=["html-epoch_s", "text-iso_local"])
class TestOfAnotherSchema(CalendarContract):
    """A customer's own appointments: other names, notes as HTML, other forms of time."""

    @pytest.fixture
    async def calendar_under_test(self, form: Form) -> AsyncIterator[UnderTest]:
        async with opened(Switches(), form) as under_test:
            yield under_test
