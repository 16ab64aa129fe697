"""A FLOWFACT tenant in memory for the feed, one on loopback for the whole provider, and settings for both."""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import pytest
import voluptuous as vol

from calsync.http import HttpFactory
from calsync.ports import CalendarRequest, Host, Provider
from calsync.sync.model import Window
from calsync.testing import FakeClock
from calsync_flowfact import PROVIDER
from calsync_flowfact.config import Settings, settings_of
from calsync_flowfact.entity import (
    Buried,
    BuriedPage,
    Entity,
    Hits,
    created_ms,
    entity_id,
    metadata,
    user_ids,
    values,
)
from calsync_flowfact.failures import NoRight, Rejected
from calsync_flowfact.feed import Feed
from calsync_flowfact.habits import NOTHING_KNOWN, Habits
from calsync_flowfact.mapping import EntityMapping
from calsync_flowfact.query import Queries
from calsync_flowfact.tenant_feed import TenantFeed
from calsync_flowfact.trash import Trash
from calsync_sandbox.flowfact import FlowfactServer
from calsync_sandbox.mail import MailLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from calsync.ports import Calendar

BERLIN = ZoneInfo("Europe/Berlin")
MAPPED = {"marker": "calsync_marker", "reminder": "reminder_date", "series": "recurrence", "private": "private"}
WINDOW = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))
OVERLAP = 120
"""Seconds: `overlap_seconds` where nobody sets it."""


def make_settings(**options: Any) -> Settings:
    schema = vol.Schema(dict(PROVIDER.connection_schema))
    fields = {key: {"field": name} for key, name in MAPPED.items()} | options.pop("fields", {})
    return settings_of(
        schema({"api_token": "t", "base_url": "https://crm.example.de", "fields": fields} | options)
    )


def make_mapping(**options: Any) -> EntityMapping:
    return EntityMapping(make_settings(**options), "anna", "api", BERLIN)


