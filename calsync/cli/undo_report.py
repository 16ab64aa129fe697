"""What `calsync undo` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.cli import plan_report
from calsync.cli.text import plain
from calsync.cli.words import SIDES
from calsync.sync.model import Side
from calsync.sync.plan import WRITES, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.engine import Undone
    from calsync.reasons import Language

EMPTY: Mapping[str, Any] = {"account": None, "hash": None, "operations": [], "anew": False, "done": False}
NOTHING: Mapping[Language, str] = {"en": "nothing to undo", "de": "Es gibt nichts rückgängig zu machen"}
ANEW: Mapping[Language, str] = {
    "en": "What was deleted is created anew. Attachments, categories and the appointment type stay with the"
    " deleted one, in the system's own trash.",
    "de": "Was gelöscht wurde, wird neu angelegt. Anhänge, Kategorien und Terminart bleiben beim gelöschten Termin"
    " im Papierkorb des Systems.",
}
DONE: Mapping[Language, str] = {
    "en": "undone on the {side}: {deleted} removed, {updated} given their former values, {created} created"
    " anew, {failed} failed",
    "de": "Rückgängig gemacht {side}: {deleted} entfernt, {updated} mit früheren Werten, {created}"
    " neu angelegt, {failed} gescheitert",
}
UNTOUCHED: Mapping[Language, str] = {
    "en": "left alone, as it has changed meanwhile: {count}; the same command without --confirm says why",
    "de": "unberührt, weil inzwischen geändert: {count}; derselbe Befehl ohne --confirm sagt, warum",
}


def as_json(account: str, found: Undone, *, done: bool) -> dict[str, Any]:
    """Return the plan as `calsync plan` does, and what became of it."""
    shown = plan_report.as_operations(found.plan)
    counts = {
        side.value: {
            "created": each.created,
            "updated": each.updated,
            "deleted": each.deleted,
            "failed": each.failed,
        }
        for side, each in found.counts.items()
    }
    carried_out = done and found.problem is None
    return {
        "account": account,
        "hash": found.plan.hash,
        "operations": shown,
        "anew": _anew(found),
        "done": carried_out,
        **counts,
    }


def lines(account: str, found: Undone, language: Language, *, done: bool) -> list[str]:
    plan = found.plan
    if not plan.operations:
        return [f"{plain(account)}: {NOTHING[language]}"]
    told = [f"{plain(account)} (plan {plan.hash})", *plan_report.operations(plan, language)]
    if _anew(found):
        told.append(ANEW[language])
    if done and found.problem is None:
        sides = [_done(found, side, language) for side in Side if _touched(found, side)]
        untouched = [UNTOUCHED[language].format(count=found.untouched)] if found.untouched else []
        return [*told, *sides, *untouched]
    undoes = any(each.kind in WRITES or each.kind is Kind.UNLINK for each in plan.operations)
    return [*told, f"--confirm {plan.hash}"] if undoes and not done else told


def _anew(found: Undone) -> bool:
    """Tell whether something deleted is created anew, so that what calsync does not know of it is lost."""
    return any(each.kind is Kind.CREATE for each in found.plan.operations)


def _touched(found: Undone, side: Side) -> bool:
    return bool(found.counts[side].writes or found.counts[side].failed)


def _done(found: Undone, side: Side, language: Language) -> str:
    counts = found.counts[side]
    values = {
        "deleted": counts.deleted,
        "updated": counts.updated,
        "created": counts.created,
        "failed": counts.failed,
    }
    return DONE[language].format(side=SIDES[language][side], **values)
