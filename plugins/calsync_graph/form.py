"""What pages ask for a connection to Microsoft 365 and for a calendar in it."""

from __future__ import annotations

from calsync.forms import FormField, Kind, Words

FORM = (
    FormField(
        key="tenant_id",
        label=Words(en="Directory (tenant) ID", de="Verzeichnis-ID (Mandant)"),
        help=Words(
            en="Entra admin center > App registrations > your application > Overview",
            de="Entra Admin Center > App-Registrierungen > Ihre Anwendung > Übersicht",
        ),
        required=True,
    ),
    FormField(
        key="client_id",
        label=Words(en="Application (client) ID", de="Anwendungs-ID (Client)"),
        help=Words(en="On the same page", de="Auf derselben Seite"),
        required=True,
    ),
    FormField(
        key="sign_in",
        kind=Kind.CHOICE,
        label=Words(en="Who signs in", de="Wer meldet sich an"),
        help=Words(
            en="The application opens the mailboxes that it was given; a person opens the own mailbox only.",
            de="Die Anwendung öffnet die ihr freigegebenen Postfächer, eine Person nur das eigene.",
        ),
        choices={
            "application": Words(en="the application", de="die Anwendung"),
            "delegated": Words(en="one person", de="eine Person"),
        },
    ),
    FormField(
        key="client_secret",
        kind=Kind.SECRET,
        label=Words(en="Client secret", de="Geheimer Clientschlüssel"),
        help=Words(
            en="Its value, not its ID. Only where the application signs in. A certificate is for the YAML file.",
            de="Der Wert, nicht die ID. Nur wenn die Anwendung sich anmeldet. Ein Zertifikat geht nur in YAML.",
        ),
    ),
    FormField(
        key="mailbox_outside_scope",
        label=Words(en="A mailbox that must stay closed", de="Ein Postfach, das verschlossen bleiben muss"),
        help=Words(
            en="The check tries to open it, and warns if it can.",
            de="Die Prüfung versucht, es zu öffnen, und warnt, wenn das gelingt.",
        ),
    ),
    FormField(
        key="graph_url",
        kind=Kind.URL,
        label=Words(en="Another server", de="Anderer Server"),
        help=Words(
            en="Empty: Microsoft itself. Only for a server to try things on, together with its sign-in.",
            de="Leer: Microsoft selbst. Nur für einen Server zum Ausprobieren, zusammen mit seiner Anmeldung.",
        ),
    ),
    FormField(
        key="authority_url",
        kind=Kind.URL,
        label=Words(en="Its sign-in", de="Dessen Anmeldung"),
        help=Words(en="Empty: Microsoft itself", de="Leer: Microsoft selbst"),
    ),
)
CALENDAR_FORM = (
    FormField(
        key="mailbox",
        label=Words(en="Mailbox", de="Postfach"),
        help=Words(en="Its e-mail address", de="Seine E-Mail-Adresse"),
        required=True,
    ),
    FormField(
        key="calendar",
        label=Words(en="Calendar", de="Kalender"),
        help=Words(en="Empty: the mailbox's own calendar", de="Leer: der Kalender des Postfachs selbst"),
    ),
)
