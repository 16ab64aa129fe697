"""Whatever happens, a client that follows the change feed ends with what a new round tells."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from calsync_sandbox.graph.feed import Feed
from calsync_sandbox.graph.switches import GraphSwitches
from calsync_sandbox.mail import MailLog
from calsync_sandbox.mailbox.errors import MailboxError
from calsync_sandbox.mailbox.lookup import present
from calsync_sandbox.mailbox.mailbox import Mailbox
from calsync_sandbox.mailbox.zones import Span

MARCH = Span(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC))
RULE = {"pattern": {"type": "daily", "interval": 2}, "range": {"type": "noEnd", "startDate": "2026-03-01"}}
ACTIONS = ["create", "series", "move", "delete", "repeat", "single", "cancel", "except", "away", "pull"]


def mailbox() -> Mailbox:
    return Mailbox(
        "anna@example.de",
        aliases=(),
        timezone="UTC",
        can_edit=True,
        default_reminder=15,
        switches=GraphSwitches(),
        people_mail=MailLog(),
        now=lambda: 0.0,
    )


def times(day: int) -> dict[str, Any]:
    at = {"dateTime": f"2026-03-{day:02}T09:00:00", "timeZone": "UTC"}
    return {"start": at, "end": at}


@dataclass
class Client:
    """Follows the feed of the primary calendar, page by page."""

    box: Mailbox
    token: str | None = None
    known: set[str] = field(default_factory=set)

    def pull(self, feed: Feed, size: int) -> None:
        number = feed.begin(self.box.store.primary, MARCH) if self.token is None else feed.resume(self.token)
        position = feed.first
        while True:
            page = feed.page(number, position, size)
            for event_id, removed in page.entities:
                gone = removed or present(self.box.store, event_id) is None
                self.known = self.known - {event_id} if gone else self.known | {event_id}
            if page.skip is None:
                self.token = page.delta
                return
            number, position = feed.position(page.skip)


def act(box: Mailbox, action: str, pick: int, day: int) -> None:
    """Carry out one action of the mailbox's owner on the event that `pick` chooses."""
    singles = [event_id for event_id in box.events if "." not in event_id]
    if action in {"create", "series"} or not singles:
        box.create(times(day) | ({"recurrence": RULE} if action == "series" else {}))
        return
    chosen = singles[pick % len(singles)]
    occurrence = box.occurrence_id(chosen, date(2026, 3, day))
    match action:
        case "move":
            box.edit(chosen, times(day))
        case "delete":
            box.delete(chosen)
        case "repeat":
            box.edit(chosen, {"recurrence": RULE})
        case "single":
            box.edit(chosen, {"recurrence": None})
        case "cancel":
            box.delete(occurrence)
        case "except":
            box.edit(occurrence, {"subject": "Anders"})
        case "away":
            other = [calendar for calendar in box.store.calendars if calendar != box.store.homes[chosen]]
            box.move_to_calendar(chosen, other[0])


STEPS = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 5), st.integers(1, 12)), max_size=25)


@given(STEPS, st.integers(1, 4))
def test_following_the_feed_ends_where_a_new_round_does(steps: list[tuple[str, int, int]], size: int) -> None:
    box = mailbox()
    box.add_calendar("Privat")
    client, feed = Client(box), Feed(box.store, GraphSwitches())
    for action, pick, day in steps:
        if action == "pull":
            client.pull(feed, size)
            continue
        try:
            act(box, action, pick, day)
        except MailboxError:
            continue  # there is no such occurrence
    client.pull(feed, size)
    fresh = Client(box)
    fresh.pull(feed, size)
    assert client.known == fresh.known
