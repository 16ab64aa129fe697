"""What people get to see: everything for administrators, the own accounts for users. Nothing here is changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from calsync.desk import activity, left_out, overview, statuses
from calsync.desk.chart import days
from calsync.desk.conditions import Conditions
from calsync.desk.decisions import waiting
from calsync.desk.discretion import masked
from calsync.desk.mails import SPAN, Mails
from calsync.desk.pairs import Pair, pair
from calsync.desk.refused import Refused, expect_administrator
from calsync.desk.repairs import repairs
from calsync.desk.systems import Titles, address_of, system_of, titles, untold
from calsync.engine.attempts import QUARANTINE_AFTER
from calsync.people import OPERATOR
from calsync.second import is_own_name
from calsync.store.history import MOST as MOST_RUNS
from calsync.sync.model import Side
from calsync.sync.rules import Chain
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from calsync.config import AccountConfig
    from calsync.desk.activity import Activity
    from calsync.desk.chart import Day
    from calsync.desk.decisions import Case
    from calsync.desk.left_out import Found, How, LeftOutPage
    from calsync.desk.overview import Overview, Row, Wanted
    from calsync.desk.people import People
    from calsync.desk.repairs import Condition, Disabled, Repair
    from calsync.desk.systems import System
    from calsync.history import RunRecord
    from calsync.people import Person
    from calsync.ports import Clock, Finding
    from calsync.service import Board, Status
    from calsync.store import SqlStore
    from calsync.sync.model import Changes, State

T = TypeVar("T")
MOST = 200
"""Rows of one page."""
CHART_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known beside the store. Each is asked anew every time: it changes while pages are open."""

    accounts: Callable[[], Mapping[str, AccountConfig]]
    """Returns the accounts that are served, by name."""
    systems: Callable[[], Mapping[str, System]]
    """Returns what people see of connections, by name."""
    board: Board | None = None
    """None: this process serves no account; the store tells how each is."""
    findings: Callable[[], Mapping[str, Sequence[Finding]]] = field(default=dict)
    """Returns what the checks of connections have found last."""
    disabled: Callable[[], Sequence[Disabled]] = field(default=tuple)
    """Returns the entries of the configuration that cannot be used."""
    chain: Callable[[str], Chain] = field(default=lambda _: Chain(()))
    """Returns the rules of an account, as they are configured now."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, the newest first."""

    rows: Sequence[T]
    more: int | None
    """What `before` is for the page behind this one; None: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """What one account's page begins with."""

    row: Row
    whose: str
    """Whose it is, as `Showing.whose` says; empty where nothing is known."""
    config: AccountConfig
    days: Sequence[Day]
    """What was written on each of the last CHART_DAYS days, in the account's own time zone."""
    runs: Sequence[RunRecord]
    """The last runs that did something, failed, or worked again; the newest first."""
    last_writes: Sequence[RunRecord]
    mails: Mails
    repairs: Sequence[Repair]
    untold: Mapping[str, Sequence[str]]
    """What is not told of events, as calsync.ports.Provider says -> what the systems are called that do not."""
    left_out: Mapping[tuple[How, str], int]
    """How many events are not synced, or wait, by how and reason, what needs a person first."""
    own: bool
    """Whether it is shown to whom it belongs to, who sees what is private."""

    @property
    def wrote(self) -> Sequence[RunRecord]:
        """Those of the last runs that wrote something, the newest first."""
        return [one for one in self.runs if one.total.created or one.total.updated or one.total.deleted]

    @property
    def own_mailbox(self) -> bool:
        """Whether its owner has connected the mailbox, and signs in to it."""
        return is_own_name(self.config.right.connection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """One connection."""

    system: System
    accounts: int
    """How many accounts use it."""
    findings: Sequence[Finding] | None
    """What its check has found lately; None: nobody has looked."""


class Showing:
    """Reached as `Desk.showing`. Every method is told who asks. Refused, account_unknown: it is not theirs."""

    def __init__(self, store: SqlStore, people: People, clock: Clock, served: Known) -> None:
        self._store = store
        self._people = people
        self._clock = clock
        self._served = served

    def titles(self, left: str, right: str) -> Mapping[Side, str]:
        """Return what the systems of two connections are called."""
        systems = self._served.systems()
        return {Side.LEFT: system_of(left, systems).title, Side.RIGHT: system_of(right, systems).title}

    async def overview(self, person: Person, wanted: Wanted) -> Overview:
        """Return a page of accounts, with how many are in each state."""
        found = await self._found(person, wanted.search)
        conditions = await self._conditions(await self._own(person))
        page = overview.overview(conditions, self._served.systems(), self._clock.now(), wanted, found)
        return replace(page, rows=await self._counted(page.rows))

    async def addresses(self, person: Person) -> Mapping[str, str]:
        """Return the addresses that accounts name, of all that somebody may see; empty where one names none."""
        return self._addresses(await self._own(person))

    async def whose(self, person: Person, names: Iterable[str]) -> Mapping[str, str]:
        """Return whose accounts are, by name: the address that each names, and for administrators the owners.

        What has a name that says nothing, as the id of somebody in a system, is known by that. One that somebody
        may not see is left out.
        """
        own = await self._own(person)
        addresses = self._addresses({name: own[name] for name in names if name in own})
        owners = await self._people.owners(addresses) if person.administrator else {}
        return {
            name: ", ".join(each for each in (address, *owners.get(name, ())) if each)
            for name, address in addresses.items()
        }

    async def account(self, person: Person, name: str) -> AccountPage:
        """Return what one account's page begins with. Raises Refused."""
        config = await self._expect(person, name)
        now, history = self._clock.now(), self._store.history
        condition = await self._condition(name, config)
        cards = repairs([condition], self._served.systems(), now)
        (row,) = await self._counted([overview.row(condition, cards)])
        records = await history.of(name, MOST_RUNS)
        copies, people = await self._store.showing.copies_without_attendees(name, now - SPAN)
        return AccountPage(
            row=row,
            whose=(await self.whose(person, [name])).get(name, ""),
            config=config,
            days=days(records, now, config.timezone, CHART_DAYS),
            runs=records[:20],
            last_writes=await history.last_writes(name, 5),
            mails=Mails(
                prevented=await self._store.showing.mails_prevented(name),
                copies=copies,
                people=people,
                blocked=row.blocked,
            ),
            repairs=cards,
            untold=untold(config, self._served.systems()),
            left_out=left_out.counted(await self._left_out(condition)),
            own=await self.owns(person, name),
        )

    async def condition(self, person: Person, name: str) -> Condition:
        """Return how one account is. Raises Refused."""
        return await self._condition(name, await self._expect(person, name))

    async def activity(
        self,
        person: Person,
        name: str,
        *,
        kind: str | None = None,
        side: Side | None = None,
        before: int | None = None,
        most: int = 50,
    ) -> Page[Activity]:
        """Return what was done. `kind`: one of activity.KINDS; `side`: the one written to. Raises Refused."""
        config = await self._expect(person, name)
        most = min(most, MOST)
        rows = await self._store.showing.ledger(name, kind, side, before, most + 1)
        shown = rows[:most]
        wanted = activity.wanted(shown)
        seen = await self._store.showing.seen(name, wanted)
        deleted: Mapping[tuple[Side, str], Changes] = {}
        if gone := wanted - seen.keys():
            deleted = await self._store.showing.deleted(name, gone, min(row.entry.at for row in shown))
        private = None if await self.owns(person, name) else await self._store.showing.private(name, wanted)
        called = titles(config, self._served.systems())
        more = shown[-1].id if len(rows) > most else None
        return Page([activity.activity(row, seen, called, deleted, private) for row in shown], more)

    async def left_out(
        self, person: Person, name: str, *, how: How | None = None, offset: int = 0, most: int = 50
    ) -> LeftOutPage:
        """Return what is not synced, or waits, what needs a person first. `how`: only these. Raises Refused."""
        config = await self._expect(person, name)
        condition = await self._condition(name, config)
        every = await self._left_out(condition)
        found = [one for one in every if how in {None, one.how}]
        shown = found[offset : offset + min(most, MOST)]
        wanted = {event for one in shown for event in one.events}
        seen = dict(await self._store.showing.seen(name, wanted))
        if not await self.owns(person, name):
            seen |= {event: masked(seen[event]) for event in await self._store.showing.private(name, seen)}
        return left_out.LeftOutPage(
            rows=[left_out.left_out(one, seen, condition.titles) for one in shown],
            counts=left_out.counted(every),
            total=len(found),
        )

    async def pairs(
        self, person: Person, name: str, *, state: State | None = None, before: int | None = None, most: int = 50
    ) -> Page[Pair]:
        """Return the links with what both sides show, the newest first. Raises Refused."""
        condition = await self.condition(person, name)
        most = min(most, MOST)
        rows = await self._store.showing.links(name, state, before, most + 1)
        more = rows[most - 1].id if len(rows) > most else None
        own = await self.owns(person, name)
        every = await self._left_out(condition)
        waits: Mapping[tuple[Side, str | None], Found]
        waits = {event: one for one in reversed(every) for event in one.events}  # what needs a person counts
        return Page([pair(row, waits, own=own) for row in rows[:most]], more)

    async def holds(self, person: Person, name: str) -> Sequence[Case]:
        """Return what waits for a person's word. Raises Refused."""
        config = await self._expect(person, name)
        direction = (await self._store.settings.get(name)).direction or config.direction
        cases = await waiting(self._store, name, direction, self._clock.now())
        return cases if await self.owns(person, name) else [case.discreet() for case in cases]

    async def repairs(self, person: Person) -> Sequence[Repair]:
        """Return what somebody should look at; of what is no account's only for administrators."""
        told = (await self._conditions(await self._own(person))).telling()
        findings, disabled = (
            (self._served.findings(), self._served.disabled()) if person.administrator else ({}, ())
        )
        return repairs(told, self._served.systems(), self._clock.now(), findings, disabled)

    async def owns(self, person: Person, name: str) -> bool:
        """Tell whether somebody sees what is private in an account: its owner, and who has the store's file."""
        return person == OPERATOR or name in await self._people.accounts_of(person)

    def connections(self, person: Person) -> Sequence[Connected]:
        """Return all connections by name. Raises Refused, administrators_only."""
        expect_administrator(person)
        accounts, found = self._served.accounts().values(), self._served.findings()
        used = Counter(name for one in accounts for name in {one.left.connection, one.right.connection})
        return [
            Connected(system=system, accounts=used[name], findings=found.get(name))
            for name, system in sorted(self._served.systems().items())
        ]

    def disabled(self, person: Person) -> Sequence[Disabled]:
        """Return the entries of the configuration that cannot be used. Raises Refused, administrators_only."""
        expect_administrator(person)
        return self._served.disabled()

    def _addresses(self, accounts: Mapping[str, AccountConfig]) -> dict[str, str]:
        systems = self._served.systems()
        return {name: address_of(config, systems) for name, config in accounts.items()}

    async def _own(self, person: Person) -> Mapping[str, AccountConfig]:
        accounts = dict(self._served.accounts())  # others come and go while the store is read
        if person.administrator:
            return accounts
        own = await self._people.accounts_of(person)
        return {name: config for name, config in accounts.items() if name in own}

    async def _expect(self, person: Person, name: str) -> AccountConfig:
        """Return an account that somebody may see. Nobody learns which others there are."""
        config = self._served.accounts().get(name)
        if config is None or not await self._people.may_see(person, name):
            raise Refused("account_unknown")
        return config

    async def _found(self, person: Person, search: str) -> Collection[str]:
        """Return the accounts that are found by whose they are."""
        word = search.strip().casefold()
        if not word:
            return ()
        owned = await self._people.found(word) if person.administrator else frozenset()
        addresses = await self.addresses(person)
        return owned.union(name for name, address in addresses.items() if word in address.casefold())

    async def _counted(self, rows: Sequence[Row]) -> list[Row]:
        """Return rows with what is counted for those of one page alone."""
        names, showing, none = [row.account for row in rows], self._store.showing, Counter[str]()
        links, unready = await showing.link_counts(names), await showing.unready_counts(names)
        unsynced = await showing.unsynced_counts(names)
        return [
            overview.with_counts(
                row,
                links.get(row.account, none),
                unready.get(row.account, 0),
                unsynced.get(row.account, none),
            )
            for row in rows
        ]

    async def _left_out(self, condition: Condition) -> Sequence[Found]:
        """Return what is not synced in an account, or waits, what needs a person first."""
        return left_out.sorted_out(await self._store.showing.left_out(condition.account), condition)

    async def _statuses(self, accounts: Mapping[str, AccountConfig]) -> Mapping[str, Status]:
        """Return how accounts are: the service knows it, else the store."""
        states = statuses.served(accounts, self._served.board)
        states = statuses.as_switched(states, await self._store.showing.switches())
        others = accounts.keys() - states.keys()
        remembered, now = await self._store.showing.accounts(others), self._clock.now()
        return states | {
            name: statuses.remembered_status(name, remembered.get(name), now) for name in sorted(others)
        }

    async def _conditions(self, accounts: Mapping[str, AccountConfig]) -> Conditions:
        """Return how accounts are: the one place in which pages, commands and the API find that out."""
        showing, states = self._store.showing, await self._statuses(accounts)
        failed = [name for name, status in states.items() if status.error is not None]
        return Conditions(
            accounts=accounts,
            states=states,
            titles=Titles(self._served.systems()),
            directions=await showing.directions(),
            remembered=await showing.accounts(failed),
            rebuilds=await showing.rebuilds(),
            unwritten=await showing.unwritten(),
            waiting=await showing.waiting(),
            failing=await showing.failing_events(QUARANTINE_AFTER),
        )

    async def _condition(self, name: str, config: AccountConfig) -> Condition:
        return (await self._conditions({name: config})).of(name)
