"""Why an appointment is, or is not, in the other calendar. Read by index from the store; no server is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.desk import explain_texts as texts
from calsync.desk.activity import activity
from calsync.desk.discretion import MASK, masked
from calsync.desk.left_out import How, sorted_out
from calsync.desk.lives import Asked, Ground, answer, steps
from calsync.desk.pairs import pair
from calsync.desk.wording import field_names, in_language, named, short
from calsync.service import State as Doing
from calsync.store.showing import LeftOutRow, LinkRow
from calsync.sync.model import Side, State
from calsync.sync.opinions import opinions
from calsync.sync.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from calsync.desk.activity import Activity
    from calsync.desk.left_out import Found
    from calsync.desk.lives import Answer, Step
    from calsync.desk.pairs import Pair
    from calsync.desk.repairs import Condition
    from calsync.desk.showing import Known, Showing
    from calsync.people import Person
    from calsync.reasons import Language
    from calsync.store import SqlStore
    from calsync.store.lives import Life, Subject
    from calsync.sync.model import Observation, When

    Titles = Mapping[Side, str]

MOST = 50
"""Appointments that are listed to choose from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An appointment that may be meant. Holds customers' text: only for those who may see the account."""

    side: Side
    event_id: str
    system: str
    summary: str | None
    """None where nobody knows it any more."""
    when: When | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """What a person may mean by an id, or by words of a subject."""

    rows: Sequence[Hit]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One appointment. Holds customers' text: only for those who may see the account."""

    account: str
    titles: Titles
    zone: tzinfo
    """The account's own, in which times are told."""
    ids: Mapping[Side, str | None]
    pair: Pair
    """Both events, as they were read last."""
    summary: str | None
    answer: Answer
    off: bool
    """Whether the account is switched off."""
    pending: bool
    """Whether an edit of either side is still to be carried over."""
    rules: Sequence[Asked]
    """What each rule makes of both events, as it is configured now, in its order."""
    steps: Sequence[Step]
    """What happened, the oldest first."""

    def sentence(self, language: Language) -> str:
        """Return why the appointment is, or is not, in either calendar."""
        return self.answer.sentence(named(self.summary, language), self.titles, language, self.zone)

    def notes(self, language: Language) -> Sequence[str]:
        """Return what else is to be known of that."""
        shown = [each for each in self.pair.sides.values() if each is not None]
        found = [in_language(texts.OFF, language)] if self.off and self.answer.end != "off" else []
        if self.pair.differing and self.answer.place == "both" and self.pair.how is None:
            fields = field_names(self.pair.differing, language)
            told = texts.PENDING if self.pending else texts.DIFFERENT
            found.append(in_language(told, language).format(fields=fields))
        if self.answer.place == "both" and any(each.private for each in shown):
            found.append(in_language(texts.MASKED, language))
        return found


class Explaining:
    """Reached as `Desk.explaining`. Every method is told who asks. Refused, account_unknown: it is not theirs."""

    def __init__(self, store: SqlStore, showing: Showing, served: Known) -> None:
        self._store = store
        self._showing = showing
        self._served = served

    async def find(self, person: Person, name: str, words: str) -> Hits:
        """Return which appointments somebody may mean: by an id of either side, else by words of the subject."""
        condition = await self._showing.condition(person, name)
        own = await self._showing.owns(person, name)
        sides = await self._store.lives.sides(name, words)
        if sides:
            found = [(side, words) for side in sides]
        else:
            found = await self._named(name, words.casefold().split(), own=own)
        seen = dict(await self._store.showing.seen(name, found[:MOST]))
        if not own:
            seen |= {event: masked(seen[event]) for event in await self._store.showing.private(name, seen)}
        return Hits(rows=[_hit(event, seen, condition.titles) for event in found[:MOST]], total=len(found))

    async def explain(self, person: Person, name: str, side: Side, event_id: str) -> Explanation | None:
        """Return the life of an event and its partner; None where nothing is known of it."""
        condition = await self._showing.condition(person, name)
        own = await self._showing.owns(person, name)
        life = await self._store.lives.of(name, (side, event_id))
        if not (life.ledger or any(life.seen.values())):
            return None
        private = None if own else _private(life)
        found = sorted_out([*life.left_out, *_at_rest(life)], condition)
        row = _row(life)
        done = self._done(life, condition.titles, private)
        shown = pair(row, {event: one for one in reversed(found) for event in one.events}, own=own)
        return Explanation(
            account=name,
            titles=condition.titles,
            zone=self._served.accounts()[name].timezone,
            ids=life.ids,
            pair=shown,
            summary=_summary(life, done, hidden=bool(private)),
            answer=answer(life, found, _ground(condition), decided=_is_decided(life)),
            off=condition.status.state is Doing.OFF,
            pending=_is_pending(life),
            rules=self._asked(name, life, found),
            steps=steps(life, done, found, condition.titles),
        )

    async def _named(self, name: str, words: Sequence[str], *, own: bool) -> list[tuple[Side, str]]:
        """Return the events whose subjects hold all these words, one of each pair; of private ones the mask."""
        every = await self._store.lives.subjects(name)
        hits = [one for one in every if _holds(one.summary, words)]
        if not own:
            hidden = await self._store.showing.private(name, [(one.side, one.event_id) for one in hits])
            hits = [one for one in hits if (one.side, one.event_id) not in hidden or _holds(MASK, words)]
        return _once(hits)

    def _asked(self, name: str, life: Life, found: Sequence[Found]) -> Sequence[Asked]:
        """Ask the account's rules about both events, as far as they are there."""
        chain = self._served.chain(name).without(life.hangs)
        known = {one.reason for one in found if one.how in {How.BLOCKED, How.STUCK, How.HELD}}
        there = {side: seen.observation for side, seen in life.seen.items() if seen is not None}
        return [
            Asked(side=side, opinion=opinion)
            for side, event in there.items()
            for opinion in opinions(chain, side, event, there.get(side.other), known)
        ]

    def _done(self, life: Life, titles: Titles, private: frozenset[tuple[Side, str]] | None) -> Sequence[Activity]:
        """Return what the ledger tells. `private`: as calsync.desk.activity has it."""
        observations = {
            (side, seen.observation.id): seen.observation for side, seen in life.seen.items() if seen is not None
        }
        deleted = {
            (row.entry.side, row.entry.event_id or ""): row.entry.before
            for row in life.ledger
            if row.entry.kind == Kind.DELETE
        }
        return [activity(row, observations, titles, deleted, private) for row in life.ledger]


