"""How long each page takes, and its data alone, with many accounts and a large ledger, from a store on the disk.

The accounts stand in the configuration's file, which some pages ask. A page is asked for over HTTP, on loopback,
by a client in the same process: its part is counted, too. Run alone:
python -m benchmarks.pages
"""

from __future__ import annotations

import asyncio
import base64
import socket
import statistics
import sys
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from benchmarks.cost import Cost, cost_of
from benchmarks.filled_store import ACCOUNTS, CONFIG, LEDGER, SYSTEMS, board, fill, names
from calsync.desk import Audit, Known, People, Showing
from calsync.desk.accounts import Accounts
from calsync.desk.overview import Order, Wanted
from calsync.desk.statuses import Health
from calsync.errors import Retry
from calsync.http import HttpFactory
from calsync.loading import load
from calsync.pages import Work, site_of
from calsync.people import OPERATOR, Role
from calsync.ports import SystemClock
from calsync.store import SqliteStore
from calsync.values import replace
from calsync.web import cookies, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence

    from calsync.engine import Confirmation, Leaving, Report, Undone
    from calsync.people import Person
    from calsync.ports import Clock
    from calsync.records import Selection
    from calsync.sync.model import Side
    from calsync.web.site import Site

ROUNDS = 20
DATA_BOUND, PAGE_BOUND = 0.020, 0.100
"""CPU seconds. DATA_BOUND: what is shown, as commands and pages ask for it; no account's run may notice that
somebody looks. PAGE_BOUND: a whole answer, with session, template and HTTP: to who waits, it is there at once.
"""
ONE = "account-0040"
"""One that fails, and that has something to look at."""
LAST = 41 * LEDGER - 450
"""Before this entry comes the last page of its ledger."""
DATA: Sequence[tuple[str, Callable[[Showing], Awaitable[object]]]] = (
    ("all accounts, the first page", lambda showing: showing.overview(OPERATOR, Wanted())),
    (
        "all accounts, by their last read, the tenth",
        lambda showing: showing.overview(OPERATOR, Wanted(order=Order.GOOD_AT, offset=450)),
    ),
    (
        "all accounts, those that fail",
        lambda showing: showing.overview(OPERATOR, Wanted(states=frozenset({Health.FAILING}))),
    ),
    ("all accounts, searched", lambda showing: showing.overview(OPERATOR, Wanted(search="-19"))),
    ("repairs", lambda showing: showing.repairs(OPERATOR)),
    ("one account", lambda showing: showing.account(OPERATOR, ONE)),
    ("one account's activity", lambda showing: showing.activity(OPERATOR, ONE)),
    ("one account's activity, its last page", lambda showing: showing.activity(OPERATOR, ONE, before=LAST)),
    ("what one account leaves out", lambda showing: showing.left_out(OPERATOR, ONE)),
    ("one account's pairs", lambda showing: showing.pairs(OPERATOR, ONE)),
)
CHEF, OWNER, NEWCOMER = "Chef", "Anna", "Neu"
"""An administrator, the owner of ONE, and somebody who has no account yet."""
PAGES = (
    "/accounts",
    "/accounts?order=good_at&offset=450",
    "/accounts?state=failing",
    "/accounts?search=-19",
    "/repairs",
    f"/accounts/{ONE}",
    f"/accounts/{ONE}/activity",
    f"/accounts/{ONE}/activity?before={LAST}",
    f"/accounts/{ONE}/left-out",
    f"/accounts/{ONE}/events",
    f"/accounts/{ONE}/decisions",
    "/connections",
    "/people",
    "/people/{owner}",
    "/audit",
    "/start",
)
"""An administrator asks for these."""
OTHERS = (("/", OWNER), ("/", NEWCOMER), ("/own", NEWCOMER))
"""What others ask for."""
CONFIGURATION = """
service:
  store: "sqlite:///{folder}/calsync.db"
  listen: "127.0.0.1:{port}"
  key: "{key}"
connections:
  crm: {{provider: flowfact, api_token: unused, schema: appointments}}
  mail: {{provider: graph, tenant_id: {tenant}, client_id: {tenant}, client_secret: unused}}
web:
  self_service: {{left: {{connection: crm}}, right: {{connection: mail}}}}
accounts:
"""
ACCOUNT = """\
  {name}:
    left: {{connection: crm, user: {name}@example.de}}
    right: {{connection: mail, mailbox: {name}@example.de}}
    timezone: Europe/Berlin
"""


@dataclass(frozen=True, slots=True)
class PageTime:
    """What one page costs, round by round. Its bound counts for the CPU: other programs do not shift it."""

    name: str
    costs: Sequence[Cost]
    bound: float
    """Seconds."""

    @property
    def cpu(self) -> float:
        return statistics.median(cost.cpu for cost in self.costs)

    @property
    def wall(self) -> float:
        return statistics.median(cost.wall for cost in self.costs)

    @property
    def kept(self) -> bool:
        return self.cpu <= self.bound


