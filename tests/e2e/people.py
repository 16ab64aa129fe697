"""People who create, edit and delete appointments on both sides while calsync works, and remember what they did.

Every value they enter is a new one, so of each it can be told where it is in the end, and if it is nowhere: who
wrote over it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from calsync.store import SqliteStore
from calsync.sync.model import Side, Timed
from calsync.values import replace
from calsync_sandbox.configuration import FUTURE_DAYS, PAST_DAYS
from calsync_sandbox.judge import Stretch, flowfact_seen, mailbox_seen
from tests.e2e.conftest import ms, utc

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence

    from aiohttp.web import Request

    from calsync.records import LedgerEntry
    from calsync.sync.model import Field, Value
    from calsync_sandbox.judge import Seen
    from tests.e2e.conftest import Agent

ACTS = ("edit",) * 14 + ("create",) * 3 + ("delete",) * 3
DELETES = 8
"""More in a day, and calsync's brake would ask a person about them."""
PENDING = 8
"""So many appointments may differ while people go on; with twenty waiting, the brake would hold their updates."""
EDITS_OF_ONE = 6
"""More edits of one appointment than a few a day are taken for those of a program."""


@dataclass(eq=False, slots=True)
class Entered:
    """A value that somebody has entered into an appointment."""

    side: Side
    event_id: str
    number: int
    name: Field
    value: Value
    order: int
    gone: bool = False
    """Somebody has changed it again on the same side, or deleted the appointment there."""
    unseen: bool = False
    """calsync wrote over it, but had read the appointment before it was entered. FLOWFACT knows no conditional
    write, so nobody can tell (`FlowfactCalendar`)."""

    def stands_in(self, seen: Seen) -> bool:
        """Tell whether the appointment still says so."""
        if isinstance(self.value, Timed):
            return seen.when == f"{self.value.start:%Y-%m-%dT%H:%MZ} to {self.value.end:%Y-%m-%dT%H:%MZ}"
        return self.value == (seen.summary if self.name == "summary" else seen.notes)


