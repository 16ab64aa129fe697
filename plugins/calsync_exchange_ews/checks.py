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
    "Geschrieben wird unter der Bedingung, dass der Termin noch so ist, wie er gelesen wurde; ob der Server das "
    "beachtet, zeigt die erste Änderung, oder `calsync check --try-writes`",
)
HEEDED = Finding(
    "ok",
    "the server refuses to update an event that has changed since it was read",
    "Der Server lehnt es ab, einen Termin zu ändern, der sich seit dem Lesen geändert hat",
)
UNHEEDED = Finding(
    "warning",
    "the server updates an event that has changed since it was read, so each is read just before; what a user "
    "writes within that moment is overwritten",
    "Der Server ändert auch einen Termin, der sich seit dem Lesen geändert hat, deshalb wird jeder unmittelbar "
    "davor gelesen; was jemand in diesem Augenblick schreibt, wird überschrieben",
)
READ_ONLY = Finding(
    "error",
    "the calendar can only be read: give the user write access to it, or the role ApplicationImpersonation",
    "Der Kalender lässt sich nur lesen: Bitte geben Sie dem Benutzer Schreibrechte daran, oder die Rolle "
    "ApplicationImpersonation",
)
TRASH_UNSEEN = Finding(
    "warning",
    "Deleted Items cannot be seen, so a deleted event is asked about twice before it counts as deleted",
    "„Gelöschte Elemente“ ist nicht sichtbar, deshalb wird nach einem gelöschten Termin zweimal gefragt, bevor er "
    "als gelöscht gilt",
)
UNLISTED = Finding(
    "warning",
    "the mailbox's other calendars cannot be listed, so nobody knows whether an event was moved there or deleted: "
    "deletes in Outlook are not carried over; let calsync impersonate, or make all folders visible to its user",
    "Die anderen Kalender des Postfachs lassen sich nicht auflisten, deshalb weiß niemand, ob ein Termin dorthin "
    "verschoben oder gelöscht wurde: Löschungen in Outlook werden nicht übertragen; bitte lassen Sie calsync die "
    "Identität annehmen (impersonate), oder machen Sie alle Ordner für seinen Benutzer sichtbar",
)
PRIVATE_UNSEEN = Finding(
    "warning",
    "private events are not visible, so nobody knows whether one that is found nowhere was deleted or made "
    "private: what is deleted for good in Outlook stays in FLOWFACT; give the user the right to see private "
    "items, or let calsync impersonate",
    "Private Termine sind nicht sichtbar, deshalb weiß niemand, ob ein Termin, der nirgends zu finden ist, "
    "gelöscht oder privat gemacht wurde: Was in Outlook endgültig gelöscht wird, bleibt in FLOWFACT; bitte geben "
    "Sie dem Benutzer das Recht, private Elemente zu sehen, oder lassen Sie calsync die Identität annehmen "
    "(impersonate)",
)
NAMELESS = Finding(
    "warning",
    "the server does not say which Exchange it is",
    "Der Server sagt nicht, welches Exchange er ist",
)
WRITABLE = Finding(
    "ok",
    "an event could be created, changed and deleted",
    "Ein Termin ließ sich anlegen, ändern und löschen",
)
NOTIFIES = Finding(
    "ok", "the server notifies calsync of changes", "Der Server benachrichtigt calsync über Änderungen"
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
    found = [_product(client.server_version)]
    if client.version != VERSIONS[0]:
        found.append(_old_protocol(client.version))
    found.append(_signed_in(", ".join(schemes)))
    return [one.of(client.connection) for one in found]


async def about_calendar(calendar: ExchangeCalendar) -> Sequence[Finding]:
    """Tell whether a calendar can be written, and whether the server knows the account's zone."""
    found = [await _zone(calendar.home), _versions(calendar.home.client)]
    if calendar.doorbell is not None:
        found.append(await _notifications(calendar.home))
    if not calendar.home.info.writable:
        found.append(READ_ONLY)
    if not calendar.home.sees_private:
        found.append(PRIVATE_UNSEEN)
    if calendar.home.trash is None:
        found.append(TRASH_UNSEEN)
    try:
        await calendars_of(calendar.home.client, calendar.home.caller)
    except (AccountError, EventError, Retry):
        found.append(UNLISTED)
    return found


async def try_writes(calendar: ExchangeCalendar) -> Sequence[Finding]:
    """Create an event, change it and delete it again, and tell what that has shown."""
    try:
        created = await calendar.create(TRIAL, "calsync-check")
    except CalsyncError as error:
        return [
            Finding("error", f"no event can be created: {error}", f"Es lässt sich kein Termin anlegen: {error}")
        ]
    try:
        await calendar.update(
            (await calendar.read([created.id]))[created.id], {"summary": TRIAL.summary + "."}, ""
        )
        found = [WRITABLE]
    except (CalsyncError, KeyError) as error:
        found = [
            Finding(
                "error",
                f"the event that was created cannot be changed: {error}",
                f"Der angelegte Termin lässt sich nicht ändern: {error}",
            )
        ]
    try:
        await calendar.delete((await calendar.read([created.id]))[created.id])
    except (CalsyncError, KeyError) as error:
        left = Finding(
            "error",
            f"the event {TRIAL.summary!r} of {TRIAL_DAY} could not be deleted: {error}",
            f"Der Termin „{TRIAL.summary}“ vom {TRIAL_DAY:%d.%m.%Y} ließ sich nicht löschen: {error}",
        )
        found = [each for each in found if each.severity == "error"] + [left]
    return found


def _versions(client: Client) -> Finding:
    return {None: UNTRIED, True: HEEDED, False: UNHEEDED}[client.heeds_versions]


def _old_protocol(version: str) -> Finding:
    return Finding(
        "warning",
        f"the server knows no newer protocol than {version}",
        f"Der Server kennt kein neueres Protokoll als {version}",
    )


def _signed_in(schemes: str) -> Finding:
    return Finding(
        "ok",
        f"signed in; the server offers {schemes or 'no sign-in'}",
        f"Angemeldet; der Server bietet an: {schemes or 'keine Anmeldung'}",
    )


def _product(version: str) -> Finding:
    parts = version.split(".")
    product = PRODUCTS.get(parts[0]) or PRODUCTS.get(".".join(parts[:2]))
    if product is None:
        return NAMELESS
    if tuple(int(part) for part in parts[:3] if part) >= SUBSCRIPTION_EDITION:
        edition = f"Exchange Server Subscription Edition ({version})"
        return Finding("ok", edition, edition)
    return Finding(
        "warning",
        f"it says it is {product} ({version}), which Microsoft does not look after any more",
        f"Der Server nennt sich {product} ({version}), das Microsoft nicht mehr pflegt",
    )


async def _zone(home: Home) -> Finding:
    zone = home.caller.zone
    try:
        (reply,) = await home.client.call(get_server_time_zones(zone), home.caller, counted=False)
    except (AccountError, EventError, Retry):
        return Finding(
            "warning",
            f"the server does not say whether it knows the zone {zone}",
            f"Der Server sagt nicht, ob er die Zeitzone {zone} kennt",
        )
    if zone in known_zones(reply):
        return Finding("ok", f"the server knows the zone {zone}", f"Der Server kennt die Zeitzone {zone}")
    return Finding(
        "warning",
        f"the server does not know the zone {zone}: times are written in UTC",
        f"Der Server kennt die Zeitzone {zone} nicht: Zeiten werden in UTC geschrieben",
    )


async def _notifications(home: Home) -> Finding:
    """Tell whether the server notifies of changes. Without that, a calendar is only polled."""
    try:
        (reply,) = await home.client.call(subscribe(home.folder), home.caller, counted=False)
        if reply.ok:
            await home.client.call(unsubscribe(subscription_of(reply)), home.caller, counted=False)
            return NOTIFIES
        problem = shown(reply)
    except (AccountError, EventError, Retry) as error:
        problem = str(error)
    return Finding(
        "warning",
        f"the server does not notify of changes ({problem}): the calendar is only polled",
        f"Der Server benachrichtigt nicht über Änderungen ({problem}): Der Kalender wird nur regelmäßig abgefragt",
    )