@dataclass
class TenantInMemory:
    """Stands in for the client: entities, a trash, and a search in which each write shows up after its own lag."""

    clock: FakeClock
    name: str = "flowfact"
    live: dict[str, Entity] = field(default_factory=dict)
    buried: list[Buried] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    ranges: bool = True
    reach: int = 10_000
    counts: int = sys.maxsize
    """How far it counts."""
    trash_visible: bool = True
    sorts: bool = True
    missing_first: bool = False
    shows_trash: bool = False
    before_search: Callable[[], None] | None = None
    _index: dict[str, Entity] = field(default_factory=dict)
    _coming: list[tuple[datetime, str, Entity | None]] = field(default_factory=list)
    _last: int = 0

    def create(self, *, owner: str = "anna", lag: float = 0, start: datetime | None = None) -> str:
        now, begin = self._tick(), self._ms(start or self.clock.now())
        found = f"e{len(self.live) + len(self.buried)}-{now}"
        entity: Entity = {
            "id": found,
            "_metadata": {"createdTimestamp": now, "timestamp": now, "creator": "somebody"},
            "subject": {"values": ["Besichtigung"]},
            "start_date": {"values": [begin]},
            "end_date": {"values": [begin + 3_600_000]},
            "assignee": {"values": [owner]},
        }
        self._put(found, entity, lag)
        return found

    def modify(self, event_id: str, *, lag: float = 0, **fields: Any) -> None:
        old = self.live[event_id]
        stamp = {"lastModifiedTimestamp": self._tick(), "lastModifier": "somebody"}
        changed = {name: {"values": [value]} for name, value in fields.items()}
        self._put(event_id, old | changed | {"_metadata": metadata(old) | stamp}, lag)

    def delete(self, event_id: str, *, lag: float = 0) -> None:
        entity = self.live[event_id]
        owners = user_ids(entity, "assignee")
        self.buried.insert(0, Buried(event_id, self._tick(), created_ms(entity), owners))
        self._put(event_id, None, lag)

    def index(self, event_id: str, entity: Entity) -> None:
        """Put something into the search only."""
        self._index[event_id] = entity

    async def search(self, query: Mapping[str, Any], offset: int, size: int) -> Hits:
        self.requests.append("search")
        if self.before_search:
            self.before_search()
        found = [
            entity for entity in self._visible() if all(self._holds(one, entity) for one in query["conditions"])
        ]
        for sort in reversed(query["sorts"] if self.sorts else ()):
            key = sort["field"].removeprefix("_metadata.")
            having = [entity for entity in found if key in metadata(entity)]
            having.sort(key=lambda entity: int(metadata(entity)[key]), reverse=sort["direction"] == "DESC")
            missing = [entity for entity in found if key not in metadata(entity)]
            found = missing + having if self.missing_first else having + missing
        if offset + size > self.reach:
            raise Rejected("too deep")
        return Hits(tuple(found[offset : offset + size]), min(len(found), self.counts), self._ms(self.clock.now()))

    async def trash(self, page: int, size: int) -> BuriedPage:
        self.requests.append("trash")
        if not self.trash_visible:
            raise NoRight("no right")
        return BuriedPage(tuple(self.buried[(page - 1) * size : page * size]), len(self.buried))

    def _holds(self, condition: Mapping[str, Any], entity: Entity) -> bool:
        if condition["type"] == "entityId":
            return entity_id(entity) in condition["values"]
        if condition["type"] == "hasField":
            return condition["field"].removeprefix("_metadata.") in metadata(entity)
        if condition["type"] == "hasFieldWithValue":
            return condition["value"] in values(entity, condition["field"])
        if not self.ranges:
            raise Rejected("no ranges")
        start, end = values(entity, condition["rangeStart"]), values(entity, condition["rangeEnd"])
        span = condition["value"]
        return bool(start and end) and start[0] <= span["to"] and end[0] >= span["from"]

    def _visible(self) -> Sequence[Entity]:
        due = [one for one in self._coming if one[0] <= self.clock.now()]
        self._coming = [one for one in self._coming if one[0] > self.clock.now()]
        for _, found, entity in due:
            self._show(found, entity)
        return list(self._index.values())

    def _show(self, found: str, entity: Entity | None) -> None:
        """Let the index take a write over; one that comes late never replaces a later one."""
        if entity is None and not self.shows_trash:
            self._index.pop(found, None)
        elif (
            entity
            and (found in self.live or self.shows_trash)
            and self._version(entity) >= self._version(self._index.get(found, {}))
        ):
            self._index[found] = entity

    def _version(self, entity: Entity) -> int:
        return int(metadata(entity).get("lastModifiedTimestamp") or metadata(entity).get("timestamp") or 0)

    def _put(self, found: str, entity: Entity | None, lag: float) -> None:
        if entity is None:
            del self.live[found]
        else:
            self.live[found] = entity
        self._coming.append((self.clock.now() + timedelta(seconds=lag), found, entity))

    def _tick(self) -> int:
        self._last = max(self._last + 1, self._ms(self.clock.now()))
        return self._last

    @staticmethod
    def _ms(instant: datetime) -> int:
        return int(instant.timestamp() * 1000)


@dataclass
class Reader:
    """Follows a feed as the engine does: takes over what is told, asks for what is in doubt."""

    tenant: TenantInMemory
    feed: Feed
    owner: str
    shared: TenantFeed
    colleague: Callable[[str], Reader]
    """Make the reader of another user's calendar, by the same feed of the tenant."""
    token: str | None = None
    view: dict[str, str | None] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    async def poll(self) -> None:
        self.told, self.removed, full = [], [], self.token is None
        heard: dict[str, str | None] = {}
        async for page in self.feed.changes(self.token, WINDOW):
            heard |= {seen.id: seen.revision for seen in page.observations}
            self.told += [seen.id for seen in page.observations]
            self.removed += page.removed
            if page.token:
                self.token = page.token
        doubted = set(self.removed) | (set(self.view) - set(heard) if full else set())
        self.view |= heard
        for event_id in doubted:
            entity = self.tenant.live.get(event_id)
            if entity is None or self.owner not in values(entity, "assignee"):
                self.view.pop(event_id, None)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def make_reader(
    tenant: TenantInMemory,
    clock: FakeClock,
    *,
    poll_seconds: float | Callable[[], float] = 0,
    habits: Habits = NOTHING_KNOWN,
    **options: Any,
) -> Reader:
    """Make a process that reads anna's calendar."""
    settings, client = make_settings(**options).knowing(habits), cast("Any", tenant)
    trash = Trash(client, settings.page_size)
    pace = poll_seconds if callable(poll_seconds) else lambda: poll_seconds
    shared = TenantFeed(client, settings, trash, clock, pace)

    def of(owner: str) -> Reader:
        mapping, queries = EntityMapping(settings, owner, "api", BERLIN), Queries(settings, owner, BERLIN)
        return Reader(tenant, Feed(client, mapping, queries, trash, shared), owner, shared, of)

    return of("anna")


