"""A sandbox of many people whose calendars are the same on both sides, and have been since yesterday."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calsync.sync.model import Side
from calsync_sandbox.sandbox import Account

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync_sandbox.sandbox import Person, Sandbox

EVENTS = 3
"""Of each account, on both sides."""
TIMES = ("createdTimestamp", "lastModifiedTimestamp", "timestamp")


@dataclass(frozen=True, slots=True)
class Words:
    """What tells an account from the others, wherever its store names it."""

    account: str
    calendars: Mapping[Side, str]
    """By side: the calendar's key."""
    all: Sequence[str]
    """In an order that is the same for all accounts."""


def populate(sandbox: Sandbox, anna: Person, folder: str, accounts: int) -> list[Words]:
    """Add so many people, and write their configuration into the folder; into `first` in it, that of the first."""
    words, named = [], []
    for number in range(accounts):
        person = sandbox.add_person(f"a{number}@example.de", first="Anna", last=f"Beispiel {number}")
        account = Account(name=f"account-{number:05}", person=person)
        words.append(_words(account, _entities(sandbox, person), _events(person)))
        named.append(account)
    # Hers is today's, so that what a search may have missed is not everybody's.
    sandbox.flowfact.create(sandbox.form.schema, _fields(sandbox, anna, 0), user=dict(anna.user))
    sandbox.write_configuration(Path(folder), named)
    sandbox.write_configuration(Path(folder) / "first", named[:1])
    return words


def _words(account: Account, entities: Sequence[str], events: Sequence[str]) -> Words:
    person = account.person
    calendars = {Side.LEFT: person.user["id"], Side.RIGHT: person.mailbox.store.primary}
    return Words(account.name, calendars, [person.address, *calendars.values(), *entities, *events])


def _entities(sandbox: Sandbox, person: Person) -> list[str]:
    """Enter a person's appointments in FLOWFACT; return their ids."""
    made = []
    for number in range(EVENTS):
        fields = _fields(sandbox, person, number)
        entity = sandbox.flowfact.create(sandbox.form.schema, fields, user=dict(person.user))
        entity["_metadata"] |= {name: _yesterday() * 1000 for name in TIMES if name in entity["_metadata"]}
        made.append(entity["id"])
    return made


def _events(person: Person) -> list[str]:
    """Enter the same in Outlook; return the words that name them."""
    made = []
    entered = f"{datetime.fromtimestamp(_yesterday(), UTC):%Y-%m-%dT%H:%M:%S}.0000000Z"
    for number in range(EVENTS):
        start, end = ({"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"} for at in _span(number))
        event_id = person.mailbox.create({"subject": _subject(number), "start": start, "end": end})["id"]
        event = person.mailbox.events[event_id]
        event |= {"createdDateTime": entered, "lastModifiedDateTime": entered}
        made += [event_id, event["iCalUId"]]
    return made


def _fields(sandbox: Sandbox, person: Person, number: int) -> dict[str, Any]:
    start, end = _span(number)
    values = {"summary": _subject(number), "description": "", "start": start, "end": end}
    return sandbox.form.fields(values | {"owner": [person.user["id"]]})


def _subject(number: int) -> str:
    return f"Besichtigung {number}"


def _span(number: int) -> tuple[datetime, datetime]:
    start = _today() + timedelta(days=1 + number, hours=9)
    return start, start + timedelta(hours=1)


def _yesterday() -> int:
    """Return when all of it was entered, in seconds since the epoch."""
    return int((_today() - timedelta(hours=12)).timestamp())


def _today() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
