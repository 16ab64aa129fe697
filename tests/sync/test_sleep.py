"""Links that fall asleep, sleep and wake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calsync.sync.model import Event, Side, State, Timed
from calsync.sync.plan import Kind
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from tests.sync.conftest import Scene, Scripted

LEFT, RIGHT = Side.LEFT, Side.RIGHT


def on(side: Side, edit: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `Scene.pair` that edit one side."""
    return {str(side): edit}


@pytest.mark.parametrize("side", Side)
def test_a_pair_that_becomes_a_series_sleeps_and_its_edits_wait(scene: Scene, side: Side) -> None:
    link = scene.pair(**on(side, {"series": True, "summary": "Serie"}))
    sleep = scene.only()
    assert (sleep.kind, sleep.reason, sleep.state) == (Kind.SLEEP, "series", State.ASLEEP)
    assert sleep.changes == {"summary": "Serie"}
    scene.links[1] = replace(link, state=State.ASLEEP, reason="series")
    assert scene.idle()


def test_what_a_rule_refuses_sleeps_with_its_reason(scene: Scene, scripted: type[Scripted]) -> None:
    scene.rules = (scripted(refuses="private"),)
    scene.pair()
    assert scene.decided() == [(Kind.SLEEP, RIGHT, "private")]


def test_a_single_event_again_wakes_and_what_waited_is_written(scene: Scene) -> None:
    scene.pair({"summary": "neu"}, state=State.ASLEEP, reason="series")
    assert scene.decided() == [(Kind.WAKE, RIGHT, "series"), (Kind.UPDATE, RIGHT, "changed")]
    assert scene.plan().operations[0].state is State.AWAKE


@pytest.mark.parametrize("reason", ["series", "private", "rule"])
@pytest.mark.parametrize("gone", Side)
@pytest.mark.parametrize("edit", [{}, {"summary": "neu"}])
def test_asleep_and_deleted_parts(scene: Scene, reason: str, gone: Side, edit: dict[str, Any]) -> None:
    scene.pair(gone={gone: Standing.DELETED}, state=State.ASLEEP, reason=reason, **on(gone.other, edit))
    assert scene.decided() == [(Kind.PART, gone.other, "deleted")]


@pytest.mark.parametrize("side", Side)
def test_a_pair_that_became_a_series_and_was_deleted_parts_at_once(scene: Scene, side: Side) -> None:
    """Whichever of them it was: no run may have come to put the pair to sleep, as its other event was in doubt."""
    scene.pair(gone={LEFT: Standing.DELETED}, **on(side, {"series": True}))
    assert scene.decided() == [(Kind.PART, RIGHT, "deleted")]


def test_the_window_moved_past_both(scene: Scene, agreed: Event, past: Timed) -> None:
    scene.pair({"summary": "nicht mehr zugestellt"}, agreed=replace(agreed, when=past))
    sleep = scene.only()
    assert (sleep.kind, sleep.reason) == (Kind.SLEEP, "window")
    assert sleep.changes == {"summary": "nicht mehr zugestellt"}


def test_a_conflict_that_waited_is_told_when_the_window_moves_past(
    scene: Scene, agreed: Event, past: Timed
) -> None:
    scene.policy = "hold"
    scene.pair({"summary": "links"}, {"summary": "rechts"}, agreed=replace(agreed, when=past))
    assert (scene.only().kind, scene.only().changes) == (Kind.SLEEP, {"summary": "links"})


@pytest.mark.parametrize("side", Side)
def test_an_edit_that_moves_out_of_the_window_is_delivered_before_sleep(
    scene: Scene, agreed: Event, far: Timed, side: Side
) -> None:
    scene.pair(**on(side, {"when": far}))
    assert (scene.only().kind, scene.only().side) == (Kind.UPDATE, side.other)
    scene.links.clear()
    scene.pair(agreed=replace(agreed, when=far))
    assert scene.decided() == [(Kind.SLEEP, RIGHT, "window")]


def test_a_conflict_between_two_edits_out_of_the_window_is_decided_first(
    scene: Scene, far: Timed, past: Timed
) -> None:
    scene.pair({"when": far}, {"when": past})
    assert scene.decided() == [(Kind.UPDATE, LEFT, "overruled")]
    scene.policy = "hold"
    assert scene.decided() == [(Kind.HOLD, RIGHT, "conflict")]


def test_both_moved_to_the_same_time_outside_agree_before_they_sleep(scene: Scene, far: Timed) -> None:
    scene.pair({"when": far}, {"when": far})
    assert scene.decided() == [(Kind.SLEEP, RIGHT, "window")]
    assert {key: values["when"] for key, values in scene.rebased().items()} == {
        (LEFT, "agreed"): far,
        (RIGHT, "agreed"): far,
    }


def test_asleep_outside_the_window_is_compared_with_nothing(scene: Scene, agreed: Event, past: Timed) -> None:
    scene.pair({"summary": "neu"}, agreed=replace(agreed, when=past), state=State.ASLEEP, reason="window")
    assert scene.idle()


def test_a_series_that_is_single_again_outside_the_window_goes_on_sleeping(
    scene: Scene, agreed: Event, past: Timed
) -> None:
    scene.pair({"summary": "neu"}, agreed=replace(agreed, when=past), state=State.ASLEEP, reason="series")
    assert scene.decided() == [(Kind.SLEEP, RIGHT, "window")]
    assert scene.plan().rebases == ()


@pytest.mark.parametrize("side", Side)
def test_asleep_and_one_in_the_window_again_wakes_with_the_old_base(
    scene: Scene, agreed: Event, past: Timed, later: Timed, side: Side
) -> None:
    scene.pair(agreed=replace(agreed, when=past), state=State.ASLEEP, reason="window", **on(side, {"when": later}))
    assert scene.decided() == [(Kind.WAKE, RIGHT, "window"), (Kind.UPDATE, side.other, "changed")]


@pytest.mark.parametrize("gone", Side)
def test_asleep_outside_the_window_and_deleted_waits_for_the_other_to_come_back(
    scene: Scene, agreed: Event, past: Timed, later: Timed, gone: Side
) -> None:
    old = replace(agreed, when=past)
    scene.pair(agreed=old, gone={gone: Standing.DELETED}, state=State.ASLEEP, reason="window")
    assert scene.decided() == []
    scene.put(gone.other, f"{gone.other}1", replace(old, when=later))
    assert scene.decided() == [(Kind.WAKE, gone, "window"), (Kind.CREATE, gone, "recreated")]


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("state", [State.AWAKE, State.ASLEEP])
@pytest.mark.parametrize("other", [Standing.PRESENT, Standing.DELETED, Standing.ELSEWHERE])
def test_what_left_the_account_is_held(scene: Scene, side: Side, state: State, other: Standing) -> None:
    scene.pair(
        {"summary": "neu"}, gone={side: Standing.ELSEWHERE, side.other: other}, state=state, reason="series"
    )
    (decided,) = scene.decided()
    assert decided[0] is Kind.HOLD
    assert decided[2] == "left_account"
