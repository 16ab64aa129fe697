"""Whatever users do, an account comes to rest, and nothing is lost, doubled or shown that must not be."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calsync.sync.model import FIELDS, AllDay, Direction, Event, Link, Side, State, Timed
from calsync.sync.plan import WRITES
from calsync.sync.rules import Chain, Rule
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.sync.model import Field
    from calsync.sync.plan import Plan
    from tests.sync.properties.conftest import Account

History = list[list[tuple[str, Side, int, int]]]
"""Turns of actions: what is done, on which side, to which event, and a choice; a run follows each turn."""
MASK = "Privat"
SPANS = (0, 1, 30, 600)
"""Days from the middle of the window; the last lies behind it."""
PROFILE = settings(
    deadline=None,
    derandomize=True,
    max_examples=300,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

ACTIONS = (
    "create",
    "create_equal",
    "summary",
    "description",
    "when",
    "same_when",
    "private",
    "series",
    "attendee",
    "online",
    "cancel",
    "delete",
    "move",
    "copy",
)


def histories(*kinds: str) -> st.SearchStrategy[History]:
    """Build turns about few events, so that users meet in one."""
    action = st.tuples(st.sampled_from(kinds), st.sampled_from(Side), st.integers(0, 2), st.integers(0, 3))
    return st.lists(st.lists(action, min_size=1, max_size=4), min_size=1, max_size=7)


turns = histories(*ACTIONS)
edits = histories("summary", "description", "when", "private", "private", "online", "attendee", "delete")
terms = st.fixed_dictionaries(
    {
        "direction": st.sampled_from(Direction),
        "policy": st.sampled_from(["right", "left", "newest", "hold"]),
        "on_target_edit": st.sampled_from(["keep", "restore"]),
    }
)


class Shout(Rule):
    name = "shout"

    def project(self, event: Event) -> Event:
        return replace(event, summary=event.summary.upper())


@dataclass
class Users:
    """The people at both calendars. Every text they write is new, so that it can be followed."""

    account: Account
    living: dict[str, Field] = field(default_factory=dict)
    """Texts that nobody replaced or deleted, and the field that they were written into."""
    secret: dict[str, Side] = field(default_factory=dict)
    """Texts of private events, and the side on which they were written."""
    deleted: dict[Side, set[int]] = field(default_factory=lambda: {Side.LEFT: set(), Side.RIGHT: set()})
    """Appointments that were deleted on each side."""
    numbers: count[int] = field(default_factory=count)

    def act(self, action: str, side: Side, index: int, choice: int) -> None:
        if action in {"create", "create_equal"}:
            self._create(side, choice, equal=action == "create_equal")
            return
        ids = sorted(self.account.events[side])
        if not ids:
            return
        event_id = ids[index % len(ids)]
        event = self.account.events[side][event_id]
        if action in {"summary", "description"}:
            self._type(side, event_id, "summary" if action == "summary" else "description")
        elif action in {"delete", "cancel"}:
            self._delete(side, event_id, cancel=action == "cancel")
        elif action == "move":
            self.account.remove(side, event_id)
            self.account.add(side, event, self.account.appointment[event_id])
        elif action == "copy":
            copy_id = self.account.add(side, event)
            if event.summary == MASK:  # a copy of a mask is an original that looks like one
                self._type(side, copy_id, "summary")
        else:
            self._set(side, event_id, _flags(action, event, choice))

    def _create(self, side: Side, choice: int, *, equal: bool) -> None:
        event = Event(summary="Team", when=_span(choice), uid=f"uid{next(self.numbers)}", private=choice == 1)
        event_id = self.account.add(side, event)
        if not equal:
            self._type(side, event_id, "summary")
        self._type(side, event_id, "description")

    def _type(self, side: Side, event_id: str, name: Field) -> None:
        event = self.account.events[side][event_id]
        text = f"Text {next(self.numbers)}"
        self.living.pop(str(event.value(name)), None)
        self.living[text] = name
        if event.private:
            self.secret[text] = side
        self.account.write(side, event_id, event.with_values({name: text}))

    def _delete(self, side: Side, event_id: str, *, cancel: bool) -> None:
        """Delete or cancel an event, and with it what both sides agree on."""
        event = self.account.events[side][event_id]
        for text in (event.summary, event.description, *self._agreed(side, event_id)):
            self.living.pop(text, None)
        if cancel:
            self.account.write(side, event_id, replace(event, cancelled=True))
        else:
            self.deleted[side].add(self.account.appointment[event_id])
            self.account.remove(side, event_id)

    def _agreed(self, side: Side, event_id: str) -> list[str]:
        """Return the texts on the other side that are what both sides last agreed on."""
        link = self.account.links.get(self.account.view().linked[side].get(event_id, 0))
        return [] if link is None else [str(value) for value in link.base(side.other).values.values()]

    def _set(self, side: Side, event_id: str, changes: dict[str, Any]) -> None:
        event = self.account.events[side][event_id]
        if event.private:
            for text in (event.summary, event.description):
                self.secret.pop(text, None)
        event = replace(event, **changes)
        if event.private:
            self.secret |= {text: side for text in (event.summary, event.description) if self._only_here(text)}
        self.account.write(side, event_id, event)

    def _only_here(self, text: str) -> bool:
        """Tell whether a text that becomes private stands in one event only."""
        events = [event for side in Side for event in self.account.events[side].values()]
        return text in self.living and sum(text in (event.summary, event.description) for event in events) == 1


def _flags(action: str, event: Event, choice: int) -> dict[str, Any]:
    if action == "when":
        return {"when": _span(choice + 4)}
    if action == "same_when":
        return {"when": _span(choice)}
    if action == "attendee":
        return {"attendee_count": 0 if event.attendee_count else 1}
    name = {"private": "private", "series": "series", "online": "online_meeting"}[action]
    return {name: not getattr(event, name)}


def _span(choice: int) -> Timed | AllDay:
    start = datetime(2026, 3, 2, 8, tzinfo=UTC) + timedelta(days=SPANS[choice % 4])
    if choice < len(SPANS):
        return Timed(start, start + timedelta(hours=1))
    return AllDay(start.date(), start.date() + timedelta(days=1))


def play(account: Account, history: History) -> tuple[Users, Plan]:
    """Let users act, with a run after each turn, then run until nothing is left to do."""
    users = Users(account)
    users.act("create", Side.LEFT, 0, 0)
    for turn in [[], *history]:
        for action in turn:
            users.act(*action)
        account.run()
        check_secrets(users)
        check_doubles(account)
    plan = account.settle()
    check_secrets(users)
    return users, plan


def check_secrets(users: Users) -> None:
    """No private text is on the other side, and no mask on an original."""
    account = users.account
    for text, side in users.secret.items():
        for event in account.events[side.other].values():
            assert text not in (event.summary, event.description)
    for link in account.links.values():
        if link.origin is not None:
            original = account.events[link.origin].get(link.event_id(link.origin) or "")
            assert original is None or original.summary != MASK


def check_doubles(account: Account) -> None:
    for side in Side:
        events = account.events[side].items()
        appointments = [account.appointment[event_id] for event_id, event in events if not event.cancelled]
        assert len(appointments) == len(set(appointments))


def check_explained(account: Account, plan: Plan) -> None:
    """Every field is equal on both sides, or the plan or the link says why not."""
    told = {operation.link.id for operation in plan.operations if operation.link} | ambiguous(account, plan)
    about = {operation.source.id for operation in plan.operations if operation.source}
    linked = account.view().linked
    for side in Side:
        for event_id, event in account.events[side].items():
            link = account.links.get(linked[side].get(event_id, 0))
            if link is None:
                assert event_id in about
            elif link.state is State.AWAKE and link.id not in told:
                check_agreement(account, link, side, event)


def ambiguous(account: Account, plan: Plan) -> set[int]:
    """Return the links whose events may have come back, where a person has to say which."""
    held = {(o.side.other, o.source.event.uid) for o in plan.operations if o.source and o.reason == "ambiguous"}
    return {
        link.id
        for link in account.links.values()
        for side in Side
        if (seen := account.view().of(link, side)) and (side, seen.observation.event.uid) in held
    }


def check_agreement(account: Account, link: Link, side: Side, event: Event) -> None:
    other = account.events[side.other][link.event_id(side.other) or ""]
    one_way = account.direction is not Direction.BOTH
    for name in FIELDS:
        masked = name != "when" and (event.private or other.private)
        different = (link.id, name) in account.different
        if event.value(name) == other.value(name) or masked or different:
            continue
        target = side if account.direction.writes(side) else side.other
        edited = account.events[target][link.event_id(target) or ""].value(name) != link.base(target).values[name]
        owed = any(name in link.base(where).owed for where in Side)
        assert one_way
        assert edited or owed


@PROFILE
@given(terms=terms, history=turns | edits)
def test_an_account_comes_to_rest_and_loses_nothing(
    account: Callable[..., Account], terms: dict[str, Any], history: History
) -> None:
    users, plan = play(account(**terms), history)
    check_explained(users.account, plan)
    shown = {
        text
        for side in Side
        for event in users.account.events[side].values()
        for text in (event.summary, event.description)
    }
    assert users.living.keys() <= shown | users.account.told


@PROFILE
@given(direction=st.sampled_from(Direction), history=histories("create", "delete", "move"))
def test_without_edits_nothing_that_was_deleted_comes_back(
    account: Callable[..., Account], direction: Direction, history: History
) -> None:
    users, _ = play(account(direction=direction, policy="right", on_target_edit="keep"), history)
    for side in Side:
        present = {users.account.appointment[event_id] for event_id in users.account.events[side]}
        gone = set(users.deleted[side])
        if direction.writes(side):
            gone |= users.deleted[side.other]
        assert present.isdisjoint(gone)


@PROFILE
@given(terms=terms, history=turns | edits, directions=st.lists(st.sampled_from(Direction), min_size=1, max_size=4))
def test_an_account_comes_to_rest_in_whatever_direction_it_is_switched_to(
    account: Callable[..., Account], terms: dict[str, Any], history: History, directions: list[Direction]
) -> None:
    users, _ = play(account(**terms), history)
    for direction in directions:
        users.account.direction = direction
        plan = users.account.settle()
        check_secrets(users)
        check_doubles(users.account)
        check_explained(users.account, plan)


@PROFILE
@given(terms=terms, history=turns | edits, mapping_version=st.integers(1, 2), shouts=st.booleans())
def test_a_new_rule_and_a_new_mapping_write_nothing(
    account: Callable[..., Account], terms: dict[str, Any], history: History, mapping_version: int, shouts: bool
) -> None:
    """Half of a mask may wait: what is owed to such a copy is decided by the rules of the day."""
    users, rest = play(account(**terms), history)
    waiting = {operation.link.id for operation in rest.operations if operation.link}
    users.account.mapping_version = mapping_version
    users.account.chain = Chain((*users.account.chain.rules, *([Shout()] if shouts else [])))
    for _ in range(2):
        written = [operation for operation in users.account.run().operations if operation.kind in WRITES]
        assert all(operation.link and operation.link.id in waiting for operation in written)
