"""What pages ask for a connection to FLOWFACT and for a user's calendar in it."""

from __future__ import annotations

from calsync.forms import FormField, Kind, Words

FORM = (
    FormField(
        key="api_token",
        kind=Kind.SECRET,
        label=Words(en="API token", de="API-Token"),
        help=Words(
            en="FLOWFACT > Einstellungen > Tools & Integration > API-Zugänge. It is kept encrypted.",
            de="FLOWFACT > Einstellungen > Tools & Integration > API-Zugänge. Es wird verschlüsselt aufbewahrt.",
        ),
        required=True,
    ),
    FormField(
        key="schema",
        label=Words(en="Schema of the appointments", de="Schema der Termine"),
        help=Words(
            en="Empty: appointments. `calsync flowfact schema` shows which there are.",
            de="Leer: appointments. `calsync flowfact schema` zeigt, welche es gibt.",
        ),
    ),
    FormField(
        key="base_url",
        kind=Kind.URL,
        label=Words(en="Another server", de="Anderer Server"),
        help=Words(
            en="Empty: FLOWFACT itself. Only for a server to try things on.",
            de="Leer: FLOWFACT selbst. Nur für einen Server zum Ausprobieren.",
        ),
    ),
)
CALENDAR_FORM = (
    FormField(
        key="user",
        label=Words(en="FLOWFACT user", de="FLOWFACT-Benutzer"),
        help=Words(en="The user's e-mail address in FLOWFACT", de="Die E-Mail-Adresse des Benutzers in FLOWFACT"),
        required=True,
    ),
)
