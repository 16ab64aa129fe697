"""What a recurring master says about its occurrences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_sandbox.ews.items import Item, item_of
from calsync_sandbox.ews.names import Element, t
from calsync_sandbox.ews.times import iso
from calsync_sandbox.mailbox.events import span_of
from calsync_sandbox.mailbox.ids import day_of, occurrence_id

if TYPE_CHECKING:
    from datetime import date


def first_occurrence(item: Item) -> Element | None:
    days = _present_days(item)
    return _info("FirstOccurrence", item, days[0]) if days else None


def last_occurrence(item: Item) -> Element | None:
    """Return the last occurrence; a series without an end has none."""
    if item.event["recurrence"]["range"]["type"] == "noEnd":
        return None
    days = _present_days(item, last=True)
    return _info("LastOccurrence", item, days[-1]) if days else None


def modified_occurrences(item: Item) -> Element | None:
    exceptions = item.mailbox.store.exceptions.get(item.event["id"], {})
    found = [_info("Occurrence", item, day) for day in sorted(exceptions)]
    return t("ModifiedOccurrences", *found) if found else None


def deleted_occurrences(item: Item) -> Element | None:
    series = item.mailbox.store.series(item.event)
    starts = [series.span(day_of(one)).start for one in item.event.get("cancelledOccurrences", ())]
    found = [t("DeletedOccurrence", t("Start", text=iso(start))) for start in sorted(starts)]
    return t("DeletedOccurrences", *found) if found else None


def _present_days(item: Item, *, last: bool = False) -> list[date]:
    """Return the days of the occurrences that are not cancelled; without `last` only the first one."""
    store = item.mailbox.store
    cancelled = {day_of(one) for one in item.event.get("cancelledOccurrences", ())}
    days = (day for day in store.series(item.event).days() if day not in cancelled)
    if last:
        return list(days)
    first = next(days, None)
    return [] if first is None else [first]


def _info(name: str, master: Item, day: date) -> Element:
    item = item_of(master.mailbox, occurrence_id(master.event["id"], day))
    span, original = span_of(item.event), master.mailbox.store.series(master.event).span(day).start
    return t(
        name,
        item.id_element(),
        t("Start", text=iso(span.start)),
        t("End", text=iso(span.end)),
        t("OriginalStart", text=iso(original)),
    )