class People:
    """Two people, one in FLOWFACT and one in Outlook. Appointments have numbers, which stay in their subjects."""

    def __init__(self, world: Agent, chance: random.Random, *, deletes: int = DELETES) -> None:
        """`deletes` is how many appointments they delete at most."""
        self._world = world
        self._deletes = deletes
        self._chance = chance
        self._morning = world.at(24)
        self._steps = 0
        self._read: dict[str, int] = {}
        """When calsync has read an appointment of FLOWFACT for the last time."""
        self.entered: list[Entered] = []
        self.numbers: set[int] = set()
        self.deleted: dict[int, tuple[Side, int]] = {}
        """On which side an appointment was deleted, and when."""

    def create(self, side: Side) -> None:
        number = len(self.numbers)
        self.numbers.add(number)
        values: dict[Field, Value] = {name: self._new(name, number) for name in ("summary", "when", "description")}
        if side is Side.LEFT:
            entity = self._world.appointment(**_flowfact(values))
            event_id: str = entity["id"]
        else:
            event_id = self._world.anna.mailbox.create(_graph(values))["id"]
        for name, value in values.items():
            self._enter(side, event_id, number, name, value)

    def edit(self) -> None:
        """Change one field of some appointment."""
        side, name = self._chance.choice(list(Side)), self._chance.choice(FIELDS)
        seen = self._chance.choice(self.seen(side))
        number = _number(seen)
        if sum(one.number == number for one in self.entered) > len(FIELDS) + EDITS_OF_ONE:
            return
        value = self._new(name, number)
        self._leave(side, seen, name)
        if side is Side.LEFT:
            self._world.patch({"id": seen.id}, **_flowfact({name: value}))
        else:
            self._world.anna.mailbox.edit(seen.id, _graph({name: value}))
        self._enter(side, seen.id, number, name, value)

    def delete(self) -> None:
        """Delete an appointment of which calsync knows that it is the same on both sides.

        Deleted before, it would look like a copy that was never made, and come back.
        """
        known = self._in_sync()
        if not known or len(self.deleted) >= self._deletes:
            return
        side = self._chance.choice(list(Side))
        seen = self._chance.choice(known)[side]
        self._leave(side, seen)
        if side is Side.LEFT:
            self._world.delete({"id": seen.id})
        else:
            self._world.anna.mailbox.delete(seen.id)
        self._steps += 1
        self.deleted[_number(seen)] = side, self._steps

    async def work(self, seconds: float) -> None:
        """Do one thing after the other, about `seconds` apart, until cancelled."""
        while True:
            await asyncio.sleep(self._chance.uniform(0, 2 * seconds))
            self.act()

    def act(self) -> None:
        """Do one thing, if not too much of what was done before is under way."""
        if len(self._world.sandbox.judge(self._world.anna).differences) >= PENDING:
            return
        kind = self._chance.choice(ACTS)
        if kind == "create":
            self.create(self._chance.choice(list(Side)))
        elif kind == "edit":
            self.edit()
        else:
            self.delete()

    def watch(self, request: Request) -> None:
        """Take note of what calsync reads and writes in FLOWFACT. For `World.at_each_request`."""
        event_id = request.path.rpartition("/entities/")[2]
        if request.method == "GET":
            self._read[event_id] = self._steps
        elif request.method in ("PATCH", "DELETE") and event_id in self._read:
            for one in self.entered:
                if one.event_id == event_id and one.side is Side.LEFT and one.order > self._read[event_id]:
                    one.unseen = True

    async def expect_all_kept(self, *, twins: int = 0) -> None:
        """Expect each appointment once on both sides, and each value there, or in the ledger as one that lost.

        `twins` is how many may be there twice.
        """
        store = await SqliteStore.copy(self._world.folder / "calsync.db")
        ledger = await store.ledger(self._world.account, 1_000_000)
        await store.close()
        assert self.complaints(ledger, twins=twins) == []
        # Seldom, or what this test says about FLOWFACT is worth little.
        assert sum(one.unseen for one in self.entered) <= len(self.entered) / 20

    def complaints(self, ledger: Sequence[LedgerEntry], *, twins: int = 0) -> list[str]:
        """Return what is there twice, is missing, has come back or is lost, by the account's whole ledger."""
        found = []
        there = {side: {seen.id: seen for seen in self.seen(side)} for side in Side}
        numbers = {side: sorted(map(_number, there[side].values())) for side in Side}
        for side in Side:
            if len(numbers[side]) - len(set(numbers[side])) > twins:
                found.append(f"duplicates on the {side}: {numbers[side]}")
            if set(numbers[side]) | self.deleted.keys() != self.numbers:
                found.append(f"missing on the {side}: {self.numbers - set(numbers[side]) - self.deleted.keys()}")
        back = self.deleted.keys() & set(numbers[Side.LEFT])
        found += [f"{number} was deleted, and came back" for number in back if not self._edited_since(number)]
        lost = (one for one in self.entered if not self._kept(one, there[one.side].get(one.event_id), ledger))
        return found + [f"lost: {one}" for one in lost]

    def seen(self, side: Side) -> list[Seen]:
        """Return the appointments of one side."""
        window = Stretch.around(self._world.clock.now(), past_days=PAST_DAYS, future_days=FUTURE_DAYS)
        if side is Side.LEFT:
            return flowfact_seen(self._world.sandbox.flowfact.entities.values(), self._world.anna.user, window)
        return mailbox_seen(self._world.anna.mailbox.events.values(), window)

    def _kept(self, one: Entered, seen: Seen | None, ledger: Iterable[LedgerEntry]) -> bool:
        if one.gone or one.unseen or (seen is not None and one.stands_in(seen)):
            return True
        if seen is None and (one.number not in self.deleted or one.order > self.deleted[one.number][1]):
            return False
        entries = (each for each in ledger if (each.side, each.event_id) == (one.side, one.event_id))
        return any(each.before.get(one.name) == one.value for each in entries)

    def _edited_since(self, number: int) -> bool:
        side, order = self.deleted[number]
        return any(one.number == number and one.side is side.other and one.order > order for one in self.entered)

    def _in_sync(self) -> list[dict[Side, Seen]]:
        """Return the pairs that calsync has linked, has no open write to, and that are equal on both sides."""
        linked = self._world.stored(LINKED)
        lefts, rights = ({seen.id: seen for seen in self.seen(side)} for side in Side)
        pairs = [(lefts[left], rights[right]) for left, right in linked if left in lefts and right in rights]
        equal = ((left, right) for left, right in pairs if replace(left, id=right.id) == right)
        return [{Side.LEFT: left, Side.RIGHT: right} for left, right in equal]

    def _new(self, name: Field, number: int) -> Value:
        self._steps += 1
        if name == "when":
            start = self._morning + timedelta(minutes=self._steps)
            return Timed(start, start + timedelta(hours=1))
        return f"Termin {number} ({self._steps})" if name == "summary" else f"Notiz {self._steps}"

    def _enter(self, side: Side, event_id: str, number: int, name: Field, value: Value) -> None:
        self._steps += 1
        self.entered.append(Entered(side, event_id, number, name, value, self._steps))

    def _leave(self, side: Side, seen: Seen, name: Field | None = None) -> None:
        """Take leave of what somebody sees who changes a field, or deletes the appointment."""
        for one in self.entered:
            if (one.side, one.event_id) == (side, seen.id) and name in (None, one.name):
                one.gone = one.gone or one.stands_in(seen)


FIELDS: tuple[Field, ...] = ("summary", "when", "description")
LINKED = """
SELECT left_id, right_id FROM link
WHERE left_id IS NOT NULL AND right_id IS NOT NULL AND id NOT IN (SELECT link FROM intent WHERE link IS NOT NULL)
"""


def _number(seen: Seen) -> int:
    return int(seen.summary.split()[1])


def _flowfact(values: dict[Field, Value]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Timed):
            fields |= {"start_date": ms(value.start), "end_date": ms(value.end)}
        else:
            fields["subject" if name == "summary" else "message"] = value
    return fields


def _graph(values: dict[Field, Value]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Timed):
            properties |= {"start": utc(value.start), "end": utc(value.end)}
        elif name == "summary":
            properties["subject"] = value
        else:
            properties["body"] = {"contentType": "text", "content": value}
    return properties