class Nobody:
    """Serves no account."""

    def wake(self, account: str, reason: str) -> None:
        """There is nothing to wake."""

    def proven(self, connection: str) -> None:
        """There is nobody to run."""

    async def plan(self, account: str) -> Report:
        raise Retry(f"account {account} is not served")

    async def undo(self, account: str, selection: Selection, plan_hash: str | None) -> Undone:
        del selection, plan_hash
        raise Retry(f"account {account} is not served")

    async def leave(self, account: str, remove: Side | None, who: str, plan_hash: str | None) -> Leaving:
        del remove, who, plan_hash
        raise Retry(f"account {account} is not served")

    async def confirm(self, account: str, plan_hash: str) -> Confirmation:
        del plan_hash
        raise Retry(f"account {account} is not served")


def page_times() -> list[PageTime]:
    """Return what each page costs, and the data of each."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measured(Path(folder)))


def page_table(times: Sequence[PageTime]) -> str:
    """Return a line per page: medians of CPU and time, and the bound, in milliseconds."""
    head = f"{ACCOUNTS:,} accounts, {ACCOUNTS * LEDGER:,} ledger rows"
    width = max(len(head), *(len(one.name) for one in times))
    rows = [
        f"{one.name.ljust(width)}{one.cpu * 1000:9.1f} ms{one.wall * 1000:9.1f} ms{one.bound * 1000:6.0f} ms"
        f"{'' if one.kept else '  MISSED'}"
        for one in times
    ]
    return "\n".join([f"{head.ljust(width)}{'CPU':>12}{'time':>12}{'bound':>9}", *rows])


async def _measured(folder: Path) -> list[PageTime]:
    place, clock = folder / "calsync.db", SystemClock()
    await (await SqliteStore.open(place)).close()
    fill(place)
    store = await SqliteStore.open(place)
    accounts = {name: replace(CONFIG, name=name) for name in names()}
    known = Known(accounts=lambda: accounts, systems=lambda: SYSTEMS, board=board(clock))
    people = People(store.people, clock, lambda: accounts, Audit(store.settings, clock))
    showing = Showing(store, people, clock, known)
    try:
        data = [
            PageTime(name, [await cost_of(partial(asked, showing)) for _ in range(ROUNDS)], DATA_BOUND)
            for name, asked in DATA
        ]
        async with _site(folder, store, clock, known) as (site, url):
            return data + await _pages(site, url)
    finally:
        await store.close()


@asynccontextmanager
async def _site(folder: Path, store: SqliteStore, clock: Clock, known: Known) -> AsyncIterator[tuple[Site, str]]:
    """Serve the pages from entering to leaving; give them, and where they are."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    configuration = folder / "calsync.yaml"
    key, tenant = base64.b64encode(b"k" * 32).decode(), "11111111-2222-3333-4444-555555555555"
    head = CONFIGURATION.format(folder=folder, port=port, key=key, tenant=tenant)
    text = "".join([head, *(ACCOUNT.format(name=name) for name in known.accounts())])
    configuration.write_text(text, "utf-8")
    config, _ = load(configuration)

    async def all_names() -> Collection[str]:
        return known.accounts().keys()

    nothing, served = (lambda: None), Nobody()
    work = Work(Accounts(store.settings, all_names, clock), served, all_names, nothing, HttpFactory(clock))
    with site_of(config, store, clock, known, work, lambda _: None) as site:
        if site is None:
            raise RuntimeError("the configuration wants no pages")
        async with serving([], "127.0.0.1", port, site):
            yield site, f"http://127.0.0.1:{port}"


async def _pages(site: Site, url: str) -> list[PageTime]:
    found = []
    sessions = {
        CHEF: await _session(site, CHEF, Role.ADMINISTRATOR),
        OWNER: await _session(site, OWNER, Role.USER, ONE),
        NEWCOMER: await _session(site, NEWCOMER, Role.USER),
    }
    owner = (await site.desk.people.named(OWNER)).id
    newcomer = (await site.desk.people.named(NEWCOMER)).id
    await site.desk.members.assign(OPERATOR, newcomer, "new@example.de")  # who nobody knows is offered nothing
    async with aiohttp.ClientSession(url) as client:
        for page, who in (*((page.format(owner=owner), CHEF) for page in PAGES), *OTHERS):

            async def ask(page: str = page, session: str = sessions[who]) -> None:
                headers = {"Cookie": f"{cookies.SESSION}={session}"}
                async with client.get(page, headers=headers, allow_redirects=False) as answer:
                    await answer.read()
                    if answer.status != 200:  # noqa: PLR2004
                        raise RuntimeError(f"{page}: {answer.status}")

            await ask()  # its template is read, and the configuration
            name = page if who == CHEF else f"{page} ({who})"
            found.append(PageTime(name, [await cost_of(ask) for _ in range(ROUNDS)], PAGE_BOUND))
    return found


async def _session(site: Site, name: str, role: Role, *accounts: str) -> str:
    """Let somebody be there, and return the id of a session."""
    person: Person = await site.desk.access.accept_with_password(
        (await site.desk.people.invite(name, role, accounts)).secret, "vier grüne Schafe"
    )
    return await site.desk.access.begin_session(person)


if __name__ == "__main__":
    found = page_times()
    print(page_table(found))
    sys.exit(0 if all(one.kept for one in found) else 1)
