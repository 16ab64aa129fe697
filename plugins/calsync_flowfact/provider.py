"""A FLOWFACT tenant: signing in, checking what the configuration claims, opening its users' calendars."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from calsync.errors import AccountError, ConfigError
from calsync.ports import Calendar, Provider
from calsync.values import replace
from calsync_flowfact import checks
from calsync_flowfact.calendar import FlowfactCalendar
from calsync_flowfact.client import Client
from calsync_flowfact.config import about_of, settings_of
from calsync_flowfact.entity import created_ms
from calsync_flowfact.failures import NoRight, NotFound, Rejected
from calsync_flowfact.habits import BELIEVED, kept
from calsync_flowfact.inquiry import Inquiry
from calsync_flowfact.mapping import EntityMapping
from calsync_flowfact.native_sync import NativeSync
from calsync_flowfact.order import heeds_offset, newest_first, sorts
from calsync_flowfact.query import Queries
from calsync_flowfact.rights import SAMPLE, rights_of
from calsync_flowfact.sample import SIZE, draw
from calsync_flowfact.tenant import Users, field_problems, known, people_of
from calsync_flowfact.tenant_feed import TenantFeed
from calsync_flowfact.trash import Trash
from calsync_flowfact.verdicts import verdicts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.forms import Question
    from calsync.ports import CalendarRequest, Finding, Host, Person
    from calsync.sync.model import Need
    from calsync_flowfact.answers import Answer
    from calsync_flowfact.config import Settings
    from calsync_flowfact.entity import Entity
    from calsync_flowfact.habits import Probed


def open_provider(options: Mapping[str, Any], host: Host) -> Provider:
    """Build the provider from validated options. Does no I/O."""
    return FlowfactProvider(settings_of(options), host)


class FlowfactProvider(Provider):
    """One API token's view of a company."""

    def __init__(self, settings: Settings, host: Host) -> None:
        self._settings = settings
        self._clock = host.clock
        self._client = Client(settings, host)
        self._trash = Trash(self._client, settings.page_size)
        self._poll_seconds = host.poll_seconds
        self._needs: frozenset[Need] = frozenset()
        """What the rules of the accounts need whose calendars were opened."""
        self._needing: dict[frozenset[Need], Settings] = {}
        """The settings of accounts by what their rules need: they share them."""
        self._feed = self._new_feed()
        self._api_user: Mapping[str, Any] = {}
        self._users = Users()
        self._users_at = host.clock.now()
        """When the users were learnt."""
        self._learning = asyncio.Lock()
        self._shown: Sequence[Entity] = ()
        """The appointments that were created last, when it was signed in."""
        self._sampled = False
        """Whether there was an appointment that the mapping was held against."""
        self._doubts: Sequence[Answer] = ()
        """What the sample of appointments makes doubtful."""
        self._learnt = host.learnt
        self._probed: Probed | None = None
        self._native_sync = NativeSync(self._client, host.clock, settings.on_native_sync, host.poll_seconds)

    @property
    def system(self) -> str:
        return "FLOWFACT"

    async def login(self) -> None:
        """Exchange the token, check the mapping, learn the users and FLOWFACT's own sync."""
        self._api_user = await self._client.current_user()
        properties = await self._check_fields()
        await self._learn_users()
        await self._check_sample()
        self._recall(properties)
        self._feed = self._new_feed()  # of the settings that are valid now
        await self._native_sync.ask()

    async def open(self, request: CalendarRequest) -> Calendar:
        try:
            user = self._users.find(request.settings, request.account)
        except AccountError:  # somebody new, perhaps
            await self._learn_news()
            user = self._users.find(request.settings, request.account)
        whose = request.account, user, request.other_address
        await self._native_sync.refuse(*whose)
        settings = self._expect_mapped(request)
        self._widen(request.needs)
        mapping = EntityMapping(
            settings=settings,
            owner=user["id"],
            api_user=self._api_user_id,
            zone=request.timezone,
        )
        queries = Queries(settings, user["id"], request.timezone)
        alone = partial(self._native_sync.refuse_later, *whose)
        return FlowfactCalendar(
            self._client,
            mapping,
            queries,
            self._trash,
            self._feed,
            self._clock,
            alone,
            lacks_location="location" in request.needs and settings.name("location") is None,
        )

    def _expect_mapped(self, request: CalendarRequest) -> Settings:
        """Return the settings of an account. Raises AccountError where its rules could judge none of them."""
        if "types" in request.needs and self._settings.name("types") is None:
            raise AccountError(
                f"account {request.account}: a rule looks at the type of appointments, but connection"
                f" {self._client.name} has no field mapped to it; name FLOWFACT's field for the Terminart under"
                " fields.types, as `calsync flowfact schema` shows it, or remove the rule"
            )
        if request.needs not in self._needing:
            self._needing[request.needs] = self._settings.needing(request.needs)
        return self._needing[request.needs]

    def _widen(self, needs: frozenset[Need]) -> None:
        """Have what all accounts' rules need read together, once for all of them."""
        if not needs <= self._needs:
            self._needs |= needs
            self._feed.widen(self._settings.needing(self._needs))

    async def check(self) -> Sequence[Finding]:
        name, settings = self._client.name, self._settings
        findings = [checks.signed_in(self._api_user, await self._company()), checks.mapped(settings)]
        findings += await self._search_findings()
        if not self._sampled:
            findings.append(checks.NO_SAMPLE)
        findings += map(checks.finding, self._doubts)
        findings.append(checks.probed(self._probed, settings, self._clock.now(), name))
        if self._native_sync.untold:
            findings.append(checks.NATIVE_SYNC_UNKNOWN)
        if not await self._sees_trash():
            findings.append(checks.TRASH_UNSEEN)
        findings += checks.unmapped(settings)
        return [one.of(name) for one in findings]

    async def check_calendar(self, calendar: Calendar) -> Sequence[Finding]:
        """Read some appointments, which proves that they can be read, and ask what else may be done with them."""
        if not isinstance(calendar, FlowfactCalendar):
            return ()
        hits = await calendar.newest(SAMPLE)
        findings = [checks.appointments(hits.total)]
        if calendar.lacks_location:
            findings.append(checks.NO_LOCATION)
        if unread := calendar.unreadable(hits.entities):
            findings.append(checks.unread(unread, len(hits.entities)))
        rights = await rights_of(self._client, self._api_user_id, hits.entities)
        return [one.of(self._client.name) for one in (*findings, *map(checks.finding, rights))]

    async def _search_findings(self) -> Sequence[Finding]:
        """Say where the search does not do what reading relies on."""
        habits = self._settings.habits
        found = [checks.UNMOVED] if habits.modified_moves is False else []
        try:
            plain = self._settings.needing(())
            works = await sorts(self._client, plain, self._shown, SIZE)
            paged = await heeds_offset(self._client, plain, self._shown)
        except (NoRight, NotFound, Rejected):
            works, paged = None, True  # whoever reads will be told
        if works is False or habits.sorts is False:
            found.append(checks.UNSORTED)
        if not paged:
            found.append(checks.NOT_PAGED)
        return found

    @property
    def untold(self) -> frozenset[str]:
        return frozenset(key for key in ("series", "private") if self._settings.name(key) is None)

    async def questions(self) -> Sequence[Question]:
        return await self.inquiry().questions()

    def inquiry(self) -> Inquiry:
        """Return what asks this tenant what it has and does; needs no `login`."""
        return Inquiry(self._client, self._settings, self._clock, self._learnt)

    async def people(self) -> Sequence[Person]:
        await self._learn_news()
        return people_of(self._users.all)

    async def _learn_users(self) -> None:
        users = [known(one) for one in await self._client.users()]
        self._users_at, self._users = self._clock.now(), Users(users)

    async def _learn_news(self) -> None:
        """Ask for the users again, who were learnt with the sign-in; within a poll once for all who ask."""
        async with self._learning:
            if self._clock.now() - self._users_at >= timedelta(seconds=self._poll_seconds()):
                await self._learn_users()

    @property
    def _api_user_id(self) -> str | None:
        found = self._api_user.get("id")
        return found if isinstance(found, str) else None

    async def close(self) -> None:
        await self._feed.close()
        await self._client.close()

    async def _check_fields(self) -> Mapping[str, Any]:
        """Hold the mapping against the schema, and return the schema's fields. Raises ConfigError."""
        properties = await self.inquiry().schema()
        self._refuse(field_problems(self._settings, properties))
        return properties

    async def _check_sample(self) -> None:
        """Hold the mapping against stored appointments, where some may be seen. Raises ConfigError."""
        try:
            sample = await draw(self._client, self._settings.needing(()), self._api_user_id)
        except (NoRight, NotFound, Rejected):
            return
        self._shown = sample.shown
        self._sampled = bool(sample.by_people)
        self._doubts = verdicts(sample, {str(user.get("id")) for user in self._users.all})
        self._refuse(self._doubts)

    def _refuse(self, answers: Sequence[Answer]) -> None:
        """Raise ConfigError with what is wrong, if anything is."""
        name = self._client.name
        if problems := [checks.finding(one).of(name).message for one in answers if one.severity == "error"]:
            raise ConfigError(problems)

    def _recall(self, properties: Mapping[str, Any]) -> None:
        """Take over what a probe has found out, as long as it is believed."""
        self._probed = kept(self._learnt.read(), about_of(self._settings, properties)) if self._learnt else None
        if self._probed is not None and self._clock.now() - self._probed.at < BELIEVED:
            self._settings = self._settings.knowing(self._probed.habits)
        if not newest_first(map(created_ms, self._shown)):
            self._settings = self._settings.knowing(replace(self._settings.habits, sorts=False))
        self._needing.clear()

    def _new_feed(self) -> TenantFeed:
        settings = self._settings.needing(self._needs)
        return TenantFeed(self._client, settings, self._trash, self._clock, self._poll_seconds)

    async def _sees_trash(self) -> bool:
        try:
            await self._trash.newest()
        except (NoRight, NotFound, Rejected):
            return False
        return True

    async def _company(self) -> str:
        """Return the company's name; empty where it is not told."""
        try:
            return await self._client.company()
        except (NoRight, NotFound, Rejected):
            return ""
