"""A client that follows the changes always ends with what the calendar holds, whatever has happened."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync_sandbox.ews.changes import BEGINNING, changes
from calsync_sandbox.ews.ids import item_id, past_item_id
from calsync_sandbox.mailbox.errors import MailboxError

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync_sandbox.mailbox import Mailbox

DAILY = {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "noEnd", "startDate": "2026-03-02"}}


class Follower:
    """Knows the ids of one calendar's items, and what it was told of them."""

    def __init__(self, mailbox: Mailbox, folder: str) -> None:
        self.mailbox = mailbox
        self.folder = folder
        self.known: dict[str, str] = {}
        self.mark = BEGINNING

    def follow(self) -> None:
        store = self.mailbox.store
        mark = len(store.log)
        for told in changes(store, self.folder, self.mark, mark):
            if told.kind == "Delete":
                del self.known[past_item_id(self.mailbox, told.id, self.folder, told.moves)]
                continue
            given = item_id(self.mailbox, told.id)
            assert (given in self.known) == (told.kind == "Update")
            self.known[given] = store.events[told.id]["changeKey"]
        self.mark = mark

    def check(self) -> None:
        store = self.mailbox.store
        here = [event for event in store.events.values() if store.homes[event["id"]] == self.folder]
        items = [event for event in here if event["seriesMasterId"] not in store.events]
        assert self.known == {item_id(self.mailbox, event["id"]): event["changeKey"] for event in items}


class Person:
    """Does something at random in Outlook."""

    def __init__(self, mailbox: Mailbox, draft: Callable[..., dict[str, Any]], seed: int) -> None:
        self._mailbox = mailbox
        self._draft = draft
        self._random = random.Random(seed)
        self._calendars = [mailbox.store.primary, mailbox.add_calendar("Privat")]

    def act(self) -> None:
        deeds = [
            self._create,
            self._create_series,
            self._edit,
            self._delete,
            self._restore,
            self._move,
            self._occurrence,
        ]
        self._random.choice(deeds)()

    def _any(self, kind: str = "") -> str:
        events = self._mailbox.events.values()
        found = [event["id"] for event in events if kind in {"", event["type"]} and event["type"] != "exception"]
        return str(self._random.choice(found) if found else self._mailbox.create(self._draft())["id"])

    def _create(self) -> None:
        self._mailbox.create(self._draft(), self._random.choice(self._calendars))

    def _create_series(self) -> None:
        self._mailbox.create(self._draft(recurrence=DAILY), self._random.choice(self._calendars))

    def _edit(self) -> None:
        self._mailbox.edit(self._any(), {"subject": "Neu"})

    def _delete(self) -> None:
        self._mailbox.delete(self._any())

    def _restore(self) -> None:
        deleted = list(self._mailbox.deleted)
        if deleted:
            self._mailbox.store.restore(self._random.choice(deleted), self._random.choice(self._calendars))

    def _move(self) -> None:
        self._mailbox.move_to_calendar(self._any(), self._random.choice(self._calendars))

    def _occurrence(self) -> None:
        day = date(2026, 3, 3) + timedelta(days=self._random.randrange(4))
        occurrence = self._mailbox.occurrence_id(self._any("seriesMaster"), day)
        try:
            if self._random.random() < 0.5:
                self._mailbox.edit(occurrence, {"subject": "Anders"})
            else:
                self._mailbox.delete(occurrence)
        except MailboxError:
            return  # there is no such occurrence, or no more


@pytest.mark.parametrize("seed", range(60))
def test_a_follower_ends_with_what_is_there(
    anna: Mailbox, draft: Callable[..., dict[str, Any]], seed: int
) -> None:
    person = Person(anna, draft, seed)
    followers = [Follower(anna, folder) for folder in anna.store.calendars]
    pauses = random.Random(seed)
    for _ in range(60):
        person.act()
        for follower in followers:
            if pauses.random() < 0.3:
                follower.follow()
                follower.check()
    for follower in followers:
        follower.follow()
        follower.check()
