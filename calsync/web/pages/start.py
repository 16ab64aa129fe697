"""First start: an administrator connects both systems, sees what would happen, and switches the first account on.

Which step is next is told by what there is, so it can be left and gone on with at any time. Only what was picked
for the account is remembered here, until it is one.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from aiohttp import web

from calsync.desk.invalid import UNKEPT, Invalid, wrong_of
from calsync.desk.planned import planned
from calsync.people import Role
from calsync.sync.model import Direction, Side
from calsync.values import replace
from calsync.web.guard import form_of
from calsync.web.pages.asking import asked, keep_answers
from calsync.web.pages.providers import NAMES, PROVIDERS
from calsync.web.pages.start_account import (
    TIMEZONE,
    Picked,
    account_of,
    calendars_key,
    entry_of,
    member_of,
    preview_key,
)
from calsync.web.pages.start_connected import Systems, people_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.config import Config
    from calsync.desk.invalid import Wrong
    from calsync.desk.planned import Planned
    from calsync.people import Person
    from calsync.ports import ProviderSpec
    from calsync.web.pages.start_connected import Connected
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

STEPS = ("flowfact", "fields", "mail", "pick", "preview", "done")
ROWS = 10
"""Writes that the preview shows one by one."""
LIVE = "start"
"""What the live part of the page is called."""


def add_to(site: Site) -> None:
    """Add the pages."""
    pages = _Start(site)
    site.add("GET", "/start", pages.show, Role.ADMINISTRATOR)
    site.add("POST", "/start/connect", pages.connect, Role.ADMINISTRATOR)
    site.add("POST", "/start/check", pages.check, Role.ADMINISTRATOR)
    site.add("POST", "/start/fields", pages.fields, Role.ADMINISTRATOR)
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
        self._systems = Systems(site)

    async def show(self, request: web.Request, visitor: Visitor) -> web.Response:
        config = await self._site.desk.setup(visitor.who).config()
        if config.service.key is None:  # no secret could be kept
            return self._page(visitor, "key")
        connected = await self._systems.of(visitor, config)
        wanted = request.query.get("step")
        reached = self._reached(visitor, config, connected)
        step = wanted if wanted in STEPS[: STEPS.index(reached) + 1] else reached
        match step:
            case "flowfact" | "mail":
                self._systems.begin(visitor, connected.get(step))
                return await self._connection(visitor, step, request.query.get("provider"), config)
            case "fields":
                return self._fields(visitor, connected)
            case "pick":
                return self._pick(visitor, connected)
            case "preview":
                return self._preview(visitor)
        return await self._done(visitor, config)

    async def connect(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Keep a connection, or change the one of this provider, and begin to check it."""
        form = await form_of(request)
        setup, provider = self._site.desk.setup(visitor.who), form.get("provider", "")
        step = next((step for step, names in PROVIDERS.items() if provider in names), None)
        if step is None:
            raise web.HTTPNotFound
        spec, name = await setup.provider(provider), NAMES[provider]
        connected = await self._systems.of(visitor, await setup.config())
        fields = {field.key: form.get(field.key, "").strip() for field in spec.form}
        try:
            if any(one.name == name for one in connected.values()):
                await setup.change_connection(name, fields)
            else:
                await setup.add_connection(name, provider, fields)
        except UNKEPT as error:
            return self._form(visitor, step, spec, form, wrong_of(error), connected)
        there = connected.get(step)
        if there is not None and there.kept and there.name != name:
            with suppress(Invalid):  # accounts use it
                await setup.remove_connection(there.name)
        self._systems.changed(name)
        await self._systems.begin_anew(visitor, step)
        return self._site.go(visitor, f"/start?step={step}")

    async def check(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Try what was connected in a step again."""
        step = (await form_of(request)).get("step", "")
        await self._systems.begin_anew(visitor, step)
        return self._site.go(visitor, f"/start?step={step}" if step in PROVIDERS else "/start")

    async def fields(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Keep what only a person can say of FLOWFACT, and begin to check whether it fits."""
        form = await form_of(request)
        connected = await self._systems.of(visitor, await self._site.desk.setup(visitor.who).config())
        one = connected.get("flowfact")
        if one is None or one.asked is None or one.asked.outcome is None:
            return self._site.go(visitor, "/start")
        problem = await keep_answers(self._site, visitor, one.name, form)
        if problem is not None:
            return self._fields(visitor, connected, form, problem)
        self._systems.changed(one.name)
        return self._site.go(visitor, "/start?step=fields")

    async def pick(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Take the user and the mailbox, and look for its calendars."""
        form, connected = await form_of(request), await self._both(visitor)
        user, mailbox = form.get("user", "").strip(), form.get("mailbox", "").strip()
        problem = self._wrong_user(connected, user)
        if problem is not None:
            return self._pick(visitor, connected, filled=form, problem=problem)
        self._picked[visitor.who.id] = picked = Picked(
            user=user, member=self._member(connected, user), mailbox=mailbox or user
        )
        setup, mail = self._site.desk.setup(visitor.who), connected["mail"].name
        self._site.works.forget(calendars_key(mail, picked))
        look = partial(setup.calendars, mail, {"mailbox": picked.mailbox})
        self._site.works.begin(calendars_key(mail, picked), LIVE, look)
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
        name, entry = account_of(picked, self._site.desk.accounts()), entry_of(picked, connected)

        async def look() -> Planned:
            return planned(await self._site.desk.preview(visitor.who, name, entry)).discreet()

        self._site.works.forget(preview_key(picked))
        self._site.works.begin(preview_key(picked), LIVE, look)
        return self._site.go(visitor, "/start?step=preview")

    async def enable(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Keep the account as it was picked. The service begins with it."""
        await form_of(request)
        connected, picked = await self._both(visitor), self._picked.get(visitor.who.id)
        work = None if picked is None else self._site.works.of(preview_key(picked))
        if picked is None or work is None or work.outcome is None:  # nobody has seen what would happen
            return self._site.go(visitor, "/start")
        name = account_of(picked, self._site.desk.accounts())
        try:
            await self._site.desk.setup(visitor.who).add_account(name, entry_of(picked, connected))
        except UNKEPT as error:
            return self._preview(visitor, problems=wrong_of(error))
        del self._picked[visitor.who.id]
        self._enabled[visitor.who.id] = name
        return self._site.go(visitor, "/start?step=done")

    async def _both(self, visitor: Visitor) -> Mapping[str, Connected]:
        """Return what both steps have connected. Raises HTTPNotFound where that is not so yet."""
        connected = await self._systems.of(visitor, await self._site.desk.setup(visitor.who).config())
        if len(connected) < len(PROVIDERS):
            raise web.HTTPNotFound
        return connected

    def _reached(self, visitor: Visitor, config: Config, connected: Mapping[str, Connected]) -> str:
        """Return the first step that is not done yet."""
        if len(connected) == len(PROVIDERS) and config.accounts and visitor.who.id not in self._picked:
            return "done"
        for step in PROVIDERS:
            one = connected.get(step)
            if one is None or not (self._systems.works(one) or one.entered):
                return step
            if not one.answered or not self._systems.works(one):
                return "fields" if step == "flowfact" else step
        picked = self._picked.get(visitor.who.id)
        return "preview" if picked is not None and self._site.works.of(preview_key(picked)) else "pick"

    async def _connection(self, visitor: Visitor, step: str, provider: str | None, config: Config) -> web.Response:
        """Show the form of a step; where there are several systems, the choice between them."""
        connected = await self._systems.of(visitor, config)
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
        problems: Mapping[str, Wrong],
        connected: Mapping[str, Connected],
    ) -> web.Response:
        there = connected.get(step)
        same = there is not None and there.provider == spec.name
        return self._page(
            visitor,
            step,
            status=400 if problems else 200,
            one=there if same and not problems else None,
            works=same and there is not None and (self._systems.works(there) or there.entered),
            spec=spec,
            values=values,
            problems=problems,
            kept=same,
            providers=PROVIDERS[step],
        )

    def _fields(
        self,
        visitor: Visitor,
        connected: Mapping[str, Connected],
        chosen: Mapping[str, str] | None = None,
        problem: str | None = None,
    ) -> web.Response:
        """Show what only a person can say of FLOWFACT. `chosen`: what was said, and not kept for a `problem`."""
        one = connected["flowfact"]
        self._systems.begin(visitor, one)
        return self._page(
            visitor,
            "fields",
            status=200 if problem is None else 400,
            one=one,
            asked=asked(self._site, one.name),
            works=self._systems.works(one),
            chosen=chosen or {},
            problem=problem,
        )

    def _member(self, connected: Mapping[str, Connected], user: str) -> str:
        people = self._site.works.of(people_key(connected["flowfact"].name))
        return member_of((people and people.outcome) or (), user)

    def _wrong_user(self, connected: Mapping[str, Connected], user: str) -> str | None:
        """Return what is wrong with the user that was filled in, as far as FLOWFACT's users are known."""
        if not user:
            return "invalid.missing"
        people = self._site.works.of(people_key(connected["flowfact"].name))
        if people is None or people.outcome is None:
            return None
        known = {each.casefold() for one in people.outcome if one.active for each in one.addresses}
        return None if user.casefold() in known else "start.user_unknown"

    def _pick(
        self,
        visitor: Visitor,
        connected: Mapping[str, Connected],
        filled: Mapping[str, str] | None = None,
        problem: str | None = None,
    ) -> web.Response:
        """Show whose calendars to pick. `problem`: the key of what is wrong with the user that is `filled` in."""
        works, picked, crm = self._site.works, self._picked.get(visitor.who.id), connected["flowfact"].name
        if works.of(people_key(crm)) is None:
            works.begin(people_key(crm), LIVE, partial(self._site.desk.setup(visitor.who).people, crm))
        return self._page(
            visitor,
            "pick",
            status=400 if problem else 200,
            people=works.of(people_key(crm)),
            calendars=works.of(calendars_key(connected["mail"].name, picked)) if picked and not problem else None,
            picked=picked,
            filled=filled or {},
            problem=problem,
            directions=list(Direction),
        )

    def _preview(self, visitor: Visitor, problems: Mapping[str, Wrong] | None = None) -> web.Response:
        picked = self._picked.get(visitor.who.id)
        return self._page(
            visitor,
            "preview",
            status=400 if problems else 200,
            picked=picked,
            work=None if picked is None else self._site.works.of(preview_key(picked)),
            rows=ROWS,
            zone=ZoneInfo(TIMEZONE),
            problems=problems or {},
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
