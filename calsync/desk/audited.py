"""Who changed what, as one sentence of each change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.desk.wording import in_language
from calsync.people import Role
from calsync.reasons import Sentences
from calsync.sync.choices import Choice
from calsync.sync.model import Direction, Side

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.reasons import Language
    from calsync.records import AuditEntry

SENTENCES: Mapping[str, Sentences] = {
    "enabled": Sentences("{who} switched {account} {value}.", "{who} hat {account} {value}."),
    "direction": Sentences("{who} had {account} sync {value}.", "{who} hat für {account} gewählt: {value}."),
    "decision": Sentences(
        "{who} decided in {account} ({rest}): {value}.", "{who} hat in {account} entschieden ({rest}): {value}."
    ),
    "plan_confirmed": Sentences(
        "{who} confirmed the plan of {account}.", "{who} hat den Plan von {account} bestätigt."
    ),
    "assigned": Sentences("{who} said that {rest} is {value}.", "{who} hat festgelegt, dass {rest} {value} ist."),
    "person_invited": Sentences("{who} invited {rest} as {value}.", "{who} hat {rest} als {value} eingeladen."),
    "person_removed": Sentences("{who} removed {after}.", "{who} hat {after} entfernt."),
    "account_given": Sentences(
        "{who} gave {account} to {after}.", "{who} hat {account} der Person {after} zugeordnet."
    ),
    "account_taken": Sentences(
        "{who} ended that {account} is one of {after}'s.",
        "{who} hat die Zuordnung von {account} zur Person {after} aufgehoben.",
    ),
    "account_added": Sentences("{who} added the account {after}.", "{who} hat das Konto {after} angelegt."),
    "account_changed": Sentences("{who} changed the account {after}.", "{who} hat das Konto {after} geändert."),
    "account_removed": Sentences("{who} removed the account {after}.", "{who} hat das Konto {after} entfernt."),
    "connection_added": Sentences(
        "{who} added the connection {after}.", "{who} hat die Verbindung {after} angelegt."
    ),
    "connection_changed": Sentences(
        "{who} changed the connection {after}.", "{who} hat die Verbindung {after} geändert."
    ),
    "connection_removed": Sentences(
        "{who} removed the connection {after}.", "{who} hat die Verbindung {after} entfernt."
    ),
    "signed_in": Sentences("{who} signed in to {after}.", "{who} hat sich bei {after} angemeldet."),
    "invitation_used": Sentences(
        "{who} used the invitation, and signs in with {value}.",
        "{who} hat die Einladung benutzt und meldet sich mit {value} an.",
    ),
    "undone": Sentences(
        "{who} undid what calsync had written in {account}.",
        "{who} hat rückgängig gemacht, was calsync in {account} geschrieben hatte.",
    ),
    "plan_applied": Sentences(
        "{who} had a plan of {account} carried out.", "{who} hat einen Plan für {account} ausführen lassen."
    ),
    "left": Sentences("{who} let {account} leave calsync.", "{who} hat {account} aus calsync entfernt."),
    "password_changed": Sentences("{who} changed the own password.", "{who} hat das eigene Passwort geändert."),
    "token_made": Sentences("{who} made the API token {after}.", "{who} hat das API-Token {after} erstellt."),
    "token_revoked": Sentences(
        "{who} revoked the API token {after}.", "{who} hat das API-Token {after} widerrufen."
    ),
}
"""By what was changed. `{after}` is what to; `{value}` is the part of it that has words of its own, `{rest}` what
stands beside that."""
_OF_ACCOUNTS = frozenset({"account_added", "account_changed", "account_removed"})
"""What was noted with the account's name as what to."""
_VALUES: Mapping[str, Mapping[str, Sentences]] = {
    "enabled": {
        "on": Sentences("on", "eingeschaltet"),
        "off": Sentences("off", "ausgeschaltet"),
        "": Sentences("as the configuration says", "so geschaltet, wie es in der Konfiguration steht"),
    },
    "direction": {
        Direction.BOTH: Sentences("both ways", "in beide Richtungen"),
        Direction.LEFT_TO_RIGHT: Sentences("from {left} to {right} only", "nur von {left} nach {right}"),
        Direction.RIGHT_TO_LEFT: Sentences("from {right} to {left} only", "nur von {right} nach {left}"),
        "": Sentences("as the configuration says", "wie es in der Konfiguration steht"),
    },
    "decision": {
        Choice.RELEASE: Sentences("carry it out", "ausführen"),
        Choice.KEEP: Sentences("leave both sides", "beide Seiten so lassen"),
        Choice.LEFT: Sentences("the values of {left}", "Werte aus {left}"),
        Choice.RIGHT: Sentences("the values of {right}", "Werte aus {right}"),
    },
    "assigned": {"-": Sentences("nobody yet", "noch niemand")},
    "person_invited": {
        Role.ADMINISTRATOR: Sentences("administrator", "Administrator"),
        Role.USER: Sentences("user", "Benutzer"),
    },
    "invitation_used": {
        "password": Sentences("a password", "Passwort"),
        "Microsoft": Sentences("the Microsoft account {rest}", "dem Microsoft-Konto {rest}"),
    },
}


def told(entry: AuditEntry, titles: Mapping[Side, str], language: Language, whose: str = "") -> str:
    """Return what somebody did. `titles`: what both systems of the account are called; `whose` it is.

    What this version does not know is told as it was noted.
    """
    account = f"{entry.account} ({whose})" if entry.account and whose else entry.account or ""
    after = account if account and entry.what in _OF_ACCOUNTS else entry.after or ""
    if entry.what not in SENTENCES:
        return f"{entry.who}: {entry.what} {after}".rstrip()
    value, rest = _parts(entry.what, after)
    sides = {"left": titles[Side.LEFT], "right": titles[Side.RIGHT]}
    words = _VALUES.get(entry.what, {}).get(value)
    if words is not None:
        value = in_language(words, language).format(rest=rest, **sides)
    return in_language(SENTENCES[entry.what], language).format(
        who=entry.who, account=account, after=after, value=value, rest=rest
    )


def _parts(what: str, after: str) -> tuple[str, str]:
    """Return what has words of its own, and what stands beside it, as they were noted together."""
    match what:
        case "decision":  # keep: 3
            value, _, rest = after.partition(": ")
        case "invitation_used":  # Microsoft TENANT/OBJECT
            value, _, rest = after.partition(" ")
        case "assigned":  # NAME: ID
            rest, _, value = after.rpartition(": ")
        case "person_invited":  # NAME (ROLE)
            rest, _, value = after.removesuffix(")").rpartition(" (")
        case _:
            value, rest = after, ""
    return value, rest
