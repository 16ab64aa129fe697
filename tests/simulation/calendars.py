"""The calendars of a simulated account: the in-memory ones, slow, watched, and drawn by the seed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from calsync.engine.carry import PROVEN_FOR
from calsync.errors import EventError
from calsync.ports import Elsewhere, Gone, may_change
from calsync.sync.model import BOTH, Capabilities, Event, Side
from calsync.testing.memory import Behaviour, Call, MemoryCalendar
from calsync.values import replace
from tests.simulation.loop import PROCESS
from tests.simulation.pair import ACCOUNT, BEGUN, FOUND_AWAY, LOST, MAKING, READ
from tests.simulation.rules import refuses

if TYPE_CHECKING:
    import random
    from collections.abc import Collection, Mapping, Sequence

    from calsync.ports import Whereabouts, Written
    from calsync.sync.model import Changes, Draft, Observation
    from calsync.testing.rows import Change, Row
    from tests.simulation.pair import Pair

Answer = Literal["stored", "revision", "id"]
CHANGES = frozenset({"create", "update", "delete", "unmark"})
"""The calls that change something."""


class Log(list["Change"]):
    """A calendar's change log that also writes the journal of both sides."""

    def __init__(self, side: Side, pair: Pair) -> None:
        super().__init__()
        self._side = side
        self._pair = pair

    def append(self, change: Change) -> None:
        super().append(change)
        self._pair.record(self._side, change)
        self._pair.calendars[self._side].tell()


class SlowCalendar(MemoryCalendar):
    """Answers take time. Only runs of its own account may ask it."""

    pair: Pair
    side: Side
    delays: tuple[float, ...] = (0.0,)
    """Seconds that an answer may take."""
    gap_mails = 0
    """Mails because of attendees that were added between the read before a write and that write."""
    losing: set[str]
    """The events that the next run does not find at first, and takes for gone where it asks."""
    lost: set[str]
    """The events that some run did not find."""
    told: set[str]
    """The revisions that anybody was ever told."""
    crossed: dict[str, Row]
    """What a write had checked, by the revision that a user made of it before that write."""

    @property
    def cuts(self) -> bool:
        """Whether its server cuts notes."""
        return self.behaviour.normalise is _cut_notes

    def tell(self) -> None:
        """Ring about a change, whoever made it: once, twice, late, or not at all."""
        world = self.pair.world
        if self.listeners:
            for late in world.dice.choice([(), (0,), (0,), (0, 0), (90,), (1, 7200)]):
                world.loop.call_later(late, self.ring, context=world.context)

    async def create(self, draft: Draft, marker: str) -> Written:
        MAKING.set(marker)
        self._begin()
        await self._refuse("create", Event(summary=draft.summary, when=draft.when))
        return await super().create(draft, marker)

    async def _refuse(self, method: Literal["create", "update"], event: Event) -> None:
        """Refuse some texts for ever, where the system is one that does."""
        if self.pair.refusing and refuses(event):
            await self._enter(Call(method))
            self.pair.world.mix["refusing_server: refused"] += 1
            raise EventError("this text is not accepted")

    def _begin(self) -> None:
        """Send a write, if it still may be: what becomes of its process from now on comes too late."""
        may_change.get()()
        process = PROCESS.get()
        BEGUN.set(process.freezes if process else 0)
        self.pair.write_begins()

    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        self._begin()
        await self._refuse("update", target.event.with_values(changes))
        return await super().update(await self._read_first(target, changes), changes, stamp)

    async def delete(self, target: Observation) -> None:
        self._begin()
        found = FOUND_AWAY.get()
        if found is not None and self.pair.world.clock.now() - found[-1] >= PROVEN_FOR:
            FOUND_AWAY.set(None)
        known = self.rows.present(target.id)
        await super().delete(target if known is None else await self._read_first(target, {}))

    async def read(self, ids: Sequence[str]) -> Mapping[str, Observation]:
        found = await super().read(ids)
        READ.get({}).update({(self.side, event_id): seen.revision for event_id, seen in found.items()})
        return found

    async def locate(self, event_id: str, uid: str | None = None) -> Whereabouts:
        node, asked = (self.side, event_id), self.pair.world.clock.now()
        place = await super().locate(event_id, uid)
        FOUND_AWAY.set((node, len(self.pair.journal), asked) if isinstance(place, Elsewhere) else None)
        return Gone() if node in LOST.get() else place

    def _observe(self, row: Row, *, marker: bool) -> Observation:
        self.told.add(row.revision)
        return super()._observe(row, marker=marker)

    async def unmark(self, event_id: str) -> None:
        self._begin()
        await super().unmark(event_id)

    async def _read_first(self, target: Observation, changes: Changes) -> Observation:
        """Where the system knows no conditional write: read and check, and then write whatever is there."""
        if self.capabilities.conditional_writes:
            self._cross(target.id)
            return target
        checked = self._checked(target)
        if not self.behaviour.naive:
            self._permit(checked, Call("update", target.id, tuple(changes)))
        await self._pause()
        self._cross(target.id)
        current = self.rows.present(target.id)
        if current is None or current is checked:
            return target
        self.pair.witness.overwritten(checked.event, current.event, changes)
        self.crossed[current.revision] = checked
        return replace(target, revision=current.revision)

    def _permit(self, row: Row, call: Call) -> None:
        """Carry out what only a user's change behind the last read speaks against, and count its mails.

        Whoever takes a marker away is given no version: each provider reads the event itself, also a naive one.
        That speaks for a run only which has read it, too, before.
        """
        unmarks = call.method == "unmark"
        if unmarks and READ.get({}).get((self.side, row.id), row.revision) != row.revision:
            self._refuse_harm(row, call)
        elif unmarks or row.revision not in self.crossed:
            super()._permit(row, call)
        elif self._mails(row):
            self.mails += self._mails(row)
            self.gap_mails += self._mails(row)
            self.pair.world.excuse("mail in the gap")

    def _cross(self, event_id: str) -> None:
        """Sometimes let a user be quicker than calsync."""
        if self.pair.world.meddlesome and self.pair.dice.random() < 0.1 and self.rows.present(event_id):
            self.pair.users.cross(self.side, event_id)

    async def _enter(self, call: Call) -> Exception | None:
        if ACCOUNT.get() != self.pair.name:
            self.pair.fail("I13", f"a run of {ACCOUNT.get()!r} asked for {call.method}")
        server = self.pair.world.servers.get(self.side)
        if server is None:
            return await self._answered(call)
        answers: list[Exception | None] = []

        async def work() -> None:
            answers.append(await self._answered(call))

        await server.ask(self.pair.name, work, changes=call.method in CHANGES)
        return answers[0]

    async def _answered(self, call: Call) -> Exception | None:
        await self._delay()
        try:
            fault = await super()._enter(call)
        except Exception as error:
            self.pair.world.mix[f"fault: {call.method} {type(error).__name__} before"] += 1
            raise
        if fault is not None:
            self.pair.world.mix[f"fault: {call.method} {type(fault).__name__} after"] += 1
        await self._delay()
        return fault

    async def _delay(self) -> None:
        """Take time, where any passes; a call gives way once even so."""
        if self.delays != (0.0,):
            await self._pause()

    async def _pause(self) -> None:
        await self.pair.world.clock.sleep(self.pair.dice.choice(self.delays))


