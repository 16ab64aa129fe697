"""What `calsync check` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.cli.text import plain, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.reasons import Language
    from calsync.results import CheckResult

EMPTY: Mapping[str, Any] = {"ok": False, "findings": []}
SEVERITIES: Mapping[Language, Mapping[str, str]] = {
    "en": {"ok": "ok", "warning": "warning", "error": "error"},
    "de": {"ok": "In Ordnung", "warning": "Hinweis", "error": "Fehler"},
}
SCOPES: Mapping[str, str] = {
    "configuration": "Konfiguration",
    "store": "Speicher",
    "connection": "Verbindung",
    "discovery": "Kontensuche",
    "account": "Konto",
}
"""What a scope begins with, in German."""
SUM: Mapping[Language, str] = {
    "en": "errors: {error}, warnings: {warning}",
    "de": "Fehler: {error}, Hinweise: {warning}",
}


def as_json(results: Sequence[CheckResult]) -> dict[str, Any]:
    findings = [
        {"scope": result.scope, "severity": result.severity, "message": result.message} for result in results
    ]
    return {"ok": not any(result.severity == "error" for result in results), "findings": findings}


def lines(results: Sequence[CheckResult], language: Language) -> list[str]:
    """Return the findings that are no errors as lines, and a last line that sums up."""
    good = [result for result in results if result.severity != "error"]
    rows = [
        [SEVERITIES[language][one.severity], plain(_scope(one, language)), plain(_said(one, language))]
        for one in good
    ]
    return [*(table(rows) if rows else []), _sum(results, language)]


def errors(results: Sequence[CheckResult], language: Language) -> list[str]:
    """Return what is in the way of a sync, for standard error."""
    return [f"{_scope(one, language)}: {_said(one, language)}" for one in results if one.severity == "error"]


def _scope(result: CheckResult, language: Language) -> str:
    kind, space, name = result.scope.partition(" ")
    return f"{SCOPES.get(kind, kind)}{space}{name}" if language == "de" else result.scope


def _said(result: CheckResult, language: Language) -> str:
    return result.german if language == "de" and result.german is not None else result.message


def _sum(results: Sequence[CheckResult], language: Language) -> str:
    found = {severity: sum(result.severity == severity for result in results) for severity in ("error", "warning")}
    return SUM[language].format(**found)
