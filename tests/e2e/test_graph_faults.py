"""What goes wrong at Microsoft Graph, fault by fault: how a sync ends, and that everything arrives afterwards.

Every fault meets the same day's work, so that it hits reads of the feed, creates, changes and deletes alike. Then
the fault is gone, and both sides must converge: nothing lost, nothing twice, nobody mailed.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.errors import CalsyncError
from calsync.http import MAX_ANSWER_BYTES
from calsync.sync.model import Side
from calsync.values import replace
from calsync_sandbox.faults import Fault
from calsync_sandbox.graph import GraphSwitches
from calsync_sandbox.graph.errors import access_policy, mailbox_not_enabled
from calsync_sandbox.graph.trouble import lost, needs_claims, refused
from tests.e2e.conftest import value
from tests.e2e.people import People
from tests.e2e.test_throttling import passing

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from calsync.testing import FakeClock
    from tests.e2e.conftest import World

FINE = ""
DELTA = "calendarView/delta"
CREATE = "/events$"
DAYS_WORK = {"Besprechung verlegt", "Neuer Termin", "Noch ein Termin", "Neue Besprechung"}
ONE = "/events/[^/]+$"
WEEKLY = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday", "friday"], "firstDayOfWeek": "monday"},
    "range": {"type": "noEnd", "startDate": "2026-03-09"},
}


@dataclass(frozen=True)
class Trouble:
    """A fault, and how a sync that meets it ends."""

    name: str
    begin: Callable[[World], object]
    ends: str = FINE
    """What the account's error says; nothing: the run goes on to its end."""
    refused: int = 0
    """How many writes to Outlook were not carried out, or nobody knows of; where the account goes on."""
    in_full: bool = False
    """The calendars are listed in full, as once a day; else a token is followed."""


def fault(*given: Fault) -> Callable[[World], None]:
    def begin(world: World) -> None:
        for one in given:
            world.sandbox.graph.faults.add(one)

    return begin


def switch(**given: Any) -> Callable[[World], None]:
    def begin(world: World) -> None:
        for name, state in given.items():
            assert hasattr(world.sandbox.graph.switches, name)
            setattr(world.sandbox.graph.switches, name, state)

    return begin


def both(*steps: Callable[[World], object]) -> Callable[[World], None]:
    def begin(world: World) -> None:
        for step in steps:
            step(world)

    return begin


def evicted(status: int, code: str) -> Callable[[World], None]:
    return lambda world: world.sandbox.graph.feed(world.anna.mailbox).evict(status, code)


def refuse(error: Any) -> Callable[[World], None]:
    def begin(world: World) -> None:
        world.anna.mailbox.refusal = error()

    return begin


def called_removed(world: World) -> None:
    world.sandbox.graph.switches.false_removed.update(world.anna.mailbox.events)


def token_revoked(world: World) -> None:
    world.sandbox.authority.tokens.revoke()