def add_calendars(
    pair: Pair, *, unconditional: Collection[Side], naive: bool, doorbells: bool, trusted_times: bool
) -> None:
    """Draw how the two systems of an account behave. A naive right one refuses nothing that would mail."""
    dice = pair.dice
    for side in BOTH:
        marker_lag = timedelta(seconds=dice.choice([0, 0, 30, 120, 900]))
        marker = dice.random() < 0.9
        # Without markers, the feed is what a lost create is looked for in.
        lag = timedelta(seconds=dice.choice([0, 0, 0, 30, 120])) if marker else marker_lag
        capabilities = Capabilities(
            marker=marker,
            marker_lag=marker_lag,
            writes_may_mail=side is Side.RIGHT,
            conditional_writes=side not in unconditional,
            trusted_times=trusted_times,
        )
        name = f"{pair.name}-{side.value}"
        calendar = SlowCalendar(
            name, now=pair.world.clock.now, capabilities=capabilities, behaviour=_behaviour(dice, lag)
        )
        calendar.behaviour.doorbell = doorbells
        calendar.behaviour.naive = naive
        calendar.behaviour.marker_lag = marker_lag
        calendar.side, calendar.crossed, calendar.losing = side, {}, set()
        calendar.told, calendar.lost = set(), set()
        calendar.rows.log = Log(side, pair)
        calendar.pair = pair
        calendar.delays = dice.choice([(0.0,), (0.0, 0.5, 2.0), (0.0, 1.0, 90.0)])
        pair.calendars[side] = calendar


def _behaviour(dice: random.Random, lag: timedelta) -> Behaviour:
    answer: Answer = dice.choice(["stored", "revision", "id"])
    behaviour = Behaviour(
        page_size=dice.choice([1, 3, 50]),
        answer=answer,
        idempotent=dice.random() < 0.5,
        tells_writer=dice.random() < 0.7,
        tells_outside=dice.random() < 0.5,
        lag=lag,
    )
    if dice.random() < 0.3:
        behaviour.normalise = _cut_notes
    return behaviour


def _cut_notes(event: Event) -> Event:
    return replace(event, description=event.description[:12])
