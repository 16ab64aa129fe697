"""The start page: somebody's own accounts, or how to come by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.desk.refused import Refused
from calsync.desk.repairs import by_itself
from calsync.desk.statuses import Health
from calsync.sync.model import Direction
from calsync.web.pages.start import is_wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from calsync.desk.activity import Activity
    from calsync.desk.overview import Row
    from calsync.desk.showing import AccountPage
    from calsync.people import Person
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

LATEST = 6
"""Sentences about what was done lately."""
STATES = ("off", "failing", "attention", "first", "busy", "starting", "fine")
"""How an account is to its owner: `first`, it was never read well so far; `attention`, something waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One account."""

    page: AccountPage
    state: str
    """One of STATES."""
    latest: Sequence[Activity]
    by_itself: bool
    """Whether what it fails with may end without anybody doing anything."""


def add_to(site: Site) -> None:
    """Add the page."""

    async def show(_request: web.Request, visitor: Visitor) -> web.Response:
        if await is_wanted(site, visitor.who):
            return site.go(visitor, "/start")
        own = sorted(await site.desk.people.accounts_of(visitor.who))
        parts = {name: await _part(site, visitor.who, name) for name in own}
        return site.page(
            visitor,
            "mine.html",
            parts=[part for part in parts.values() if part is not None],
            whose=await site.desk.showing.whose(visitor.who, own),
            missing=[name for name, part in parts.items() if part is None],
            refused=None if own else await _refused(site, visitor.who),
            helpers=[] if own else await _helpers(site, visitor.who),
            directions=list(Direction),
        )

    site.add("GET", "/", show)


def state_of(row: Row) -> str:
    """Return how an account is to its owner: short looks that find nothing do not show."""
    if row.health in {Health.OFF, Health.FAILING, Health.ATTENTION}:
        return row.health.value
    if row.good_at is None:
        return "first"
    if row.status.progress is not None:
        return "busy"
    return "starting" if row.health is Health.STARTING else "fine"


async def _part(site: Site, person: Person, name: str) -> Part | None:
    """Return what the page shows of an account; None where it is not served, or not any more."""
    showing = site.desk.showing
    try:
        page = await showing.account(person, name)
        latest = await showing.activity(person, name, most=LATEST)
    except Refused:
        return None
    heals = by_itself(page.row.status.error_class or "")
    return Part(page=page, state=state_of(page.row), latest=latest.rows, by_itself=heals)


async def _refused(site: Site, person: Person) -> str | None:
    """Return the word for why somebody cannot connect the own mailbox; None for somebody who can."""
    try:
        await site.desk.own.offer(person)
    except Refused as refused:
        return refused.word
    return None


async def _helpers(site: Site, person: Person) -> Sequence[str]:
    """Return whom to ask: the administrators, by name."""
    members = await site.desk.people.all()
    return [one.person.name for one in members if one.person.administrator and one.person.id != person.id]
