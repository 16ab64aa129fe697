"""The provider keeps every promise of a calendar, on FLOWFACT tenants of different habits."""

import html
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import voluptuous as vol

from calsync.http import HttpFactory
from calsync.ports import Calendar, CalendarRequest, Host, Learnt, Provider, SystemClock
from calsync.sync.model import AllDay, Changes, Event, Need, Timed, Value, When
from calsync.testing.contract import CalendarContract, UnderTest
from calsync.testing.contract.case import WHEN
from calsync.testing.contract.listening import ListeningContract
from calsync.testing.contract.values import WHENS
from calsync.values import replace
from calsync_flowfact import PROVIDER
from calsync_flowfact.provider import FlowfactProvider
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
    codecs: Mapping[str, Any]
    notes: Callable[[str], str]
    time: Callable[[datetime], Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    days: Callable[[AllDay], Mapping[str, Any]] | None = None
    """Start, end and what says that they are days, where that is not two midnights and a tick."""
    timed: Mapping[str, Any] = field(default_factory=lambda: {"all_day": False})

    def settings(self) -> dict[str, Any]:
        fields: dict[str, Any] = {key: {"field": name} for key, name in self.fields.items()}
        for key, codec in self.codecs.items():
            fields[key] = fields.get(key, {}) | (codec if isinstance(codec, dict) else {"codec": codec})
        unmapped = {key: {"field": None} for key in ("series", "private") if key not in self.fields}
        return {"schema": self.schema, "fields": fields | unmapped, **self.options}

    def stored(self, changes: Mapping[str, Value]) -> dict[str, Any]:
        """Return synced fields as FLOWFACT's own user interface would store them."""
        values: dict[str, Any] = {}
        for name, value in changes.items():
            match value:
                case Timed():
                    values |= {"start": self.time(value.start), "end": self.time(value.end), **self.timed}
                case AllDay() if self.days is not None:
                    values |= self.days(value)
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
        "location": "location_description",
        "types": "kind",
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
        "location": "treffpunkt",
        "types": "art",
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
GERMAN = replace(
    LOCAL,
    codecs=dict.fromkeys(("start", "end", "reminder"), "german_local"),
    time=lambda when: f"{when.astimezone(BERLIN):%d.%m.%Y %H:%M}",
)

WITHOUT_TICK = {key: name for key, name in RENAMED.fields.items() if key != "all_day"}
LAST_MINUTE = replace(
    RENAMED,
    options={"all_day_end": "last_minute"},
    days=lambda when: {
        "all_day": True,
        "start": RENAMED.time(midnight(when.first)),
        "end": RENAMED.time(midnight(when.after) - timedelta(minutes=1)),
    },
)
WHOLE_DAYS = replace(
    RENAMED,
    fields=WITHOUT_TICK,
    codecs={**RENAMED.codecs, "all_day": "whole_days"},
    days=lambda when: {
        "start": RENAMED.time(midnight(when.first)),
        "end": RENAMED.time(midnight(when.after)),
    },
    timed={},
)
DATES = replace(
    LOCAL,
    fields=WITHOUT_TICK,
    codecs={**LOCAL.codecs, "all_day": "date"},
    options={"all_day_end": "inclusive"},
    days=lambda when: {"start": str(when.first), "end": str(when.after - timedelta(days=1))},
    timed={},
)
GERMAN_DATES = replace(
    DATES,
    codecs={**GERMAN.codecs, "all_day": "date"},
    time=GERMAN.time,
    days=lambda when: {"start": f"{when.first:%d.%m.%Y}", "end": f"{when.after - timedelta(days=1):%d.%m.%Y}"},
)
LISTED = replace(
    RENAMED,
    fields={**RENAMED.fields, "all_day": "dauer"},
    codecs={**RENAMED.codecs, "all_day": {"codec": "list", "values": ["ganztags"], "otherwise": "stunden"}},
    days=lambda when: {
        "all_day": "ganztags",
        "start": RENAMED.time(midnight(when.first)),
        "end": RENAMED.time(midnight(when.after)),
    },
    timed={"all_day": "stunden"},
)


class FlowfactUnderTest(UnderTest):
    page_size = 3
    has = frozenset({"location", "types"})
    provider: Provider
    request: CalendarRequest

    def __init__(self, calendar: Calendar, server: FlowfactServer, form: Form, user: User, mails: MailLog) -> None:
        self.calendar = calendar
        self.tells_hours_apart = form.codecs.get("start") not in {"iso_local", "german_local"}
        self.a_type = "viewing" if form.schema == "appointments" else "besichtigung"
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

    async def user_move_away(self, event_id: str) -> None:
        ben = self._server.add_user("ben@example.de", first="Ben", last="Beispiel")
        self._server.patch(event_id, {self._form.fields["owner"]: [ben["id"]]}, user=self._user)

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

    async def opened_for(self, needs: frozenset[Need]) -> Calendar:
        return await self.provider.open(replace(self.request, needs=needs))

    async def user_say(self, event_id: str, need: Need, value: str) -> None:
        self._server.patch(event_id, {self._form.fields[need]: value}, user=self._user)

    async def stored_location(self, event_id: str) -> str:
        return str((self._values(event_id, "location") or [""])[0])


class Remembered(Learnt):
    def __init__(self) -> None:
        self.content: Mapping[str, Any] = {}

    def read(self) -> Mapping[str, Any]:
        return self.content

    def write(self, content: Mapping[str, Any]) -> None:
        self.content = content


@asynccontextmanager
async def opened(
    switches: Switches,
    form: Form = APPOINTMENTS,
    options: Mapping[str, Any] = MappingProxyType({}),
    *,
    probed: bool = False,
    poll_seconds: float = 0,
) -> AsyncIterator[UnderTest]:
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
            **options,
        }
    )
    host = Host(
        connection="flowfact",
        clock=clock,
        random=random.Random(1),
        http=HttpFactory(clock),
        learnt=Remembered(),
        poll_seconds=lambda: poll_seconds,
    )
    provider = PROVIDER.open(settings, host)
    try:
        user = server.add_user("anna@example.de", first="Anna", last="Muster")
        if probed:
            assert isinstance(provider, FlowfactProvider)
            await provider.inquiry().probe(write=True)
        await provider.login()
        request = CalendarRequest(account="anna", settings={"user": "anna@example.de"}, timezone=BERLIN)
        under_test = FlowfactUnderTest(await provider.open(request), server, form, user, mails)
        under_test.provider, under_test.request = provider, request
        yield under_test
    finally:
        await provider.close()
        await server.stop()


