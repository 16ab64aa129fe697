"""What goes wrong at Microsoft Graph, fault by fault: how a sync ends, and that everything arrives afterwards.

Every fault meets the same day's work, so that it hits reads of the feed, creates, changes and deletes alike. Then
the fault is gone, and both sides must converge: nothing lost, nothing twice, nobody mailed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync_sandbox.faults import Fault
from calsync_sandbox.graph.errors import access_policy, mailbox_not_enabled
from calsync_sandbox.graph.trouble import lost, needs_claims, refused
from tests.e2e.conftest import value
from tests.e2e.test_throttling import passing

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from calsync.testing import FakeClock
    from calsync_sandbox.graph import GraphSwitches
    from tests.e2e.conftest import World

Begin = "Callable[[World], object]"
FINE = ""
DELTA = "calendarView/delta"
EVENTS = "/events"
ONE = "/events/[^/]+$"
LEFT_ALONE = 4
PAIRED = 10


@dataclass(frozen=True)
class Trouble:
    """A fault, and how a sync that meets it ends."""

    name: str
    begin: Callable[[World], object]
    ends: str = FINE
    """What the account's error says; nothing: the run goes on to its end."""
    refused: int = 0
    """How many events of the run were refused."""


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


def listing_in_full(world: World) -> None:
    """Let the next run list both calendars, as it does once a day."""
    assert hasattr(world.clock, "advance")
    world.clock.advance(timedelta(hours=26).total_seconds())


def refuse(error: Any) -> Callable[[World], None]:
    def begin(world: World) -> None:
        world.anna.mailbox.refusal = error()

    return begin


def called_removed(world: World) -> None:
    world.sandbox.graph.switches.false_removed.update(world.anna.mailbox.events)


def token_revoked(world: World) -> None:
    world.sandbox.authority.tokens.revoke()


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
        "404 of the calendar",
        fault(refused(404, "ErrorFolderNotFound", path="/calendars/", times=None)),
        ends="the calendar is no longer there",
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
    Trouble("410 in the middle of a round", switch(later_pages=(410, "SyncStateNotFound"))),
    Trouble("503 in the middle of a round", switch(later_pages=(503, "ErrorServerBusy"))),
    Trouble("504 in the middle of a round", switch(later_pages=(504, ""))),
    Trouble("no feed of this calendar", fault(refused(400, "ErrorInvalidRequest", path=DELTA, times=None))),
    Trouble("pages for ever", switch(endless_pages=True)),
    Trouble("empty pages", switch(empty_pages=True)),
    Trouble("entities told again", switch(delta_repeats=True)),
    Trouble("changes told again", switch(delta_replays=20)),
    Trouble("changes told late", switch(delta_lag=600.0)),
    Trouble("present events called removed", called_removed),
    Trouble("removed events under their default ids", switch(removed_ids="default")),
    Trouble("a deleted event is found in Deleted Items", switch(deleted_get="found")),
    Trouble("a deleted event is denied", switch(deleted_get="forbidden")),
    Trouble("notes as HTML", switch(delta_text_body=False)),
    Trouble("a nextLink to another host", switch(foreign_next_link="http://127.0.0.1:9")),
    Trouble("a deltaLink to another host", switch(foreign_delta_link="http://127.0.0.1:9")),
    # Throttling
    Trouble("429 with a short pause", fault(refused(429, "ApplicationThrottled", after=5, times=3))),
    Trouble(
        "429 with a long pause",
        fault(refused(429, "ApplicationThrottled", after=600, times=1)),
        ends="is busy",
    ),
    Trouble("429 without a time", fault(refused(429, "ApplicationThrottled", times=1)), ends="is busy"),
    Trouble("423", fault(refused(423, "ErrorLocked", path=DELTA)), ends="is busy"),
    Trouble("509", fault(refused(509, "BandwidthExceeded", path=DELTA)), ends="is busy"),
    Trouble("one request at once", switch(concurrency_limit=1)),
    Trouble("so many requests at once over all", switch(concurrency_limit=2, concurrency_scope="application")),
    # Servers in trouble
    *(
        Trouble(f"{status} about the feed", fault(refused(status, code, path=DELTA, times=None)))
        for status, code in ((500, "UnknownError"), (503, "ErrorServerBusy"), (504, ""))
    ),
    Trouble("503 everywhere", fault(refused(503, "ErrorServerBusy", times=None)), ends="failed"),
    Trouble("503 with a pause", fault(refused(503, "ErrorServerBusy", after=600, times=None)), ends="failed"),
    # Writes
    Trouble("a create's answer is lost", fault(lost(method="POST", path="/events$"))),
    Trouble("a create is lost", fault(lost(method="POST", path="/events$", carried_out=False))),
    Trouble("a create is carried out and answered 504", fault(refused(504, method="POST", carried_out=True))),
    Trouble(
        "a create's answer is lost, and its transactionId forgotten",
        both(fault(lost(method="POST", path="/events$")), switch(transactions_remembered=False)),
    ),
    Trouble("400 ErrorDuplicateTransactionId", both(fault(lost(method="POST")), switch(duplicate_status=400))),
    Trouble(
        "409 ErrorDuplicateTransactionId without the event",
        both(fault(lost(method="POST")), switch(duplicate_names_event=False)),
    ),
    Trouble("a change's answer is lost", fault(lost(method="PATCH"))),
    Trouble("a delete's answer is lost", fault(lost(method="DELETE"))),
    Trouble("412", fault(refused(412, "ErrorIrresolvableConflict", method="PATCH"))),
    Trouble("412, always", fault(refused(412, "ErrorIrresolvableConflict", method="PATCH", times=None))),
    Trouble("409 of a change", fault(refused(409, "ErrorConcurrentItemSave", method="PATCH"))),
    Trouble("409 of a create", fault(refused(409, "ErrorConcurrentItemSave", method="POST"))),
    Trouble("If-Match is ignored", switch(if_match=False)),
    Trouble("413", fault(refused(413, "RequestEntityTooLarge", method="POST")), refused=1),
    Trouble("400 ErrorInvalidProperty", fault(refused(400, "ErrorInvalidProperty", method="PATCH")), refused=1),
    Trouble("507 quotaLimitReached", fault(refused(507, "quotaLimitReached", method="POST")), ends="it is full"),
    Trouble("404 of a delete", fault(refused(404, "ErrorItemNotFound", method="DELETE", carried_out=True))),
    Trouble("410 of a delete", fault(refused(410, "ErrorItemNotFound", method="DELETE", carried_out=True))),
]


