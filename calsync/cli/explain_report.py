"""What `calsync explain` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.cli.text import plain, table
from calsync.sync.model import AllDay
from calsync.sync.plan import render_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import tzinfo

    from calsync.desk.explain import Explanation, Hit, Hits
    from calsync.desk.lives import Asked, Step
    from calsync.desk.pairs import Shown
    from calsync.reasons import Language
    from calsync.sync.model import When

EMPTY: Mapping[str, Any] = {"found": [], "total": 0, "explanation": None}
WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "several": "{total} appointments are found; give the id of one:",
        "unknown": "{account}: no appointment has this id, or these words in its subject, as far as calsync has "
        "read this account's calendars",
        "rules": "What the rules make of it now:",
        "life": "What happened (times of {zone}):",
        "nothing": "nothing there",
        "gone": "gone",
        "run": "run {run}",
    },
    "de": {
        "several": "{total} Termine gefunden; geben Sie die Kennung von einem an:",
        "unknown": "{account}: Kein Termin hat diese Kennung oder diese Wörter im Betreff, soweit calsync die "
        "Kalender dieses Kontos gelesen hat",
        "rules": "Was die Regeln jetzt daraus machen:",
        "life": "Was geschah (Zeiten von {zone}):",
        "nothing": "dort ist nichts",
        "gone": "nicht mehr da",
        "run": "Lauf {run}",
    },
}


def as_json(hits: Hits, explanation: Explanation | None) -> dict[str, Any]:
    """Return what was found, with sentences in both languages, whatever the locale."""
    return {
        "found": [_found(hit) for hit in hits.rows],
        "total": hits.total,
        "explanation": None if explanation is None else _explanation(explanation),
    }


def choices(hits: Hits, language: Language) -> list[str]:
    """Return the appointments that may be meant."""
    rows = [
        [f"  {plain(hit.event_id)}", plain(hit.system), _when(hit.when, None), plain(hit.summary or "")]
        for hit in hits.rows
    ]
    return [WORDS[language]["several"].format(total=hits.total), *table(rows)]


def unknown(account: str, language: Language) -> str:
    return WORDS[language]["unknown"].format(account=plain(account))


def lines(told: Explanation, language: Language) -> list[str]:
    """Return the life of one appointment: the answer first."""
    words = WORDS[language]
    found = [plain(told.sentence(language)), *(plain(note) for note in told.notes(language)), ""]
    found += table([_side(told, side, words) for side in told.titles])
    if told.rules:
        found += ["", words["rules"], *table([row for one in told.rules for row in _rule(one, told, language)])]
    found += [
        "",
        words["life"].format(zone=told.zone),
        *table([_step(one, told.zone, language) for one in told.steps]),
    ]
    return found


def _side(told: Explanation, side: Any, words: Mapping[str, str]) -> list[str]:
    shown: Shown | None = told.pair.sides[side]
    if shown is None:
        return [f"  {plain(told.titles[side])}", words["nothing"], "", plain(told.ids[side] or "")]
    gone = f" ({words['gone']})" if shown.gone else ""
    return [
        f"  {plain(told.titles[side])}{gone}",
        _when(shown.when, told.zone),
        plain(shown.summary),
        plain(shown.event_id),
    ]


def _rule(asked: Asked, told: Explanation, language: Language) -> Iterator[list[str]]:
    where, rule = f"  {plain(told.titles[asked.side])}", asked.opinion.rule
    for sentence in asked.sentences(language):
        yield [where, plain(rule), plain(sentence)]
        where = rule = ""


def _step(step: Step, zone: tzinfo, language: Language) -> list[str]:
    at = "" if step.at is None else f"{step.at.astimezone(zone):%Y-%m-%d %H:%M}"
    run = "" if step.run is None else WORDS[language]["run"].format(run=step.run)
    return [f"  {at}", run, plain(step.sentence(language, zone))]


def _when(when: When | None, zone: tzinfo | None) -> str:
    if when is None:
        return ""
    if isinstance(when, AllDay):
        return when.first.isoformat()
    return f"{when.start:%Y-%m-%d %H:%M} UTC" if zone is None else f"{when.start.astimezone(zone):%Y-%m-%d %H:%M}"


def _found(hit: Hit) -> dict[str, Any]:
    return {
        "event": hit.event_id,
        "side": hit.side.value,
        "system": hit.system,
        "summary": hit.summary,
        "when": None if hit.when is None else render_value(hit.when),
    }


def _explanation(told: Explanation) -> dict[str, Any]:
    return {
        "en": told.sentence("en"),
        "de": told.sentence("de"),
        "notes": {"en": [*told.notes("en")], "de": [*told.notes("de")]},
        "reason": told.answer.reason,
        "sides": {side.value: _shown(told.pair.sides[side], told.ids[side]) for side in told.titles},
        "rules": [_asked(one) for one in told.rules],
        "life": [_lived(one, told.zone) for one in told.steps],
    }


def _shown(shown: Shown | None, event_id: str | None) -> dict[str, Any] | None:
    if shown is None:
        return None if event_id is None else {"event": event_id, "there": False}
    return {
        "event": shown.event_id,
        "there": not shown.gone,
        "summary": shown.summary,
        "when": render_value(shown.when),
        "description": shown.description,
        "private": shown.private,
    }


def _asked(asked: Asked) -> dict[str, Any]:
    return {
        "side": asked.side.value,
        "rule": asked.opinion.rule,
        "refuses": asked.opinion.refuses,
        "blocks": asked.opinion.blocks,
        "failed": asked.opinion.failed,
        "fields": [*asked.opinion.fields],
        "reminder": asked.opinion.reminder,
        "en": asked.sentences("en"),
        "de": asked.sentences("de"),
    }


def _lived(step: Step, zone: tzinfo) -> dict[str, Any]:
    return {
        "at": None if step.at is None else step.at.isoformat(),
        "run": step.run,
        "what": step.word if step.activity is None else step.activity.kind,
        "write": None if step.activity is None else step.activity.number,
        "reason": step.reason if step.activity is None else step.activity.reason,
        "en": step.sentence("en", zone),
        "de": step.sentence("de", zone),
    }
