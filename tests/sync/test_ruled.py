"""In the run in which the rules are others, only what has changed is written; what is held so, stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from calsync.sync.brakes import BUDGET, RULES
from calsync.sync.choices import AMBIGUOUS, Choice, Decision
from calsync.sync.model import Capabilities, Direction, Draft, Event, Link, Observation, Side, Timed, Window
from calsync.sync.plan import HoldKey, Kind, Operation, Plan
from calsync.sync.ruled import Before, hold_ruled, is_asked_already
from calsync.sync.rules import Chain
from calsync.sync.twins import hold_twin
from calsync.sync.view import Seen, Standing, View
from calsync.values import replace

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(days=90), NOW + timedelta(days=365))
MEETING = Event(summary="Notar", when=Timed(NOW, NOW + timedelta(hours=1)))
LEFT, RIGHT = Side.LEFT, Side.RIGHT
LINK = Link(id=1, left="l1", right="r1")


def seen(event_id: str, event: Event = MEETING, **more: Any) -> Seen:
    observation = Observation(id=event_id, event=event, revision=more.pop("revision", "1"))
    return Seen(observation=observation, first_run=1, round=1, **more)


def view(left: Seen, right: Seen | None = None, **more: Any) -> View:
    there: dict[Side, dict[str, Seen]] = {LEFT: {left.observation.id: left}, RIGHT: {}}
    if right is not None:
        there[RIGHT][right.observation.id] = right
    return View(
        direction=Direction.BOTH,
        policy="right",
        on_target_edit="keep",
        window=WINDOW,
        chain=Chain([]),
        capabilities={side: Capabilities() for side in Side},
        seen=there,
        links={} if right is None else {1: LINK},
        ready=dict.fromkeys(Side, True),
        **more,
    )


def create(left: Seen) -> Operation:
    draft = Draft(summary="Notar", when=MEETING.when, description="", reminder=15)
    return Operation(kind=Kind.CREATE, side=RIGHT, reason="new", source=left.observation, draft=draft)


def update(left: Seen, right: Seen, *names: str) -> Operation:
    changes: Any = {name: left.observation.event.value(name) for name in names}  # type: ignore[arg-type]
    return Operation(
        kind=Kind.UPDATE,
        side=RIGHT,
        reason="changed",
        link=LINK,
        source=left.observation,
        target=right.observation,
        changes=changes,
    )


def before(*events: tuple[Side, Seen], window: Window = WINDOW) -> Before:
    return Before(
        {side: {each.observation.id: each for at, each in events if at is side} for side in Side}, window
    )


def kinds(plan: Plan) -> list[tuple[str, str]]:
    return [(each.kind, each.reason) for each in plan.operations]


def test_where_the_rules_are_the_same_nothing_is_held() -> None:
    now = seen("l1")
    plan = Plan((create(now),))
    assert hold_ruled(plan, view(now), [], None) is plan


@pytest.mark.parametrize(
    "changed",
    [
        {"private": True},
        {"attendee_count": 2},
        {"series": True},
        {"organised_here": False},
    ],
)
def test_what_a_person_has_changed_of_an_event_lets_it_pass(changed: dict[str, Any]) -> None:
    was, now = seen("l1", replace(MEETING, **changed)), seen("l1")
    assert kinds(hold_ruled(Plan((create(now),)), view(now), [], before((LEFT, was)))) == [("create", "new")]


def test_what_was_there_is_held_also_where_its_text_was_edited() -> None:
    was, now = seen("l1", replace(MEETING, summary="alt")), seen("l1")
    assert kinds(hold_ruled(Plan((create(now),)), view(now), [], before((LEFT, was)))) == [("hold", "rules")]


@pytest.mark.parametrize(("edited", "held"), [(False, ["ambiguous", "rules"]), (True, ["ambiguous"])])
def test_a_twin_that_was_there_is_held_for_both_so_that_it_waits_on_when_it_looks_like_no_other_one(
    edited: bool, held: list[str]
) -> None:
    now = seen("l1")
    was = seen("l1", replace(MEETING, private=True)) if edited else now
    twin = hold_twin(view(now), LEFT, now)
    plan = hold_ruled(Plan((twin,)), view(now), [], before((LEFT, was)))
    assert [(each.reason, each.wanted) for each in plan.operations] == [(AMBIGUOUS, Kind.CREATE)]
    keys: list[HoldKey] = [(RIGHT, "l1", Kind.CREATE, reason) for reason in held]
    assert {*keys} == {keys[0], *plan.ruled}
    assert [is_asked_already(key, keys) for key in keys] == [False, True][: len(keys)]
    assert not any(is_asked_already(key, [key]) for key in keys)
    later = hold_ruled(Plan((create(now),)), view(now), keys, None)
    assert kinds(later) == ([("create", "new")] if edited else [("hold", "rules")])


def test_what_a_person_has_said_of_a_twin_counts_whatever_the_rules() -> None:
    now, key = seen("l1"), (RIGHT, "l1", Kind.CREATE, AMBIGUOUS)
    waiting = replace(hold_twin(view(now), LEFT, now), decided=frozenset({key}))
    assert kinds(hold_ruled(Plan((waiting,)), view(now), [], before((LEFT, now)))) == [("hold", "ambiguous")]
    key = (RIGHT, "l1", Kind.CREATE, RULES)
    word = Decision(
        side=RIGHT,
        event_id="l1",
        kind=Kind.CREATE,
        reason=RULES,
        choice=Choice.KEEP,
        fingerprint="",
        since=NOW,
        at=NOW,
    )
    twin, decided = hold_twin(view(now), LEFT, now), view(now, decisions={key: word})
    assert kinds(hold_ruled(Plan((twin,)), decided, [key], before((LEFT, now)))) == [("hold", "ambiguous")]


def test_what_is_new_to_the_window_passes() -> None:
    now = seen("l1")
    earlier = Window(WINDOW.start - timedelta(days=400), NOW - timedelta(days=1))
    found = hold_ruled(Plan((create(now),)), view(now), [], before((LEFT, now), window=earlier))
    assert kinds(found) == [("create", "new")]


def test_an_update_passes_only_where_all_of_it_was_edited() -> None:
    was, now, copy = seen("l1"), seen("l1", replace(MEETING, summary="neu", description="x")), seen("r1")
    known = before((LEFT, seen("l1", replace(MEETING, description="x"))), (RIGHT, copy))
    assert kinds(hold_ruled(Plan((update(now, copy, "summary"),)), view(now, copy), [], known)) == [
        ("update", "changed")
    ]
    both = Plan((update(now, copy, "summary", "description"),))
    assert kinds(hold_ruled(both, view(now, copy), [], known)) == [("hold", "rules")]
    assert kinds(hold_ruled(both, view(now, copy), [], before((LEFT, was), (RIGHT, copy)))) == [
        ("update", "changed")
    ]


def test_what_nobody_has_read_since_calsync_wrote_it_is_no_change() -> None:
    now, written = seen("l1"), seen("r1", replace(MEETING, summary="alt", private=True), revision=None)
    copy = seen("r1", replace(MEETING, summary="alt"))
    known = before((LEFT, now), (RIGHT, written))
    found = hold_ruled(Plan((update(now, copy, "summary"),)), view(now, copy), [], known)
    assert kinds(found) == [("hold", "rules")]


def test_what_the_rules_had_let_pass_goes_on() -> None:
    now = seen("l1")
    plan, known = Plan((create(now),)), before((LEFT, now))
    budget = (RIGHT, "l1", Kind.CREATE, BUDGET)
    assert kinds(hold_ruled(plan, view(now), [budget], known)) == [("create", "new")]
    assert kinds(hold_ruled(plan, view(now), [], known, {(RIGHT, "l1")})) == [("create", "new")]


def test_what_is_held_stays_so_in_later_runs() -> None:
    now = seen("l1")
    row = (RIGHT, "l1", Kind.CREATE, RULES)
    assert kinds(hold_ruled(Plan((create(now),)), view(now), [row], None)) == [("hold", "rules")]


def test_a_pair_about_which_nothing_could_be_decided_is_held_when_something_is() -> None:
    now, copy = seen("l1"), seen("r1", replace(MEETING, summary="alt"))
    undecided = Plan((), undecided=frozenset({1}))
    (waits,) = hold_ruled(undecided, view(now, copy), [], before((LEFT, now), (RIGHT, copy))).operations
    assert (waits.kind, waits.reason, waits.wanted) == (Kind.HOLD, RULES, None)
    row = (waits.side, waits.event_id or "", Kind.HOLD, RULES)
    found = hold_ruled(Plan((update(now, copy, "summary"),)), view(now, copy), [row], None)
    assert kinds(found) == [("hold", "rules")]


@pytest.mark.parametrize(("waiting", "held"), [(frozenset(), True), (frozenset({(LEFT, "l1")}), False)])
def test_an_event_in_doubt_is_held_and_one_of_an_open_create_is_not(waiting: Any, held: bool) -> None:
    now = seen("l1", standing=Standing.ABSENT)
    found = hold_ruled(Plan(()), view(now, waiting_events=waiting), [], before((LEFT, now)))
    assert [(each.wanted, each.side) for each in found.operations] == ([(Kind.CREATE, RIGHT)] if held else [])