LOST = lost(method="POST", path=CREATE)
LOST_READ = Fault(method="GET", path=DELTA, times=None, drop=True)
TOO_MUCH = Fault(method="GET", path=DELTA, times=None, status=200, body=b" " * (MAX_ANSWER_BYTES + 1))
TABLE = [
    # Signing in
    Trouble("401, once", fault(refused(401, "InvalidAuthenticationToken"))),
    Trouble("401, always", fault(refused(401, "InvalidAuthenticationToken", times=None)), ends="accepts no token"),
    Trouble("401 with claims", fault(needs_claims(times=None)), ends="accepts no token"),
    Trouble("401, the token is revoked", token_revoked),
    # Access
    Trouble("403 by an access policy", refuse(access_policy), ends="denies access to the mailbox"),
    Trouble("404 MailboxNotEnabledForRESTAPI", refuse(mailbox_not_enabled), ends="knows no active mailbox"),
    Trouble("403 about single events", fault(refused(403, "ErrorAccessDenied", path=ONE, times=None)), refused=2),
    Trouble(
        "500 about single events", fault(refused(500, "ErrorInternalServerError", path=ONE, times=None)), refused=2
    ),
    Trouble(
        "404 of the calendar",
        fault(refused(404, "ErrorFolderNotFound", path="/calendars/", times=None)),
        ends="it is no longer there",
    ),
    # The feed
    *(
        Trouble(f"{status} {code}", evicted(status, code))
        for status, code in (
            (410, "SyncStateNotFound"),
            (410, "fullSyncRequired"),
            (400, "SyncStateNotFound"),
            (400, "SyncStateInvalid"),
            (400, "resyncRequired"),
            (400, "InvalidDeltaToken"),
        )
    ),
    Trouble("410 without a word", fault(refused(410, path=DELTA))),
    *(
        Trouble(f"{status} in the middle of {what}", switch(later_pages=(status, code)), in_full=in_full)
        for status, code in ((410, "SyncStateNotFound"), (503, "ErrorServerBusy"), (504, ""))
        for what, in_full in (("the changes", False), ("a listing", True))
    ),
    *(
        Trouble(f"{status} of a listing", fault(refused(status, code, path=DELTA, times=None)), in_full=True)
        for status, code in ((500, "UnknownError"), (503, "ErrorServerBusy"), (504, ""), (400, "BadRequest"))
    ),
    Trouble("the changes are lost, once", fault(replace(LOST_READ, times=1))),
    Trouble("the changes are lost", fault(LOST_READ), ends="was lost"),
    Trouble("the changes are too large", fault(replace(TOO_MUCH, times=1)), ends="larger than"),
    Trouble("a listing is lost", fault(LOST_READ), in_full=True),
    Trouble("a listing is too large", fault(TOO_MUCH), in_full=True),
    Trouble(
        "503 of a listing and of a view",
        fault(refused(503, path="calendarView", times=None)),
        "failed",
        in_full=True,
    ),
    Trouble("changes for ever", switch(endless_pages=True)),
    Trouble("a listing for ever", switch(endless_pages=True), in_full=True),
    Trouble("empty pages", switch(empty_pages=True)),
    Trouble("entities told again", switch(delta_repeats=True)),
    Trouble("changes told again", switch(delta_replays=20)),
    Trouble("changes told late", switch(delta_lag=600.0)),
    Trouble("present events called removed", called_removed),
    Trouble("present events called removed in a listing", called_removed, in_full=True),
    Trouble("removed events under their default ids", switch(removed_ids="default")),
    Trouble("a deleted event is found in Deleted Items", switch(deleted_get="found")),
    Trouble("a deleted event is denied", switch(deleted_get="forbidden")),
    Trouble("notes as HTML", switch(delta_text_body=False)),
    Trouble("a nextLink to another host", switch(foreign_next_link="http://127.0.0.1:9"), ends="another host"),
    Trouble("a deltaLink to another host", switch(foreign_delta_link="http://127.0.0.1:9")),
    # Throttling
    Trouble("429 with a short pause", fault(refused(429, "ApplicationThrottled", after=5))),
    Trouble(
        "429 with a long pause",
        fault(refused(429, "ApplicationThrottled", after=600)),
        ends="is busy",
    ),
    Trouble("429 without a time", fault(refused(429, "ApplicationThrottled")), ends="is busy"),
    Trouble("423", fault(refused(423, "ErrorLocked", path=DELTA)), ends="is busy"),
    Trouble("509", fault(refused(509, "BandwidthExceeded", path=DELTA)), ends="is busy"),
    Trouble("one request at once", switch(concurrency_limit=1)),
    Trouble("so many requests at once over all", switch(concurrency_limit=2, concurrency_scope="application")),
    # Servers in trouble
    *(
        Trouble(f"{status} of the changes", fault(refused(status, code, path=DELTA)), ends="failed")
        for status, code in ((500, "UnknownError"), (503, "ErrorServerBusy"), (504, ""))
    ),
    Trouble("503 everywhere", fault(refused(503, "ErrorServerBusy", times=None)), ends="failed"),
    Trouble("503 with a pause", fault(refused(503, "ErrorServerBusy", after=600, times=None)), ends="failed"),
    # Writes
    *(
        Trouble(name, both(fault(given), switch(**switches)), refused=1)
        for name, given, switches in (
            ("a create's answer is lost", LOST, {}),
            ("a create is lost", lost(method="POST", path=CREATE, carried_out=False), {}),
            ("a create is answered 504", refused(504, method="POST", path=CREATE, carried_out=True), {}),
            ("a lost create's transactionId is forgotten", LOST, {"transactions_remembered": False}),
            ("400 ErrorDuplicateTransactionId", LOST, {"duplicate_status": 400}),
            ("409 ErrorDuplicateTransactionId without the event", LOST, {"duplicate_names_event": False}),
            ("409 of a create", refused(409, "ErrorConcurrentItemSave", method="POST", path=CREATE), {}),
        )
    ),
    Trouble("a change's answer is lost", fault(lost(method="PATCH")), refused=1),
    Trouble("a delete's answer is lost", fault(lost(method="DELETE")), refused=1),
    Trouble("412", fault(refused(412, "ErrorIrresolvableConflict", method="PATCH"))),
    Trouble("412, always", fault(refused(412, "ErrorIrresolvableConflict", method="PATCH", times=None))),
    Trouble("409 of a change", fault(refused(409, "ErrorConcurrentItemSave", method="PATCH"))),
    Trouble("If-Match is ignored", switch(if_match=False)),
    Trouble("413", fault(refused(413, "RequestEntityTooLarge", method="POST", path=CREATE)), refused=1),
    Trouble("400 ErrorInvalidProperty", fault(refused(400, "ErrorInvalidProperty", method="PATCH")), refused=1),
    Trouble(
        "507 quotaLimitReached",
        fault(refused(507, "quotaLimitReached", method="POST", path=CREATE)),
        ends="it is full",
    ),
    Trouble("404 of a delete", fault(refused(404, "ErrorItemNotFound", method="DELETE", carried_out=True))),
    Trouble("410 of a delete", fault(refused(410, "ErrorItemNotFound", method="DELETE", carried_out=True))),
]


