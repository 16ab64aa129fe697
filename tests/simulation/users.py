"""What users do: each change writes values that were never written before, so that they can be traced."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from calsync.sync.model import BOTH, AllDay, Event, Side, Timed, When
from calsync.sync.plan import Kind
from calsync.testing.clock import START
from calsync.testing.rows import Place, Row
from calsync.values import replace
from tests.simulation.rules import CALL, VIEWING, type_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

    from calsync.desk.decisions import Case
    from calsync.sync.plan import Operation
    from tests.simulation.calendars import SlowCalendar
    from tests.simulation.pair import Pair
    from tests.simulation.witness import Node

MEETINGS: tuple[Mapping[str, Any], ...] = (
    {"attendee_count": 2},
    {"attendee_count": None},
    {"organised_here": False},
    {"online_meeting": True},
)
ACTIONS: Mapping[str, int] = {
    "create": 10,
    "edit": 14,
    "delete": 6,
    "restore": 2,
    "purge": 1,
    "copy": 2,
    "mark_private": 2,
    "invite": 2,
    "repeat": 2,
    "retype": 2,
    "cancel": 1,
    "leave_window": 2,
    "move_away": 1,
    "forbid": 1,
    "move_with_new_id": 2,
    "twins": 2,
    "same_edit": 1,
    "revert": 1,
    "edit_against_delete": 3,
    "edit_both": 5,
    "plan_call": 1,
    "clear_out": 2,
    "edit_all": 2,
}
"""What users do, and how often beside each other."""
NAMES, UP_TO = [*ACTIONS], [*accumulate(ACTIONS.values())]
CLOCK_CHANGES = tuple(
    datetime(*night, tzinfo=ZoneInfo("Europe/Berlin"), fold=fold)
    for night, fold in (((2026, 3, 29, 1), 0), ((2026, 10, 25, 2), 0), ((2026, 10, 25, 2), 1))
)
"""Nights in which an hour is missing, or comes twice."""
FULL = 5
"""Events of a calendar that is worth clearing out."""
SPARED = 3
"""So many are left where they go on with what is left."""
SEVERAL = 9
"""Events of which most may go while some are left, and more go than calsync deletes without being asked."""
RETYPES = 0.1
"""How often users give an event another type where its type decides whether it is synced."""
ENTERED_TWICE = 0.15
"""How often an appointment stands twice on one side already when it is entered on the other one."""
MASKED = 0.5
"""How often it is a private event, and what shows its mask, of which users edit one and delete the other."""
MANY = 26
"""Events of a busy calendar: more than calsync rewrites at once."""


class Users:
    """People at both sides."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.dice: random.Random = pair.dice
        self._count = 0

    def act(self) -> None:
        """Do one thing on one side."""
        (name,) = self.dice.choices(NAMES, cum_weights=UP_TO)
        side = self.dice.choice(list(Side))
        if self.pair.optional.types and self.dice.random() < RETYPES:
            name = "retype"
        kept = [one for one in BOTH if self._kept(one) is not None]
        if kept and self.dice.random() < 0.3:  # what a person keeps must stay so under a new id
            name, side = "move_with_new_id", self.dice.choice(kept)
        self._do(name, side)

    def _do(self, name: str, side: Side) -> None:
        action: Callable[[Side], str | None] = getattr(self, name)
        done = action(side)
        if done is not None:
            self.pair.world.mix[f"user: {name}"] += 1
            self.pair.note(f"{side.value} {name} {done}")

    def create(self, side: Side) -> str:
        event = self._event()
        if self.dice.random() < 0.1:
            event = replace(event, private=True)
        if side is Side.RIGHT and self.dice.random() < 0.15:
            event = replace(event, **self.dice.choice(MEETINGS))
        if self.dice.random() < 0.05:
            event = replace(event, when=self._far())
        return f"{self._calendar(side).user_create(event)} {event.summary}"

    def twins(self, side: Side) -> str:
        """Enter the same appointment on both sides, with notes of its own on each; on one of them maybe twice."""
        event = self._event()
        for _ in range(2 if self.dice.random() < ENTERED_TWICE else 1):
            self._calendar(side.other).user_create(event)
        if self.dice.random() < 0.5:
            event = replace(event, description=self._text("Notiz"))
        return self._calendar(side).user_create(event)

    def edit(self, side: Side) -> str | None:
        row = self._pick(side, Place.CALENDAR)
        if row is None:
            return None
        values = {"summary": self._text("Termin"), "description": self._text("Notiz"), "when": self._near()}
        if (side, row.id) in self.pair.reborn:
            del values["when"]  # out of the window before it was read, nothing would tell which one it was
        chosen = self.dice.sample(sorted(values), self.dice.choice([1, 1, 2]))
        self._calendar(side).user_edit(row.id, location=self._place(), **{name: values[name] for name in chosen})
        return f"{row.id} { ({name: values[name] for name in chosen}) }"

    def cross(self, side: Side, event_id: str) -> None:
        """Change an event at the very moment at which calsync is about to write it."""
        self.pair.world.mix["user: cross"] += 1
        row = self._calendar(side).rows.rows[event_id]
        if side is Side.RIGHT and self.dice.random() < 0.3:
            self._calendar(side).user_edit(event_id, attendee_count=0 if row.event.attendee_count else 2)
        elif self.dice.random() < 0.5:
            self._calendar(side).user_edit(event_id, description=self._text("Notiz"))
        else:
            self._calendar(side).user_edit(event_id, summary=self._text("Termin"))
        self.pair.note(f"{side.value} cross {event_id}")

    def overtake(self, case: Case, side: Side) -> None:
        """Change on a side what a person has just decided about, before calsync has carried it out."""
        seen = case.left if side is Side.LEFT else case.right
        texts = {"summary": "Termin", "description": "Notiz"}
        fields = [name for name in texts if name in case.differing]
        if seen is None or not fields or self._calendar(side).rows.present(seen.id) is None:
            return
        name = self.dice.choice(fields)
        self._calendar(side).user_edit(seen.id, **{name: self._text(texts[name])})
        self.pair.world.mix["user: overtake"] += 1
        self.pair.note(f"{side.value} overtake {seen.id}")

    def linked(self) -> Sequence[Node]:
        """Return both events of a pair that is there, to be edited by turns."""
        row = self._pick(Side.LEFT, Place.CALENDAR)
        partner = row and self.pair.backwards.partner((Side.LEFT, row.id))
        if row is None or not partner or self._calendar(Side.RIGHT).rows.present(partner[1]) is None:
            return ()
        return (Side.LEFT, row.id), partner, (Side.LEFT, row.id)

    def rename(self, node: Node) -> None:
        """Give an event another summary, if it is still there."""
        side, event_id = node
        if self._calendar(side).rows.present(event_id) is not None:
            self._calendar(side).user_edit(event_id, summary=self._text("Termin"))
            self.pair.note(f"{side.value} rename {event_id}")

    def overtake_undo(self, planned: Operation) -> None:
        """Change one of a pair, or bring back what was deleted, behind a look at the plan of an undo."""
        side, draft = planned.side, planned.draft
        nodes = [
            (where, seen.id) for where, seen in ((side.other, planned.source), (side, planned.target)) if seen
        ]
        if draft is not None:
            rows = self._calendar(side).rows.rows.values()
            nodes += [(side, row.id) for row in rows if row.event.summary == draft.summary]
        where, event_id = self.dice.choice(nodes)
        row = self._calendar(where).rows.rows.get(event_id)
        if row is not None and row.place is Place.TRASH and draft is not None:
            self._calendar(where).user_restore(event_id)
        elif row is None or row.place is not Place.CALENDAR or draft is not None:
            return
        elif planned.kind is Kind.DELETE and where is not side:
            self._calendar(where).user_delete(event_id)
        else:
            name = "summary" if "summary" in planned.changes or self.dice.random() < 0.5 else "description"
            self._calendar(where).user_edit(
                event_id, **{name: self._text("Termin" if name == "summary" else "Notiz")}
            )
        self.pair.world.mix["user: overtake_undo"] += 1
        self.pair.note(f"{where.value} overtake_undo {event_id}")

    def overtake_leaving(self, planned: Operation) -> None:
        """Delete an original whose copy is about to be removed as the account leaves, or edit that copy."""
        deletes = self.dice.random() < 0.7
        side, seen = (planned.side.other, planned.source) if deletes else (planned.side, planned.target)
        if seen is None or self._calendar(side).rows.present(seen.id) is None:
            return
        if deletes:
            self._calendar(side).user_delete(seen.id)
        else:
            self._calendar(side).user_edit(seen.id, summary=self._text("Termin"))
        self.pair.world.mix["user: overtake_leaving"] += 1
        self.pair.note(f"{side.value} overtake_leaving {seen.id}")

    def edit_both(self, side: Side) -> str | None:
        """Edit the same text of both events of a pair at the same time, each to another one."""
        row = self._pick(side, Place.CALENDAR)
        partner = row and self.pair.backwards.partner((side, row.id))
        if row is None or not partner or self._calendar(side.other).rows.present(partner[1]) is None:
            return None
        self._calendar(side).user_edit(row.id, summary=self._text("Termin"))
        self._calendar(side.other).user_edit(partner[1], summary=self._text("Termin"))
        return f"{row.id} {partner[1]}"

    def plan_call(self, _: Side) -> str | None:
        """Make an event on the right an online meeting, and write to its partner what it is about."""
        row = self._pick(Side.RIGHT, Place.CALENDAR)
        partner = row and self.pair.backwards.partner((Side.RIGHT, row.id))
        if row is None or not partner or self._calendar(Side.LEFT).rows.present(partner[1]) is None:
            return None
        self._calendar(Side.RIGHT).user_edit(row.id, online_meeting=True)
        self._calendar(Side.LEFT).user_edit(partner[1], description=self._text("Notiz"))
        return f"{row.id} {partner[1]}"

    def same_edit(self, side: Side) -> str | None:
        """Write the same new summary into both events that show the same one."""
        row = self._pick(side, Place.CALENDAR)
        if row is None:
            return None
        text = self._text("Termin")
        for other in BOTH:
            for event_id, event in self._calendar(other).events().items():
                if event.summary == row.event.summary:
                    self._calendar(other).user_edit(event_id, summary=text)
        return f"{row.id} {text}"

    def edit_against_delete(self, side: Side) -> str | None:
        """Edit one event of a pair and delete the other one at the same time."""
        masked = self._masked(side) if self.dice.random() < MASKED else None
        row = masked or self._pick(side, Place.CALENDAR)
        partner = row and self.pair.backwards.partner((side, row.id))
        if row is None or not partner or self._calendar(side.other).rows.present(partner[1]) is None:
            return None
        self._calendar(side).user_edit(row.id, summary=self._text("Termin"))
        self._calendar(side.other).user_delete(partner[1])
        return f"{row.id} {partner[1]}"

    def revert(self, side: Side) -> str | None:
        """Undo the last change of an event."""
        row = self._pick(side, Place.CALENDAR)
        if row is None:
            return None
        befores = [
            change.before
            for change in self._calendar(side).rows.log
            if change.after.id == row.id and change.before is not None
        ]
        if not befores:
            return None
        self._calendar(side).user_edit(
            row.id, summary=befores[-1].event.summary, description=befores[-1].event.description
        )
        return row.id

    def delete(self, side: Side) -> str | None:
        return self._on(side, self._pick(side, Place.CALENDAR), "user_delete")

    def clear_out(self, side: Side) -> str | None:
        """Delete all of a calendar or most of it, as somebody does by mistake or on leaving."""
        rows = [row for row in self._calendar(side).rows.rows.values() if row.place is Place.CALENDAR]
        if len(rows) < FULL:
            return None
        doomed = rows[self.dice.choice([0, 1, SPARED]) :]
        for row in doomed:
            self._calendar(side).user_delete(row.id)
        return str(len(doomed))

    def go_on(self, side: Side) -> None:
        """Delete one more event, or have what a person keeps get a new id."""
        kept = [one for one in BOTH if self._kept(one) is not None]
        name, where = ("move_with_new_id", self.dice.choice(kept)) if kept else ("delete", side)
        self._do(name, where)

    def edit_all(self, side: Side) -> str | None:
        """Change the notes of all events, as an import or another program does."""
        rows = [row for row in self._calendar(side).rows.rows.values() if row.place is Place.CALENDAR]
        if len(rows) < FULL:
            return None
        for row in rows:
            self._calendar(side).user_edit(row.id, description=self._text("Notiz"))
        return str(len(rows))

    def fill(self, side: Side, number: int = MANY) -> None:
        """Enter many appointments."""
        for _ in range(number):
            self._calendar(side).user_create(self._event())

    def restore(self, side: Side) -> str | None:
        return self._on(side, self._pick(side, Place.TRASH) or self._pick(side, Place.ELSEWHERE), "user_restore")

    def purge(self, side: Side) -> str | None:
        place = self.dice.choice([Place.CALENDAR, Place.TRASH])
        return self._on(side, self._pick(side, place), "user_purge")

    def copy(self, side: Side) -> str | None:
        return self._on(side, self._pick(side, Place.CALENDAR), "user_copy")

    def mark_private(self, side: Side) -> str | None:
        return self._toggle(side, "private")

    def repeat(self, side: Side) -> str | None:
        """Make an event a series, or a series a single event again."""
        series = [event_id for event_id, event in self._calendar(side).events().items() if event.series]
        if series and self.dice.random() < 0.7:
            self._calendar(side).user_edit(series[0], series=False)
            return f"{series[0]} False"
        return self._toggle(side, "series")

    def retype(self, _: Side) -> str | None:
        """Give an event of the left, which alone knows types, another one; or a call of a pair its former one."""
        calls = [
            event_id
            for event_id, event in self._calendar(Side.LEFT).events().items()
            if CALL in event.types and self.pair.backwards.partner((Side.LEFT, event_id))
        ]
        row = self._pick(Side.LEFT, Place.CALENDAR)
        if row is None:
            return None
        event_id = self.dice.choice(calls) if calls and self.dice.random() < 0.7 else row.id
        called = VIEWING if CALL in self._calendar(Side.LEFT).rows.rows[event_id].event.types else CALL
        self._calendar(Side.LEFT).user_edit(event_id, types=(called,))
        return f"{event_id} {called}"

    def cancel(self, _: Side) -> str | None:
        return self._toggle(Side.RIGHT, "cancelled")

    def invite(self, _: Side) -> str | None:
        """Add attendees on the right, or remove them."""
        row = self._pick(Side.RIGHT, Place.CALENDAR)
        if row is None:
            return None
        self._calendar(Side.RIGHT).user_edit(row.id, attendee_count=0 if row.event.attendee_count else 2)
        return row.id

    def leave_window(self, side: Side) -> str | None:
        """Move an event far away, or one that is far away back."""
        row = self._pick(side, Place.CALENDAR)
        if row is None or (side, row.id) in self.pair.reborn:
            return None
        far = isinstance(row.event.when, Timed) and abs(row.event.when.start - START) > timedelta(days=80)
        when = self._near() if far else self._far()
        self._calendar(side).user_edit(row.id, when=when)
        return f"{row.id} {when}"

    def move_away(self, side: Side) -> str | None:
        row = self._pick(side, Place.CALENDAR)
        return None if row and (side, row.id) in self.pair.reborn else self._on(side, row, "user_move_away")

    def move_with_new_id(self, side: Side) -> str | None:
        """Move an event through another calendar and back, where the server gives it a new id then.

        Only where calsync has read its uid before and reads the new one at once: nobody else could know it again.
        """
        kept = self._kept(side)
        row = kept or self._pick(side, Place.CALENDAR)
        calendar = self._calendar(side)
        behaviour = calendar.behaviour
        if row is None or self.pair.running or row.id in behaviour.hidden | behaviour.stale:
            return None
        read = behaviour.answer == "stored" or kept is not None  # what is kept was held, and read before
        if not read or behaviour.lag:
            return None
        if not self.pair.account().window(self.pair.world.clock.now() + timedelta(days=30)).holds(row.event.when):
            return None
        calendar.user_purge(row.id)
        moved = calendar.rows.add(row.event, by_us=False, marker=row.marker)
        self.pair.reborn[side, moved.id] = (side, row.id)
        return f"{row.id} {moved.id}"

    def save(self, side: Side) -> None:
        """Copy some events, as somebody does who fears for them."""
        for _ in range(3):
            self._do("copy", side)

    def renew(self, side: Side) -> None:
        """Have an event get a new id, where its server gives any."""
        self._do("move_with_new_id", side)

    def forbid(self, side: Side) -> str | None:
        """Take calsync's right to see an event, or give one back."""
        hidden = self._pick(side, Place.FORBIDDEN)
        if hidden is not None:
            return self._on(side, hidden, "user_restore")
        row = self._pick(side, Place.CALENDAR)
        return None if row and (side, row.id) in self.pair.reborn else self._on(side, row, "user_forbid")

    def allow_everything(self) -> None:
        for calendar in self.pair.calendars.values():
            for row in list(calendar.rows.rows.values()):
                if row.place is Place.FORBIDDEN:
                    calendar.user_restore(row.id)

    def _on(self, side: Side, row: Row | None, action: str) -> str | None:
        """Do something to a row, where there is one."""
        if row is None:
            return None
        made = getattr(self._calendar(side), action)(row.id)
        return f"{row.id} {made or ''}"

    def _toggle(self, side: Side, name: str) -> str | None:
        row = self._pick(side, Place.CALENDAR)
        if row is None:
            return None
        self._calendar(side).user_edit(row.id, **{name: not getattr(row.event, name)})
        return f"{row.id} {not getattr(row.event, name)}"

    def _calendar(self, side: Side) -> SlowCalendar:
        return self.pair.calendars[side]

    def _pick(self, side: Side, place: Place) -> Row | None:
        rows = [row for row in self._calendar(side).rows.rows.values() if row.place is place]
        return self.dice.choice(rows) if rows else None

    def _masked(self, side: Side) -> Row | None:
        """Return an event that shows no more than the mask of a private one."""
        rows = []
        for row in self._calendar(side).rows.rows.values():
            partner = self.pair.backwards.partner((side, row.id)) if row.place is Place.CALENDAR else None
            other = partner and self._calendar(side.other).rows.present(partner[1])
            if other and other.event.private and not row.event.private:
                rows.append(row)
        return self.dice.choice(rows) if rows else None

    def _kept(self, side: Side) -> Row | None:
        """Return what a person keeps although its partner is gone; it must stay so under a new id."""
        rows = [self._calendar(side).rows.present(event_id) for event_id in self.pair.decisions.kept(side)]
        here = [row for row in rows if row is not None]
        return self.dice.choice(here) if here else None

    def _event(self) -> Event:
        return Event(
            summary=self._text("Termin"),
            when=self._near(),
            description=self._text("Notiz"),
            reminder=self.dice.choice([True, False, None]),
            location=self._place(),
            types=(type_of(self._count),),
        )

    def _text(self, word: str) -> str:
        self._count += 1
        return f"{word} {self._count} mit Text"

    def _place(self) -> str:
        """Return where something takes place: nowhere else did anything yet."""
        return f"Raum {self._count}"

    def _near(self) -> When:
        self._count += 1
        if self.dice.random() < 0.1:
            first = date(2026, 3, 1) + timedelta(days=self._count)
            return AllDay(first, first + timedelta(days=1))
        days = [START, START, START + timedelta(days=20), START - timedelta(days=88)]
        base = self.dice.choice([*days, *days, *CLOCK_CHANGES])
        start = base + timedelta(minutes=self._count)
        return Timed(start, start + timedelta(hours=1))

    def _far(self) -> When:
        self._count += 1
        start = START + timedelta(days=self.dice.choice([600, -300]), minutes=self._count)
        return Timed(start, start + timedelta(hours=1))
