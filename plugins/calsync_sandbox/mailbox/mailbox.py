"""A mailbox: what it stores, and what its owner does to it in Outlook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync_sandbox.mailbox import ids, lookup
from calsync_sandbox.mailbox.mails import Post
from calsync_sandbox.mailbox.properties import BY_PERSON, UPDATABLE, read_event
from calsync_sandbox.mailbox.store import Store
from calsync_sandbox.mailbox.writes import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from calsync_sandbox.mail import MailLog
    from calsync_sandbox.mailbox.errors import MailboxError
    from calsync_sandbox.mailbox.events import Json
    from calsync_sandbox.mailbox.switches import MailboxSwitches

PERSON_WRITES = UPDATABLE | {key: BY_PERSON[key] for key in ("isCancelled", "responseStatus", "hasAttachments")}

_OWN = frozenset({"iCalUId", "originalStart", "seriesMasterId", "transactionId"})
"""What a copy does not share with its original."""


class Mailbox:
    """One user's mailbox. Its methods act as the owner in Outlook: their mails are people's, not clients'."""

    def __init__(
        self,
        address: str,
        *,
        aliases: tuple[str, ...],
        timezone: str,
        can_edit: bool,
        default_reminder: int,
        switches: MailboxSwitches,
        people_mail: MailLog,
        now: Callable[[], float],
    ) -> None:
        self.address = address
        self.aliases = aliases
        self.user_id = ids.user_id(address)
        self.can_edit = can_edit
        self.refusal: MailboxError | None = None
        """When set, every request to this mailbox is refused with it."""
        self.switches = switches
        self.store = Store(address, timezone, now)
        self._default_reminder = default_reminder
        self._by_person = self.writer(Post(address, people_mail, switches))

    def writer(self, post: Post) -> Writer:
        """Return what writes to this mailbox; `post` decides whose mails follow, and which."""
        return Writer(self.store, post, self.switches, reminder=self._default_reminder)

    @property
    def events(self) -> dict[str, Json]:
        """Return the present events as stored, by immutable id: singles, masters and exceptions."""
        return self.store.events

    @property
    def deleted(self) -> dict[str, Json]:
        """Return Deleted Items, by immutable id."""
        return self.store.deleted

    @property
    def lost_join_links(self) -> list[str]:
        """Return the ids of online meetings whose join link a write of the body removed."""
        return self.store.lost_join_links

    def add_calendar(self, name: str, owner: str | None = None) -> str:
        """Add a calendar and return its id. `owner`: the address of somebody else, who shares it."""
        calendar = ids.calendar_id(self.address, name, len(self.store.calendars))
        self.store.calendars[calendar] = name
        if owner is not None:
            self.store.owners[calendar] = owner
        return calendar

    def create(self, event: Mapping[str, Any], calendar: str | None = None) -> Json:
        """Make an event, or receive one (`isOrganizer` false, `organizer`), and return it as stored.

        `event` is Graph JSON; with `seriesMasterId` and `originalStart` it becomes an exception of that series,
        which need not be in this mailbox.
        """
        return self._by_person.create(read_event(dict(event), BY_PERSON), calendar or self.store.primary)

    def edit(self, event_id: str, changes: Mapping[str, Any]) -> Json:
        """Change an event, or one occurrence of a series, and return it as stored."""
        return self._by_person.change(event_id, read_event(dict(changes), PERSON_WRITES))

    def delete(self, event_id: str) -> None:
        self._by_person.delete(event_id)

    def restore(self, event_id: str) -> Json:
        """Move an event out of Deleted Items into the primary calendar and return it as stored."""
        return self.store.restore(event_id, self.store.primary)

    def copy(self, event_id: str) -> Json:
        """Copy an event with all but its attendees, extended properties too, and return the copy as stored."""
        event = lookup.get(self.store, event_id)
        kept = {key: value for key, value in event.items() if key in BY_PERSON and key not in _OWN}
        return self._by_person.create(kept | {"attendees": []}, self.store.primary)

    def add_attendee(self, event_id: str, address: str) -> Json:
        """Invite one more person."""
        invited = {"emailAddress": {"address": address, "name": address}, "type": "required"}
        attendees = lookup.get(self.store, event_id)["attendees"]
        return self.edit(event_id, {"attendees": [*attendees, invited]})

    def remove_attendees(self, event_id: str) -> Json:
        """Take back all invitations."""
        return self.edit(event_id, {"attendees": []})

    def move_to_calendar(self, event_id: str, calendar: str) -> None:
        """Move an event to another calendar. Its immutable id stays, its default id changes."""
        self.store.move(event_id, self.store.calendar(calendar))

    def occurrence_id(self, master: str, day: date) -> str:
        """Return the id of a series' occurrence on the day that its rule puts it on."""
        return ids.occurrence_id(master, day)
