"""The start page: somebody's own accounts, or how to come by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.desk.refused import Refused
from calsync.desk.repairs import by_itself
from calsync.sync.model import Direction
from calsync.web.pages.start import is_wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web

    from calsync.desk.activity import Activity
    from calsync.desk.left_out import How
    from calsync.desk.overview import Row
    from calsync.desk.showing import AccountPage
    from calsync.people import Person
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

LATEST = 6
"""Sentences about what was done lately."""
STATES = ("off", "failing", "first", "busy", "attention", "fine")
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
    left_out: Mapping[tuple[How, str], int]
    """How many events are not synced, by how and why."""


def add_to(site: Site) -> None:
    """Add the page."""

    async def show(_request: web.Request, visitor: Visitor) -> web.Response:
        if await is_wanted(site, visitor.who):
            return site.go(visitor, "/start")
        known = site.desk.accounts()
        own = sorted(await site.desk.people.accounts_of(visitor.who))
        return site.page(
            visitor,
            "mine.html",
            parts=[await _part(site, visitor.who, name) for name in own if name in known],
            whose=await site.desk.showing.whose(visitor.who) if own else {},
            missing=[name for name in own if name not in known],
            refused=None if own else await _refused(site, visitor.who),
            helpers=[] if own else await _helpers(site, visitor.who),
            directions=list(Direction),
        )

    site.add("GET", "/", show)


def state_of(row: Row) -> str:
    """Return how an account is to its owner: short looks that find nothing do not show."""
    status = row.status
    if row.off:
        return "off"
    if status.error is not None:
        return "failing"
    if status.good_at is None:
        return "first"
    if status.progress is not None:
        return "busy"
    return "attention" if row.held else "fine"


async def _part(site: Site, person: Person, name: str) -> Part:
    showing = site.desk.showing
    page = await showing.account(person, name)
    latest = await showing.activity(person, name, most=LATEST)
    left_out = await showing.left_out(person, name, most=0)
    return Part(
        page=page,
        state=state_of(page.row),
        latest=latest.rows,
        by_itself=by_itself(page.row.status.error_class or ""),
        left_out=left_out.counts,
    )


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
