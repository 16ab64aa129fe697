"""First start: an administrator connects both systems, sees what would happen, and switches the first account on.

Which step is next is told by what there is, so it can be left and gone on with at any time. Only what was picked
for the account is remembered here, until it is one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from aiohttp import web

from calsync.desk.invalid import MISSING, Invalid
from calsync.desk.planned import planned
from calsync.errors import ConfigError, Retry, StoreError
from calsync.people import Role
from calsync.sync.model import Direction, Side
from calsync.web.guard import form_of
from calsync.web.pages.connections import begin_check, key_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from calsync.config import Config, ConnectionConfig
    from calsync.desk.planned import Planned
    from calsync.people import Person
    from calsync.ports import Finding, ProviderSpec
    from calsync.ports import Person as Listed
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor
    from calsync.web.works import Work

STEPS = ("flowfact", "mail", "check", "pick", "preview", "done")
PROVIDERS: Mapping[str, tuple[str, ...]] = {"flowfact": ("flowfact",), "mail": ("graph", "exchange_ews")}
"""What is connected in a step, by the names of providers."""
NAMES = {"flowfact": "flowfact", "graph": "microsoft365", "exchange_ews": "exchange"}
"""What the connections are called."""
ROWS = 10
"""Writes that the preview shows one by one."""
LIVE = "start"
"""What the live part of the page is called."""
TIMEZONE = "Europe/Berlin"
"""Of estate agents with FLOWFACT; another one is chosen for the account later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """What was picked for the account."""

    user: str
    """The address of the user in FLOWFACT."""
    member: str
    """The user's id there; empty where the list of people does not tell it."""
    mailbox: str
    calendar: str = ""
    """Empty: the mailbox's own one."""
    direction: Direction = Direction.BOTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A connection of a step."""

    name: str
    provider: str
    kept: bool
    findings: Sequence[Finding] | None
    """None: it was not checked lately."""
    work: Work | None
    """Its check."""
    by_person: bool
    """Whether a person signs in to it."""

    @property
    def broken(self) -> bool:
        return any(one.severity == "error" for one in self.findings or ())

    @property
    def good(self) -> bool:
        return self.findings is not None and not self.broken


def add_to(site: Site) -> None:
    """Add the pages."""
    pages = _Start(site)
    site.add("GET", "/start", pages.show, Role.ADMINISTRATOR)
    site.add("POST", "/start/connect", pages.connect, Role.ADMINISTRATOR)
    site.add("POST", "/start/check", pages.check, Role.ADMINISTRATOR)
    site.add("POST", "/start/pick", pages.pick, Role.ADMINISTRATOR)
    site.add("POST", "/start/preview", pages.preview, Role.ADMINISTRATOR)
    site.add("POST", "/start/enable", pages.enable, Role.ADMINISTRATOR)


async def is_wanted(site: Site, person: Person) -> bool:
    """Tell whether somebody who comes in should begin here: nobody else has set anything up."""
    if not person.administrator or site.desk.accounts():
        return False
    config = await site.desk.setup(person).config()
    kept = all(one.kept for one in config.connections.values())
    return kept and not config.accounts and config.discover is None


class _Start:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._picked: dict[int, Picked] = {}
        """By person."""
        self._enabled: dict[int, str] = {}
        """The account that a person has switched on last."""

    async def show(self, request: web.Request, visitor: Visitor) -> web.Response:
        config = await self._site.desk.setup(visitor.who).config()
        if config.service.key is None:  # no secret could be kept
            return self._page(visitor, "key")
        connected = self._connected(visitor, config)
        wanted = request.query.get("step")
        reached = self._reached(visitor, config, connected)
        step = wanted if wanted in STEPS[: STEPS.index(reached) + 1] else reached
        match step:
            case "flowfact" | "mail":
                return await self._connection(visitor, step, request.query.get("provider"), connected)
            case "check":
                for one in connected.values():
                    if one.findings is None and one.work is None:
                        begin_check(self._site, one.name)
                return self._page(visitor, step, connected=self._connected(visitor, config))
            case "pick":
                return self._pick(visitor, connected)
            case "preview":
                return self._preview(visitor, connected)
        return await self._done(visitor, config)

    async def connect(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Keep a connection, or change the one of this provider, and begin to check it."""
        form = await form_of(request)
        setup, provider = self._site.desk.setup(visitor.who), form.get("provider", "")
        step = next((step for step, names in PROVIDERS.items() if provider in names), None)
        if step is None:
            raise web.HTTPNotFound
        spec, name = await setup.provider(provider), NAMES[provider]
        connected = self._connected(visitor, await setup.config())
        fields = {field.key: form.get(field.key, "").strip() for field in spec.form}
        try:
            if any(one.name == name for one in connected.values()):
                await setup.change_connection(name, fields)
            else:
                await setup.add_connection(name, provider, fields)
        except Invalid as invalid:
            return self._form(visitor, step, spec, form, invalid.keys, connected)
        except (ConfigError, StoreError, Retry) as error:
            return self._form(visitor, step, spec, form, {"": str(error)}, connected)
        there = connected.get(step)
        if there is not None and there.kept and there.name != name:
            with suppress(Invalid):  # accounts use it
                await setup.remove_connection(there.name)
        self._site.works.forget(_people(name))
        begin_check(self._site, name)
        return self._site.go(visitor, "/start")

    async def check(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Check what was connected again."""
        await form_of(request)
        for one in self._connected(visitor, await self._site.desk.setup(visitor.who).config()).values():
            self._site.works.forget(_people(one.name))
            begin_check(self._site, one.name)
        return self._site.go(visitor, "/start?step=check")

    async def pick(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Take the user and the mailbox, and look for its calendars."""
        form, connected = await form_of(request), await self._both(visitor)
        user, mailbox = form.get("user", "").strip(), form.get("mailbox", "").strip()
        if not user:
            return self._pick(visitor, connected, problems={"user": MISSING})
        people = self._site.works.of(_people(connected["flowfact"].name))
        member = _member((people and people.outcome) or (), user)
        self._picked[visitor.who.id] = picked = Picked(user=user, member=member, mailbox=mailbox or user)
        setup, mail = self._site.desk.setup(visitor.who), connected["mail"].name
        self._site.works.forget(_calendars(mail, picked))
        look = partial(setup.calendars, mail, {"mailbox": picked.mailbox})
        self._site.works.begin(_calendars(mail, picked), LIVE, look)
        return self._site.go(visitor, "/start?step=pick")

    async def preview(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Take the calendar and the direction, and find out what would be done."""
        form, connected = await form_of(request), await self._both(visitor)
        picked = self._picked.get(visitor.who.id)
        if picked is None:
            return self._site.go(visitor, "/start?step=pick")
        direction = next((one for one in Direction if one.value == form.get("direction")), Direction.BOTH)
        picked = replace(picked, calendar=form.get("calendar", ""), direction=direction)
        self._picked[visitor.who.id] = picked
        name, entry = _account(picked, self._site.desk.accounts()), _entry(picked, connected)

        async def look() -> Planned:
            return planned(await self._site.desk.preview(visitor.who, name, entry)).discreet()

        self._site.works.forget(_preview(picked))
        self._site.works.begin(_preview(picked), LIVE, look)
        return self._site.go(visitor, "/start?step=preview")

    async def enable(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Keep the account as it was picked. The service begins with it."""
        await form_of(request)
        connected, picked = await self._both(visitor), self._picked.get(visitor.who.id)
        work = None if picked is None else self._site.works.of(_preview(picked))
        if picked is None or work is None or work.outcome is None:  # nobody has seen what would happen
            return self._site.go(visitor, "/start")
        name = _account(picked, self._site.desk.accounts())
        try:
            await self._site.desk.setup(visitor.who).add_account(name, _entry(picked, connected))
        except Invalid as invalid:
            return self._preview(visitor, connected, problem=str(invalid))
        del self._picked[visitor.who.id]
        self._enabled[visitor.who.id] = name
        return self._site.go(visitor, "/start?step=done")

    async def _both(self, visitor: Visitor) -> Mapping[str, Connected]:
        """Return what both steps have connected. Raises HTTPNotFound where that is not so yet."""
        connected = self._connected(visitor, await self._site.desk.setup(visitor.who).config())
        if len(connected) < len(PROVIDERS):
            raise web.HTTPNotFound
        return connected

    def _connected(self, visitor: Visitor, config: Config) -> dict[str, Connected]:
        """Return the connection of each step that has one: the last, as the operator's come first."""
        found, desk = self._site.desk.checks.last(), self._site.desk
        persons = {row.system.connection for row in desk.showing.connections(visitor.who) if row.system.by_person}
        return {
            step: _connected(name, one, self._site.works.of(key_of(name)), found.get(name), name in persons)
            for step, providers in PROVIDERS.items()
            for name, one in config.connections.items()
            if one.provider in providers
        }

    def _reached(self, visitor: Visitor, config: Config, connected: Mapping[str, Connected]) -> str:
        """Return the first step that is not done yet."""
        missing = next((step for step in PROVIDERS if step not in connected), None)
        if missing is not None:
            return missing
        if config.accounts and visitor.who.id not in self._picked:
            return "done"
        if not all(one.good for one in connected.values()):
            return "check"
        picked = self._picked.get(visitor.who.id)
        return "preview" if picked is not None and self._site.works.of(_preview(picked)) else "pick"

    async def _connection(
        self, visitor: Visitor, step: str, provider: str | None, connected: Mapping[str, Connected]
    ) -> web.Response:
        """Show the form of a step; where there are several systems, the choice between them."""
        setup, there = self._site.desk.setup(visitor.who), connected.get(step)
        known = PROVIDERS[step]
        wanted = provider if provider in known else there.provider if there else known[0]
        values = await setup.filled_in(there.name) if there and there.kept and there.provider == wanted else {}
        return self._form(visitor, step, await setup.provider(wanted), values, {}, connected)

    def _form(
        self,
        visitor: Visitor,
        step: str,
        spec: ProviderSpec,
        values: Mapping[str, str],
        problems: Mapping[str, str],
        connected: Mapping[str, Connected],
    ) -> web.Response:
        there = connected.get(step)
        return self._page(
            visitor,
            step,
            status=400 if problems else 200,
            connected=connected,
            spec=spec,
            values=values,
            problems=problems,
            kept=there is not None and there.provider == spec.name,
            providers=PROVIDERS[step],
        )

    def _pick(
        self, visitor: Visitor, connected: Mapping[str, Connected], problems: Mapping[str, str] | None = None
    ) -> web.Response:
        works, picked, crm = self._site.works, self._picked.get(visitor.who.id), connected["flowfact"].name
        if works.of(_people(crm)) is None:
            works.begin(_people(crm), LIVE, partial(self._site.desk.setup(visitor.who).people, crm))
        return self._page(
            visitor,
            "pick",
            status=400 if problems else 200,
            connected=connected,
            people=works.of(_people(crm)),
            calendars=works.of(_calendars(connected["mail"].name, picked)) if picked else None,
            picked=picked,
            problems=problems or {},
            directions=list(Direction),
        )

    def _preview(
        self, visitor: Visitor, connected: Mapping[str, Connected], problem: str | None = None
    ) -> web.Response:
        picked = self._picked.get(visitor.who.id)
        return self._page(
            visitor,
            "preview",
            status=400 if problem else 200,
            connected=connected,
            picked=picked,
            work=None if picked is None else self._site.works.of(_preview(picked)),
            rows=ROWS,
            zone=ZoneInfo(TIMEZONE),
            problem=problem,
        )

    async def _done(self, visitor: Visitor, config: Config) -> web.Response:
        """Show how the account does that was switched on."""
        name = self._enabled.get(visitor.who.id) or next(iter(config.accounts), None)
        served = name is not None and name in self._site.desk.accounts()
        row = (await self._site.desk.showing.account(visitor.who, name)).row if name and served else None
        return self._page(visitor, "done", account=name, row=row)

    def _page(self, visitor: Visitor, step: str, *, status: int = 200, **values: Any) -> web.Response:
        titles = {Side.LEFT: "FLOWFACT", Side.RIGHT: "Outlook"}
        return self._site.page(
            visitor,
            f"start_{step}.html",
            status=status,
            steps=STEPS,
            step=step,
            titles=titles,
            live_name=LIVE,
            **values,
        )


def _people(connection: str) -> str:
    return f"people {connection}"


def _calendars(connection: str, picked: Picked) -> str:
    return f"calendars {connection} {picked.mailbox}"


def _preview(picked: Picked) -> str:
    """Return what a preview is called: another one where anything else was picked."""
    return f"preview {picked}"


def _connected(
    name: str, config: ConnectionConfig, work: Work | None, found: Sequence[Finding] | None, by_person: bool
) -> Connected:
    checked = work is not None and work.outcome is not None
    findings = work.outcome.findings if work is not None and checked else found
    return Connected(
        name=name,
        provider=config.provider,
        kept=config.kept,
        findings=findings,
        work=work,
        by_person=by_person,
    )


def _member(people: Iterable[Listed], address: str) -> str:
    """Return the id of who has this address; nothing where nobody has."""
    wanted = address.casefold()
    return next((one.id for one in people if wanted in map(str.casefold, one.addresses)), "")


def _account(picked: Picked, known: Container[str]) -> str:
    """Return the account's name: the user's id, as where accounts are discovered, else a number.

    It stands in logs and figures, so it is made of no address.
    """
    if picked.member and picked.member not in known:
        return picked.member
    return next(name for name in (f"account-{n}" for n in count(1)) if name not in known)


def _entry(picked: Picked, connected: Mapping[str, Connected]) -> dict[str, Any]:
    """Return the account as it stands in YAML."""
    return {
        "left": {"connection": connected["flowfact"].name, "user": picked.user},
        "right": {
            "connection": connected["mail"].name,
            "mailbox": picked.mailbox,
            "calendar": picked.calendar,
        },
        "direction": picked.direction.value,
        "timezone": TIMEZONE,
    }
