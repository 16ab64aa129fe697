"""An event about which a rule never answered is held before any rule sees it; everything else goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import UnknownOutcome
from calsync.sync.asking import Hang, Version
from calsync.sync.model import Side
from calsync.sync.rules import Rule
from calsync.values import replace

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.engine.conftest import World


class Hanging(Rule):
    """Would hang at a certain title; here it raises what no chain catches, as a killed process would."""

    name = "hanging"

    def project(self, event: Event) -> Event:
        if event.summary == "endlos":
            raise Killed
        return event


class Killed(BaseException):
    pass


def version(calendar: Any, summary: str) -> Version:
    (row,) = [row for row in calendar.rows.rows.values() if row.event.summary == summary]
    return Version(row.id, row.revision)


def hanging(left: Version, right: Version | None = None) -> Hang:
    return Hang(rule="hanging", version="", left=left, right=right)


async def hangs(world: World) -> list[Hang]:
    found: list[Hang] = (await world.store.load("anna", world.clock.now())).hangs
    return found


async def a_day_later(world: World) -> None:
    """Have both calendars listed in full: an account does that at up to two hours behind a day."""
    world.clock.advance(26 * 3600)
    await world.run()


async def test_an_event_without_a_partner_waits_until_it_is_edited(world: World, meeting: Event) -> None:
    world.settings["rules"] = (Hanging(),)
    endless = world.left.user_create(replace(meeting, summary="endlos"))
    world.left.user_create(meeting)
    with pytest.raises(Killed):
        await world.run()
    hang = hanging(version(world.left, "endlos"))
    await world.store.add_hang("anna", hang)
    for _ in range(2):
        report = await world.run()
        assert report.notices == {("hold", Side.RIGHT, "rule_hangs:hanging"): 1}
    assert [event.summary for event in world.right.events().values()] == ["Besichtigung"]
    world.left.user_edit(endless, summary="kurz")
    await world.settle()
    assert {event.summary for event in world.right.events().values()} == {"Besichtigung", "kurz"}
    assert await hangs(world) == [hang]
    await a_day_later(world)
    assert await hangs(world) == []


async def test_a_pair_waits_on_both_sides_until_either_event_is_edited(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    left, right = next(iter(world.left.events())), next(iter(world.right.events()))
    world.settings["rules"] = (Hanging(),)
    world.left.user_edit(left, summary="endlos")
    with pytest.raises(Killed):
        await world.run()
    asked = version(world.left, "endlos"), version(world.right, "Besichtigung")
    await world.store.add_hang("anna", hanging(*asked))
    report = await world.run()
    assert report.notices == {("hold", Side.RIGHT, "rule_hangs:hanging"): 1}
    assert world.right.events()[right].summary == "Besichtigung"
    world.right.user_edit(right, description="Tor klemmt")
    with pytest.raises(Killed):  # a new state of the pair is a new question
        await world.run()
    world.left.user_edit(left, summary="kurz")
    await world.settle()
    assert world.right.events()[right].summary == "kurz"
    await a_day_later(world)
    assert await hangs(world) == []


async def test_without_the_rule_nothing_is_held(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    hang = hanging(version(world.left, "Besichtigung"))
    await world.store.add_hang("anna", hang)
    await world.settle()
    assert len(world.right.events()) == 1
    assert await hangs(world) == []


async def test_an_open_write_is_settled_without_asking(world: World, meeting: Event) -> None:
    """The rule hung while a write was confirmed: what was written is remembered all the same."""
    world.left.user_create(meeting)
    await world.settle()
    left, right = next(iter(world.left.events())), next(iter(world.right.events()))
    world.left.user_edit(left, summary="endlos")
    world.right.faults.add("update", lambda: UnknownOutcome("lost"), after=True)
    before = version(world.right, "Besichtigung")
    await world.run()
    asked = version(world.left, "endlos"), before
    world.settings["rules"] = (Hanging(),)
    with pytest.raises(Killed):
        await world.run()
    await world.store.add_hang("anna", hanging(*asked))
    report = await world.run()
    assert report.counts[Side.RIGHT].updated == 1
    assert not report.notices
    assert (await world.store.load("anna", world.clock.now())).intents == {}
    assert world.right.events()[right].summary == "endlos"
    await a_day_later(world)
    assert await hangs(world) == []


async def test_what_a_plan_on_a_copy_asked_about_another_version_keeps_nobody_from_knowing_either(
    world: World, meeting: Event
) -> None:
    """The feed lags behind what the plan has read, and tells of it later."""
    world.settings["rules"] = (Hanging(),)
    endless = world.left.user_create(replace(meeting, summary="endlos"))
    with pytest.raises(Killed):
        await world.run()
    ours = hanging(version(world.left, "endlos"))
    await world.store.add_hang("anna", ours)
    newer = replace(ours, left=Version(endless, "newer"))
    await world.store.add_hang("anna", newer)
    for _ in range(2):
        report = await world.run()
        assert report.notices == {("hold", Side.RIGHT, "rule_hangs:hanging"): 1}
    assert await hangs(world) == [ours, newer]


async def test_what_was_never_answered_is_forgotten_when_its_event_is_gone(world: World, meeting: Event) -> None:
    world.settings["rules"] = (Hanging(),)
    endless = world.left.user_create(replace(meeting, summary="endlos"))
    with pytest.raises(Killed):
        await world.run()
    await world.store.add_hang("anna", hanging(version(world.left, "endlos")))
    await world.run()
    world.left.user_delete(endless)
    for _ in range(3):
        await a_day_later(world)
    assert await hangs(world) == []
