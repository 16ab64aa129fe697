"""What `calsync check` tells of a server and a calendar. What a server lacks is a finding."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from calsync.errors import AccountError, CalsyncError, EventError, Retry
from calsync.ports import Finding
from calsync.sync.model import AllDay, Draft
from calsync_exchange_ews.doorbell import subscription_of
from calsync_exchange_ews.envelope import VERSIONS
from calsync_exchange_ews.failures import shown
from calsync_exchange_ews.folders import calendars_of
from calsync_exchange_ews.requests import get_server_time_zones, subscribe, unsubscribe
from calsync_exchange_ews.responses import known_zones

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync_exchange_ews.calendar import ExchangeCalendar
    from calsync_exchange_ews.client import Client
    from calsync_exchange_ews.home import Home

PRODUCTS = {"14": "Exchange 2010", "15.0": "Exchange 2013", "15.1": "Exchange 2016", "15.2": "Exchange 2019"}
UNTRIED = Finding(
    "ok",
    "updates are made on condition of the version that was read; whether the server heeds that, the first update "
    "shows, or `calsync check --try-writes`",
)
HEEDED = Finding("ok", "the server refuses to update an event that has changed since it was read")
UNHEEDED = Finding(
    "warning",
    "the server updates an event that has changed since it was read, so each is read just before; what a user "
    "writes within that moment is overwritten",
)
UNLISTED = (
    "the mailbox's other calendars cannot be listed, so nobody knows whether an event was moved there or deleted: "
    "deletes in Outlook are not carried over; let calsync impersonate, or make all folders visible to its user"
)
TRIAL_DAY = date(2000, 1, 1)
TRIAL = Draft(
    summary="calsync check: may be deleted",
    when=AllDay(TRIAL_DAY, TRIAL_DAY + timedelta(days=1)),
    description="",
    reminder=None,
)
"""What a write is tried on: far outside of everybody's window, and of everybody's sight."""
SUBSCRIPTION_EDITION = (15, 2, 2562)
"""The first build of Exchange Server Subscription Edition, the only one that Microsoft still looks after."""


def about_server(client: Client, schemes: Sequence[str]) -> Sequence[Finding]:
    """Tell what the server is and how people sign in. `schemes`: what it offers; none where it asks nobody."""
    name = client.connection
    found = [_product(name, client.server_version)]
    if client.version != VERSIONS[0]:
        found.append(
            Finding("warning", f"connection {name}: the server knows no newer protocol than {client.version}")
        )
    offers = ", ".join(schemes) or "no sign-in"
    found.append(Finding("ok", f"connection {name}: signed in; the server offers {offers}"))
    return found


async def about_calendar(calendar: ExchangeCalendar) -> Sequence[Finding]:
    """Tell whether a calendar can be written, and whether the server knows the account's zone."""
    found = [await _zone(calendar.home), _versions(calendar.home.client)]
    if calendar.doorbell is not None:
        found.append(await _notifications(calendar.home))
    if not calendar.home.info.writable:
        advice = "give the user write access to it, or the role ApplicationImpersonation"
        found.append(Finding("error", f"the calendar can only be read: {advice}"))
    if calendar.home.trash is None:
        problem = (
            "Deleted Items cannot be seen, so a deleted event is asked about twice before it counts as deleted"
        )
        found.append(Finding("warning", problem))
    try:
        await calendars_of(calendar.home.client, calendar.home.caller)
    except (AccountError, EventError, Retry):
        found.append(Finding("warning", UNLISTED))
    return found


async def try_writes(calendar: ExchangeCalendar) -> Sequence[Finding]:
    """Create an event, change it and delete it again, and tell what that has shown."""
    try:
        created = await calendar.create(TRIAL, "calsync-check")
    except CalsyncError as error:
        return [Finding("error", f"no event can be created: {error}")]
    try:
        await calendar.update(
            (await calendar.read([created.id]))[created.id], {"summary": TRIAL.summary + "."}, ""
        )
        found = [Finding("ok", "an event could be created, changed and deleted")]
    except (CalsyncError, KeyError) as error:
        found = [Finding("error", f"the event that was created cannot be changed: {error}")]
    try:
        await calendar.delete((await calendar.read([created.id]))[created.id])
    except (CalsyncError, KeyError) as error:
        left = f"the event {TRIAL.summary!r} of {TRIAL_DAY} could not be deleted: {error}"
        found = [each for each in found if each.severity == "error"] + [Finding("error", left)]
    return found


def _versions(client: Client) -> Finding:
    return {None: UNTRIED, True: HEEDED, False: UNHEEDED}[client.heeds_versions]


def _product(name: str, version: str) -> Finding:
    parts = version.split(".")
    product = PRODUCTS.get(parts[0]) or PRODUCTS.get(".".join(parts[:2]))
    if product is None:
        return Finding("warning", f"connection {name}: the server does not say which Exchange it is")
    if tuple(int(part) for part in parts[:3] if part) >= SUBSCRIPTION_EDITION:
        return Finding("ok", f"connection {name}: Exchange Server Subscription Edition ({version})")
    ended = f"connection {name}: it says it is {product} ({version}), which Microsoft does not look after any more"
    return Finding("warning", ended)


async def _zone(home: Home) -> Finding:
    zone = home.caller.zone
    try:
        (reply,) = await home.client.call(get_server_time_zones(zone), home.caller, counted=False)
    except (AccountError, EventError, Retry):
        return Finding("warning", f"the server does not say whether it knows the zone {zone}")
    if zone in known_zones(reply):
        return Finding("ok", f"the server knows the zone {zone}")
    return Finding("warning", f"the server does not know the zone {zone}: times are written in UTC")


async def _notifications(home: Home) -> Finding:
    """Tell whether the server notifies of changes. Without that, a calendar is only polled."""
    try:
        (reply,) = await home.client.call(subscribe(home.folder), home.caller, counted=False)
        if reply.ok:
            await home.client.call(unsubscribe(subscription_of(reply)), home.caller, counted=False)
            return Finding("ok", "the server notifies calsync of changes")
        problem = shown(reply)
    except (AccountError, EventError, Retry) as error:
        problem = str(error)
    return Finding("warning", f"the server does not notify of changes ({problem}): the calendar is only polled")
