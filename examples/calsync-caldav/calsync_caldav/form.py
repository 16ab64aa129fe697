"""What pages ask for a connection to a CalDAV server and for a calendar on it."""

from __future__ import annotations

from calsync.forms import FormField, Kind, Words

FORM = (
    FormField(
        key="url",
        kind=Kind.URL,
        label=Words(en="Address of the calendar server", de="Adresse des Kalenderservers"),
        help=Words(
            en="With its path, as https://cloud.example.de/remote.php/dav/ for a Nextcloud.",
            de="Mit ihrem Pfad, bei einer Nextcloud zum Beispiel https://cloud.example.de/remote.php/dav/.",
        ),
        required=True,
    ),
    FormField(
        key="username",
        label=Words(en="User name", de="Benutzername"),
        help=Words(en="Whose calendars are opened", de="Wessen Kalender geöffnet werden"),
        required=True,
    ),
    FormField(
        key="password",
        kind=Kind.SECRET,
        label=Words(en="Password", de="Kennwort"),
        help=Words(
            en="Better an app password than your own one: it can be withdrawn by itself.",
            de="Besser ein App-Kennwort als Ihr eigenes: Sie können es einzeln zurückziehen.",
        ),
        required=True,
    ),
)
CALENDAR_FORM = (
    FormField(
        key="calendar",
        label=Words(en="Calendar", de="Kalender"),
        help=Words(
            en="Its name or its path. Empty: the first one of the user.",
            de="Sein Name oder sein Pfad. Leer: der erste Kalender des Benutzers.",
        ),
    ),
)
