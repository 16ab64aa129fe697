"""A mapping that a tenant's schema suggests, by names, captions and types: for a person to confirm.

Each value of calsync gets the field that speaks most for it; no field that is written serves two values. What the
whole name and the whole caption say is `sure`, what one of them says is `likely`. A word among others is a `guess`
("Preis von" is no start), as is a field that alone is of the right type. The codec follows from the type, and from
how stored appointments look where some may be seen; so does the form of whole days.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from calsync.values import replace
from calsync_flowfact.config import CODECS, REQUIRED, FieldMap, may_share
from calsync_flowfact.days import days_end, days_zone, whole_days
from calsync_flowfact.entity import values as values_of
from calsync_flowfact.forms import notes_form, time_form

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calsync_flowfact.entity import Entity


class Confidence(StrEnum):
    SURE = "sure"
    LIKELY = "likely"
    GUESS = "guess"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A field for one of calsync's values."""

    key: str
    field: str
    codec: str
    confidence: Confidence
    kind: str
    """The field's type in the schema."""
    caption: str
    """What people see, in German where there is a German caption."""
    values: tuple[str, ...] = ()
    """Of the codec `list`: the values that seem to mean yes."""
    options: tuple[tuple[str, str], ...] = ()
    """What the stored appointments say of the connection's options `all_day_end` and `all_day_zone`."""


WORDS: Mapping[str, Sequence[str]] = {
    "summary": ("subject", "betreff", "titel", "title", "summary", "bezeichnung"),
    "description": ("message", "notiz", "notizen", "beschreibung", "description", "notes", "note", "bemerkung"),
    "start": ("start", "startdate", "beginn", "begin", "anfang", "von", "startzeit"),
    "end": ("end", "enddate", "ende", "bis", "endzeit"),
    "all_day": ("isfulldayappointment", "ganztaegig", "ganztags", "allday", "fullday", "isallday", "ganzertag"),
    "owner": ("assignee", "zustaendig", "betreuer", "owner", "besitzer", "bearbeiter", "verantwortlich"),
    "attendee_count": ("participants", "teilnehmer", "beteiligte", "attendees", "gaeste"),
    "marker": ("calsyncmarker", "calsync", "abgleichkennung", "abgleich"),
    "reminder": ("reminder", "reminderdate", "erinnerung", "erinnernam", "erinnern", "alarm"),
    "series": ("recurrence", "serie", "wiederholung", "rrule", "recurring", "serientermin"),
    "private": ("private", "privat", "vertraulich", "isprivate", "confidential", "privatertermin"),
    "location": (
        "location",
        "locationdescription",
        "ort",
        "terminort",
        "place",
        "treffpunkt",
        "adresse",
        "address",
    ),
    "types": ("kind", "terminart", "art", "type", "typ", "appointmenttype", "kategorie", "category"),
}
"""What a field's name or caption may be, without blanks, case and umlauts."""
PLACES = frozenset({"location", "ort", "place", "adresse", "address", "treffpunkt", "raum", "room"})
"""Words of a field that says where something is, whatever else its name says: it holds nothing but a location."""
KINDS: Mapping[str, Sequence[str]] = {
    "summary": ("TEXT", "TEXTAREA"),
    "description": ("TEXTAREA", "TEXT"),
    "start": ("DATE", "METADATA_DATE", "NUMBER", "TEXT"),
    "end": ("DATE", "METADATA_DATE", "NUMBER", "TEXT"),
    "all_day": ("CHECKBOX", "LIST"),
    "owner": ("USER",),
    "attendee_count": ("SCHEMA", "USER"),
    "marker": ("TEXT",),
    "reminder": ("DATE", "METADATA_DATE", "NUMBER", "TEXT"),
    "series": ("CHECKBOX", "LIST", "TEXT"),
    "private": ("CHECKBOX", "LIST"),
    "location": ("TEXT", "TEXTAREA"),
    "types": ("LIST", "TEXT"),
}
"""The types that a field for a value may have."""
_ONLY_ONE = frozenset({"owner"})
"""Values whose type alone is a hint, where one field alone has it."""
WHOLE = 3
"""How much more a whole name says than a word in it."""
_NO = re.compile(r"^(keine?|none|no|nein|nie|never|einzel.*|single|offen|open|public|oeffentlich)$")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def suggest(properties: Mapping[str, Any], entities: Sequence[Entity]) -> Sequence[Suggestion]:
    """Return what is suggested, in the order of calsync's values."""
    declared = {name: one for name, one in properties.items() if isinstance(one, dict)}
    rated = [
        (_score(key, name, one), key, name)
        for key in CODECS
        for name, one in declared.items()
        if _fits(key, one) and _is_place(name, one) is (key == "location")
    ]
    chosen: dict[str, tuple[int, str]] = {}
    for score, key, name in sorted(rated, key=lambda one: -one[0]):
        taken = {field for other, (_, field) in chosen.items() if not may_share(key, other)}
        if score and key not in chosen and name not in taken:
            chosen[key] = score, name
    for key in _ONLY_ONE - chosen.keys():
        fields = [name for _, owner, name in rated if owner == key]
        if len(fields) == 1:
            chosen[key] = 0, fields[0]
    found = {key: _suggestion(key, name, declared[name], entities) for key, (_, name) in chosen.items()}
    if {"start", "end", "all_day"} <= found.keys():
        found["all_day"] = replace(found["all_day"], options=_days(found, entities))
    return [found[key] for key in CODECS if key in found]