def _holds(summary: str, words: Sequence[str]) -> bool:
    text = summary.casefold()
    return bool(words) and all(word in text for word in words)


def _once(hits: Sequence[Subject]) -> list[tuple[Side, str]]:
    """Return one event of each pair."""
    links: set[int] = set()
    found = []
    for one in hits:
        if one.link is None or one.link not in links:
            found.append((one.side, one.event_id))
        if one.link is not None:
            links.add(one.link)
    return found


def _hit(event: tuple[Side, str], seen: Mapping[tuple[Side, str], Observation], titles: Titles) -> Hit:
    side, event_id = event
    known = seen.get(event)
    return Hit(
        side=side,
        event_id=event_id,
        system=titles[side],
        summary=None if known is None else short(known.event.summary),
        when=None if known is None else known.event.when,
    )


def _private(life: Life) -> frozenset[tuple[Side, str]]:
    """Return the events of a life that others than its owner must not read: both, where one ever was private."""
    bases = [] if life.link is None else [life.link.base(side).private for side in Side]
    seen = [each.observation.event.private for each in life.seen.values() if each is not None]
    if any([*bases, *seen, *(row.entry.private for row in life.ledger)]):
        return frozenset((side, event_id) for side, event_id in life.ids.items() if event_id is not None)
    return frozenset()


def _at_rest(life: Life) -> Sequence[LeftOutRow]:
    """Return that a pair sleeps or is parted, as pages tell it of all links."""
    link = life.link
    if link is None or link.state is State.AWAKE:
        return ()
    return [LeftOutRow(Side.LEFT, link.left, link.right, link.state.value, link.reason or "", None)]


def _row(life: Life) -> LinkRow:
    """Return both events as a link, also where there is none."""
    link, seen = life.link, life.seen
    left, right = (None if one is None else one.observation for one in (seen[Side.LEFT], seen[Side.RIGHT]))
    one, two = (None if each is None else each.standing for each in (seen[Side.LEFT], seen[Side.RIGHT]))
    return LinkRow(
        0 if link is None else link.id,
        State.AWAKE if link is None else link.state,
        None if link is None else link.reason,
        None if link is None else link.origin,
        life.ids,
        left,
        right,
        (one, two),
    )


def _summary(life: Life, done: Sequence[Activity], *, hidden: bool) -> str | None:
    if hidden:
        return MASK
    seen = next((each for each in life.seen.values() if each is not None), None)
    if seen is not None:
        return short(seen.observation.event.summary)
    return next((one.summary for one in reversed(done) if one.summary is not None), None)


def _is_decided(life: Life) -> bool:
    """Tell whether all that waits for a person is decided, and waits for the next run."""
    waits = [row.kind for row in life.left_out if row.kind.startswith(("hold", "decided"))]
    return bool(waits) and all(kind.startswith("decided") for kind in waits)


def _is_pending(life: Life) -> bool:
    """Tell whether one of both events is not what both sides have agreed on."""
    if life.link is None:
        return False
    for side, seen in life.seen.items():
        agreed = life.link.base(side).values
        if seen is not None and any(seen.observation.event.value(name) != agreed[name] for name in agreed):
            return True
    return False


def _ground(condition: Condition) -> Ground:
    reason = None if condition.rebuild is None else "rebuild"
    if reason is None and condition.unconfirmed:
        reason = "direction"
    return Ground(
        off=condition.status.state is Doing.OFF,
        failing=condition.status.error_class is not None,
        reason=reason,
    )
