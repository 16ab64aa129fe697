"""Undoing what calsync wrote: what that would do is shown first, and exactly that is done once it is confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from calsync.desk.undo_plan import undo_plan
from calsync.records import Selection
from calsync.sync.model import Side
from calsync.web.guard import form_of
from calsync.web.pages.account import ACCOUNT, account_page, number_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from calsync.desk.activity import Activity
    from calsync.desk.showing import AccountPage
    from calsync.desk.undo_plan import UndoPlan, Why
    from calsync.people import Person
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor
    from calsync.web.works import Work

RUNS = 5
"""So many of the last runs that wrote are offered, beside the one that somebody comes from."""
RECENT = timedelta(hours=1)
"""How far back "since" reaches where nobody has said from when."""
REFUSED: frozenset[Why] = frozenset({"changed", "waits"})
YEARS = range(2000, 2200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Which writes are meant, as forms send it and for people."""

    what: str
    since: str = ""
    at: datetime | None = None
    """Since when, or when the run ended, where that is known."""
    run: int | None = None
    write: Activity | None = None


def add_to(site: Site) -> None:
    """Add the page."""
    pages = _Undo(site)
    site.add("GET", f"{ACCOUNT}/undo", pages.show)
    site.add("POST", f"{ACCOUNT}/undo", pages.look)
    site.add("POST", f"{ACCOUNT}/undo/confirm", pages.confirm)


class _Undo:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._steering = site.desk.steering

    async def show(self, request: web.Request, visitor: Visitor) -> web.Response:
        page = await account_page(self._site, request, visitor)
        works, account, zone = self._site.works, page.row.account, page.config.timezone
        write = await self._write(visitor, account, request.query.get("write"))
        run = number_of(request.query.get("run"))
        came = run if write is None else write.run
        work, done = works.of(f"undo {account}"), works.of(f"undone {account}")
        seen = _seen(work, done)
        since = self._site.clock.now() - RECENT if write is None else write.at
        return self._site.page(
            visitor,
            "account_undo.html",
            page=page,
            write=write,
            runs=[one for at, one in enumerate(page.wrote) if at < RUNS or one.number == came],
            run=run,
            since=since.astimezone(zone).strftime("%Y-%m-%dT%H:%M"),
            work=work,
            done=done,
            seen=seen,
            meant=None if seen is None else await self._meant(visitor, page, seen.outcome.selection),
            sides=list(Side),
        )

    async def look(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Begin to find out what undoing would do: both servers are asked."""
        page = await account_page(self._site, request, visitor)
        account = page.row.account
        selection = _selection(await form_of(request), page.config.timezone)
        if selection is None:
            return self._site.go(visitor, f"/accounts/{account}/undo", "undo.since_missing")
        self._site.works.forget(f"undone {account}")
        self._site.works.begin(
            f"undo {account}", account, partial(self._undo, visitor.who, account, selection, None)
        )
        return self._site.go(visitor, f"/accounts/{account}/undo")

    async def confirm(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Begin to do what was shown."""
        page = await account_page(self._site, request, visitor)
        account, form = page.row.account, await form_of(request)
        selection = _selection(form, page.config.timezone)
        if selection is None:
            raise web.HTTPBadRequest
        work = partial(self._undone, visitor.who, account, selection, form.get("hash", ""))
        self._site.works.begin(f"undone {account}", account, work)
        return self._site.go(visitor, f"/accounts/{account}/undo")

    async def _undo(self, person: Person, account: str, selection: Selection, plan_hash: str | None) -> UndoPlan:
        found = await self._steering.undo(person, account, selection, plan_hash)
        return undo_plan(found, selection, plan_hash)

    async def _undone(self, person: Person, account: str, selection: Selection, plan_hash: str) -> UndoPlan:
        found = await self._undo(person, account, selection, plan_hash)
        self._site.works.forget(f"undo {account}")
        return found

    async def _write(self, visitor: Visitor, account: str, given: str | None) -> Activity | None:
        """Return the write that somebody comes from. Raises HTTPNotFound for one that is not there."""
        if given is None:
            return None
        number = number_of(given)
        found = None if number is None else await self._found(visitor, account, number)
        if found is None:
            raise web.HTTPNotFound
        return found

    async def _meant(self, visitor: Visitor, page: AccountPage, selection: Selection) -> Meant:
        if selection.since is not None:
            return Meant(what="since", since=selection.since.isoformat(), at=selection.since)
        if selection.run is not None:
            ended = next((one.ended for one in page.runs if one.number == selection.run), None)
            return Meant(what=f"run:{selection.run}", run=selection.run, at=ended)
        (number,) = selection.ids
        return Meant(what=f"write:{number}", write=await self._found(visitor, page.row.account, number))

    async def _found(self, visitor: Visitor, account: str, number: int) -> Activity | None:
        """Return a write of an account by its number."""
        found = await self._site.desk.showing.activity(visitor.who, account, before=number + 1, most=1)
        return next((one for one in found.rows if one.number == number and one.undoable), None)


def _seen(work: Work | None, done: Work | None) -> Work | None:
    """Return what tells what undoing would do: also a try that was refused, with what it would do now."""
    if work is not None and work.outcome is not None and work.outcome.why != "nothing":
        return work
    return done if done is not None and done.outcome is not None and done.outcome.why in REFUSED else None


def _selection(form: Mapping[str, str], zone: tzinfo) -> Selection | None:
    """Return which writes are meant; None where it is not said from when. Raises HTTPBadRequest."""
    what, _, given = form.get("what", "").partition(":")
    number = number_of(given)
    if what == "write" and number is not None:
        return Selection(ids=[number])
    if what == "run" and number is not None:
        return Selection(run=number)
    if what != "since":
        raise web.HTTPBadRequest
    if not form.get("since"):
        return None
    try:
        since = datetime.fromisoformat(form["since"])
    except ValueError as error:
        raise web.HTTPBadRequest from error
    if since.year not in YEARS:
        raise web.HTTPBadRequest
    return Selection(since=since if since.tzinfo is not None else since.replace(tzinfo=zone))
