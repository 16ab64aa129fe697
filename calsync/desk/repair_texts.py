"""What the cards say: what happened, what it means, what to do, and the one button."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from calsync.desk.wording import events, in_language
from calsync.reasons import Sentences, sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.desk.repairs import Repair
    from calsync.reasons import Language


class Texts(NamedTuple):
    """One kind of card. `todo` None: it depends on the reason."""

    happened: Sentences
    means: Sentences
    todo: Sentences | None


_CAUGHT_UP = Sentences(
    "Until then the accounts of this connection are not synced. Nothing is lost: all changes follow afterwards.",
    "Bis dahin werden die Konten dieser Verbindung nicht synchronisiert. Nichts geht verloren: Alle Änderungen "
    "werden danach übertragen.",
)
_ONE_CAUGHT_UP = Sentences(
    "Until then this account is not synced. Nothing is lost: all changes follow afterwards.",
    "Bis dahin wird dieses Konto nicht synchronisiert. Nichts geht verloren: Alle Änderungen werden danach "
    "übertragen.",
)
_WAIT = Sentences(
    "These events wait. All others go on being synced.",
    "Diese Termine warten. Alle anderen werden weiter synchronisiert.",
)
TEXTS: Mapping[str, Texts] = {
    "sign_in": Texts(
        Sentences("The sign-in to {system} is not valid any more.", "Die Anmeldung bei {system} gilt nicht mehr."),
        _CAUGHT_UP,
        Sentences(
            "Please sign in again, as the same person as before.",
            "Bitte melden Sie sich noch einmal an, als dieselbe Person wie zuvor.",
        ),
    ),
    "password": Texts(
        Sentences("{system} refuses the credentials.", "{system} lehnt die Zugangsdaten ab."),
        _CAUGHT_UP,
        Sentences(
            "Please check this connection's password or token, and its rights, and enter what is valid now.",
            "Bitte prüfen Sie Passwort oder Token und die Rechte dieser Verbindung, und tragen Sie ein, was jetzt "
            "gilt.",
        ),
    ),
    "own_password": Texts(
        Sentences(
            "{system} does not take the stored password any more.",
            "{system} nimmt das gespeicherte Passwort nicht mehr an.",
        ),
        _ONE_CAUGHT_UP,
        Sentences(
            "Did you change it? Then please sign in again, with the new one.",
            "Haben Sie es geändert? Dann melden Sie sich bitte mit dem neuen noch einmal an.",
        ),
    ),
    "configuration": Texts(
        Sentences(
            "An entry of the configuration cannot be used.",
            "Ein Eintrag der Konfiguration ist nicht verwendbar.",
        ),
        Sentences(
            "It is left out. Everything else runs.",
            "Er wird ausgelassen. Alles andere läuft.",
        ),
        None,
    ),
    "account": Texts(
        Sentences("A calendar cannot be used.", "Ein Kalender ist nicht verwendbar."),
        _ONE_CAUGHT_UP,
        Sentences(
            "Please check which calendars the account names, and whether calsync has the rights for both.",
            "Bitte prüfen Sie, welche Kalender das Konto nennt, und ob calsync für beide die Rechte hat.",
        ),
    ),
    "swapped": Texts(
        Sentences(
            "A calendar is not the one that was synced so far.", "Ein Kalender ist nicht mehr derselbe wie bisher."
        ),
        Sentences(
            "Nothing is synced: what is missing in the new one would be deleted on the other side.",
            "Es wird nichts synchronisiert: Was im neuen Kalender fehlt, würde sonst auf der anderen Seite "
            "gelöscht.",
        ),
        Sentences(
            "Please choose the former calendar again, or let an account of a new name begin with the new one.",
            "Bitte stellen Sie wieder den bisherigen Kalender ein, oder legen Sie für den neuen ein neues "
            "Konto an.",
        ),
    ),
    "other_sync": Texts(
        Sentences(
            "Another program syncs the calendar of this account, too.",
            "Ein anderes Programm synchronisiert den Kalender dieses Kontos auch.",
        ),
        Sentences(
            "Two of them make every appointment double, so calsync leaves this account alone.",
            "Zwei davon verdoppeln jeden Termin, deshalb fasst calsync dieses Konto nicht an.",
        ),
        Sentences(
            "Please switch the other one off; the message below says where. Then calsync goes on by itself.",
            "Bitte schalten Sie das andere aus; wo, steht in der Meldung. Danach macht calsync von selbst weiter.",
        ),
    ),
    "broken": Texts(
        Sentences(
            "calsync itself fails with this account.",
            "Bei diesem Konto scheitert calsync selbst.",
        ),
        _ONE_CAUGHT_UP,
        Sentences(
            "Please tell whoever looks after calsync; the message below says where it happened.",
            "Bitte sagen Sie der Person Bescheid, die calsync betreut; wo es geschah, steht in der Meldung.",
        ),
    ),
    "unreachable": Texts(
        Sentences("A system has not answered for a while.", "Ein System antwortet seit einer Weile nicht."),
        Sentences(
            "calsync tries again and again, less and less often. Nothing is lost: all changes follow afterwards.",
            "calsync versucht es immer wieder, in wachsenden Abständen. Nichts geht verloren: Alle Änderungen "
            "werden danach übertragen.",
        ),
        Sentences(
            "Please check whether the system works, and whether this machine reaches it.",
            "Bitte prüfen Sie, ob das System läuft, und ob dieser Rechner es erreicht.",
        ),
    ),
    "rebuild": Texts(
        Sentences(
            "What calsync remembers of this account is older than its calendars, or was lost.",
            "Was calsync sich zu diesem Konto gemerkt hat, ist älter als die Kalender oder ging verloren.",
        ),
        Sentences(
            "Both calendars are read, and nothing is written.",
            "Beide Kalender werden gelesen, und nichts wird geschrieben.",
        ),
        Sentences(
            "Please look at what calsync would do, and confirm it.",
            "Bitte sehen Sie sich an, was calsync tun würde, und bestätigen Sie es.",
        ),
    ),
    "direction": Texts(
        Sentences(
            "Since the direction was changed, calsync may also write to {system}.",
            "Seit die Richtung geändert wurde, darf calsync auch nach {system} schreiben.",
        ),
        Sentences(
            "Nothing is written there before somebody has seen what that would be.",
            "Dort wird nichts geschrieben, bevor jemand gesehen hat, was das wäre.",
        ),
        Sentences(
            "Please look at what calsync would do, and confirm it.",
            "Bitte sehen Sie sich an, was calsync tun würde, und bestätigen Sie es.",
        ),
    ),
    "first_sync": Texts(
        Sentences(
            "calsync has not written anything to {system} yet: the first sync waits for you.",
            "calsync hat noch nichts nach {system} geschrieben: Die erste Synchronisation wartet auf Sie.",
        ),
        Sentences(
            "Both calendars are read, and nothing is written there before somebody has seen what that would be.",
            "Beide Kalender werden gelesen. Geschrieben wird dort nichts, bevor jemand gesehen hat, was das wäre.",
        ),
        Sentences(
            "Please look at what calsync would do, and confirm it.",
            "Bitte sehen Sie sich an, was calsync tun würde, und bestätigen Sie es.",
        ),
    ),
    "deletes": Texts(
        Sentences(
            "A lot was deleted in {other} at once: {events}.",
            "In {other} wurde auffällig viel auf einmal gelöscht: {events}.",
        ),
        Sentences(
            "They still stand in {system}: calsync deletes nothing there before you decide. All others go on.",
            "In {system} stehen sie noch: calsync löscht dort nichts, bevor Sie entscheiden. Alles andere läuft "
            "weiter.",
        ),
        Sentences(
            "Please check whether that was intended. Then release the deletes, or keep the events.",
            "Bitte prüfen Sie, ob das gewollt war. Geben Sie das Löschen dann frei, oder behalten Sie "
            "die Termine.",
        ),
    ),
    "rewrites": Texts(
        Sentences(
            "A lot was changed in {other} at once: {events}.",
            "In {other} wurde auffällig viel auf einmal geändert: {events}.",
        ),
        Sentences(
            "In {system} they are as before: calsync changes nothing there before you decide. All others go on.",
            "In {system} sind sie wie zuvor: calsync ändert dort nichts, bevor Sie entscheiden. Alles andere "
            "läuft weiter.",
        ),
        Sentences(
            "Please check whether that was intended. Then release the changes, or leave both sides as they are.",
            "Bitte prüfen Sie, ob das gewollt war. Geben Sie die Änderungen dann frei, oder lassen Sie beide "
            "Seiten, wie sie sind.",
        ),
    ),
    "budget": Texts(
        Sentences(
            "More is to be written to {system} than anybody edits: {events}.",
            "In {system} wäre mehr zu schreiben, als jemand von Hand ändert: {events}.",
        ),
        Sentences(
            "They follow by themselves, bit by bit. All that was written before stays.",
            "Das folgt von selbst, nach und nach. Alles, was schon übertragen ist, bleibt.",
        ),
        Sentences(
            "Please check whether another program enters or changes events, or somebody sends many invitations. "
            "If all of it is wanted, release it.",
            "Bitte prüfen Sie, ob ein anderes Programm Termine einträgt oder ändert, oder ob jemand viele "
            "Einladungen schickt. Wenn alles gewollt ist, geben Sie es frei.",
        ),
    ),
    "conflict": Texts(
        Sentences(
            "{system} and {other} were changed differently: {events}.",
            "{system} und {other} wurden verschieden geändert: {events}.",
        ),
        _WAIT,
        Sentences(
            "Please choose whose values count.",
            "Bitte wählen Sie, welche Angaben gelten.",
        ),
    ),
    "unsure": Texts(
        Sentences(
            "{system} stored something else than was written: {events}.",
            "{system} hat etwas anderes gespeichert, als geschrieben wurde: {events}.",
        ),
        _WAIT,
        Sentences(
            "Please choose whose values count, or correct the event in one of the two calendars.",
            "Bitte wählen Sie, welche Angaben gelten, oder berichtigen Sie den Termin in einem der beiden "
            "Kalender.",
        ),
    ),
    "rules": Texts(
        Sentences(
            "The rules were changed, so this would be written to {system}: {events}.",
            "Die Regeln wurden geändert, deshalb würde das nach {system} geschrieben: {events}.",
        ),
        Sentences(
            "In {system} it is as before: a change of the rules writes nothing by itself. All others go on.",
            "In {system} ist alles wie zuvor: Eine Änderung der Regeln allein schreibt nichts. Alles andere läuft "
            "weiter.",
        ),
        Sentences(
            "Please check whether that is wanted. Then release it, or leave both sides as they are.",
            "Bitte prüfen Sie, ob das gewollt ist. Geben Sie es dann frei, oder lassen Sie beide Seiten, wie sie "
            "sind.",
        ),
    ),
    "loop": Texts(
        Sentences(
            "Something goes round in circles in {system}: {events}.",
            "In {system} dreht sich etwas im Kreis: {events}.",
        ),
        Sentences(
            "It is tried once a day only. All others go on being synced.",
            "Das wird nur noch einmal täglich versucht. Alles andere wird weiter synchronisiert.",
        ),
        None,
    ),
    "often": Texts(
        Sentences("Changed very often: {events}.", "Sehr oft geändert: {events}."),
        Sentences(
            "In {system} it is not up to date for now. All others go on being synced.",
            "In {system} ist das vorerst nicht auf dem neuesten Stand. Alles andere wird weiter synchronisiert.",
        ),
        None,
    ),
    "asked": Texts(
        Sentences("This waits for your decision: {events}.", "Das wartet auf Ihre Entscheidung: {events}."),
        _WAIT,
        None,
    ),
    "rule": Texts(
        Sentences("A rule fails: {events}.", "Eine Regel scheitert: {events}."),
        _WAIT,
        None,
    ),
    "held": Texts(
        Sentences("This waits for you: {events}.", "Das wartet auf Sie: {events}."),
        _WAIT,
        None,
    ),
    "attendees": Texts(
        Sentences(
            "calsync does not change this in {system}: {events}.",
            "Das ändert calsync in {system} nicht: {events}.",
        ),
        Sentences(
            "Nobody gets a mail from calsync. In {system} these events stay as they are; all others go on.",
            "Niemand bekommt durch calsync eine E-Mail. In {system} bleiben diese Termine, wie sie sind; alle "
            "anderen werden weiter synchronisiert.",
        ),
        None,
    ),
    "quarantine": Texts(
        Sentences(
            "{system} refuses this again and again: {events}.",
            "{system} lehnt das immer wieder ab: {events}.",
        ),
        Sentences(
            "It is tried once a day only. All others go on being synced.",
            "Das wird nur noch einmal täglich versucht. Alles andere wird weiter synchronisiert.",
        ),
        Sentences(
            "Please look at these events: often their notes are too long, or a field holds something unusual.",
            "Bitte sehen Sie sich diese Termine an: Oft sind die Notizen zu lang, oder ein Feld enthält etwas "
            "Ungewöhnliches.",
        ),
    ),
    "finding": Texts(
        Sentences("{system} could work better.", "Bei {system} ist etwas zu verbessern."),
        Sentences(
            "Syncing goes on, as far as it can.",
            "Es wird weiter synchronisiert, so gut es geht.",
        ),
        Sentences(
            "Please look at the message below.",
            "Bitte sehen Sie sich die Meldung an.",
        ),
    ),
}
"""By calsync.desk.repairs.Cause; and one for people's own mailboxes."""
WHY: Mapping[str, Sentences] = {
    "wrong": Sentences(
        "Something in it is not valid. Please correct the entry, or remove it.",
        "Etwas darin stimmt nicht. Bitte berichtigen Sie den Eintrag, oder entfernen Sie ihn.",
    ),
    "operators": Sentences(
        "The operator's file says something else under this name, and that holds. Please remove this entry.",
        "In der Datei des Betreibers steht unter diesem Namen etwas anderes, und das gilt. Bitte entfernen Sie "
        "diesen Eintrag.",
    ),
    "connection": Sentences(
        "Its connection is not there, or cannot be used itself. Please choose another one, or remove the entry.",
        "Seine Verbindung gibt es nicht, oder sie ist selbst nicht verwendbar. Bitte bringen Sie sie in Ordnung, "
        "oder entfernen Sie den Eintrag.",
    ),
    "calendar": Sentences(
        "Its calendar belongs to another account. Please choose another calendar, or remove the entry.",
        "Sein Kalender gehört schon zu einem anderen Konto. Bitte wählen Sie einen anderen, oder entfernen Sie "
        "den Eintrag.",
    ),
    "unreadable": Sentences(
        "The file of what was added on the pages cannot be read. Whoever looks after calsync mends it there.",
        "Die Datei mit dem, was auf den Seiten hinzugefügt wurde, ist nicht lesbar. Wer calsync betreut, bringt "
        "sie in Ordnung.",
    ),
}
"""What to do about an unusable entry, by calsync.config.Why."""
BUTTONS: Mapping[str, Sentences] = {
    "sign_in": Sentences("Sign in again", "Neu anmelden"),
    "credentials": Sentences("Change the credentials", "Zugangsdaten ändern"),
    "edit": Sentences("Correct it", "Berichtigen"),
    "try": Sentences("Try again now", "Jetzt erneut versuchen"),
    "confirm": Sentences("Look at the plan", "Plan ansehen"),
    "decide": Sentences("Decide", "Entscheiden"),
    "show": Sentences("Show the events", "Termine ansehen"),
    "check": Sentences("Check again", "Erneut prüfen"),
}
"""By calsync.desk.repairs.Action."""


def happened(repair: Repair, language: Language) -> str:
    return _said(_texts(repair).happened, repair, language)


def means(repair: Repair, language: Language) -> str:
    return _said(_texts(repair).means, repair, language)


def todo(repair: Repair, language: Language) -> str:
    texts = _texts(repair).todo
    reason = repair.reason or ""
    if texts is None and reason in WHY:
        return unusable(reason, language)
    if texts is None:
        return sentence(reason, language)
    return _said(texts, repair, language)


def unusable(why: str, language: Language) -> str:
    """Return what to do about an unusable entry."""
    return in_language(WHY[why], language)


def button(repair: Repair, language: Language) -> str:
    return in_language(BUTTONS["sign_in" if repair.own else repair.action], language)


def _texts(repair: Repair) -> Texts:
    return TEXTS[f"own_{repair.cause}" if repair.own and f"own_{repair.cause}" in TEXTS else repair.cause]


def _said(sentences: Sentences, repair: Repair, language: Language) -> str:
    text = in_language(sentences, language)
    return text.format(system=repair.system, other=repair.other, events=events(repair.events, language))
