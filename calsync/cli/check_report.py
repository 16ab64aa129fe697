"""What `calsync check` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.cli.text import plain, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.results import CheckResult

EMPTY: Mapping[str, Any] = {"ok": False, "findings": []}


def as_json(results: Sequence[CheckResult]) -> dict[str, Any]:
    findings = [
        {"scope": result.scope, "severity": result.severity, "message": result.message} for result in results
    ]
    return {"ok": not errors(results), "findings": findings}


def lines(results: Sequence[CheckResult]) -> list[str]:
    """Return the findings that are no errors as lines, and a last line that sums up."""
    good = [result for result in results if result.severity != "error"]
    rows = [[result.severity, plain(result.scope), plain(result.message)] for result in good]
    return [*(table(rows) if rows else []), _sum(results)]


def errors(results: Sequence[CheckResult]) -> list[str]:
    """Return what is in the way of a sync, for standard error."""
    return [f"{result.scope}: {result.message}" for result in results if result.severity == "error"]


def _sum(results: Sequence[CheckResult]) -> str:
    found = {severity: sum(result.severity == severity for result in results) for severity in ("error", "warning")}
    return f"errors: {found['error']}, warnings: {found['warning']}"
