"""Whether the mapping fits what a sample of the tenant's appointments holds: names and types do not show the form.

An error is told where most of them contradict the mapping, never for a single odd one, and without repeating what
they say. What is too little for that is a warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_flowfact.answers import Answer, problem, warning
from calsync_flowfact.days import days_end, days_zone, whole_days
from calsync_flowfact.entity import entity_id
from calsync_flowfact.forms import FORMS, is_html, is_plain, most, notes_form, plausible, shape, time_form
from calsync_flowfact.mapping import EntityMapping, flag
from calsync_flowfact.sample import OURS
from calsync_flowfact.times import HOME

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from calsync_flowfact.entity import Entity
    from calsync_flowfact.sample import Sample

ENOUGH = 5
"""Fewer appointments without a time, and fewer notes, prove nothing."""
SEVERAL = 3
"""So many that cannot be read are no exceptions."""
Words = tuple[str, str]
"""In English and German."""
_FLAGS: Mapping[str, Words] = {
    "series": ("series, which are left out", "Serien sind, und die bleiben weg"),
    "private": ("private, which is masked", "privat sind, und das wird verborgen"),
}
_DAYS: Mapping[str, Words] = {
    "exclusive": ("end on the day after their last one", "enden am Tag nach ihrem letzten"),
    "inclusive": ("end on their last day", "enden an ihrem letzten Tag"),
    "last_minute": ("end in the last minute of their last day", "enden in der letzten Minute ihres letzten Tages"),
    "account": ("begin at local midnight", "beginnen um Mitternacht der Ortszeit"),
    "utc": ("begin at midnight UTC", "beginnen um Mitternacht UTC"),
}


def verdicts(sample: Sample, users: Collection[str]) -> Sequence[Answer]:
    """Return what contradicts the mapping, errors and warnings. `users` are the ids of the company's users."""
    judged = sample.by_people or sample.entities  # where calsync's are the only ones, they may still be misread
    found = [answer for key in ("start", "end", "reminder") for answer in _times(sample, judged, key)]
    if not found:
        found = [*_order(sample, judged), *_days(sample, judged)]
    found += [*_notes(sample), *_owner(sample, judged, users), *_marker(sample), *_flags(sample)]
    return [*found, *(_unchecked(sample, schema) for schema in sorted(sample.others))]


def _times(sample: Sample, judged: Sequence[Entity], key: str) -> Sequence[Answer]:
    codec, found = sample.settings.fields[key].codec, sample.filled(key, judged)
    if key != "reminder" and len(found) * 2 < len(judged) >= ENOUGH:
        en = "is mostly empty, so most appointments have no time; map another field"
        de = "ist meistens leer, die meisten Termine hätten also keine Zeit; bitte ordnen Sie ein anderes Feld zu"
        return [_told(sample, key, (en, de), proven=True)]
    if not found:
        return []
    right = time_form(found, days="iso" if codec == "iso" else "iso_local")
    if right is not None:
        return [] if right == codec else [_told(sample, key, _set_codec(right), proven=True)]
    unread = sum(not plausible(value, codec) for value in found)
    holds, enthaelt = shape([value for value in found if not plausible(value, codec)])
    unmap = (", or `field: null`", " oder setzen Sie `field: null`") if key == "reminder" else ("", "")
    said = (
        f"holds {holds}; map the field with the time{unmap[0]}",
        f"enthält {enthaelt}; bitte ordnen Sie das Feld mit der Zeit zu{unmap[1]}",
    )
    return [_told(sample, key, said, proven=unread >= SEVERAL)] if unread * 2 > len(found) else []


def _order(sample: Sample, judged: Sequence[Entity]) -> Sequence[Answer]:
    """Judge what can be read field by field, but not as appointments: then the end lies before the start."""
    mapping = EntityMapping(sample.settings, "", None, HOME)
    timed = [
        one for one in judged if entity_id(one) and all(sample.filled(key, [one]) for key in ("start", "end"))
    ]
    unread = sum(mapping.observe(one) is None for one in timed)
    en = "lies before the start in most of them; exchange fields.start and fields.end, or map another field"
    de = (
        "liegt bei den meisten vor dem Beginn; bitte vertauschen Sie fields.start und fields.end, oder ordnen Sie "
        "ein anderes Feld zu"
    )
    return [_told(sample, "end", (en, de), proven=unread >= SEVERAL)] if unread * 2 > len(timed) else []


