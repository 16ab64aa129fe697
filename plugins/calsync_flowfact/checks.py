"""What `calsync check` tells of a tenant and a calendar, in English and in German."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.ports import Finding
from calsync_flowfact.config import CODECS, FOR_RULES
from calsync_flowfact.habits import BELIEVED
from calsync_flowfact.questions import UNMAPPED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from calsync_flowfact.answers import Answer
    from calsync_flowfact.config import Settings
    from calsync_flowfact.habits import Probed

NO_SAMPLE = Finding(
    "warning",
    "FLOWFACT shows no appointment that the mapping could be held against, as calsync's own prove nothing; look "
    "at the first one on both sides before you go on, as a wrong unit of time does not show otherwise",
    "FLOWFACT zeigt keinen Termin, an dem sich die Zuordnung prüfen ließe, denn die von calsync beweisen nichts; "
    "bitte sehen Sie sich den ersten auf beiden Seiten an, bevor Sie weitermachen, denn eine falsche Zeiteinheit "
    "zeigt sich sonst nicht",
)
NATIVE_SYNC_UNKNOWN = Finding(
    "warning",
    "FLOWFACT does not tell whether its own calendar sync is on; make sure that it is off for the same mailboxes",
    "FLOWFACT sagt nicht, ob seine eigene Kalendersynchronisation eingeschaltet ist; bitte sorgen Sie dafür, dass "
    "sie für dieselben Postfächer ausgeschaltet ist",
)
UNSORTED = Finding(
    "error",
    "FLOWFACT's search does not put what was created or modified last in front, so every calendar is read in full "
    "at each poll, which is slow; raise service.poll_seconds",
    "Die Suche von FLOWFACT stellt nicht voran, was zuletzt angelegt oder geändert wurde, deshalb wird jeder "
    "Kalender bei jeder Abfrage ganz gelesen, und das ist langsam; bitte erhöhen Sie service.poll_seconds",
)
UNMOVED = Finding(
    "error",
    "a change in FLOWFACT does not move the time of modification that a search can sort by, so every calendar is "
    "read in full at each poll, which is slow; raise service.poll_seconds",
    "Eine Änderung in FLOWFACT verschiebt die Änderungszeit nicht, nach der die Suche ordnen kann, deshalb wird "
    "jeder Kalender bei jeder Abfrage ganz gelesen, und das ist langsam; bitte erhöhen Sie service.poll_seconds",
)
NOT_PAGED = Finding(
    "error",
    "FLOWFACT's search does not begin where it is asked to, so calendars that do not fit on one page cannot be "
    "read; raise page_size above their length",
    "Die Suche von FLOWFACT beginnt nicht dort, wo sie soll, deshalb lassen sich Kalender nicht lesen, die länger "
    "als eine Seite sind; bitte erhöhen Sie page_size über deren Länge",
)
NO_LOCATION = Finding(
    "warning",
    "a rule copies locations, but no field is mapped to location: none is copied from or to FLOWFACT",
    "Eine Regel übernimmt den Ort, aber dafür ist kein Feld zugeordnet: von und nach FLOWFACT wird keiner kopiert",
)
TRASH_UNSEEN = Finding(
    "warning",
    "FLOWFACT's trash may not be seen by the API user; a deleted appointment is then found later, when two runs "
    "have looked for it in vain; ask FLOWFACT's administrator for the right to the trash",
    "Der API-Benutzer darf den Papierkorb von FLOWFACT nicht sehen; ein gelöschter Termin wird dann später "
    "bemerkt, wenn zwei Läufe ihn vergeblich gesucht haben; bitten Sie den Administrator von FLOWFACT um dieses "
    "Recht",
)


def finding(answer: Answer) -> Finding:
    return Finding(answer.severity, answer.en, answer.de)


def signed_in(api_user: Mapping[str, Any], company: str) -> Finding:
    """Return who has signed in. `company`: its name; empty where it is not told."""
    kind = api_user.get("type")
    return Finding(
        "ok",
        f"signed in to FLOWFACT{company and f' of {company}'} with a user of type {kind or 'unknown'}",
        f"Angemeldet bei FLOWFACT{company and f' von {company}'} mit einem Benutzer der Art {kind or 'unbekannt'}",
    )


def mapped(settings: Settings) -> Finding:
    each = ", ".join(
        f"{key} = {settings.name(key)} ({settings.fields[key].codec})" for key in CODECS if settings.name(key)
    )
    return Finding(
        "ok",
        f"schema {settings.schema} holds every mapped field: {each}",
        f"Das Schema {settings.schema} enthält jedes zugeordnete Feld: {each}",
    )


def unmapped(settings: Settings) -> Iterator[Finding]:
    """Yield what calsync does without for want of a field."""
    for key, meaning in UNMAPPED.items():
        missing = settings.name(key) is None and key not in FOR_RULES
        if missing and not (key == "all_day" and settings.stores_days):
            yield Finding(
                "warning", f"no field is mapped to {key}: {meaning.en}", f"Ohne Feld für {key}: {meaning.de}"
            )


def probed(found: Probed | None, settings: Settings, now: datetime, connection: str) -> Finding:
    """Return what the last probe of the tenant is worth."""
    command = f"`calsync flowfact probe {connection} -c FILE`"
    if found is None:
        return Finding(
            "ok",
            f"not probed yet, so calsync goes the careful way; to probe it, run {command}",
            f"Noch nicht erprobt, deshalb geht calsync den vorsichtigen Weg; zum Erproben: {command}",
        )
    if now - found.at >= BELIEVED:
        return Finding(
            "warning",
            f"the probe of {found.at:%Y-%m-%d} is older than {BELIEVED.days} days and not believed any more; "
            f"run {command} again",
            f"Die Erprobung vom {found.at:%d.%m.%Y} ist älter als {BELIEVED.days} Tage und gilt nicht mehr; noch "
            f"einmal erproben: {command}",
        )
    lag, overlap = found.habits.search_lag, settings.overlap / 1000
    if lag is not None and lag > overlap:
        return Finding(
            "warning",
            f"the search saw a write after {lag:.0f} seconds, but overlap_seconds is {overlap:.0f}; set it to "
            "twice that time",
            f"Die Suche hat eine Änderung nach {lag:.0f} Sekunden gesehen, aber overlap_seconds ist "
            f"{overlap:.0f}; bitte setzen Sie es auf das Doppelte dieser Zeit",
        )
    return Finding("ok", f"probed on {found.at:%Y-%m-%d}", f"Erprobt am {found.at:%d.%m.%Y}")


def appointments(total: int) -> Finding:
    return Finding(
        "ok",
        f"the user has {total} appointments in FLOWFACT",
        f"Der Benutzer hat in FLOWFACT {total} Termine",
    )


def unread(number: int, newest: int) -> Finding:
    return Finding(
        "warning",
        f"{number} of the newest {newest} have no start or no end that can be read; they are left out",
        f"{number} der neuesten {newest} haben keinen lesbaren Anfang oder kein lesbares Ende; sie bleiben weg",
    )
