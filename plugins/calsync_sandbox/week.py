"""The week of an estate agent that the sandbox is filled with: what FLOWFACT holds, and what Outlook holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Clock = tuple[int, int]
"""Hours and minutes in the agent's zone; (24, 0) is the next day's midnight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """An appointment in FLOWFACT. `day` counts from the Monday of the week."""

    day: int
    start: Clock
    end: Clock
    subject: str
    message: str = ""
    place: str = ""
    kind: str = "meeting"
    people: int = 0
    reminds: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)
    copied: bool = False
    """FLOWFACT's own sync once made a copy in Outlook, and invited everybody to it."""
    copied_notes: str | None = None
    """What the copy's notes say instead."""


WEEK = (
    Appointment(
        day=0,
        start=(9, 0),
        end=(9, 45),
        subject="Besichtigung Lindenstraße 12, 3-Zimmer-Altbau",
        message="Schlüssel beim Hausmeister (Herr Böhm).\nKaltmiete 1.250 €, Kaution 3 MM.\n\nBitte pünktlich!",
        place="Lindenstraße 12, 50674 Köln",
        kind="viewing",
        people=2,
        reminds=True,
        copied=True,
    ),
    Appointment(
        day=0,
        start=(14, 0),
        end=(15, 30),
        subject="Objektaufnahme Einfamilienhaus Am Mühlbach 7",
        message="Grundriss & Energieausweis mitnehmen; Fläche > 140 m² prüfen.",
        place="Am Mühlbach 7, 51147 Köln",
        reminds=True,
    ),
    Appointment(
        day=1,
        start=(10, 0),
        end=(11, 0),
        subject="Notartermin: Kaufvertrag Familie Köhler",
        message="Notariat Dr. Größ, 2. OG.\nAusweise und Finanzierungsbestätigung liegen vor.",
        place="Notariat Dr. Größ, Hohenzollernring 5",
        kind="notary",
        people=3,
        copied=True,
        copied_notes="Notariat Dr. Größ.\nBitte Personalausweis mitbringen.",
    ),
    Appointment(
        day=1,
        start=(16, 0),
        end=(16, 0),
        subject="Rückruf Frau Özdemir wegen Finanzierung",
        kind="call",
        people=1,
    ),
    Appointment(
        day=2,
        start=(8, 30),
        end=(9, 0),
        subject="Teamrunde",
        message="Jeden Mittwoch.",
        more={"series": True},
    ),
    Appointment(
        day=2,
        start=(11, 0),
        end=(12, 0),
        subject="Wohnungsübergabe Goethestraße 3",
        message="Übergabeprotokoll 📝 und Zählerstände.\nNeue Mieterin: Frau Schneider",
        place="Goethestraße 3, 50968 Köln",
        kind="handover",
        people=1,
        copied=True,
    ),
    Appointment(
        day=3,
        start=(8, 0),
        end=(8, 45),
        subject="Zahnarzt",
        message="Wurzelbehandlung, 2. Termin",
        kind="personal",
        more={"private": True},
    ),
    Appointment(
        day=3,
        start=(0, 0),
        end=(24, 0),
        subject="Immobilienmesse Köln",
        message="Stand B14 <Halle 3>",
        place="Koelnmesse",
        more={"all_day": True},
        copied=True,
    ),
    Appointment(
        day=4,
        start=(10, 30),
        end=(11, 15),
        subject="Zweitbesichtigung Lindenstraße 12, Ehepaar Schneider",
        message="Interesse an Stellplatz; Preisverhandlung möglich.",
        kind="viewing",
        people=2,
        reminds=True,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlookEvent:
    """What the agent herself put into Outlook; `more` in Graph's JSON."""

    day: int
    start: Clock
    end: Clock
    subject: str
    notes: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


OUTLOOK_WEEK = (
    OutlookEvent(
        day=0,
        start=(17, 0),
        end=(17, 45),
        subject="Videobesichtigung Penthouse Rheinblick",
        notes="Rundgang per Kamera, danach Fragen.",
        more={"isOnlineMeeting": True, "onlineMeetingProvider": "teamsForBusiness", "categories": ["Kunde"]},
    ),
    OutlookEvent(
        day=1,
        start=(13, 0),
        end=(14, 0),
        subject="Steuerberaterin Frau Weiß",
        notes="Belege 3. Quartal\nReisekosten",
        more={
            "location": {"displayName": "Kanzlei Weiß, Domstraße 1"},
            "showAs": "oof",
            "isReminderOn": True,
            "reminderMinutesBeforeStart": 60,
        },
    ),
    OutlookEvent(day=4, start=(7, 0), end=(8, 0), subject="Physiotherapie", more={"sensitivity": "private"}),
    OutlookEvent(
        day=4,
        start=(0, 0),
        end=(24, 0),
        subject="Brückentag, Büro geschlossen",
        more={"isAllDay": True, "isReminderOn": False},
    ),
)