@pytest.mark.parametrize("trouble", TABLE, ids=lambda trouble: trouble.name)
async def test_a_fault_ends_as_the_table_says_and_everything_arrives(
    world: World, clock: FakeClock, trouble: Trouble
) -> None:
    await settled(world)
    clock.advance(3600)
    days_work(world)
    graph = world.sandbox.graph
    graph.switches.max_page_size = 2
    if trouble.in_full:
        clock.advance(timedelta(days=1, hours=2).total_seconds())
    trouble.begin(world)
    async with passing(clock):
        error, failed = await outcome(world)
        assert trouble.ends in error
        assert bool(error) is bool(trouble.ends), error
        assert trouble.ends or failed == trouble.refused
        assert [fault for fault in graph.faults.waiting if fault.times == 1] == [], "it did not happen"
        expect_nothing_twice(world)
        calm(world)
        clock.advance(timedelta(days=1, hours=2).total_seconds())
        await world.settle()  # what a listing misses is asked about once more before it counts as deleted
        await world.settle()
    expect_all(world)


async def outcome(world: World) -> tuple[str, int]:
    """Sync once. Return the account's error and how many of its events were refused."""
    try:
        result = (await world.sync_all()).accounts["anna"]
    except CalsyncError as error:  # the calendar cannot even be opened
        return str(error), 0
    return result.error or "", result.right.failed


async def settled(world: World) -> None:
    """Fill both calendars."""
    for number in range(4):
        world.appointment(f"Termin {number}", hours=number)
        world.event(f"Besprechung {number}", hours=number + 0.5)
    await world.settle()


