"""Mutants of the rules and of what the terms of an account ask for."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from calsync.sync import merge, pairs, partings, reconcile
from calsync.sync.model import Direction
from calsync.sync.plan import Kind, Operation
from calsync.sync.rules import ALLOW
from calsync.values import replace
from calsync_rules.attendee_stripping import AttendeeStripping
from calsync_rules.copy_location import CopyLocation
from calsync_rules.only_types import OnlyTypes
from calsync_rules.private_mask import PrivateMask
from calsync_rules.reminder_once import ReminderOnce

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


def no_attendee_guard() -> AbstractContextManager[Any]:
    """No rule stands before a write that mails."""
    return patch.object(AttendeeStripping, "guard", lambda *_: ALLOW)


def no_mask() -> AbstractContextManager[Any]:
    """A private event is shown as it is."""
    return patch.object(PrivateMask, "project", lambda _, event: event)


def private_time_stays() -> AbstractContextManager[Any]:
    """A private event's new time does not travel."""
    plain = merge._merge_plain

    def still(result: Any, name: Any, left: Any, right: Any, terms: Any) -> None:
        if name != "when" or not (left.raw.private or right.raw.private):
            plain(result, name, left, right, terms)

    return patch.object(merge, "_merge_plain", still)


def mask_becomes_original() -> AbstractContextManager[Any]:
    """A deleted original is made anew from what its mask shows."""
    return patch.object(partings, "mask", lambda *_: frozenset())


def no_reminder() -> AbstractContextManager[Any]:
    """A copy is created as if its source had no reminder."""
    return patch.object(ReminderOnce, "on_create", lambda _self, _source, draft: draft)


def tells_places() -> AbstractContextManager[Any]:
    """A copy is created where its source takes place, whoever may know that."""
    return patch.object(
        CopyLocation, "on_create", lambda _self, source, draft: replace(draft, location=source.location)
    )


def forgets_places() -> AbstractContextManager[Any]:
    """A copy takes place nowhere."""
    return patch.object(CopyLocation, "on_create", lambda _self, _source, draft: draft)


def all_types() -> AbstractContextManager[Any]:
    """What is of another type is synced as well."""
    return patch.object(OnlyTypes, "admit", lambda *_: None)


def one_way_is_silent() -> AbstractContextManager[Any]:
    """The target of a one-way account is never updated."""
    updates = pairs._updates

    def silent(view: Any, *rest: Any) -> Iterator[Operation]:
        return updates(view, *rest) if view.direction is Direction.BOTH else iter(())

    return patch.object(pairs, "_updates", silent)


@contextmanager
def sleeps_for_ever() -> Iterator[None]:
    """A pair that sleeps never wakes."""
    decide = pairs.decide_pair

    def drowsy(view: Any, link: Any) -> Iterator[Any]:
        for decided in decide(view, link):
            if isinstance(decided, Operation) and decided.kind is Kind.WAKE:
                return
            yield decided

    with patch.object(reconcile, "decide_pair", drowsy):
        yield
