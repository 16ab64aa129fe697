"""Each rule is asked about one event, in its turn, and nothing follows from what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.sync.asking import Asking, Hang, Version
from calsync.sync.model import Event, Observation, Side
from calsync.sync.opinions import Opinion, opinions
from calsync.sync.rules import Block, Chain, Rule
from calsync.values import replace
from calsync_rules.private_mask import PrivateMask
from calsync_rules.reminder_once import ReminderOnce

if TYPE_CHECKING:
    from calsync.sync.model import Field
    from tests.sync.conftest import Scripted

LEFT = Side.LEFT


@dataclass
class Shout(Rule):
    """A rule that alters the summary that the rule before it has left."""

    name: str = "shout"

    def project(self, event: Event) -> Event:
        return replace(event, summary=f"{event.summary}!")

    def alters(self, event: Event) -> frozenset[Field]:
        assert event.summary == "Privat"
        return frozenset({"summary"})


def observed(event: Event) -> Observation:
    return Observation(id="l1", event=event, revision="1")


def test_each_rule_says_what_it_does_behind_the_ones_before_it(agreed: Event) -> None:
    chain = Chain([PrivateMask("Privat"), Shout(), ReminderOnce(15)])
    found = opinions(chain, LEFT, observed(replace(agreed, private=True, reminder=True)), None)
    assert found == [
        Opinion(rule="private_mask", fields=("summary", "description")),
        Opinion(rule="shout", fields=("summary",)),
        Opinion(rule="reminder_once", reminder=15),
    ]


def test_a_rule_that_changes_nothing_is_silent(agreed: Event) -> None:
    (found,) = opinions(Chain([PrivateMask("Privat")]), LEFT, observed(agreed), None)
    assert found.silent


def test_a_rule_that_raises_is_told_and_the_others_are_asked(agreed: Event, scripted: type[Scripted]) -> None:
    chain = Chain([scripted(name="broken", fails_in="project"), scripted(name="series", refuses="series")])
    found = opinions(chain, LEFT, observed(agreed), None)
    assert [(one.failed, one.refuses) for one in found] == [("rule_failed:broken", None), (None, "series")]


def test_only_a_reason_that_is_known_already_is_laid_to_a_rule(agreed: Event, scripted: type[Scripted]) -> None:
    """Whether a write would be blocked depends on its calendar, which is not asked here."""
    chain = Chain([scripted(verdict=Block("has_attendees"))])
    assert opinions(chain, LEFT, observed(agreed), None)[0].blocks is None
    assert opinions(chain, LEFT, observed(agreed), None, {"series"})[0].blocks is None
    assert opinions(chain, LEFT, observed(agreed), None, {"has_attendees"})[0].blocks == "has_attendees"


def test_what_a_rule_never_answered_is_not_asked_again(agreed: Event, scripted: type[Scripted]) -> None:
    deaf, asking = scripted(name="deaf"), Asking()
    hang = Hang(rule="deaf", version="", left=Version("l1", "1"), right=None)
    chain = Chain([deaf, scripted(name="other")], asking=asking).without([hang])
    found = opinions(chain, LEFT, observed(agreed), None, {"anything"})
    assert [one.failed for one in found] == ["rule_hangs:deaf", None]
    assert deaf.asked == []
    assert asking.question is None