class TestAsDocumented(CalendarContract):
    @pytest.fixture
    async def calendar_under_test(self) -> AsyncIterator[UnderTest]:
        async with opened(Switches()) as under_test:
            yield under_test


class TestItsDoorbell(ListeningContract):
    """The tenant is polled for whoever listens."""

    @pytest.fixture
    async def calendar_under_test(self) -> AsyncIterator[UnderTest]:
        async with opened(Switches(), poll_seconds=0.1) as under_test:
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


@pytest.mark.parametrize(
    "form", [RENAMED, LOCAL, GERMAN], ids=["html-epoch_s", "text-iso_local", "text-german_local"]
)
class TestOfAnotherSchema(CalendarContract):
    """A customer's own appointments: other names, notes as HTML, other forms of time."""

    @pytest.fixture
    async def calendar_under_test(self, form: Form) -> AsyncIterator[UnderTest]:
        async with opened(Switches(), form) as under_test:
            yield under_test


@pytest.mark.parametrize(
    "form", [LAST_MINUTE, DATES, GERMAN_DATES, LISTED], ids=["last_minute", "date", "german_date", "list"]
)
class TestOfOtherDays(CalendarContract):
    """All-day appointments in whichever form a tenant uses."""

    @pytest.fixture
    async def calendar_under_test(self, form: Form) -> AsyncIterator[UnderTest]:
        async with opened(Switches(), form) as under_test:
            yield under_test


TOLD_APART = [when for name, when in WHENS.items() if name != "midnight to midnight, timed"]


class TestOfWholeDays(CalendarContract):
    """Nothing but its times says that an appointment is all-day: one from midnight to midnight always is."""

    @pytest.fixture
    async def calendar_under_test(self) -> AsyncIterator[UnderTest]:
        async with opened(Switches(), WHOLE_DAYS) as under_test:
            yield under_test

    @pytest.mark.parametrize("when", TOLD_APART)
    async def test_times_are_kept(self, calendar_under_test: UnderTest, when: When) -> None:
        await super().test_times_are_kept(calendar_under_test, when)

    @pytest.mark.parametrize("when", TOLD_APART)
    async def test_times_that_users_choose_are_read(self, calendar_under_test: UnderTest, when: When) -> None:
        await super().test_times_that_users_choose_are_read(calendar_under_test, when)


EACH_SWITCH: Mapping[str, tuple[Switches, Mapping[str, Any]]] = {
    "quoted_id": (Switches(create_response="quoted_id"), {}),
    "entity": (Switches(create_response="entity"), {}),
    "empty": (Switches(patch_response="empty"), {}),
    "strict_fields": (Switches(strict_fields="ignore"), {}),
    "empty_values": (Switches(empty_values="ignore"), {"clear_strategy": "empty_string"}),
    "metadata_filter": (Switches(metadata_filter="400"), {}),
    "max_page_size": (Switches(max_page_size=2), {}),
    "max_window": (Switches(max_window=9), {}),
    "last_modified_on_create": (Switches(last_modified_on_create=True), {}),
    "timestamp_moves": (Switches(timestamp_moves=True), {}),
    "unauthorized_status": (Switches(unauthorized_status=403), {}),
    "rights": (Switches(rights=frozenset({"create", "UPDATE", "DELETE"})), {}),
    "stable": (Switches(version_prefix="stable"), {"path_prefix": "stable"}),
    "latest": (Switches(version_prefix="latest"), {"path_prefix": "latest"}),
}
"""Every switch set the other way, with what a user would configure for it. Three say when a server answers,
not what: `search_lag`, `token_seconds` and `rate_limit`, which whole syncs are tried with."""

TENANTS = pytest.mark.parametrize("form", [APPOINTMENTS, RENAMED], ids=["guessed", "renamed"])


@TENANTS
class TestTrashInSearch(CalendarContract):
    """A search finds what was deleted, too, and somebody has probed that."""

    @pytest.fixture
    async def calendar_under_test(self, form: Form) -> AsyncIterator[UnderTest]:
        options = {"overlap_seconds": 0}
        async with opened(Switches(trash_in_search=True), form, options, probed=True) as under_test:
            yield under_test


@TENANTS
@pytest.mark.parametrize("switch", EACH_SWITCH)
class TestEachSwitch(CalendarContract):
    """One habit of the server is another one."""

    @pytest.fixture
    async def calendar_under_test(self, form: Form, switch: str) -> AsyncIterator[UnderTest]:
        switches, options = EACH_SWITCH[switch]
        async with opened(switches, form, options) as under_test:
            yield under_test
