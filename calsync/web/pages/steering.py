"""What people do with an account: switch it, turn it, run it, and decide what waits for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from calsync.desk.left_out import How
from calsync.desk.outcomes import outcome
from calsync.desk.repairs import card_of
from calsync.sync.choices import Choice
from calsync.sync.model import AllDay, Direction, Side
from calsync.web.guard import form_of
from calsync.web.pages.account import ACCOUNT, account_page
from calsync.web.visitor import within

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.desk.decisions import Case
    from calsync.desk.repairs import Repair
    from calsync.sync.plan import Kind
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

SHOWN = 100
"""Cases of one group on the page: what is decided together was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What waits for the same reason, and is decided alike."""

    reason: str
    kind: Kind
    side: Side
    choices: Sequence[Choice]
    """What may be chosen for all of it that is not decided yet."""
    card: Repair | None
    """What tells it; None where it waits for the plan to be confirmed."""
    cases: Sequence[Case]
    more: int
    """How many there are beside those that are shown."""

    @property
    def open(self) -> Sequence[Case]:
        """The cases that a decision would count for."""
        return [case for case in self.cases if case.choices and case.decided is None]


def add_to(site: Site) -> None:
    """Add the pages."""
    pages = _Steering(site)
    site.add("POST", f"{ACCOUNT}/switch", pages.switch)
    site.add("POST", f"{ACCOUNT}/direction", pages.direct)
    site.add("POST", f"{ACCOUNT}/sync", pages.sync)
    site.add("GET", f"{ACCOUNT}/decisions", pages.decisions)
    site.add("POST", f"{ACCOUNT}/decisions", pages.decide)


class _Steering:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._steering = site.desk.steering

    async def switch(self, request: web.Request, visitor: Visitor) -> web.Response:
        on = (await form_of(request)).get("on") == "1"
        account = await self._account(request, visitor)
        await self._steering.switch(visitor.who, account, on=on)
        return await self._back(request, visitor, "account.switched_on" if on else "account.switched_off")

    async def direct(self, request: web.Request, visitor: Visitor) -> web.Response:
        word = (await form_of(request)).get("direction")
        direction = next((one for one in Direction if one.value == word), None)
        if direction is None:
            raise web.HTTPBadRequest
        await self._steering.direct(visitor.who, await self._account(request, visitor), direction)
        return await self._back(request, visitor, "account.directed")

    async def sync(self, request: web.Request, visitor: Visitor) -> web.Response:
        await self._steering.sync_now(visitor.who, await self._account(request, visitor))
        return await self._back(request, visitor, "account.begins")

    async def decisions(self, request: web.Request, visitor: Visitor) -> web.Response:
        page = await account_page(self._site, request, visitor)
        held = await self._site.desk.showing.holds(visitor.who, page.row.account)
        outcomes = partial(outcome, language=visitor.texts.language, titles=page.row.titles)
        blocked = await self._site.desk.showing.left_out(
            visitor.who, page.row.account, how=How.BLOCKED, most=SHOWN
        )
        return self._site.page(
            visitor,
            "account_decisions.html",
            page=page,
            sides=list(Side),
            groups=grouped([case for case in held if case.is_for_people], page.row.titles),
            outcome=outcomes,
            blocked=blocked,
        )

    async def decide(self, request: web.Request, visitor: Visitor) -> web.Response:
        form = await form_of(request)
        names = [str(name) for name in (await request.post()).getall("case", [])]
        choice = next((one for one in Choice if one.value == form.get("choice")), None)
        if choice is None or not names:
            raise web.HTTPBadRequest
        account = await self._account(request, visitor)
        taken = await self._steering.decide(visitor.who, account, names, choice)
        off = (await self._site.desk.showing.account(visitor.who, account)).row.off
        done = "decisions.taken_off" if off else "decisions.taken"
        notice = done if len(taken) == len(names) else "decisions.partly" if taken else "decisions.over"
        return self._site.go(visitor, f"/accounts/{account}/decisions", notice)

    async def _account(self, request: web.Request, visitor: Visitor) -> str:
        """Return the account's name. Raises HTTPNotFound for one that somebody may not see."""
        account = request.match_info["account"]
        if account not in self._site.desk.accounts() or not await self._site.desk.people.may_see(
            visitor.who, account
        ):
            raise web.HTTPNotFound
        return account

    async def _back(self, request: web.Request, visitor: Visitor, notice: str) -> web.Response:
        """Go back to the page whose form it was."""
        account = request.match_info["account"]
        return self._site.go(visitor, within((await form_of(request)).get("next", f"/accounts/{account}")), notice)


def grouped(cases: Sequence[Case], titles: Mapping[Side, str]) -> list[Group]:
    """Return the cases by what is decided alike, what waits longest first, and within it by their days."""
    found: dict[tuple[str, Side, Kind], list[Case]] = {}
    for case in cases:
        found.setdefault((case.reason, case.side, case.kind), []).append(case)
    return [_group(each, titles) for each in found.values()]


def _group(cases: Sequence[Case], titles: Mapping[Side, str]) -> Group:
    first, cases = cases[0], sorted(cases, key=_begin)
    undecided = [case for case in cases if case.choices and case.decided is None]
    offered = undecided[0].choices if undecided else ()
    return Group(
        reason=first.reason,
        side=first.side,
        kind=first.kind,
        choices=[one for one in offered if all(one in case.choices for case in undecided)],
        card=card_of(cases, titles),
        cases=cases[:SHOWN],
        more=max(0, len(cases) - SHOWN),
    )


def _begin(case: Case) -> datetime:
    """Return when an event begins, on whichever side it is known; a day begins at midnight in UTC."""
    seen = case.left or case.right
    if seen is None:
        return datetime.max.replace(tzinfo=UTC)
    when = seen.event.when
    return datetime.combine(when.first, time(), UTC) if isinstance(when, AllDay) else when.start
