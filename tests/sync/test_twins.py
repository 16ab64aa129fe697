"""What a person decides about events that may belong together is judged by rules and guards like all else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.sync.choices import AMBIGUOUS, Choice, Decision
from calsync.sync.model import Direction, Event, Side, State
from calsync.sync.plan import Kind
from calsync.sync.reconcile import reconcile
from calsync.sync.rules import Block
from calsync.sync.twins import Shown
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from datetime import datetime

    from calsync.sync.model import Link
    from calsync.sync.plan import HoldKey, Operation
    from tests.sync.conftest import Scene, Scripted

LEFT, RIGHT = Side.LEFT, Side.RIGHT


@pytest.fixture
def one_and_two(scene: Scene, agreed: Event, now: datetime) -> Scene:
    """One event on the left, two like it on the right."""
    for number, (side, event_id) in enumerate(((LEFT, "l"), (RIGHT, "r1"), (RIGHT, "r2"))):
        scene.put(side, event_id, replace(agreed, created=now + timedelta(minutes=number)))
    return scene


def said(
    scene: Scene, now: datetime, under: Direction | None = None, /, **choices: tuple[Choice, str | None]
) -> list[Operation]:
    """Return the plan once a person has decided about the events of these ids, `under` this direction."""
    decisions: dict[HoldKey, Decision] = {}
    for event_id, (choice, partner) in choices.items():
        side = RIGHT if event_id in scene.seen[LEFT] else LEFT
        kind = Kind.CREATE if (under or scene.direction).writes(side) else Kind.HOLD
        word = Decision(
            side=side,
            event_id=event_id,
            kind=kind,
            reason=AMBIGUOUS,
            choice=choice,
            fingerprint="",
            since=now,
            at=now,
            partner=partner,
        )
        decisions[word.key] = word
    return list(reconcile(replace(scene.view(), decisions=decisions)).operations)


def short(operations: list[Operation]) -> list[tuple[Kind, str | None, str | None]]:
    return [
        (each.kind, each.source.id if each.source else None, each.target.id if each.target else None)
        for each in operations
    ]


@pytest.mark.parametrize("chosen", ["r1", "r2"])
def test_the_chosen_pair_is_linked_and_the_one_that_is_left_over_is_new(
    one_and_two: Scene, now: datetime, chosen: str
) -> None:
    left_over = "r1" if chosen == "r2" else "r2"
    plan = said(one_and_two, now, l=(Choice.PAIR, chosen))
    assert short(plan) == [(Kind.LINK, "l", chosen), (Kind.CREATE, left_over, None)]


def test_who_wants_one_event_twice_gets_it_once(one_and_two: Scene, now: datetime) -> None:
    plan = said(one_and_two, now, r1=(Choice.PAIR, "l"), r2=(Choice.PAIR, "l"))
    assert short(plan) == [(Kind.LINK, "l", "r1"), (Kind.CREATE, "r2", None)]


def test_a_partner_that_is_no_twin_any_more_changes_nothing(one_and_two: Scene, now: datetime) -> None:
    plan = said(one_and_two, now, l=(Choice.PAIR, "gone"))
    assert [each.kind for each in plan] == [Kind.HOLD] * 3


def test_once_as_many_are_left_on_both_sides_they_belong_together(one_and_two: Scene, now: datetime) -> None:
    plan = said(one_and_two, now, r1=(Choice.KEEP, None))
    assert short(plan) == [(Kind.PART, "r1", None), (Kind.LINK, "l", "r2")]
    assert (plan[0].reason, plan[0].state) == ("left_alone", State.PARTED)


@pytest.mark.parametrize("direction", [Direction.BOTH, Direction.LEFT_TO_RIGHT])
def test_what_is_to_be_left_alone_is_so_also_where_no_other_one_looks_like_it_any_more(
    one_and_two: Scene, now: datetime, direction: Direction
) -> None:
    """Nothing is held any more, and the person had seen it alone: it is neither copied nor asked about again."""
    one_and_two.direction = direction
    del one_and_two.seen[LEFT]["l"], one_and_two.seen[RIGHT]["r2"]
    (plan,) = said(one_and_two, now, r1=(Choice.KEEP, None))
    assert (plan.kind, plan.reason, plan.state) == (Kind.PART, "left_alone", State.PARTED)


TURNS = [
    (Direction.LEFT_TO_RIGHT, Direction.BOTH),
    (Direction.BOTH, Direction.LEFT_TO_RIGHT),
]


@pytest.mark.parametrize(("before", "since"), TURNS)
def test_what_belongs_to_another_one_or_to_none_does_so_under_another_direction_too(
    one_and_two: Scene, now: datetime, before: Direction, since: Direction
) -> None:
    one_and_two.direction = since
    plan = said(one_and_two, now, before, r1=(Choice.KEEP, None))
    assert short(plan) == [(Kind.PART, "r1", None), (Kind.LINK, "l", "r2")]
    assert short(said(one_and_two, now, before, r2=(Choice.PAIR, "l")))[0] == (Kind.LINK, "l", "r2")


def test_what_was_to_be_copied_is_not_under_another_direction(one_and_two: Scene, now: datetime) -> None:
    one_and_two.direction = Direction.LEFT_TO_RIGHT
    plan = said(one_and_two, now, Direction.BOTH, r1=(Choice.RELEASE, None))
    assert [each.kind for each in plan] == [Kind.HOLD] * 3


def test_a_chosen_pair_is_linked_also_where_as_many_are_on_both_sides_by_now(
    one_and_two: Scene, agreed: Event, now: datetime
) -> None:
    one_and_two.put(LEFT, "l2", replace(agreed, created=now + timedelta(hours=1)))
    plan = said(one_and_two, now, l=(Choice.PAIR, "r2"))
    assert short(plan) == [(Kind.LINK, "l", "r2"), (Kind.LINK, "l2", "r1")]


DOUBTS = [standing for standing in Standing if standing.in_doubt]


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("standing", DOUBTS)
def test_nothing_is_decided_while_one_that_looks_like_it_may_be_there_or_not(
    one_and_two: Scene, direction: Direction, standing: Standing
) -> None:
    """Else what is not to be found for one run would be copied, and come back beside its copy."""
    one_and_two.direction = direction
    one_and_two.seen[LEFT]["l"] = replace(one_and_two.seen[LEFT]["l"], standing=standing)
    wanted = Kind.CREATE if direction.writes(LEFT) else None
    operations = one_and_two.plan().operations
    assert [(each.kind, each.reason, each.wanted) for each in operations] == [(Kind.HOLD, AMBIGUOUS, wanted)] * 2


def test_nothing_is_decided_while_one_that_looks_like_it_may_be_what_calsync_has_just_made(
    one_and_two: Scene,
) -> None:
    """Else what a user has entered on the other side meanwhile would be copied beside it."""
    unsure = frozenset({(RIGHT, "r1"), (RIGHT, "r2")})
    view = replace(one_and_two.view(), possibly_made=unsure, waiting_events=unsure)
    (held,) = reconcile(view).operations
    assert (held.kind, held.reason, held.event_id, held.wanted) == (Kind.HOLD, AMBIGUOUS, "l", Kind.CREATE)


def test_what_was_said_of_an_event_that_calsync_may_have_just_made_waits_with_it(
    one_and_two: Scene, now: datetime
) -> None:
    one_and_two.possibly_made = one_and_two.waiting_events = frozenset(
        {(RIGHT, "r1"), (RIGHT, "r2"), (RIGHT, "new")}
    )
    held = {each.event_id: each for each in said(one_and_two, now, r1=(Choice.PAIR, "l"))}
    assert held.keys() == {"l", "r1"}
    assert {each.kind for each in held.values()} == {Kind.HOLD}
    assert held["r1"].decided == frozenset({(LEFT, "r1", Kind.CREATE, AMBIGUOUS)})


def test_a_chosen_pair_waits_for_the_one_that_is_in_doubt(one_and_two: Scene, now: datetime) -> None:
    one_and_two.seen[LEFT]["l"] = replace(one_and_two.seen[LEFT]["l"], standing=Standing.ABSENT)
    one, two = said(one_and_two, now, r1=(Choice.PAIR, "l"))
    assert (one.kind, two.kind) == (Kind.HOLD, Kind.HOLD)
    assert (one.decided, two.decided) == (frozenset({(LEFT, "r1", Kind.CREATE, AMBIGUOUS)}), frozenset())


def test_what_is_to_be_left_alone_is_so_while_another_one_is_in_doubt(one_and_two: Scene, now: datetime) -> None:
    one_and_two.seen[LEFT]["l"] = replace(one_and_two.seen[LEFT]["l"], standing=Standing.ABSENT)
    part, held = said(one_and_two, now, r1=(Choice.KEEP, None))
    assert (part.kind, part.reason, held.kind) == (Kind.PART, "left_alone", Kind.HOLD)


@pytest.mark.parametrize(
    ("choice", "kind", "reason"),
    [
        (Choice.KEEP, Kind.PART, "left_alone"),
        (Choice.RELEASE, Kind.CREATE, "released"),
        (None, Kind.CREATE, "new"),
    ],
)
def test_a_word_counts_also_once_those_that_looked_alike_have_found_their_partners(
    scene: Scene, agreed: Event, now: datetime, choice: Choice | None, kind: Kind, reason: str
) -> None:
    """A person had it copied, the server refused that, and now it is to be left alone."""
    scene.put(LEFT, "l", agreed)
    scene.put(LEFT, "other", replace(agreed, summary="Notartermin"))
    words = {"other": (Choice.PAIR, "gone")} | ({} if choice is None else {"l": (choice, None)})
    (decided,) = (each for each in said(scene, now, **words) if each.source and each.source.id == "l")
    assert (decided.kind, decided.reason) == (kind, reason)


def test_a_released_twin_is_judged_by_the_guards(
    one_and_two: Scene, now: datetime, scripted: type[Scripted]
) -> None:
    one_and_two.rules = (scripted(verdict=Block("has_attendees")),)
    plan = said(one_and_two, now, r2=(Choice.RELEASE, None))
    assert [(each.kind, each.wanted) for each in plan] == [(Kind.BLOCK, Kind.CREATE), (Kind.LINK, None)]


def test_a_released_twin_is_held_where_a_rule_fails(
    one_and_two: Scene, now: datetime, scripted: type[Scripted]
) -> None:
    one_and_two.rules = (scripted(fails_in="on_create"),)
    plan = said(one_and_two, now, r2=(Choice.RELEASE, None))
    assert plan[0].reason == "rule_failed:scripted"


def test_nothing_is_copied_against_the_direction(one_and_two: Scene, now: datetime) -> None:
    one_and_two.direction = Direction.LEFT_TO_RIGHT
    plan = said(one_and_two, now, r1=(Choice.RELEASE, None))
    assert Kind.CREATE not in {each.kind for each in plan if each.side is LEFT}


def test_an_event_that_is_left_alone_does_not_become_its_return(scene: Scene, agreed: Event) -> None:
    """A new id of what nobody wants copied is still what nobody wants copied."""
    known = replace(agreed, uid="uid-1")
    link = scene.pair(agreed=known, gone={LEFT: Standing.DELETED}, state=State.PARTED, reason="left_alone")
    scene.links[link.id] = replace(link, right=None)
    del scene.seen[RIGHT]["right1"]
    scene.put(LEFT, "moved", known)
    relink = scene.only()
    assert (relink.kind, relink.state) == (Kind.LINK, State.PARTED)


def test_each_twin_is_shown_beside_the_one_of_its_rank(one_and_two: Scene) -> None:
    held: list[HoldKey] = [
        (RIGHT, "l", Kind.CREATE, AMBIGUOUS),
        (LEFT, "r1", Kind.CREATE, AMBIGUOUS),
        (LEFT, "r2", Kind.CREATE, AMBIGUOUS),
    ]

    def link_of(side: Side, event_id: str) -> Link | None:
        del side, event_id
        return None

    shown = Shown(held, (), one_and_two.seen, link_of)
    pairs = [[seen and seen.observation.id for seen in shown.of(key)] for key in held]
    assert pairs == [["l", "r1"], ["l", "r1"], ["l", "r2"]]


def test_what_is_held_under_two_directions_has_one_rank(one_and_two: Scene, agreed: Event, now: datetime) -> None:
    """What was said of it while a run went on keeps the first hold, beside that run's own."""
    one_and_two.put(LEFT, "l2", replace(agreed, created=now + timedelta(hours=1)))
    kinds = [("l", Kind.HOLD), ("l", Kind.CREATE), ("l2", Kind.CREATE)]
    held: list[HoldKey] = [(RIGHT, event_id, kind, AMBIGUOUS) for event_id, kind in kinds]
    held += [(LEFT, event_id, Kind.CREATE, AMBIGUOUS) for event_id in ("r1", "r2")]

    def link_of(side: Side, event_id: str) -> Link | None:
        del side, event_id
        return None

    left, right = Shown(held, (), one_and_two.seen, link_of).of((LEFT, "r2", Kind.CREATE, AMBIGUOUS))
    assert [seen and seen.observation.id for seen in (left, right)] == ["l2", "r2"]


def test_of_what_is_not_known_any_more_nothing_is_shown(one_and_two: Scene) -> None:
    gone: HoldKey = (LEFT, "r9", Kind.CREATE, AMBIGUOUS)
    alone: HoldKey = (RIGHT, "l", Kind.CREATE, AMBIGUOUS)

    def link_of(side: Side, event_id: str) -> Link | None:
        del side, event_id
        return None

    shown = Shown([gone, alone], (), one_and_two.seen, link_of)
    assert shown.of(gone) == (None, None)
    left, right = shown.of(alone)  # nothing else is held of those that look alike
    assert (left and left.observation.id, right) == ("l", None)
