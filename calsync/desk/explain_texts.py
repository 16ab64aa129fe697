"""The sentences that tell why an appointment is, or is not, where somebody looks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.reasons import Sentences

if TYPE_CHECKING:
    from collections.abc import Mapping

BOTH = Sentences("{what} is in {left} and in {right}", "{what} steht in {left} und in {right}")
ONE = Sentences("{what} is in {here}, but not in {there}", "{what} steht in {here}, aber nicht in {there}")
NEITHER = Sentences(
    "{what} is neither in {left} nor in {right} any more", "{what} ist weder in {left} noch in {right} noch da"
)
FORGOTTEN = Sentences(
    "calsync does not know any more where {what} is", "Wo {what} jetzt steht, weiß calsync nicht mehr"
)
"""Where the appointment is, as both calendars were read last."""

ENDS: Mapping[str, Sentences] = {
    "copied": Sentences(
        ": calsync copied it from {origin} to {copy}.",
        ": calsync hat den Termin aus {origin} nach {copy} übernommen.",
    ),
    "copied_at": Sentences(
        ": calsync copied it from {origin} to {copy} on {at}.",
        ": calsync hat den Termin am {at} aus {origin} nach {copy} übernommen.",
    ),
    "matched": Sentences(
        ": both had it before calsync came, and belong together since.",
        ": Beide hatten den Termin schon vor calsync; seither gehören sie zusammen.",
    ),
    "held": Sentences(
        ", and it waits for somebody's decision: {why}", ", und calsync wartet auf eine Entscheidung: {why}"
    ),
    "stuck": Sentences(", and it is kept back: {why}", ", und calsync hält eine Übertragung zurück: {why}"),
    "blocked": Sentences(
        ", and a change is not carried over: {why}", ", und eine Änderung wird nicht übertragen: {why}"
    ),
    "failed": Sentences(
        ", and a write could not be carried out yet: {why}", ", und eine Übertragung gelang noch nicht: {why}"
    ),
    "skipped": Sentences(": {why}", ": {why}"),
    "parted": Sentences(": {why}", ": {why}"),
    "asleep": Sentences(", and it is not synced for now: {why}", ", und wird vorerst nicht synchronisiert: {why}"),
    "decided": Sentences(
        ", and somebody has decided about it: the next run carries that out.",
        ", und jemand hat darüber entschieden: Der nächste Lauf führt es aus.",
    ),
    "deleted_at": Sentences(
        ": calsync deleted it in {copy} on {at}, as it was no longer in {origin}.",
        ": calsync hat den Termin am {at} in {copy} gelöscht, weil es ihn in {origin} nicht mehr gab.",
    ),
    "wanted_at": Sentences(
        ": calsync deleted it in {copy} on {at}, as somebody wanted that; in {origin} it is gone, too.",
        ": calsync hat den Termin am {at} in {copy} gelöscht, weil jemand das so wollte; in {origin} gibt es ihn "
        "auch nicht mehr.",
    ),
    "left": Sentences(": the account has left calsync.", ": Das Konto hat calsync verlassen."),
    "gone": Sentences(": it was deleted there.", ": Dort wurde der Termin gelöscht."),
    "next": Sentences(
        ": calsync has read it, and copies it with the next run.",
        ": calsync hat den Termin gelesen und übernimmt ihn im nächsten Lauf.",
    ),
    "off": Sentences(
        ": this account is switched off, so nothing is carried over.",
        ": Dieses Konto ist ausgeschaltet, deshalb wird nichts übertragen.",
    ),
    "unread": Sentences(
        ": {there} was not read completely yet, and nothing is copied before.",
        ": {there} wurde noch nicht vollständig gelesen, und vorher wird nichts übernommen.",
    ),
    "failing": Sentences(
        ": the account's last run failed, so nothing is carried over for now.",
        ": Der letzte Lauf des Kontos ist gescheitert, deshalb wird gerade nichts übertragen.",
    ),
    "": Sentences(".", "."),
}
"""Why that is so, behind where it is."""

OFF = Sentences(
    "This account is switched off; what is told here is as it was then.",
    "Dieses Konto ist ausgeschaltet; was hier steht, ist der Stand von damals.",
)
DIFFERENT = Sentences(
    "Both differ in: {fields}. That stays so until somebody edits one of them.",
    "Beide unterscheiden sich in: {fields}. Das bleibt so, bis jemand einen der beiden ändert.",
)
PENDING = Sentences(
    "Both differ in: {fields}. One of them was edited, and the next run carries that over.",
    "Beide unterscheiden sich in: {fields}. Einer davon wurde geändert; der nächste Lauf überträgt das.",
)
MASKED = Sentences(
    "The copy of a private appointment shows only that the time is taken.",
    "Die Kopie eines privaten Termins zeigt nur, dass die Zeit belegt ist.",
)

STEPS: Mapping[str, Sentences] = {
    "first": Sentences(
        "It was read in {system} for the first time.", "In {system} wurde der Termin zum ersten Mal gelesen."
    ),
    "modified": Sentences("It was last changed in {system}.", "In {system} wurde der Termin zuletzt geändert."),
    "read": Sentences("This version was read in {system}.", "Diesen Stand hat calsync in {system} gelesen."),
    "ours": Sentences(
        "What calsync wrote to {system} was read back: nobody has changed it since.",
        "Was calsync nach {system} geschrieben hat, wurde zurückgelesen: Niemand hat es seither geändert.",
    ),
    "unread": Sentences(
        "calsync has written to {system}, and reads it back before it compares anything.",
        "calsync hat nach {system} geschrieben und liest es zurück, bevor es etwas vergleicht.",
    ),
    "deleted": Sentences(
        "It is proven that it is gone in {system}.",
        "Es ist sicher, dass es den Termin in {system} nicht mehr gibt.",
    ),
    "elsewhere": Sentences(
        "In {system} it belongs to somebody else, or stands in another calendar.",
        "In {system} gehört der Termin jemand anderem oder steht in einem anderen Kalender.",
    ),
    "doubt": Sentences(
        "It may be gone in {system}; calsync finds out before it does anything.",
        "Vielleicht gibt es den Termin in {system} nicht mehr; calsync klärt das, bevor es etwas tut.",
    ),
    "intent": Sentences(
        "A write to {system} was sent, and its answer is not known yet.",
        "Ein Schreibvorgang nach {system} wurde abgeschickt; seine Antwort fehlt noch.",
    ),
    "attempt": Sentences(
        "A write to {system} has failed {count} times in a row; the next try is at {at}.",
        "Ein Schreibvorgang nach {system} ist {count}-mal hintereinander gescheitert; der nächste Versuch ist am "
        "{at}.",
    ),
    "decided": Sentences(
        "Somebody has decided: {outcome} The next run carries it out.",
        "Jemand hat entschieden: {outcome} Der nächste Lauf führt es aus.",
    ),
    "held": Sentences("Since then it waits: {why}", "Seither wartet der Termin: {why}"),
    "stuck": Sentences("Since then it is kept back: {why}", "Seither bleibt er liegen: {why}"),
    "blocked": Sentences("Since then it is not changed: {why}", "Seither wird er nicht geändert: {why}"),
    "skipped": Sentences("Since then it is left out: {why}", "Seither wird er ausgelassen: {why}"),
}
"""What happened to it, beside what the ledger tells."""

RULES: Mapping[str, Sentences] = {
    "refuses": Sentences(
        "It keeps the event out of the sync: {why}", "Sie nimmt den Termin von der Synchronisation aus: {why}"
    ),
    "fields": Sentences(
        "It decides what the copy shows: {fields}.", "Sie bestimmt, was die Kopie zeigt: {fields}."
    ),
    "reminder": Sentences(
        "A new copy reminds {minutes} minutes before.", "Eine neue Kopie erinnert {minutes} Minuten vorher."
    ),
    "blocks": Sentences("It forbids to change the event: {why}", "Sie verbietet, den Termin zu ändern: {why}"),
    "failed": Sentences("It gave no answer: {why}", "Sie gab keine Antwort: {why}"),
    "silent": Sentences("It lets the event pass as it is.", "Sie lässt den Termin, wie er ist."),
}
"""What a rule makes of it."""
