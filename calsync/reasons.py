"""What each reason word means to a person, in English and German, and what they can do about it.

A reason word stands in plans, in the ledger and in JSON, and never changes. Its sentence may.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Language = Literal["en", "de"]


class Sentences(NamedTuple):
    """One reason in both languages."""

    en: str
    de: str


REASONS: dict[str, Sentences] = {
    # What a run does.
    "new": Sentences(
        "It is new and is copied to the other side.",
        "Der Termin ist neu und wird auf die andere Seite übernommen.",
    ),
    "changed": Sentences(
        "It was changed on the other side.",
        "Der Termin wurde auf der anderen Seite geändert.",
    ),
    "matched": Sentences(
        "Both sides had this appointment already; they belong together from now on, and nothing was written.",
        "Beide Seiten hatten diesen Termin schon; sie gehören jetzt zusammen, und nichts wurde geschrieben.",
    ),
    "adopted": Sentences(
        "The answer to its creation was lost; the one appointment that is as it was to be counts as its copy.",
        "Die Antwort auf das Anlegen ging verloren. Der eine Termin, der so ist wie gewünscht, gilt als seine "
        "Kopie.",
    ),
    "undone": Sentences(
        "Somebody has undone what calsync had written; both sides stay as they are until one of them is edited.",
        "Jemand hat rückgängig gemacht, was calsync geschrieben hatte. Beide Seiten bleiben, wie sie sind, bis "
        "eine davon geändert wird.",
    ),
    "undo_read_only": Sentences(
        "It is not undone: the account's direction does not let calsync write there.",
        "Das wird nicht rückgängig gemacht: In dieser Richtung schreibt calsync dort nicht.",
    ),
    "undo_edited": Sentences(
        "It is not undone: it was edited since, or the other side has an edit that is still to be copied.",
        "Das wird nicht rückgängig gemacht: Der Termin wurde seither geändert, oder eine Änderung auf der anderen "
        "Seite ist noch zu übernehmen.",
    ),
    "undo_gone": Sentences(
        "It is not undone: the appointment is not there any more, or is not synced any more.",
        "Das wird nicht rückgängig gemacht: Den Termin gibt es nicht mehr, oder er wird nicht mehr "
        "synchronisiert.",
    ),
    "undo_alone": Sentences(
        "It is not undone: the appointment on the other side is gone, so this is the only one that is left.",
        "Das wird nicht rückgängig gemacht: Auf der anderen Seite gibt es den Termin nicht mehr. Dieser ist der "
        "letzte.",
    ),
    "undo_back": Sentences(
        "It is not undone: the deleted appointment is there again, or nobody can tell that it is gone.",
        "Das wird nicht rückgängig gemacht: Der gelöschte Termin ist wieder da, oder es ist nicht sicher, dass er "
        "weg ist.",
    ),
    "undo_private": Sentences(
        "It is not undone: the appointment was private, and what is created anew would be readable for others.",
        "Das wird nicht rückgängig gemacht: Der Termin war privat, und neu angelegt könnten ihn andere lesen.",
    ),
    "undo_altered": Sentences(
        "It is not undone: a rule decides what the copy shows there.",
        "Das wird nicht rückgängig gemacht: Was die Kopie dort zeigt, bestimmt eine Regel.",
    ),
    "undo_uncertain": Sentences(
        "It is not undone: nobody can tell whether calsync or somebody else entered this appointment.",
        "Das wird nicht rückgängig gemacht: Es ist nicht sicher, ob calsync oder jemand anderes den Termin "
        "eingetragen hat.",
    ),
    "undo_unreadable": Sentences(
        "It is not undone: the key is missing with which the former values were encrypted.",
        "Das wird nicht rückgängig gemacht: Der Schlüssel fehlt, mit dem die früheren Werte verschlüsselt wurden.",
    ),
    "undo_done": Sentences(
        "It is undone already.",
        "Das ist schon rückgängig gemacht.",
    ),
    "leaving": Sentences(
        "The account leaves calsync, and somebody wants its copies removed.",
        "Das Konto verlässt calsync, und jemand möchte seine Kopien entfernen.",
    ),
    "leave_own": Sentences(
        "It stays: it was there before calsync, or nobody can tell that it was not.",
        "Der Termin bleibt: Es gab ihn schon vor calsync, oder das Gegenteil ist nicht sicher.",
    ),
    "leave_edited": Sentences(
        "It stays: somebody has edited this copy, and calsync has not copied that to the original.",
        "Der Termin bleibt: Jemand hat diese Kopie geändert, und das steht nicht im Original.",
    ),
    "leave_unsure": Sentences(
        "It stays: nobody can tell whether it shows what calsync has written, or what somebody has entered.",
        "Der Termin bleibt: Es ist nicht sicher, ob er zeigt, was calsync geschrieben oder was jemand eingetragen "
        "hat.",
    ),
    "leave_alone": Sentences(
        "It stays: its original is gone, so this is the only one that is left.",
        "Der Termin bleibt: Das Original gibt es nicht mehr. Dieser ist der letzte.",
    ),
    "leave_parted": Sentences(
        "It stays: it has not been synced with its original any more.",
        "Der Termin bleibt: Er wurde zuletzt nicht mehr mit seinem Original abgeglichen.",
    ),
    "leave_read_only": Sentences(
        "It keeps calsync's marker: the account's direction does not let calsync write there.",
        "Der Termin behält calsyncs Kennzeichen: In dieser Richtung schreibt calsync dort nicht.",
    ),
    "linked_different": Sentences(
        "Both sides had this appointment already, with differences that stay until somebody edits one of them.",
        "Beide Seiten hatten diesen Termin schon, mit Unterschieden. Diese bleiben, bis jemand einen der "
        "beiden ändert.",
    ),
    "agreed": Sentences(
        "Both sides say the same; nothing had to be written.",
        "Beide Seiten stimmen überein; es war nichts zu schreiben.",
    ),
    "deleted": Sentences(
        "It was deleted on the other side.",
        "Der Termin wurde auf der anderen Seite gelöscht.",
    ),
    "both_deleted": Sentences(
        "It was deleted on both sides.",
        "Der Termin wurde auf beiden Seiten gelöscht.",
    ),
    "recreated": Sentences(
        "It was deleted on one side but edited on the other; the edit counts, so it is created again.",
        "Der Termin wurde auf einer Seite gelöscht, auf der anderen aber geändert. Die Änderung zählt, "
        "deshalb wird er wieder angelegt.",
    ),
    "overruled": Sentences(
        "Both sides had changed the same field. The other side's value counts; the value that lost is in the "
        "ledger.",
        "Beide Seiten hatten dasselbe Feld geändert. Der Wert der anderen Seite gilt; der ersetzte Wert steht im "
        "Protokoll.",
    ),
    "released": Sentences(
        "It was held, and somebody has released it.",
        "Das wurde zurückgehalten, und jemand hat es freigegeben.",
    ),
    "kept": Sentences(
        "It is not there any more on the other side, but somebody has decided to keep it here.",
        "Auf der anderen Seite gibt es den Termin nicht mehr, aber jemand hat entschieden, ihn hier zu behalten.",
    ),
    "left_alone": Sentences(
        "Somebody has decided that it is not copied to the other side.",
        "Jemand hat entschieden, dass der Termin nicht auf die andere Seite übernommen wird.",
    ),
    "decided": Sentences(
        "Somebody has chosen between the values of both sides; the value that was not chosen is in the ledger.",
        "Jemand hat zwischen den Werten beider Seiten gewählt; der andere Wert steht im Protokoll.",
    ),
    "given_up": Sentences(
        "Somebody has decided to leave both sides different; the next edit of either travels again.",
        "Jemand hat entschieden, dass beide Seiten verschieden bleiben. Die nächste Änderung wird wieder "
        "übertragen.",
    ),
    "restored": Sentences(
        "The copy was changed or deleted; this account restores it as the source has it. What is overwritten is "
        "in the ledger.",
        "Die Kopie wurde geändert oder gelöscht; dieses Konto stellt sie nach dem Original wieder her. Was dabei "
        "überschrieben wird, steht im Protokoll.",
    ),
    "returned": Sentences(
        "Its partner is back; both belong together again.",
        "Das Gegenstück ist wieder da; beide gehören wieder zusammen.",
    ),
    "moved": Sentences(
        "Its server gave it a new id; it is the same appointment.",
        "Der Server hat dem Termin eine neue Kennung gegeben; es ist derselbe Termin.",
    ),
    # What a copy does not have.
    "attendees_not_carried": Sentences(
        "The original has attendees. They are never carried over, so its copy has none, and nobody is invited.",
        "Das Original hat Teilnehmer. Sie werden nie übertragen; die Kopie hat deshalb keine, und niemand wird "
        "eingeladen.",
    ),
    "attendees_unknown": Sentences(
        "The original's system does not tell whether it has attendees. None are carried over.",
        "Das System des Originals sagt nicht, ob es Teilnehmer hat. Übertragen werden keine.",
    ),
    "reminder_not_carried": Sentences(
        "The original has a reminder, its copy has none. Where you need one, please set it there.",
        "Das Original hat eine Erinnerung, die Kopie keine. Stellen Sie dort bei Bedarf bitte selbst eine ein.",
    ),
    # What is not synced.
    "other_type": Sentences(
        "It is of a type of appointment that is not synced here (the rule only_types in the configuration).",
        "Termine dieser Terminart werden hier nicht synchronisiert (Regel only_types in der Konfiguration).",
    ),
    "series": Sentences(
        "It belongs to a series, and series are not synced. Where it matters, enter single appointments.",
        "Der Termin gehört zu einer Serie, und Serien werden nicht synchronisiert. Tragen Sie bei Bedarf "
        "bitte einzelne Termine ein.",
    ),
    "cancelled": Sentences(
        "The meeting was cancelled; it counts as deleted.",
        "Die Besprechung wurde abgesagt; sie zählt als gelöscht.",
    ),
    "window": Sentences(
        "It lies outside the span of days that this account syncs.",
        "Der Termin liegt außerhalb des Zeitraums, den dieses Konto synchronisiert.",
    ),
    "outside_window": Sentences(
        "It lies outside the span of days that this account syncs.",
        "Der Termin liegt außerhalb des Zeitraums, den dieses Konto synchronisiert.",
    ),
    "private": Sentences(
        "It is private and is not synced.",
        "Der Termin ist privat und wird nicht synchronisiert.",
    ),
    "one_way": Sentences(
        "This account syncs in one direction only, and the event stands on the side that is written to.",
        "Dieses Konto synchronisiert nur in eine Richtung, und der Termin steht auf der Zielseite.",
    ),
    "target_edited": Sentences(
        "The original was deleted, but its copy was edited here; the copy stays.",
        "Das Original wurde gelöscht, die Kopie aber hier geändert; die Kopie bleibt.",
    ),
    "target_deleted": Sentences(
        "The copy was deleted on the side that is written to; it stays so until the original changes.",
        "Die Kopie wurde auf der Zielseite gelöscht. Dabei bleibt es, bis sich das Original ändert.",
    ),
    "masked": Sentences(
        "The original is private, so what was edited on its copy stays on the copy.",
        "Das Original ist privat; was an der Kopie geändert wurde, bleibt nur dort.",
    ),
    # What waits by itself.
    "waits": Sentences(
        "An earlier write is not confirmed yet; the next runs settle it.",
        "Ein früherer Schreibvorgang ist noch nicht bestätigt; die nächsten Läufe klären ihn.",
    ),
    "doubt": Sentences(
        "It may have been deleted, but that is not proven yet; the next runs ask again.",
        "Der Termin wurde vielleicht gelöscht, das ist aber noch nicht sicher. Die nächsten Läufe fragen nach.",
    ),
    "retry": Sentences(
        "The server did not carry it out this time; the next runs try again.",
        "Der Server hat das diesmal nicht ausgeführt; die nächsten Läufe versuchen es erneut.",
    ),
    "unknown_outcome": Sentences(
        "The server's answer was lost; the next run finds out whether the write was carried out.",
        "Die Antwort des Servers ging verloren; der nächste Lauf klärt, ob der Schreibvorgang ausgeführt wurde.",
    ),
    "refused": Sentences(
        "The server refuses this event. Please change it, for example where a text is very long.",
        "Der Server lehnt diesen Termin ab. Bitte ändern Sie ihn, zum Beispiel wenn ein Text sehr lang ist.",
    ),
    "quarantined": Sentences(
        "It failed several times and is tried again once a day; everything else goes on.",
        "Der Termin ist mehrmals gescheitert und wird einmal täglich erneut versucht; alles andere läuft weiter.",
    ),
    # What a person decides.
    "conflict": Sentences(
        "Both sides changed the same field, and this account leaves the choice to you: left, right, or leave "
        "them different. Please decide.",
        "Beide Seiten haben dasselbe Feld geändert, und dieses Konto überlässt Ihnen die Wahl: links, rechts "
        "oder unterschiedlich lassen. Bitte entscheiden Sie.",
    ),
    "ambiguous": Sentences(
        "Several events with the same title and time may belong together. Please decide which belong together, "
        "which are to be copied, and which are to be left alone; or delete the surplus ones.",
        "Mehrere Termine mit gleichem Betreff und gleicher Zeit könnten zusammengehören. Bitte entscheiden Sie, "
        "welche zusammengehören, welche übernommen werden und welche nicht; oder löschen Sie überzählige.",
    ),
    "left_account": Sentences(
        "On the other side it now belongs to somebody else or stands in another calendar. Please decide whether "
        "it is deleted here, or kept and not synced any more. If it was edited here, it can only be kept.",
        "Auf der anderen Seite gehört der Termin jetzt jemand anderem oder steht in einem anderen Kalender. Bitte "
        "entscheiden Sie, ob er hier gelöscht wird oder ohne Synchronisation stehen bleibt. Wurde er hier "
        "geändert, kann er nur stehen bleiben.",
    ),
    "private_original_deleted": Sentences(
        "The private original was deleted, but its copy was edited. Please decide whether the copy is deleted, "
        "too, or kept.",
        "Das private Original wurde gelöscht, die Kopie aber geändert. Bitte entscheiden Sie, ob auch die Kopie "
        "gelöscht wird oder stehen bleibt.",
    ),
    "changed_by_server": Sentences(
        "The server stored something else than was written. Please look at the event in both calendars and "
        "correct it in one, or decide whose values count.",
        "Der Server hat etwas anderes gespeichert, als geschrieben wurde. Bitte sehen Sie den Termin in "
        "beiden Kalendern an, und korrigieren Sie ihn in einem davon, oder entscheiden Sie, was gilt.",
    ),
    "brake_deletes": Sentences(
        "Implausibly many events were deleted at once, so none is deleted on the other side. Please check "
        "whether that is intended, and decide.",
        "Es wurden auffällig viele Termine auf einmal gelöscht, deshalb wird auf der anderen Seite keiner "
        "gelöscht. Bitte prüfen Sie, ob das gewollt ist, und entscheiden Sie.",
    ),
    "brake_rewrites": Sentences(
        "Implausibly many events would be rewritten at once, so none is. Please check whether that is intended, "
        "and decide.",
        "Es würden auffällig viele Termine auf einmal geändert, deshalb wird keiner geändert. Bitte prüfen "
        "Sie, ob das gewollt ist, und entscheiden Sie.",
    ),
    "budget": Sentences(
        "More was written of this account within an hour or a day than anybody edits. The rest waits and follows "
        "bit by bit. Please check whether another program enters or changes events, or somebody sends many "
        "invitations. If all of it is wanted, release it.",
        "Für dieses Konto wurde in einer Stunde oder an einem Tag mehr geschrieben, als jemand von Hand ändert. "
        "Der Rest wartet und folgt nach und nach. Bitte prüfen Sie, ob ein anderes Programm Termine einträgt oder "
        "ändert, oder ob jemand viele Einladungen schickt. Wenn alles gewollt ist, geben Sie es frei.",
    ),
    # What waits after the rules were changed.
    "rules": Sentences(
        "The rules were changed, and without that this would not be written: it was there before. Please look at "
        "it, and release it or leave it as it is.",
        "Die Regeln wurden geändert. Ohne das würde hier nichts geschrieben, denn das war vorher schon so. Bitte "
        "sehen Sie es sich an, und geben Sie es frei, oder lassen Sie es, wie es ist.",
    ),
    # What nobody has typed.
    "too_long": Sentences(
        "Its title or notes are longer than anybody types, so it is not synced. Please shorten them.",
        "Titel oder Notizen sind länger, als jemand sie eingibt. Der Termin wird deshalb nicht synchronisiert. "
        "Bitte kürzen Sie sie.",
    ),
    # What waits after the direction was changed.
    "direction": Sentences(
        "The direction was changed so that calsync may now write to a side that it only read before. Nothing is "
        "written there yet. Please look at the plan, and confirm it.",
        "Die Richtung wurde geändert, sodass calsync jetzt auch auf eine Seite schreiben darf, die es vorher nur "
        "gelesen hat. Dort wird noch nichts geschrieben. Bitte sehen Sie sich den Plan an, und bestätigen "
        "Sie ihn.",
    ),
    # What waits for the first time.
    "first_sync": Sentences(
        "It is the first sync of this account, and nothing is written yet. Please look at the plan, and confirm "
        "it.",
        "Dieses Konto wird zum ersten Mal synchronisiert, und es ist noch nichts geschrieben. Bitte sehen Sie "
        "sich den Plan an, und bestätigen Sie ihn.",
    ),
    # What waits after a backup was restored.
    "rebuild": Sentences(
        "What calsync remembers is older than the calendars, or was lost, so nothing is written yet. Please look "
        "at the plan, and confirm it.",
        "Was calsync sich gemerkt hat, ist älter als die Kalender oder ging verloren, deshalb wird noch nichts "
        "geschrieben. Bitte sehen Sie sich den Plan an, und bestätigen Sie ihn.",
    ),
    "rebuild_conflict": Sentences(
        "Both sides differ and may both have been changed since. If you confirm the plan, this account's policy "
        "decides, and the other value stays in the ledger. To decide yourself, make both the same first.",
        "Beide Seiten unterscheiden sich und wurden vielleicht beide seither geändert. Wenn Sie den Plan "
        "bestätigen, entscheidet die Regel dieses Kontos, und der andere Wert bleibt im Protokoll. Wenn Sie "
        "selbst entscheiden möchten, gleichen Sie beide bitte vorher an.",
    ),
    "rebuild_orphan": Sentences(
        "It is a copy whose original is not there any more. If you confirm the plan, the original is created "
        "again. If it was deleted on purpose, please delete this copy first.",
        "Der Termin ist eine Kopie, deren Original nicht mehr da ist. Wenn Sie den Plan bestätigen, wird das "
        "Original wieder angelegt. Wurde es mit Absicht gelöscht, löschen Sie bitte vorher diese Kopie.",
    ),
    "rebuild_ambiguous": Sentences(
        "Several events carry the marker of one and the same copy. Please delete the surplus ones, or change "
        "their title or time so that only the right one looks like its original.",
        "Mehrere Termine tragen die Kennzeichnung ein und derselben Kopie. Bitte löschen Sie die überzähligen, "
        "oder ändern Sie deren Titel oder Zeit, sodass nur noch der richtige seinem Original gleicht.",
    ),
    "rebuilt": Sentences(
        "It was known again by its marker; both belong together as before, and nothing was written.",
        "Der Termin wurde an seiner Kennzeichnung wiedererkannt; beide gehören zusammen wie zuvor, und nichts "
        "wurde geschrieben.",
    ),
    "rebuilt_different": Sentences(
        "It was known again by its marker, with differences that stay until somebody edits one of both.",
        "Der Termin wurde an seiner Kennzeichnung wiedererkannt, mit Unterschieden. Diese bleiben, bis jemand "
        "einen der beiden ändert.",
    ),
    # What goes round in circles.
    "loop:summary": Sentences(
        "The title was written again and again, because a server or another program changes it each time. It is "
        "tried once a day from now on. Please check whether another program syncs one of the two calendars.",
        "Der Betreff wurde immer wieder geschrieben, weil ein Server oder ein anderes Programm ihn jedes Mal "
        "ändert. Ab jetzt wird er einmal täglich versucht. Bitte prüfen Sie, ob ein anderes Programm einen der "
        "beiden Kalender synchronisiert.",
    ),
    "loop:when": Sentences(
        "The time was written again and again, because a server or another program changes it each time. It is "
        "tried once a day from now on. Please check whether another program syncs one of the two calendars.",
        "Die Zeit wurde immer wieder geschrieben, weil ein Server oder ein anderes Programm sie jedes Mal ändert. "
        "Ab jetzt wird sie einmal täglich versucht. Bitte prüfen Sie, ob ein anderes Programm einen der beiden "
        "Kalender synchronisiert.",
    ),
    "loop:description": Sentences(
        "The notes were written again and again, because a server or another program changes them each time. They "
        "are tried once a day from now on. Please check whether another program syncs one of the two calendars.",
        "Die Notizen wurden immer wieder geschrieben, weil ein Server oder ein anderes Programm sie jedes Mal "
        "ändert. Ab jetzt werden sie einmal täglich versucht. Bitte prüfen Sie, ob ein anderes Programm einen der "
        "beiden Kalender synchronisiert.",
    ),
    "loop:create": Sentences(
        "It was copied again and again, because somebody or another program deletes the copy each time. It is "
        "tried once a day from now on. Please check whether another program syncs one of the two calendars.",
        "Der Termin wurde immer wieder kopiert, weil jemand oder ein anderes Programm die Kopie jedes Mal löscht. "
        "Ab jetzt wird es einmal täglich versucht. Bitte prüfen Sie, ob ein anderes Programm einen der beiden "
        "Kalender synchronisiert.",
    ),
    "changed_often": Sentences(
        "It was changed very often within a day, so calsync waits with it. It is synced again by tomorrow, as it "
        "is then; nothing has to be done. If nobody changed it so often, please check whether another program "
        "syncs one of the two calendars.",
        "Der Termin wurde an einem Tag sehr oft geändert, deshalb wartet calsync damit. Spätestens morgen wird er "
        "wieder übertragen, so wie er dann ist; Sie müssen nichts tun. Wenn ihn niemand so oft geändert hat, "
        "prüfen Sie bitte, ob ein anderes Programm einen der beiden Kalender synchronisiert.",
    ),
    # What might mail somebody, break a meeting or take something from others.
    "has_attendees": Sentences(
        "It has attendees in Outlook, and a write would mail them. Please change it in Outlook, and do not "
        "use attendees with two-way sync, or choose one direction for this account. Without attendees it is "
        "synced again.",
        "Der Termin hat in Outlook Teilnehmer, und eine Änderung würde ihnen eine E-Mail schicken. Bitte "
        "ändern Sie ihn in Outlook. Verwenden Sie bei beidseitiger Synchronisation keine Teilnehmer, oder "
        "wählen Sie für dieses Konto nur eine Richtung. Ohne Teilnehmer wird er wieder synchronisiert.",
    ),
    "not_organised_here": Sentences(
        "Somebody else organises this meeting, so calsync does not change it. Please change it in Outlook, or"
        " ask its organiser.",
        "Diese Besprechung organisiert jemand anderes, deshalb ändert calsync sie nicht. Bitte ändern Sie sie "
        "in Outlook, oder wenden Sie sich an die Organisatorin oder den Organisator.",
    ),
    "online_meeting": Sentences(
        "Its notes carry the link of an online meeting and are not overwritten. Please change them in Outlook.",
        "Die Notizen enthalten den Link einer Onlinebesprechung und werden nicht überschrieben. Bitte ändern "
        "Sie sie in Outlook.",
    ),
    "several_owners": Sentences(
        "The appointment in FLOWFACT belongs to other users, too, and would be deleted for all of them, so it "
        "stays. Please take yourself off its users in FLOWFACT, or delete it there for everybody.",
        "Der Termin in FLOWFACT gehört auch anderen Benutzerinnen oder Benutzern und würde für alle gelöscht, "
        "deshalb lässt calsync ihn stehen. Bitte tragen Sie sich in FLOWFACT aus dem Termin aus, oder löschen Sie "
        "ihn dort für alle.",
    ),
    # Who has no account, although everybody is discovered.
    "inactive": Sentences(
        "This user is not active.",
        "Diese Benutzerin oder dieser Benutzer ist nicht aktiv.",
    ),
    "no_address": Sentences(
        "This user has no e-mail address, so no mailbox is found. Please enter one, or write down the account.",
        "Zu dieser Person ist keine E-Mail-Adresse hinterlegt, deshalb lässt sich kein Postfach finden. Bitte "
        "tragen Sie eine Adresse ein, oder legen Sie das Konto in der Konfiguration an.",
    ),
    "excluded": Sentences(
        "The configuration leaves this address out.",
        "Die Konfiguration nimmt diese Adresse aus.",
    ),
    "written_down": Sentences(
        "An account in the configuration has this calendar already.",
        "Für diesen Kalender steht schon ein Konto in der Konfiguration.",
    ),
    "shared_address": Sentences(
        "Several users have this address or mailbox, so nobody can tell whose appointments belong into it. Please "
        "give each of them an address of their own, or write down the account of the one whose mailbox it is.",
        "Mehrere Personen haben diese Adresse oder dieses Postfach, deshalb ist nicht klar, wessen Termine hinein "
        "gehören. Bitte hinterlegen Sie für jede Person eine eigene Adresse, oder legen Sie das Konto der Person, "
        "der das Postfach gehört, in der Konfiguration an.",
    ),
    "not_opened": Sentences(
        "There is no mailbox of this address, or one of the two calendars cannot be opened.",
        "Zu dieser Adresse gibt es kein Postfach, oder einer der beiden Kalender lässt sich nicht öffnen.",
    ),
}
"""Every reason word of calsync and its bundled plugins."""

NAMED: dict[str, Sentences] = {
    "rule": Sentences(
        "The rule {name} keeps it out of the sync.",
        "Die Regel {name} nimmt diesen Termin von der Synchronisation aus.",
    ),
    "rule_failed": Sentences(
        "The rule {name} failed, so the event waits. Please tell whoever looks after calsync.",
        "Die Regel {name} ist gescheitert, deshalb wartet der Termin. Bitte sagen Sie der Person Bescheid, "
        "die calsync betreut.",
    ),
    "rule_hangs": Sentences(
        "The rule {name} did not answer about this event, so the event waits until it is edited or the rule's "
        "plugin has a new version. Please tell whoever looks after calsync.",
        "Die Regel {name} hat zu diesem Termin keine Antwort gegeben. Er wartet, bis ihn jemand ändert oder das "
        "Plugin der Regel eine neue Version hat. Bitte sagen Sie der Person Bescheid, die calsync betreut.",
    ),
}
"""Reasons that carry a rule's name behind a colon."""

UNKNOWN = Sentences("The reason given is: {name}.", "Der angegebene Grund lautet: {name}.")
"""For the words of plugins that are not calsync's own."""


def sentence(reason: str, language: Language = "en") -> str:
    """Return a reason's sentence; of an unknown one a sentence that quotes the word."""
    kind, colon, name = reason.partition(":")
    if colon and kind in NAMED:
        return _in(NAMED[kind], language).format(name=name)
    if reason in REASONS:
        return _in(REASONS[reason], language)
    return _in(UNKNOWN, language).format(name=reason.replace("_", " "))


def known(reason: str) -> bool:
    """Tell whether a reason has its own sentences."""
    kind, colon, _ = reason.partition(":")
    return reason in REASONS or (bool(colon) and kind in NAMED)


def _in(sentences: Sentences, language: Language) -> str:
    return sentences.de if language == "de" else sentences.en