def missing(suggestions: Iterable[Suggestion]) -> Sequence[str]:
    """Return the values that a mapping cannot do without, and that nothing is suggested for."""
    found = {one.key for one in suggestions}
    return [key for key in CODECS if key in REQUIRED and key not in found]


def captions(declared: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what people see of a field, by language."""
    found = declared.get("captions")
    return {key: text for key, text in found.items() if isinstance(text, str)} if isinstance(found, dict) else {}


def listed(declared: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the values of a list field with the German caption of each, or the value itself."""
    fields = declared.get("fields")
    entries = fields.items() if isinstance(fields, dict) else ()
    return {
        str(one.get("value", key)): captions(one).get("de", str(one.get("value", key)))
        for key, one in entries
        if isinstance(one, dict)
    }


def kind_of(declared: Mapping[str, Any]) -> str:
    return str(declared.get("type") or "?").upper()


def _fits(key: str, declared: Mapping[str, Any]) -> bool:
    return kind_of(declared) in KINDS[key]


def _score(key: str, name: str, declared: Mapping[str, Any]) -> int:
    """Return 0 where neither name nor caption says anything; else more for more, and for the better type."""
    said = _says(key, name) + max((_says(key, text) for text in captions(declared).values()), default=0)
    return said and said * 10 - KINDS[key].index(kind_of(declared))


def _says(key: str, text: str) -> int:
    """Return WHOLE for a word of a value, 1 for a text that has one among others, else 0."""
    if _plain(text) in WORDS[key]:
        return WHOLE
    return int(any(word in WORDS[key] for word in _words(text)))


def _words(text: str) -> Sequence[str]:
    return [_plain(word) for word in re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", text)]


def _is_place(name: str, declared: Mapping[str, Any]) -> bool:
    return any(word in PLACES for text in (name, *captions(declared).values()) for word in _words(text))


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower().translate(_UMLAUTS))


def _suggestion(key: str, name: str, one: Mapping[str, Any], entities: Sequence[Entity]) -> Suggestion:
    shown = captions(one)
    said = _says(key, name) == WHOLE, any(_says(key, text) == WHOLE for text in shown.values())
    confidence = Confidence.SURE if all(said) else Confidence.LIKELY if any(said) else Confidence.GUESS
    stored = [found[0] for entity in entities if (found := values_of(entity, name))]
    codec, values = _codec(key, one, stored)
    return Suggestion(
        key=key,
        field=name,
        codec=codec,
        confidence=confidence,
        kind=kind_of(one),
        caption=shown.get("de") or next(iter(shown.values()), ""),
        values=values,
    )


def _days(found: Mapping[str, Suggestion], entities: Sequence[Entity]) -> tuple[tuple[str, str], ...]:
    """Return the options of whole days, as far as the stored appointments tell."""
    fields = {key: FieldMap(one.field, one.codec, one.values) for key, one in found.items()}
    spans = whole_days(entities, fields)
    told = (("all_day_end", days_end(spans)), ("all_day_zone", days_zone(spans)))
    return tuple((option, form) for option, form in told if form is not None)


def _codec(key: str, declared: Mapping[str, Any], found: Sequence[Any]) -> tuple[str, tuple[str, ...]]:
    """Return the codec, and for a list the values that mean yes."""
    if "list" in CODECS[key] and kind_of(declared) == "LIST":
        return "list", _yes(key, listed(declared))
    seen = time_form(found) if "epoch_ms" in CODECS[key] else notes_form(found) if "html" in CODECS[key] else None
    if seen is None and "iso" in CODECS[key] and kind_of(declared) == "TEXT":
        seen = "iso_local"
    return seen or CODECS[key][0], ()


def _yes(key: str, values: Mapping[str, str]) -> tuple[str, ...]:
    named = tuple(value for value, caption in values.items() if _says(key, value) or _says(key, caption))
    if named or key != "series":
        return named
    return tuple(
        value
        for value, caption in values.items()
        if not _NO.match(_plain(value)) and not _NO.match(_plain(caption))
    )
