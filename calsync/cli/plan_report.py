"""What `calsync plan` prints."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from calsync.cli.text import plain, table
from calsync.cli.words import KINDS, SIDES, begin, ruled, shown
from calsync.desk.wording import field_names
from calsync.reasons import sentence
from calsync.sync.brakes import DIRECTION, FIRST_SYNC
from calsync.sync.changes import field_changes
from calsync.sync.choices import UNDONE
from calsync.sync.plan import WRITES, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from calsync.reasons import Language
    from calsync.results import AccountPlan, Discovered
    from calsync.sync.approved import PlanLine
    from calsync.sync.changes import FieldChange
    from calsync.sync.plan import Operation, Plan

EMPTY: Mapping[str, Any] = {"accounts": {}, "discovered": []}
KEPT: Mapping[Language, str] = {
    "en": "{file}: written; `calsync sync --plan {file}` carries out exactly this",
    "de": "{file}: geschrieben; `calsync sync --plan {file}` führt genau das aus",
}
WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "discovered": "discovered",
        "left_out": "left out",
        "none": "no plan could be made",
        "nothing": "nothing to do",
        "more": "... and {count} more",
    },
    "de": {
        "discovered": "gefunden",
        "left_out": "ausgelassen",
        "none": "Es ließ sich kein Plan machen",
        "nothing": "nichts zu tun",
        "more": "... und {count} weitere",
    },
}
FEW = 20
"""So many operations are shown one by one."""


def as_json(plans: Mapping[str, AccountPlan], discovered: Sequence[Discovered] = ()) -> dict[str, Any]:
    """Return the plans; an account that could not be planned has `error`, an empty hash and no operations.

    One that waits for `calsync confirm` has `rebuild`, the reason why. `discovered` is everybody whom discovery
    looked at; who was left out has no `mailbox`, but a `reason`.
    """
    return {
        "accounts": {name: _account(result) for name, result in plans.items()},
        "discovered": [asdict(one) for one in discovered],
    }


def lines(
    plans: Mapping[str, AccountPlan],
    language: Language,
    discovered: Sequence[Discovered] = (),
    kept: Path | None = None,
) -> list[str]:
    """Return who was discovered, and each account's operations, counted; the first ones also one by one.

    `kept`: the file in which the plans are.
    """
    accounts = [line for name, result in plans.items() for line in _account_lines(name, result, language)]
    where = [] if kept is None else [KEPT[language].format(file=plain(str(kept)))]
    return [*_discovered(discovered, language), *accounts, *where]


def _discovered(discovered: Sequence[Discovered], language: Language) -> list[str]:
    """Return the pairs, and who was left out: the person who asks for a plan may read the company's addresses."""
    pairs = [
        ["  " + plain(one.account), plain(one.address), plain(one.mailbox)] for one in discovered if one.mailbox
    ]
    out = [
        ["  " + plain(one.address or one.account), " ".join(_why(one, language))]
        for one in discovered
        if one.reason
    ]
    return [
        *([f"{WORDS[language]['discovered']}: {len(pairs)}", *table(pairs)] if pairs else []),
        *([f"{WORDS[language]['left_out']}: {len(out)}", *table(out)] if out else []),
    ]


def _why(one: Discovered, language: Language) -> list[str]:
    return [plain(sentence(one.reason or "", language)), *([f"({plain(one.error)})"] if one.error else [])]


def _account(result: AccountPlan) -> dict[str, Any]:
    return {
        "hash": result.plan.hash if result.plan else "",
        "operations": as_operations(result.plan) if result.plan else [],
        "error": result.error,
        **({"rebuild": result.rebuild} if result.rebuild else {}),
    }


def as_operations(plan: Plan) -> list[dict[str, Any]]:
    """Return what a plan would do, for programs; no text of an appointment is in it."""
    return [_operation(operation) for operation in plan.operations]


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "operation": operation.kind.value,
        "side": operation.side.value,
        "reason": operation.reason,
        "fields": list(operation.fields),
        "wanted": operation.wanted.value if operation.wanted else None,
        **({"rule": operation.guard} if operation.guard else {}),
    }