def days_work(world: World) -> None:
    """Create, change and delete on both sides. Two are created: so FLOWFACT's number of appointments rises."""
    world.appointment("Neuer Termin", hours=10)
    world.appointment("Noch ein Termin", hours=12)
    world.event("Neue Besprechung", hours=11)
    world.patch(world.in_flowfact("Termin 1"), message="geändert")
    world.anna.mailbox.edit(world.in_outlook("Besprechung 1")["id"], {"subject": "Besprechung verlegt"})
    world.delete(world.in_flowfact("Termin 2"))
    world.anna.mailbox.delete(world.in_outlook("Besprechung 2")["id"])


def calm(world: World) -> None:
    """End every fault."""
    graph = world.sandbox.graph
    graph.faults.clear()
    world.anna.mailbox.refusal = None
    for one in fields(graph.switches):
        setattr(graph.switches, one.name, getattr(GraphSwitches(), one.name))


def expect_nothing_twice(world: World) -> None:
    subjects = [event["subject"] for event in world.anna.mailbox.events.values()]
    assert len(subjects) == len(set(subjects))
    titles = [value(entity, "subject") for entity in world.sandbox.flowfact.entities.values()]
    assert len(titles) == len(set(titles))
    world.expect_no_mail()


def expect_all(world: World) -> None:
    """Expect the whole day's work on both sides, once."""
    expect_nothing_twice(world)
    kept = {f"{name} {number}" for name in ("Termin", "Besprechung") for number in (0, 1, 3)}
    wanted = (kept - {"Besprechung 1"}) | DAYS_WORK
    assert {event["subject"] for event in world.anna.mailbox.events.values()} == wanted
    world.expect_converged(len(wanted))
    assert "geändert" in world.in_outlook("Termin 1")["body"]["content"]


@pytest.mark.parametrize("what", ["a series", "an event in doubt"])
async def test_an_event_that_exchange_cannot_render_stops_no_other(
    world: World, clock: FakeClock, what: str
) -> None:
    """It answers 500 for ever, to every read by id. What is remembered of it stays."""
    await settled(world)
    before = dict(world.sandbox.flowfact.entities)
    if what == "a series":
        broken = world.event("Jour fixe", hours=30, recurrence=WEEKLY)["id"]
    else:
        broken = world.in_outlook("Besprechung 0")["id"]
        world.anna.mailbox.delete(broken)
    unreadable = refused(
        500, "ErrorInternalServerError", path=f"/events/{re.escape(broken)}$", method="GET", times=None
    )
    world.sandbox.graph.faults.add(unreadable)
    world.appointment("Neuer Termin", hours=10)
    world.event("Neue Besprechung", hours=11)
    async with passing(clock):
        for _ in range(3):
            clock.advance(timedelta(hours=26).total_seconds())
            await world.sync()
    assert before.keys() <= world.sandbox.flowfact.entities.keys()
    assert len(world.sandbox.flowfact.entities) == len(before) + 2
    assert world.in_outlook("Neuer Termin")
    expect_nothing_twice(world)


@pytest.mark.parametrize("seed", range(5))
async def test_two_faults_at_once_while_people_work(world: World, clock: FakeClock, seed: int) -> None:
    """What each fault leaves behind meets the next ones: every edit still arrives, or is in the ledger."""
    chance = random.Random(seed)
    people = People(world, chance)
    world.at_each_request(people.watch)
    for _ in range(20):  # so many that the brake lets all their deletes through
        people.create(Side.LEFT)
        people.create(Side.RIGHT)
    async with passing(clock):
        await world.settle()
        for _ in range(8):
            clock.advance(chance.choice([60, 3600, 26 * 3600]))
            for _ in range(4):
                people.act()
            world.sandbox.graph.switches.max_page_size = chance.choice([1, 3, 1000])
            for trouble in chance.sample(TABLE, 2):
                trouble.begin(world)
            await outcome(world)
            world.expect_no_mail()
            if chance.random() < 0.5:
                calm(world)
        calm(world)
        clock.advance(timedelta(days=1, hours=2).total_seconds())
        await world.settle()
        rest = await world.settle()
    assert (rest.messages, world.sandbox.judge(world.anna).converged) == ((), True)
    await people.expect_all_kept()
