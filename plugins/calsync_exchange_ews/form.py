"""What pages ask for a connection to an Exchange Server and for a calendar on it."""

from __future__ import annotations

from calsync.forms import FormField, Kind, Words

FORM = (
    FormField(
        key="url",
        kind=Kind.URL,
        label=Words(en="Address of the server", de="Adresse des Servers"),
        help=Words(
            en="For example https://mail.example.de/EWS/Exchange.asmx",
            de="Zum Beispiel https://mail.example.de/EWS/Exchange.asmx",
        ),
        required=True,
    ),
    FormField(
        key="username",
        label=Words(en="User name", de="Benutzername"),
        help=Words(en="DOMAIN\\name or name@example.de", de="DOMÄNE\\Name oder name@example.de"),
        required=True,
    ),
    FormField(
        key="password",
        kind=Kind.SECRET,
        label=Words(en="Password", de="Passwort"),
        help=Words(en="It is kept encrypted.", de="Es wird verschlüsselt aufbewahrt."),
        required=True,
    ),
    FormField(
        key="impersonate",
        kind=Kind.FLAG,
        label=Words(en="How it opens mailboxes", de="Wie es Postfächer öffnet"),
        help=Words(en="The first is the better way.", de="Der erste Weg ist der bessere."),
        choices={
            "true": Words(
                en="by the role ApplicationImpersonation", de="durch die Rolle ApplicationImpersonation"
            ),
            "false": Words(en="by rights to each of them", de="durch Rechte an jedem einzelnen"),
        },
    ),
    FormField(
        key="auth",
        kind=Kind.CHOICE,
        label=Words(en="How to sign in", de="Art der Anmeldung"),
        help=Words(
            en="Automatic: the safest way that the server offers",
            de="Automatisch: der sicherste Weg, den der Server anbietet",
        ),
        choices={
            "auto": Words(en="automatic", de="automatisch"),
            "negotiate": Words(en="Kerberos or NTLM (Negotiate)", de="Kerberos oder NTLM (Negotiate)"),
            "ntlm": Words(en="NTLM", de="NTLM"),
            "basic": Words(en="Basic", de="Standard (Basic)"),
        },
    ),
    FormField(
        key="ca_file",
        label=Words(en="Your own certificate authority", de="Eigene Zertifizierungsstelle"),
        help=Words(
            en="Only where no public one signed the server's certificate: the path of its PEM file",
            de="Nur wenn keine öffentliche das Zertifikat des Servers ausgestellt hat: der Pfad ihrer PEM-Datei",
        ),
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