def _days(sample: Sample, judged: Sequence[Entity]) -> Sequence[Answer]:
    settings = sample.settings
    spans = whole_days(judged, settings.fields) if settings.stores_days else ()
    end, zone, dates = days_end(spans), days_zone(spans), settings.fields["all_day"].codec == "date"
    found: list[Answer] = []
    if end is not None and end != settings.all_day_end and not (dates and _same_date(end, settings.all_day_end)):
        found.append(_days_told("all_day_end", end, proven=days_end(spans, SEVERAL) == end))
    if zone is not None and zone != settings.all_day_zone and not dates:
        found.append(_days_told("all_day_zone", zone, proven=days_zone(spans, SEVERAL) == zone))
    return found


def _same_date(one: str, other: str) -> bool:
    """Tell whether two ends of days are the same as dates: a last minute and a last day are."""
    return (one == "exclusive") == (other == "exclusive")


def _notes(sample: Sample) -> Sequence[Answer]:
    """Judge notes. A few of another form are somebody's, and no reason to stop."""
    texts = [one for one in sample.filled("description", sample.by_people) if isinstance(one, str)]
    is_html_set = sample.settings.fields["description"].codec == "html"
    other = "text" if is_html_set else "html"
    count = sum(map(is_plain if is_html_set else is_html, texts))
    if notes_form(texts) == other and count >= ENOUGH:
        return [_told(sample, "description", _set_codec(other), proven=True)]
    holds, enthaelt = FORMS[other]
    said = (
        f"holds {holds} in {count} of {len(texts)} notes; look at one of them on both sides",
        f"enthält {enthaelt} in {count} von {len(texts)} Notizen; bitte sehen Sie sich eine auf beiden Seiten an",
    )
    return [_told(sample, "description", said, proven=False)] if count else []


def _owner(sample: Sample, judged: Sequence[Entity], users: Collection[str]) -> Sequence[Answer]:
    found = sample.filled("owner", judged)
    if not found or any(str(value) in users for value in found):
        return []
    said = (
        "does not name users; map the field with the user whom an appointment belongs to",
        "nennt keine Benutzer; bitte ordnen Sie das Feld mit dem Benutzer zu, dem ein Termin gehört",
    )
    return [_told(sample, "owner", said, proven=True)]


def _marker(sample: Sample) -> Sequence[Answer]:
    if not most(sample.filled("marker", sample.entities), lambda value: not str(value).startswith(OURS)):
        return []
    said = (
        "is used for something else; calsync needs a field of its own, or `field: null`",
        "wird für etwas anderes benutzt; calsync braucht ein eigenes Feld oder `field: null`",
    )
    return [_told(sample, "marker", said, proven=True)]


def _flags(sample: Sample) -> Sequence[Answer]:
    """Doubt what says yes of most appointments: a text that is mostly filled, for something else, does so."""
    found, people = [], sample.by_people
    for key, (means, heisst) in _FLAGS.items():
        yes = sum(flag(one, sample.settings.fields[key]) for one in people)
        if yes >= ENOUGH and yes * 2 > len(people):
            said = (
                f"says of most of them that they are {means}; make sure that it is the right field",
                f"sagt von den meisten, dass sie {heisst}; bitte prüfen Sie, ob es das richtige Feld ist",
            )
            found.append(_told(sample, key, said, proven=False))
    return found


def _unchecked(sample: Sample, schema: str) -> Answer:
    group, name = sample.settings.schema, sample.settings.write_schema
    return warning(
        "sample",
        f"appointments of the schema {schema}, of the group {group}, are read too, but the mapping is compared "
        f"with the schema {name} only; make sure that its fields have the same names and the same form",
        f"Auch Termine des Schemas {schema} aus der Gruppe {group} werden gelesen, die Zuordnung ist aber nur mit "
        f"dem Schema {name} verglichen; bitte prüfen Sie, ob dort die Felder ebenso heißen und aussehen",
    )


def _set_codec(right: str) -> Words:
    holds, enthaelt = FORMS[right]
    return f"holds {holds}; set codec: {right}", f"enthält {enthaelt}; bitte setzen Sie codec: {right}"


def _told(sample: Sample, key: str, said: Words, *, proven: bool) -> Answer:
    name = sample.settings.name(key)
    en = f"fields.{key}: {name!r} in FLOWFACT's appointments {said[0]}"
    de = f"fields.{key}: {name!r} in FLOWFACTs Terminen {said[1]}"
    return (problem if proven else warning)("sample", en, de)


def _days_told(option: str, right: str, *, proven: bool) -> Answer:
    en = f"{option}: FLOWFACT's all-day appointments {_DAYS[right][0]}; set {option}: {right}"
    de = f"{option}: FLOWFACTs ganztägige Termine {_DAYS[right][1]}; bitte setzen Sie {option}: {right}"
    return (problem if proven else warning)("sample", en, de)
