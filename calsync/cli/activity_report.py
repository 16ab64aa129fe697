"""What `calsync activity` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.cli.text import plain, table
from calsync.sync.plan import render_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.desk.activity import Activity
    from calsync.desk.showing import Page
    from calsync.reasons import Language
    from calsync.sync.model import Field, Value

EMPTY: Mapping[str, Any] = {"activity": [], "more": None}
NOTHING: Mapping[Language, str] = {"en": "nothing was done yet", "de": "Bisher wurde nichts getan"}
MORE: Mapping[Language, str] = {"en": "older: --before {}", "de": "Älteres: --before {}"}


def as_json(page: Page[Activity]) -> dict[str, Any]:
    """Return what was done, with sentences in both languages, whatever the locale."""
    return {"activity": [_one(each) for each in page.rows], "more": page.more}


def lines(page: Page[Activity], language: Language) -> list[str]:
    if not page.rows:
        return [NOTHING[language]]
    told = table(
        [[f"{each.at:%Y-%m-%d %H:%M} UTC", f"#{each.number}", _told(each, language)] for each in page.rows]
    )
    return told if page.more is None else [*told, MORE[language].format(page.more)]


def _told(each: Activity, language: Language) -> str:
    why = each.why(language)
    return plain(each.sentence(language) if why is None else f"{each.sentence(language)} {why}")


def _one(each: Activity) -> dict[str, Any]:
    return {
        "number": each.number,
        "at": each.at.isoformat(),
        "run": each.run,
        "operation": each.kind,
        "reason": each.reason,
        "side": each.side.value,
        "summary": each.summary,
        "when": None if each.when is None else render_value(each.when),
        "before": _values(each.before),
        "after": _values(each.after),
        "en": each.sentence("en"),
        "de": each.sentence("de"),
        "why": {"en": each.why("en"), "de": each.why("de")},
    }


def _values(values: Mapping[Field, Value]) -> dict[str, str]:
    return {name: render_value(value) for name, value in values.items()}
