"""What was released passes the brakes and counts for nothing there; what is kept is done away with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.sync.brakes import DELETES, REWRITES, brake
from calsync.sync.choices import Choice, Decision, fingerprint
from calsync.sync.model import Side, State
from calsync.sync.plan import Kind, Plan
from calsync.sync.released import carry_decisions
from calsync.sync.rules import Block, Hold
from calsync.sync.view import Standing, View
from calsync.values import replace
from calsync_rules.private_mask import PrivateMask

if TYPE_CHECKING:
    from calsync.sync.plan import Operation
    from tests.sync.conftest import Scene, Scripted

NONE_LATELY = dict.fromkeys(Side, 0)
LEFT_DELETED = {Side.LEFT: Standing.DELETED}


def decide(scene: Scene, kind: Kind, choice: Choice, *numbers: int) -> tuple[Plan, View]:
    """Have a person decide about these pairs; return the plan ahead of the brakes."""
    reason = {Kind.DELETE: DELETES, Kind.UPDATE: REWRITES}[kind]
    decisions = [
        Decision(
            side=Side.RIGHT,
            event_id=f"right{number}",
            kind=kind,
            reason=reason,
            choice=choice,
            fingerprint=fingerprint(scene.seen[Side.LEFT][f"left{number}"], None),
            since=scene.view().window.start,
            at=scene.view().window.start,
        )
        for number in numbers
    ]
    view = replace(scene.view(), decisions={decision.key: decision for decision in decisions})
    return carry_decisions(scene.plan(), view), view


def kinds(plan: Plan) -> list[tuple[Kind, str]]:
    return [(operation.kind, operation.reason) for operation in plan.operations]


def only(plan: Plan) -> Operation:
    (operation,) = plan.operations
    return operation


def test_released_deletes_pass_and_do_not_count(scene: Scene) -> None:
    for _ in range(9):
        scene.pair(gone=LEFT_DELETED)
    for _ in range(3):
        scene.pair()
    plan, view = decide(scene, Kind.DELETE, Choice.RELEASE, *range(1, 8))
    done = [(Kind.DELETE, "released")] * 7
    assert kinds(brake(plan, view, NONE_LATELY, frozenset())) == [*done, *[(Kind.DELETE, "deleted")] * 2]
    assert kinds(brake(plan, view, NONE_LATELY, frozenset({DELETES}))) == [*done, *[(Kind.HOLD, DELETES)] * 2]


def test_the_rest_of_a_side_does_not_slip_through_beside_what_was_released(scene: Scene) -> None:
    for _ in range(9):
        scene.pair(gone=LEFT_DELETED)
    plan, view = decide(scene, Kind.DELETE, Choice.RELEASE, *range(1, 8))
    assert kinds(brake(plan, view, NONE_LATELY, frozenset()))[7:] == [(Kind.HOLD, DELETES)] * 2


def test_released_rewrites_pass_and_do_not_count(scene: Scene) -> None:
    for _ in range(25):
        scene.pair({"summary": "neu"})
    plan, view = decide(scene, Kind.UPDATE, Choice.RELEASE, *range(1, 6))
    done = [(Kind.UPDATE, "released")] * 5
    assert kinds(brake(plan, view, NONE_LATELY, frozenset())) == [*done, *[(Kind.UPDATE, "changed")] * 20]


@pytest.mark.parametrize("verdict", [Block("has_attendees"), Hold("later")])
def test_a_release_lifts_nothing_that_a_rule_says(
    scene: Scene, scripted: type[Scripted], verdict: Block | Hold
) -> None:
    scene.rules = (scripted(verdict=verdict),)
    scene.pair(gone=LEFT_DELETED)
    plan, _ = decide(scene, Kind.DELETE, Choice.RELEASE, 1)
    assert kinds(plan) == [(Kind.BLOCK if isinstance(verdict, Block) else Kind.HOLD, verdict.reason)]


@pytest.mark.parametrize("verdict", [Block("has_attendees"), Hold("later")])
def test_what_is_kept_is_kept_whatever_a_rule_says_now(
    scene: Scene, scripted: type[Scripted], verdict: Block | Hold
) -> None:
    scene.rules = (scripted(verdict=verdict),)
    scene.pair(gone=LEFT_DELETED)
    plan, _ = decide(scene, Kind.DELETE, Choice.KEEP, 1)
    part = only(plan)
    assert (part.kind, part.reason, part.state, part.wanted) == (Kind.PART, "kept", State.PARTED, None)


def test_a_rewrite_that_is_given_up_becomes_what_both_sides_agree_on(scene: Scene) -> None:
    scene.pair({"summary": "neu"}, {"description": "eigene"})
    plan, _ = decide(scene, Kind.UPDATE, Choice.KEEP, 1)
    assert [(each.side, each.reason) for each in plan.operations] == [(Side.LEFT, "changed")]
    bases = {each.side: each.base.values for each in plan.rebases if each.reason == "given_up"}
    assert bases[Side.LEFT]["summary"] == "neu"
    assert bases[Side.RIGHT]["summary"] == "Besichtigung"
    assert {base["description"] for base in bases.values()} == {"Schlüssel"}


def test_a_mask_that_is_given_up_is_owed_no_more(scene: Scene) -> None:
    scene.rules = (PrivateMask("Privat"),)
    link = scene.pair({"private": True}, origin=Side.LEFT)
    plan, _ = decide(scene, Kind.UPDATE, Choice.KEEP, 1)
    for rebase in plan.rebases:
        link = link.with_base(rebase.side, rebase.base)
    scene.links[link.id] = link
    assert scene.idle()


def test_a_conflict_beside_a_rewrite_that_is_given_up_waits_on(scene: Scene) -> None:
    scene.policy = "hold"
    scene.pair({"summary": "links", "description": "neu"}, {"summary": "rechts"})
    plan, _ = decide(scene, Kind.UPDATE, Choice.KEEP, 1)
    assert kinds(plan) == [(Kind.HOLD, "conflict")]