@pytest.mark.parametrize("trouble", TABLE, ids=lambda trouble: trouble.name)
async def test_a_fault_ends_as_the_table_says_and_everything_arrives(
    world: World, clock: FakeClock, trouble: Trouble
) -> None:
    await settled(world)
    days_work(world)
    small = world.sandbox.graph.switches.max_page_size
    world.sandbox.graph.switches.max_page_size = 2
    trouble.begin(world)
    async with passing(clock):
        result = (await world.sync_all()).accounts["anna"]
        assert trouble.ends in str(result.error), result.error
        assert result.ok is (trouble.ends == FINE), result.error
        assert result.right.failed == trouble.refused
        expect_nothing_twice(world)
        calm(world, small)
        clock.advance(timedelta(days=1, hours=2).total_seconds())
        await world.settle()
        await world.settle()
    expect_all(world)


async def settled(world: World) -> None:
    """Fill both calendars."""
    for number in range(4):
        world.appointment(f"Termin {number}", hours=number)
        world.event(f"Besprechung {number}", hours=number + 0.5)
    await world.settle()


def days_work(world: World) -> None:
    """Create, change and delete on both sides."""
    world.appointment("Neuer Termin", hours=10)
    world.event("Neue Besprechung", hours=11)
    world.patch(world.in_flowfact("Termin 1"), message="geändert")
    world.anna.mailbox.edit(world.in_outlook("Besprechung 1")["id"], {"subject": "Besprechung verlegt"})
    world.delete(world.in_flowfact("Termin 2"))
    world.anna.mailbox.delete(world.in_outlook("Besprechung 2")["id"])


def calm(world: World, page_size: int) -> None:
    """End every fault."""
    graph = world.sandbox.graph
    graph.faults.clear()
    graph.mailboxes[world.anna.address].refusal = None
    for name, state in vars_of(type(graph.switches)()).items():
        setattr(graph.switches, name, state)
    graph.switches.max_page_size = page_size


def vars_of(switches: GraphSwitches) -> dict[str, Any]:
    return {name: getattr(switches, name) for name in switches.__dataclass_fields__}


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
    wanted = (kept - {"Besprechung 1"}) | {"Besprechung verlegt", "Neuer Termin", "Neue Besprechung"}
    assert {event["subject"] for event in world.anna.mailbox.events.values()} == wanted
    world.expect_converged(len(wanted))
    assert "geändert" in world.in_outlook("Termin 1")["body"]["content"]
