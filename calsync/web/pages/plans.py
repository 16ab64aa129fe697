"""An account's plan: looked at, and confirmed as it was seen; one that is another by now is shown instead."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from calsync.desk.planned import plan_for_people, planned
from calsync.desk.wording import short
from calsync.sync.approved import moved_lines
from calsync.web.guard import form_of
from calsync.web.pages.account import ACCOUNT, account_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from calsync.desk.planned import Planned
    from calsync.people import Person
    from calsync.sync.approved import Moved
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

NAMED = 20
"""So many of what has moved are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What became of a person's word."""

    plan: Planned
    """The plan as it is now."""
    refused: bool
    changed: bool
    """Whether it was refused as the plan is another one by now than was seen."""
    moved: Sequence[Moved]
    """What it has otherwise, where what was seen is still known. For the account's owner."""

    @property
    def named(self) -> Sequence[tuple[Moved, str]]:
        """The first NAMED of it, each with what its event is called."""
        return [(one, short(one.line.summary)) for one in self.moved[:NAMED]]


def add_to(site: Site) -> None:
    """Add the page."""
    pages = _Plans(site)
    site.add("GET", f"{ACCOUNT}/plan", pages.show)
    site.add("POST", f"{ACCOUNT}/plan", pages.look)
    site.add("POST", f"{ACCOUNT}/confirm", pages.confirm)


class _Plans:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._steering = site.desk.steering

    async def show(self, request: web.Request, visitor: Visitor) -> web.Response:
        page = await account_page(self._site, request, visitor)
        work = self._site.works.of(f"plan {page.row.account}")
        confirmed = self._site.works.of(f"confirm {page.row.account}")
        seen = work.outcome if work else None
        if seen is None and confirmed is not None and confirmed.outcome is not None and confirmed.outcome.changed:
            seen = confirmed.outcome.plan
        return self._site.page(visitor, "account_plan.html", page=page, work=work, confirmed=confirmed, seen=seen)

    async def look(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Begin to plan: both servers are asked."""
        account = (await account_page(self._site, request, visitor)).row.account
        self._site.works.forget(f"confirm {account}")
        self._site.works.begin(f"plan {account}", account, partial(self._planned, visitor.who, account))
        return self._site.go(visitor, f"/accounts/{account}/plan")

    async def confirm(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Begin to confirm the plan that was shown: both sides are read once more."""
        account = (await account_page(self._site, request, visitor)).row.account
        plan_hash, works = (await form_of(request)).get("hash", ""), self._site.works
        last = [works.of(f"plan {account}"), works.of(f"confirm {account}")]
        outcomes = [one.outcome for one in last if one is not None and one.outcome is not None]
        plans = [one.plan if isinstance(one, Confirmed) else one for one in outcomes]
        seen = next((one for one in plans if one.hash == plan_hash), None)
        works.begin(f"confirm {account}", account, partial(self._confirmed, visitor.who, account, plan_hash, seen))
        return self._site.go(visitor, f"/accounts/{account}/plan")

    async def _planned(self, person: Person, account: str) -> Planned:
        return planned(await self._steering.plan(person, account))

    async def _confirmed(self, person: Person, account: str, plan_hash: str, seen: Planned | None) -> Confirmed:
        found = await self._steering.confirm(person, account, plan_hash)
        self._site.works.forget(f"plan {account}")
        refused = found.problem is not None
        plan = plan_for_people(found.plan, waits=refused)
        return Confirmed(
            plan=plan,
            refused=refused,
            changed=refused and plan.hash != plan_hash and bool(found.plan.operations),
            moved=moved_lines(seen.lines, plan.lines) if refused and seen is not None else (),
        )
