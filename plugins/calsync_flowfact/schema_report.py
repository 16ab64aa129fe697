"""What `calsync flowfact schema` and `calsync flowfact suggest` print."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from calsync.cli.text import plain, table
from calsync_flowfact.suggest import Confidence, captions, kind_of, listed, missing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync_flowfact.suggest import Suggestion

HEAD = {
    "de": ("Feld", "Typ", "Deutsch", "Englisch", "Werte"),
    "en": ("field", "type", "German", "English", "values"),
}
SURENESS = {
    "de": {
        Confidence.SURE: "sicher: Name und Bezeichnung passen",
        Confidence.LIKELY: "wahrscheinlich: Name oder Bezeichnung passt",
        Confidence.GUESS: "geraten: nur der Typ oder ein Wort passt",
    },
    "en": {
        Confidence.SURE: "sure: name and caption fit",
        Confidence.LIKELY: "likely: name or caption fits",
        Confidence.GUESS: "guess: only the type or one word fits",
    },
}
INTRODUCTION = {
    "de": (
        "# Vorschlag für die Verbindung {connection}. Bitte prüfen Sie jede Zeile an einem Termin in FLOWFACT,",
        "# bevor Sie sie in die Konfiguration übernehmen. `calsync check` prüft sie dann, ohne zu schreiben.",
    ),
    "en": (
        "# A suggestion for the connection {connection}. Please check each line with an appointment in FLOWFACT",
        "# before you copy it into the configuration. `calsync check` checks it then, without writing anything.",
    ),
}
SEEN = {
    "de": "so enden und beginnen die ganztägigen Termine, die FLOWFACT zeigt",
    "en": "as the all-day appointments that FLOWFACT shows end and begin",
}
LACKING = {
    "de": "kein Feld gefunden; bitte tragen Sie es ein",
    "en": "no field was found; please name it",
}


def schema_lines(properties: Mapping[str, Any], language: str) -> list[str]:
    """Return each field with its type, captions and values."""
    rows = [HEAD[language]]
    for name, declared in properties.items():
        one = declared if isinstance(declared, dict) else {}
        shown = captions(one)
        several = " (+)" if one.get("hasMultipleValues") else ""
        values = ", ".join(f"{value} = {caption}" for value, caption in listed(one).items())
        rows.append((name, kind_of(one) + several, shown.get("de", ""), shown.get("en", ""), values))
    return table([[plain(cell) for cell in row] for row in rows])


def mapping_lines(connection: str, schema: str, suggestions: Sequence[Suggestion], language: str) -> list[str]:
    """Return the suggestion as YAML for the connection, each line with its confidence."""
    lines = [line.format(connection=plain(connection)) for line in INTRODUCTION[language]]
    lines.append(f"schema: {json.dumps(schema)}")
    options = [option for one in suggestions if not _doubtful(one) for option in one.options]
    lines += [f"{option}: {form}  # {SEEN[language]}" for option, form in options]
    lines += ["fields:", "  profile: none"]
    for key in missing(suggestions):
        lines.append(f"  {key}: {{field: null}}  # {LACKING[language]}")
    for one in suggestions:
        mapped = {"field": one.field, "codec": one.codec} | ({"values": list(one.values)} if one.values else {})
        inside = ", ".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in mapped.items())
        told = f"{SURENESS[language][one.confidence]} ({one.kind}, {plain(one.caption) or '-'})"
        lines.append(f"  {'# ' if _doubtful(one) else ''}{one.key}: {{{inside}}}  # {told}")
    return [plain(line) for line in lines]


def _doubtful(one: Suggestion) -> bool:
    """Tell whether a line is only for a person to complete."""
    return one.confidence is Confidence.GUESS or (one.codec == "list" and not one.values)
