"""Which field holds which of calsync's values, as questions to a person: what is suggested, and what else fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.forms import Option, Question, Words
from calsync_flowfact.config import CODECS, FOR_RULES, FROM_TIMES, REQUIRED, may_share
from calsync_flowfact.suggest import Confidence, captions, kind_of, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calsync_flowfact.config import FieldMap, Settings
    from calsync_flowfact.suggest import Suggestion

UNMAPPED: Mapping[str, Words] = {
    "marker": Words(
        "a create whose answer is lost can then only be found again by its content",
        "nach einem Abbruch erkennt calsync einen eben angelegten Termin nur an seinem Inhalt wieder",
    ),
    "description": Words("notes are not synced", "Notizen werden nicht synchronisiert"),
    "all_day": Words(
        "all-day events cannot be created in FLOWFACT", "ganztägige Termine lassen sich in FLOWFACT nicht anlegen"
    ),
    "attendee_count": Words(
        "appointments with participants cannot be told from others",
        "Termine mit Teilnehmern sind nicht von anderen zu unterscheiden",
    ),
    "reminder": Words(
        "copies in FLOWFACT are created without a reminder", "Kopien in FLOWFACT bekommen keine Erinnerung"
    ),
    "series": Words(
        "series cannot be told from single appointments",
        "Serientermine sind nicht von einzelnen zu unterscheiden und werden wie diese übertragen",
    ),
    "private": Words(
        "private appointments cannot be told from others",
        "private Termine sind nicht von anderen zu unterscheiden: Betreff und Notizen stehen dann auch in Outlook",
    ),
    "location": Words(
        "the rule copy_location copies no location from or to FLOWFACT",
        "die Regel copy_location übernimmt keinen Ort aus FLOWFACT und keinen nach FLOWFACT",
    ),
    "types": Words(
        "the rule only_types cannot be used",
        "die Regel only_types lässt sich nicht verwenden",
    ),
}
"""What it means that a value has no field."""
NEEDED = Words("nothing can be synced without it", "ohne dieses Feld lässt sich nichts synchronisieren")
LABELS: Mapping[str, Words] = {
    "private": Words("Private appointments", "Private Termine"),
    "series": Words("Series", "Serientermine"),
    "reminder": Words("Reminder", "Erinnerung"),
    "marker": Words("calsync's mark", "Kennzeichen von calsync"),
    "summary": Words("Subject", "Betreff"),
    "description": Words("Notes", "Notizen"),
    "start": Words("Start", "Beginn"),
    "end": Words("End", "Ende"),
    "all_day": Words("All day", "Ganztägig"),
    "owner": Words("User", "Benutzer"),
    "attendee_count": Words("Participants", "Teilnehmer"),
    "location": Words("Location", "Ort"),
    "types": Words("Type of appointment", "Terminart"),
}
"""In the order in which they are asked: first what no tenant is known to have under a certain name."""
OPEN = frozenset({"private", "series", "reminder", "marker"})
ASKED_FULLY = frozenset({"private", "series"})
"""The values that any field may hold that says yes or no: they are only read, so a wrong one destroys nothing."""
WITHOUT = ""
"""What the option of no field is called."""
_FROM_TIMES = Words("as start and end tell", "wie Beginn und Ende es sagen")
_NO_FIELD = Words("No field", "Kein Feld")


def questions(
    settings: Settings, properties: Mapping[str, Any], suggestions: Sequence[Suggestion]
) -> Sequence[Question]:
    """Return one question for each value. `properties`: the schema's; `suggestions`: what follows from them."""
    found = {one.key: one for one in suggestions if one.codec != "list" or one.values}
    return [_question(key, settings.fields[key], properties, found) for key in LABELS]


def _question(
    key: str, present: FieldMap, properties: Mapping[str, Any], found: Mapping[str, Suggestion]
) -> Question:
    options: dict[str, Option] = {}
    suggested = None
    if key in found:
        suggested = _suggested(key, found[key], properties)
        options[suggested.name] = suggested
    used = {one.field for other, one in found.items() if other != key and not may_share(key, other)}
    others = _others(key, properties, used) if key in ASKED_FULLY else ()
    for option in (*_present(key, present, properties), *others):
        options.setdefault(option.name, option)
    if key not in REQUIRED:
        options[WITHOUT] = Option(name=WITHOUT, words=_NO_FIELD, settings={"fields": {key: {"field": None}}})
    held = _name(present.field, present.values) if present.field in properties else present.codec
    sure = suggested is not None and (key in REQUIRED or found[key].confidence is not Confidence.GUESS)
    chosen = held if held in options else suggested.name if suggested is not None and sure else WITHOUT
    return Question(
        key=key,
        label=LABELS[key],
        help=UNMAPPED.get(key, NEEDED),
        options=list(options.values()),
        chosen=chosen,
        settled=key in FOR_RULES or (key not in OPEN and chosen == held),
    )


def _suggested(key: str, one: Suggestion, properties: Mapping[str, Any]) -> Option:
    mapped = {"field": one.field, "codec": one.codec} | ({"values": list(one.values)} if one.values else {})
    name, words = _name(one.field, one.values), _words(one.field, properties[one.field], one.values)
    return Option(name=name, words=words, settings={"fields": {key: mapped}, **dict(one.options)})


def _present(key: str, one: FieldMap, properties: Mapping[str, Any]) -> Iterator[Option]:
    """Yield what the connection says now, where the tenant has it."""
    if one.codec in FROM_TIMES:
        yield Option(name=one.codec, words=_FROM_TIMES, settings={"fields": {key: {"codec": one.codec}}})
    elif one.field is not None and one.field in properties:
        mapped = {"field": one.field, "codec": one.codec} | ({"values": list(one.values)} if one.values else {})
        if one.otherwise is not None:
            mapped["otherwise"] = one.otherwise
        words = _words(one.field, properties[one.field], one.values)
        yield Option(name=_name(one.field, one.values), words=words, settings={"fields": {key: mapped}})


def _others(key: str, properties: Mapping[str, Any], used: set[str]) -> Iterator[Option]:
    """Yield every field that can say yes or no and serves nothing else: a tick, or one value of a list."""
    for field, declared in properties.items():
        if not isinstance(declared, dict) or field in used:
            continue
        if kind_of(declared) == "CHECKBOX" and "bool" in CODECS[key]:
            mapped = {"field": field, "codec": "bool"}
            yield Option(name=field, words=_words(field, declared), settings={"fields": {key: mapped}})
        for value in listed(declared) if kind_of(declared) == "LIST" else ():
            of_list = {"field": field, "codec": "list", "values": [value]}
            words = _words(field, declared, (value,))
            yield Option(name=_name(field, (value,)), words=words, settings={"fields": {key: of_list}})


def _name(field: str | None, values: Sequence[str]) -> str:
    return f"{field or WITHOUT}{'=' if values else ''}{','.join(values)}"


def _words(field: str, declared: Any, values: Sequence[str] = ()) -> Words:
    """Say a field, and of a list its values, as people see them in FLOWFACT."""
    one = declared if isinstance(declared, dict) else {}
    shown, named = captions(one), listed(one)
    said = ", ".join(f"„{named.get(value, value)}“" for value in values)
    caption = shown.get("de") or next(iter(shown.values()), field)
    whole = f"„{caption}“ ({field})"
    return Words(f"{whole}: {said}" if said else whole, f"{whole}: {said}" if said else whole)
