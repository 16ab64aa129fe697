"""The chain tells what it asks, and does not ask again what was never answered."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from calsync.sync.asking import Asked, Asking, Hang, Question, Version
from calsync.sync.model import Draft, Event, Observation, Side
from calsync.sync.plan import Kind
from calsync.sync.rules import ALLOW, Chain, Hold, Rule, RuleFailed, RuleHangs, Verdict, Write
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from tests.sync.conftest import Scene, Scripted


class Curious(Rule):
    """Notes down what the chain says while it is asked."""

    name = "curious"

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self.heard: list[Question | None] = []

    def admit(self, event: Event) -> str | None:
        self.heard.append(self._asking.question)
        return None

    def project(self, event: Event) -> Event:
        self.heard.append(self._asking.question)
        return event

    def on_create(self, source: Event, draft: Draft) -> Draft:
        self.heard.append(self._asking.question)
        return draft

    def guard(self, write: Write) -> Verdict:
        self.heard.append(self._asking.question)
        return ALLOW


def seen(event_id: str, event: Event) -> Observation:
    return Observation(id=event_id, event=event, revision="r1")


def test_the_chain_tells_who_is_asked_about_what(agreed: Event) -> None:
    asking = Asking()
    rule = Curious(asking)
    chain = Chain([rule], account="anna", versions={"curious": "2"}, asking=asking)
    target, source = seen("r", agreed), seen("l", agreed)
    chain.about(Side.RIGHT, target, source)
    chain.admit(agreed)
    chain.draft(agreed)
    chain.guard(Write(side=Side.RIGHT, target=target, changes={}, capabilities=None))  # type: ignore[arg-type]
    assert rule.heard == [(Asked("anna", "curious", "2"), (source, target))] * 4
    assert len({id(question) for question in rule.heard}) == 4, "each question is an object of its own"
    assert asking.question is None
    chain.about(Side.RIGHT, target)
    chain.admit(agreed)
    assert rule.heard[-1] == (Asked("anna", "curious", "2"), (None, target))


@pytest.mark.parametrize("method", ["admit", "project", "on_create", "guard"])
def test_a_rule_that_raises_leaves_no_question(agreed: Event, scripted: type[Scripted], method: str) -> None:
    asking = Asking()
    chain = Chain([scripted(fails_in=method)], asking=asking)
    for ask in (chain.admit, chain.project, chain.draft):
        with suppress(RuleFailed):
            ask(agreed)
    chain.guard(Write(side=Side.RIGHT, target=None, changes={}, capabilities=None))  # type: ignore[arg-type]
    assert asking.question is None


def test_what_was_never_answered_is_not_asked_again(agreed: Event, scripted: type[Scripted]) -> None:
    rule = scripted(fails_in="admit")
    left, right = seen("l", agreed), seen("r", agreed)
    hang = Hang(rule="scripted", version="", left=Version("l", "r1"), right=Version("r", "r1"))
    chain = Chain([rule, scripted(name="second")]).without([hang])
    chain.about(Side.RIGHT, right, left)
    for ask in (chain.admit, chain.project, chain.draft):
        with pytest.raises(RuleHangs) as failed:
            ask(agreed)
        assert failed.value.reason == "rule_hangs:scripted"
    write = Write(side=Side.RIGHT, target=right, changes={}, capabilities=None)  # type: ignore[arg-type]
    assert chain.guard(write) == Hold("rule_hangs:scripted")
    assert rule.asked == []
    for other in (replace(right, revision="r2"), None, seen("r3", agreed)):
        chain.about(Side.RIGHT, other, left)
        assert chain.project(agreed) == (agreed, frozenset())


@pytest.mark.parametrize(("rule", "version"), [("scripted", "2"), ("another", "1")])
def test_another_rule_or_another_version_is_asked(
    agreed: Event, scripted: type[Scripted], rule: str, version: str
) -> None:
    hang = Hang(rule="scripted", version="1", left=Version("l", "r1"), right=None)
    chain = Chain([scripted(name=rule)], versions={rule: version}).without([hang])
    chain.about(Side.LEFT, seen("l", agreed))
    assert chain.admit(agreed) is None
    assert hang.is_over({side: {} for side in Side}, NEVER, chain.versions)


NEVER: dict[Side, int | None] = dict.fromkeys(Side)
HANG = Hang(rule="scripted", version="1", left=Version("left1", "1"), right=Version("right1", "1"), noted_run=3)


@pytest.mark.parametrize(
    ("hang", "gone"),
    [
        (HANG, False),
        (replace(HANG, left=None), False),
        (replace(HANG, right=Version("right1", "2")), True),
        (replace(HANG, left=Version("left2", "1")), True),
        (replace(HANG, right=Version("right1", None)), True),
    ],
)
def test_a_hang_is_over_when_an_event_is_another_one_in_a_listing_behind_it(
    scene: Scene, hang: Hang, gone: bool
) -> None:
    """Before that, who asked may have known something newer than is remembered here."""
    scene.pair()
    versions = {"scripted": "1"}
    for listed in (None, 2, 3):
        assert not hang.is_over(scene.seen, dict.fromkeys(Side, listed), versions)
    assert hang.is_over(scene.seen, dict.fromkeys(Side, 4), versions) == gone


def test_a_listing_of_the_other_side_tells_nothing_of_an_event(scene: Scene) -> None:
    scene.pair()
    hang = replace(HANG, right=Version("right1", "2"))
    assert not hang.is_over(scene.seen, {Side.LEFT: 4, Side.RIGHT: 3}, {"scripted": "1"})
    assert hang.is_over(scene.seen, {Side.LEFT: None, Side.RIGHT: 4}, {"scripted": "1"})


def test_a_hang_names_the_rule_and_the_events_that_it_was_asked_about(scene: Scene) -> None:
    scene.pair()
    asked = Asked("anna", "scripted", "1")
    hang = Hang.of((asked, (scene.seen[Side.LEFT]["left1"].observation, None)))
    assert hang == Hang(rule="scripted", version="1", left=Version("left1", "1"), right=None)


def test_pairs_and_single_events_are_held_and_nothing_else(scene: Scene, scripted: type[Scripted]) -> None:
    scene.pair()
    scene.pair(left={"summary": "neu"}, gone={Side.RIGHT: Standing.DELETED})
    scene.pair(left={"summary": "neu"})
    scene.put(Side.RIGHT, "alone", replace(scene.seen[Side.LEFT]["left1"].observation.event, summary="allein"))
    scene.put(Side.LEFT, "other", replace(scene.seen[Side.LEFT]["left1"].observation.event, summary="anderer"))
    hangs = [
        Hang(rule="scripted", version="", left=Version(f"left{n}", "1"), right=Version(f"right{n}", "1"))
        for n in (1, 2)
    ]
    hangs.append(Hang(rule="scripted", version="", left=None, right=Version("alone", "1")))
    scene.rules = (scripted(),)
    scene.hangs = hangs
    assert scene.decided() == [
        (Kind.HOLD, Side.RIGHT, "rule_hangs:scripted"),
        (Kind.HOLD, Side.RIGHT, "rule_hangs:scripted"),
        (Kind.UPDATE, Side.RIGHT, "changed"),
        (Kind.HOLD, Side.LEFT, "rule_hangs:scripted"),
        (Kind.CREATE, Side.RIGHT, "new"),
    ]
