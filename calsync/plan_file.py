"""A plan in a file: what a person looks at, approves, and has carried out, exactly so or not at all.

It holds what stands in the calendars, so it is readable by its owner only. What it says is compared, never obeyed.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from calsync.errors import ConfigError, StoreError
from calsync.sync.approved import Approved, PlanLine, plan_lines
from calsync.sync.changes import field_changes
from calsync.sync.model import AllDay, Side, Timed, Window
from calsync.sync.plan import WRITES, Kind, render_value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from calsync.engine import Account, Report
    from calsync.sync.model import Observation, When
    from calsync.sync.plan import Operation, Plan

VERSION = 1


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan of one account, with the terms under which it was made."""

    account: Account
    report: Report
    """Of the run that made it."""


def expect_free(path: Path) -> None:
    """Raise ConfigError where a file is there already."""
    if path.exists() or path.is_symlink():
        raise ConfigError([f"{path}: is there already, and no plan is written over anything; choose another name"])


def write_plans(path: Path, plans: Mapping[str, Planned], made: datetime) -> None:
    """Write a new file, readable by its owner only. Raises ConfigError where one is there already; StoreError."""
    accounts = {name: _account(planned) for name, planned in plans.items()}
    content = {"calsync_plan": VERSION, "made": _instant(made), "accounts": accounts}
    text = json.dumps({**content, "checksum": _checksum(content)}, indent=2) + "\n"
    expect_free(path)
    try:
        opened = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror}; nothing was planned") from None
    try:
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise StoreError(f"{path}: cannot be written: {error.strerror}; nothing was planned") from None


def read_plans(path: Path) -> Mapping[str, Approved]:
    """Return the plans of a file by account. Raises ConfigError for one that is damaged, or of another version."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None
    except ValueError:
        raise ConfigError([f"{path}: is no plan, or is damaged; make it anew with calsync plan --out"]) from None
    version = content.get("calsync_plan") if isinstance(content, dict) else None
    if version is None:
        raise ConfigError([f"{path}: is no plan; calsync plan --out makes one"])
    if version != VERSION:
        raise ConfigError(
            [f"{path}: is a plan of version {version}, and this calsync reads {VERSION}; make it anew"]
        )
    damaged = f"{path}: is damaged, or was changed since it was made; make it anew with calsync plan --out"
    if content.pop("checksum", None) != _checksum(content):
        raise ConfigError([damaged])
    try:
        return {name: _approved(told) for name, told in content["accounts"].items()}
    except (LookupError, ValueError, TypeError, AttributeError):
        raise ConfigError([damaged]) from None


def _account(planned: Planned) -> dict[str, Any]:
    account, report = planned.account, planned.report
    if report.window is None:
        raise TypeError("a plan is made of what was read")
    return {
        "hash": report.plan.hash,
        "waits": report.rebuild,
        "window": {"start": _instant(report.window.start), "end": _instant(report.window.end)},
        "calendars": {side.value: account.calendars[side].key for side in Side},
        "direction": account.direction.value,
        "policy": account.policy,
        "on_target_edit": account.on_target_edit,
        "rules": [rule.name for rule in account.chain.rules],
        "totals": _totals(report.plan),
        "lines": _lines(report.plan),
    }


def _totals(plan: Plan) -> list[dict[str, Any]]:
    """Return how many operations there are of each kind, side and reason, what is skipped too."""
    counts: dict[tuple[str, ...], int] = {}
    for each in plan.operations:
        key = each.kind.value, each.side.value, each.reason, each.wanted.value if each.wanted else ""
        counts[key] = counts.get(key, 0) + 1
    return [
        {"operation": kind, "side": side, "reason": reason, "wanted": wanted or None, "count": count}
        for (kind, side, reason, wanted), count in counts.items()
    ]


def _lines(plan: Plan) -> list[dict[str, Any]]:
    shown = [each for each in plan.operations if each.kind is not Kind.SKIP]
    return [_line(named, operation) for named, operation in zip(plan_lines(plan), shown, strict=True)]


def _line(named: PlanLine, operation: Operation) -> dict[str, Any]:
    seen = {operation.side.other: operation.source, operation.side: operation.target}
    writes = (operation.wanted or operation.kind) in WRITES
    return {
        "line": named.name,
        "operation": named.kind.value,
        "side": named.side.value,
        "reason": named.reason,
        "wanted": operation.wanted.value if operation.wanted else None,
        "rule": operation.guard,
        "summary": named.summary,
        "when": None if named.when is None else _when(named.when),
        "events": {side.value: None if (each := seen[side]) is None else _event(each) for side in Side},
        "changes": [
            {
                "field": one.field,
                "old": None if one.old is None else render_value(one.old),
                "new": None if one.new is None else render_value(one.new),
                "rule": one.rule,
            }
            for one in field_changes(operation)
        ],
        **({"reminder": operation.draft.reminder} if writes and operation.draft is not None else {}),
    }


def _event(seen: Observation) -> dict[str, Any]:
    return {"id": seen.id, "private": seen.event.private}


def _approved(told: Mapping[str, Any]) -> Approved:
    window = told["window"]
    return Approved(
        hash=told["hash"],
        waits=told["waits"],
        window=Window(datetime.fromisoformat(window["start"]), datetime.fromisoformat(window["end"])),
        calendars={side: told["calendars"][side.value] for side in Side},
        lines=[_approved_line(each) for each in told["lines"]],
    )


def _approved_line(told: Mapping[str, Any]) -> PlanLine:
    events = [(side, told["events"][side.value]) for side in Side]
    return PlanLine(
        name=told["line"],
        kind=Kind(told["operation"]),
        side=Side(told["side"]),
        reason=told["reason"],
        event=tuple(f"{side} {event['id']}" for side, event in events if event is not None),
        summary=told["summary"],
        when=None if told["when"] is None else _read_when(told["when"]),
    )


def _when(when: When) -> dict[str, str]:
    if isinstance(when, AllDay):
        return {"first": when.first.isoformat(), "after": when.after.isoformat()}
    return {"start": _instant(when.start), "end": _instant(when.end)}


def _read_when(told: Mapping[str, str]) -> When:
    if "first" in told:
        return AllDay(date.fromisoformat(told["first"]), date.fromisoformat(told["after"]))
    return Timed(datetime.fromisoformat(told["start"]), datetime.fromisoformat(told["end"]))


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()


def _checksum(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
