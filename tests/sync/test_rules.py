"""The chain asks the rules in their order, and a rule that raises is never passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.sync.model import Capabilities, Event, Field, Observation, Side
from calsync.sync.rules import ALLOW, Allow, Block, Chain, Drop, Hold, Rule, RuleFailed, Verdict, Write
from calsync.values import replace

if TYPE_CHECKING:
    from tests.sync.conftest import Scripted


class Shout(Rule):
    name = "shout"

    def project(self, event: Event) -> Event:
        return replace(event, summary=event.summary.upper())


class Notes(Rule):
    name = "notes"

    def alters(self, event: Event) -> frozenset[Field]:
        return frozenset[Field]({"description"}) if event.summary.isupper() else frozenset()


def write(target: Event | None, changes: dict[Field, str] | None) -> Write:
    observation = None if target is None else Observation(id="1", event=target, revision="1")
    return Write(side=Side.RIGHT, target=observation, changes=changes, capabilities=Capabilities())


def test_a_rule_that_overrides_nothing_changes_nothing(agreed: Event) -> None:
    chain = Chain([Rule()])
    assert chain.admit(agreed) is None
    assert chain.project(agreed) == (agreed, frozenset())
    assert chain.draft(agreed).values() == chain.draft(agreed).values()
    assert chain.draft(agreed).reminder is None
    assert chain.guard(write(agreed, {"summary": "x"})) is ALLOW


def test_the_first_rule_that_refuses_is_named(agreed: Event, scripted: type[Scripted]) -> None:
    chain = Chain([scripted(), scripted(name="second", refuses="private"), scripted(refuses="never asked")])
    assert chain.admit(agreed) == ("second", "private")


def test_a_projection_tells_what_it_alters_and_what_it_takes_charge_of(agreed: Event) -> None:
    projected, altered = Chain([Shout(), Notes()]).project(agreed)
    assert projected.summary == "BESICHTIGUNG"
    assert altered == {"summary", "description"}
    assert Chain([Notes(), Shout()]).project(agreed)[1] == {"summary"}


def test_a_draft_is_projected(agreed: Event) -> None:
    assert Chain([Shout()]).draft(agreed).summary == "BESICHTIGUNG"


@pytest.mark.parametrize("raises", [ZeroDivisionError, SystemExit])
@pytest.mark.parametrize("method", ["admit", "project", "on_create"])
def test_a_rule_that_raises_is_named(
    agreed: Event, scripted: type[Scripted], method: str, raises: type[BaseException]
) -> None:
    chain = Chain([scripted(name="broken", fails_in=method, raises=raises)])
    with pytest.raises(RuleFailed) as failed:
        (chain.draft if method == "on_create" else getattr(chain, method))(agreed)
    assert failed.value.reason == "rule_failed:broken"


def test_who_made_a_field_is_told_by_name(agreed: Event, scripted: type[Scripted]) -> None:
    assert Chain([Shout(), Notes()]).authors(agreed)["summary"] == "shout"
    with pytest.raises(RuleFailed) as failed:
        Chain([Shout(), scripted(name="broken", fails_in="project")]).authors(agreed)
    assert failed.value.reason == "rule_failed:broken"


@pytest.mark.parametrize(
    ("verdicts", "strictest"),
    [
        ([ALLOW, ALLOW], Allow()),
        ([Drop(frozenset({"summary"}), "a"), ALLOW], Drop(frozenset({"summary"}), "a")),
        (
            [Drop(frozenset({"summary"}), "a"), Drop(frozenset({"when"}), "b")],
            Drop(frozenset({"summary", "when"}), "a"),
        ),
        ([Drop(frozenset({"summary"}), "a"), Hold("b")], Hold("b")),
        ([Hold("a"), Block("b"), Block("c")], Block("b")),
    ],
)
def test_the_strictest_verdict_counts(
    agreed: Event, scripted: type[Scripted], verdicts: list[Verdict], strictest: Verdict
) -> None:
    chain = Chain([scripted(verdict=verdict) for verdict in verdicts])
    assert chain.guard(write(agreed, {"summary": "x"})) == strictest


def test_the_verdict_names_the_rule_that_gave_it(agreed: Event, scripted: type[Scripted]) -> None:
    asked = write(agreed, {"summary": "x"})
    silent = scripted(name="silent")
    for verdict in (Block("a"), Hold("a"), Drop(frozenset({"summary"}), "a")):
        given = Chain([silent, scripted(name="strict", verdict=verdict)]).guard(asked)
        assert isinstance(given, Block | Hold | Drop)
        assert given.rule == "strict"
    broken = Chain([scripted(name="broken", fails_in="guard")]).guard(asked)
    assert isinstance(broken, Hold)
    assert broken.rule == "broken"


@pytest.mark.parametrize("raises", [ZeroDivisionError, SystemExit])
def test_a_guard_that_raises_holds_and_hides_no_block(
    agreed: Event, scripted: type[Scripted], raises: type[BaseException]
) -> None:
    broken = scripted(name="broken", fails_in="guard", raises=raises)
    asked = write(agreed, {"summary": "x"})
    assert Chain([broken]).guard(asked) == Hold("rule_failed:broken")
    assert Chain([broken, scripted(verdict=Block("has_attendees"))]).guard(asked) == Block("has_attendees")


def test_an_online_meetings_notes_are_kept_without_any_rule(agreed: Event) -> None:
    online = replace(agreed, online_meeting=True)
    chain = Chain([])
    assert chain.guard(write(online, {"description": "x"})) == Drop(frozenset({"description"}), "online_meeting")
    assert chain.guard(write(online, {"summary": "x"})) is ALLOW
    assert chain.guard(write(online, None)) is ALLOW
    assert chain.guard(write(agreed, {"description": "x"})) is ALLOW
    assert chain.guard(write(None, {"description": "x"})) is ALLOW


class Careless(Rule):
    """Changes what it was given instead of returning something else."""

    name = "careless"

    def project(self, event: Event) -> Event:
        event.summary = "anders"  # type: ignore[misc] # that is the point
        return event


def test_a_rule_cannot_change_what_it_was_given(agreed: Event) -> None:
    before = agreed.summary
    with pytest.raises(RuleFailed, match="careless"):
        Chain([Careless()]).project(agreed)
    assert agreed.summary == before