def _account_lines(name: str, result: AccountPlan, language: Language) -> list[str]:
    """Return the lines about one account; the last one says what waits for a person's word, where that is all."""
    plan = result.plan
    if plan is None:
        return [f"{plain(name)}: {WORDS[language]['none']}"]
    waits = _waits(name, result.rebuild, plan, language) if result.rebuild else []
    if not plan.operations:
        return [f"{plain(name)}: {WORDS[language]['nothing']}", *waits]
    return [f"{plain(name)} (plan {plan.hash})", *operations(plan, language), *waits]


def operations(plan: Plan, language: Language) -> list[str]:
    """Return what a plan would do: the first events with their fields, and how many there are of each kind."""
    more = len(plan.operations) - FEW
    return [
        *_one_by_one(plan.operations[:FEW], language),
        *([f"  {WORDS[language]['more'].format(count=more)}"] if more > 0 else []),
        *_counted(plan.operations, language),
    ]


def _waits(name: str, why: str, plan: Plan, language: Language) -> list[str]:
    reason = why if why in {DIRECTION, FIRST_SYNC} else "rebuild"
    return [f"  {sentence(reason, language)} (calsync confirm -c FILE {plain(name)} {plan.hash})"]


def _one_by_one(operations: Sequence[Operation], language: Language) -> list[str]:
    rows = table([[f"  {_does(each, language)}", SIDES[language][each.side], *event(each)] for each in operations])
    return [
        line
        for row, operation in zip(rows, operations, strict=True)
        for line in (row, *_fields(operation, language))
    ]


def _does(operation: Operation, language: Language) -> str:
    """Return what is done, and of what is not done what that would be."""
    done, wanted = KINDS[language][operation.kind], operation.wanted
    return done if wanted in {None, operation.kind} else f"{done} ({KINDS[language][wanted]})"


def event(operation: Operation) -> list[str]:
    """Return when and what: the person who asks for a plan may read their own appointments."""
    seen = operation.source or operation.target
    return [begin(seen.event.when), plain(seen.event.summary)] if seen else ["", ""]


def _fields(operation: Operation, language: Language) -> list[str]:
    """Return what becomes of each field, as far as the event's own line does not say it."""
    changes = field_changes(operation)
    if not changes and operation.fields and operation.kind is Kind.SKIP:
        return [f"      {field_names(operation.fields, language)}"]
    return table([[f"      {cell}", *rest] for cell, *rest in _changed(operation, changes, language)])


def _changed(operation: Operation, changes: Sequence[FieldChange], language: Language) -> Iterator[list[str]]:
    seen = operation.source or operation.target
    for change in changes:
        old, new = change.old, change.new
        # Of a create or a delete, which has one value only, the event's line says title and time.
        alone = new if old is None else old if new is None else None
        told = seen is not None and change.field != "description" and alone == seen.event.value(change.field)
        unknown = old is None and new is None
        if unknown or (change.rule is None and (told or alone == "")):
            continue
        before, after = ("" if value is None else shown(value, language) for value in (old, new))
        yield [field_names([change.field], language), ruled(f"{before} -> {after}".strip(), change.rule)]


def said_of(line: PlanLine, language: Language) -> list[str]:
    """Return what is done, where, when and to which event."""
    when = "" if line.when is None else begin(line.when)
    return [KINDS[language][line.kind], SIDES[language][line.side], when, plain(line.summary)]


def _counted(operations: Sequence[Operation], language: Language) -> list[str]:
    groups = Counter((each.kind, each.side, each.reason, each.guard) for each in operations)
    rows = [
        [
            f"  {count}",
            KINDS[language][kind],
            SIDES[language][side],
            ruled(_because(kind, reason, language), rule),
        ]
        for (kind, side, reason, rule), count in groups.items()
    ]
    return table(rows)


def _because(kind: Kind, reason: str, language: Language) -> str:
    """Return why; nothing of what undoes a write, as the reason speaks of it as done."""
    return "" if reason == UNDONE and kind in {*WRITES, Kind.UNLINK} else sentence(reason, language)
