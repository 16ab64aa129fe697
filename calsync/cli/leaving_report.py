"""What `calsync leave` and `calsync erase` print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.cli import plan_report
from calsync.cli.text import plain, table
from calsync.cli.words import SIDES, ruled
from calsync.desk.wording import in_language
from calsync.reasons import Sentences, sentence
from calsync.sync.plan import Kind, Plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.engine.unmark import Marked
    from calsync.reasons import Language
    from calsync.results import Erased, Left

EMPTY: Mapping[str, Any] = {"account": None, "hash": None, "operations": [], "staying": 0, "done": False}
NOT_REMOVED = Sentences("These are not removed:", "Diese werden nicht entfernt:")
STAYING = Sentences(
    "Copies that stay, and lose calsync's marker: {count}.",
    "Kopien, die bleiben und calsyncs Kennzeichen verlieren: {count}.",
)
STAYED = Sentences("Copies that stayed: {count}.", "Gebliebene Kopien: {count}.")
REMOVED = Sentences("Copies that were removed: {count}.", "Entfernte Kopien: {count}.")
MARKED = Sentences("These keep calsync's marker:", "Diese behalten calsyncs Kennzeichen:")
OFF = Sentences(
    "It is switched off, and forgotten but for its ledger. Run {run} is the one to undo.",
    "Das Konto ist ausgeschaltet und bis auf das Protokoll vergessen. Rückgängig machen lässt sich Lauf {run}.",
)
ERASED = Sentences("erased", "gelöscht")
KEPT_OFF = Sentences(
    "Its name stays in the store, switched off, so that it does not begin by itself.",
    "Der Name bleibt ausgeschaltet im Speicher, damit das Konto nicht von selbst beginnt.",
)
CONFIGURED = Sentences(
    "Your configuration still names it: take it out there.",
    "In Ihrer Konfiguration steht das Konto noch. Bitte nehmen Sie es dort heraus.",
)
COPIES = Sentences(
    "Older copies of the store still hold it; remove them where they are not needed:",
    "Ältere Kopien des Speichers enthalten es noch. Bitte löschen Sie die, die nicht gebraucht werden:",
)
ELSEWHERE = Sentences(
    "calsync does not know of copies elsewhere: backups, plan files, exports, logs.",
    "Von Kopien an anderen Orten weiß calsync nichts: Sicherungen, Plandateien, Auszüge, Protokolle.",
)


def as_json(account: str, found: Left, *, done: bool) -> dict[str, Any]:
    """Return the plan as `calsync plan` does, and what became of it."""
    leaving = found.leaving
    return {
        "account": account,
        "hash": leaving.hash,
        "operations": plan_report.as_operations(leaving.plan),
        "staying": leaving.staying,
        "done": done,
        "run": leaving.run,
        "removed": sum(each.deleted for each in found.counts.values()),
        "marked": [
            {"side": each.side.value, "id": each.observation.id, "reason": each.reason} for each in leaving.marked
        ],
    }


def lines(account: str, found: Left, language: Language, *, done: bool) -> list[str]:
    leaving = found.leaving
    told = [f"{plain(account)} (plan {leaving.hash})", *_removed(leaving.plan, language)]
    if not done:
        staying = in_language(STAYING, language).format(count=leaving.staying)
        return [*told, staying, f"--confirm {leaving.hash}"] if leaving.problem is None else [*told, staying]
    removed = sum(each.deleted for each in found.counts.values())
    return [
        *told,
        in_language(REMOVED, language).format(count=removed),
        in_language(STAYED, language).format(count=leaving.staying),
        *_marked(leaving.marked, language),
        in_language(OFF, language).format(run=leaving.run),
    ]


def erased(account: str, found: Erased, language: Language) -> list[str]:
    told = [f"{plain(account)}: {in_language(ERASED, language)}"]
    told += [in_language(CONFIGURED, language)] if found.configured else []
    told += [in_language(KEPT_OFF, language)] if found.kept_off else []
    if found.copies:
        told += [in_language(COPIES, language), *(f"  {plain(str(each))}" for each in found.copies)]
    return [*told, in_language(ELSEWHERE, language)]


def _removed(plan: Plan, language: Language) -> list[str]:
    """Return what is removed, and each copy that is not, with the reason."""
    deletes = [each for each in plan.operations if each.kind is Kind.DELETE]
    rest = [each for each in plan.operations if each.kind is not Kind.DELETE]
    rows = [
        [
            f"  {SIDES[language][each.side]}",
            *plan_report.event(each),
            ruled(sentence(each.reason, language), each.guard),
        ]
        for each in rest
    ]
    return [
        *plan_report.operations(Plan(operations=deletes), language),
        *([in_language(NOT_REMOVED, language), *table(rows)] if rows else []),
    ]


def _marked(marked: Sequence[Marked], language: Language) -> list[str]:
    if not marked:
        return []
    rows = [
        [
            f"  {SIDES[language][each.side]}",
            plain(each.observation.event.summary),
            plain(sentence(each.reason, language)),
        ]
        for each in marked
    ]
    return [in_language(MARKED, language), *table(rows)]