@pytest.fixture
def settings() -> Callable[..., Settings]:
    return make_settings


@pytest.fixture
def mapping() -> Callable[..., EntityMapping]:
    return make_mapping


@pytest.fixture(scope="session")
def new_mapping() -> Callable[..., EntityMapping]:
    """As `mapping`, for tests that try many values."""
    return make_mapping


@pytest.fixture
def tenant(clock: FakeClock) -> TenantInMemory:
    return TenantInMemory(clock)


@pytest.fixture
def reader(tenant: TenantInMemory, clock: FakeClock) -> Callable[..., Reader]:
    return lambda **options: make_reader(tenant, clock, **options)


@pytest.fixture(scope="session")
def new_history() -> Callable[[bool], tuple[TenantInMemory, Callable[[], list[Reader]], FakeClock]]:
    """Make a tenant anew, and what starts a process that reads three users' calendars, for many histories."""

    def make(shows_trash: bool) -> tuple[TenantInMemory, Callable[[], list[Reader]], FakeClock]:
        clock = FakeClock()
        tenant = TenantInMemory(clock, shows_trash=shows_trash)
        habits = Habits(trash_in_search=shows_trash or None)

        def start() -> list[Reader]:
            anna = make_reader(tenant, clock, poll_seconds=1, habits=habits, page_size=7)
            return [anna, anna.colleague("ben"), anna.colleague("kai")]

        return tenant, start, clock

    return make


@dataclass
class Loopback:
    """The provider on a FLOWFACT server on loopback. Server and provider share one clock that stands still."""

    server: FlowfactServer
    clock: FakeClock
    mails: MailLog
    provider: Provider
    anna: dict[str, Any]
    ben: dict[str, Any]

    async def calendar(self, **side: Any) -> Calendar:
        settings = side or {"user": "Anna@Example.de"}
        return await self.provider.open(CalendarRequest(account="anna", settings=settings, timezone=BERLIN))


def provider_of(
    server: FlowfactServer, clock: FakeClock, *, poll_seconds: float | Callable[[], float] = 0, **options: Any
) -> Provider:
    fields = {key: {"field": name} for key, name in MAPPED.items()}
    settings = {"api_token": server.api_token, "base_url": server.url, "fields": fields} | options
    host = Host(
        connection="flowfact",
        clock=clock,
        random=random.Random(1),
        http=HttpFactory(clock),
        poll_seconds=poll_seconds if callable(poll_seconds) else lambda: poll_seconds,
    )
    return PROVIDER.open(vol.Schema(dict(PROVIDER.connection_schema))(settings), host)


@pytest.fixture
async def loopback(clock: FakeClock) -> AsyncIterator[Loopback]:
    mails = MailLog()
    server = FlowfactServer(mails, now=lambda: clock.now().timestamp())
    await server.start()
    anna = server.add_user("anna@example.de", first="Anna", last="Muster", business="a.muster@example.de")
    ben = server.add_user("ben@example.de", first="Ben", last="Beispiel")
    provider = provider_of(server, clock)
    yield Loopback(server, clock, mails, provider, anna, ben)
    await provider.close()
    await server.stop()


@pytest.fixture
async def calendar(loopback: Loopback) -> Calendar:
    await loopback.provider.login()
    return await loopback.calendar()


@pytest.fixture
async def providers(loopback: Loopback) -> AsyncIterator[Callable[..., Provider]]:
    """Open further providers on the same server, with other options."""
    made: list[Provider] = []

    def make(**options: Any) -> Provider:
        made.append(provider_of(loopback.server, loopback.clock, **options))
        return made[-1]

    yield make
    for provider in made:
        await provider.close()
