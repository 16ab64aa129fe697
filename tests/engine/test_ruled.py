"""A change of the rules alone never writes: what only it would write is held, until a person has decided."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from calsync.desk.decisions import decide, waiting
from calsync.engine import Engine, Report, engine
from calsync.errors import EventError, Retry
from calsync.ports import NoAccess
from calsync.sync.choices import Choice
from calsync.sync.model import Direction, Event, Side, State
from calsync.sync.plan import Kind
from calsync.sync.rules import ALLOW, Drop, Hold, Rule, Verdict, Write
from calsync.values import replace
from calsync_rules.attendee_stripping import AttendeeStripping
from calsync_rules.private_mask import PrivateMask
from calsync_rules.reminder_once import ReminderOnce
from calsync_rules.series_skip import SeriesSkip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.desk.decisions import Case

World = Any  # the fixture's class lives in conftest.py, which tests cannot import

REAL: tuple[Rule, ...] = (SeriesSkip(), AttendeeStripping(), PrivateMask("Privat"), ReminderOnce(15))


class Skips(Rule):
    """Keeps events of one word out."""

    name = "skips"

    def __init__(self, word: str = "Urlaub") -> None:
        self.word = word

    def admit(self, event: Event) -> str | None:
        return "type" if self.word in event.summary else None


class Refuses(Rule):
    """Holds every create."""

    name = "refuses"

    def guard(self, write: Write) -> Verdict:
        return Hold("not_now") if write.target is None else ALLOW


class Fails(Rule):
    """Answers nothing about any event."""

    name = "fails"

    def admit(self, event: Event) -> str | None:
        raise ValueError


class Guards(Rule):
    """Lets nothing be written, for the verdict that it is given."""

    name = "guards"

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict

    def guard(self, write: Write) -> Verdict:
        return ALLOW if write.target is None else self.verdict


async def runs_with(world: World, *rules: Rule, times: int = 3) -> Report:
    """Start calsync anew with these rules, and let it run."""
    world.settings["rules"] = rules
    for _ in range(times):
        report: Report = await world.run()
    return report


def writes(world: World) -> int:
    return len(world.left.writes()) + len(world.right.writes())


async def cases(world: World) -> Sequence[Case]:
    return await waiting(world.store, "anna", Direction.BOTH, world.clock.now())


async def held(world: World) -> list[tuple[str, str, str]]:
    return [(each.side, each.kind, each.reason) for each in await cases(world)]


async def say(world: World, choice: Choice) -> int:
    names = [case.name for case in await cases(world)]
    return len(await decide(world.store, "anna", Direction.BOTH, names, choice, world.clock.now()))


# What the real rules do to pairs that are there, switched on and off.


@pytest.mark.parametrize("rule", REAL, ids=lambda rule: rule.name)
@pytest.mark.parametrize("private", [False, True])
async def test_a_real_rule_writes_nothing_to_pairs_when_it_comes_or_goes(
    world: World, meeting: Event, rule: Rule, private: bool
) -> None:
    others = [each for each in REAL if each is not rule]
    for number, reminder in enumerate([None, True, False]):
        event = replace(meeting, summary=f"Termin {number}", private=private, reminder=reminder)
        world.left.user_create(replace(event, attendee_count=number))
    for rules in (others, REAL, others, REAL):
        await runs_with(world, *rules)
        done = writes(world)
        await runs_with(world, *rules)
        assert writes(world) == done == 3, rules
        assert await held(world) == []


async def test_another_mask_is_not_written_over_the_copies(world: World, meeting: Event) -> None:
    world.left.user_create(replace(meeting, private=True))
    await runs_with(world, PrivateMask("Privat"))
    await runs_with(world, PrivateMask("Belegt"))
    assert [event.summary for event in world.right.events().values()] == ["Privat"]


async def test_what_is_edited_behind_the_change_goes_by_the_rules_of_today(world: World, meeting: Event) -> None:
    event_id = world.left.user_create(replace(meeting, private=True))
    await runs_with(world, PrivateMask("Privat"))
    world.left.user_edit(event_id, summary="Zahnarzt Dr. Weh")
    await runs_with(world)
    assert [event.summary for event in world.right.events().values()] == ["Zahnarzt Dr. Weh"]
    assert await held(world) == []


# What a rule had kept back.


async def test_what_a_rule_had_skipped_is_held_when_it_goes(world: World, meeting: Event) -> None:
    world.left.user_create(replace(meeting, summary="Urlaub"))
    world.right.user_create(replace(meeting, summary="Urlaub auch hier"))
    world.left.user_create(meeting)
    await runs_with(world, Skips())
    await runs_with(world)
    assert writes(world) == 1
    assert sorted(await held(world)) == [("left", "create", "rules"), ("right", "create", "rules")]


async def test_a_plan_says_beforehand_what_the_changed_rules_would_do(world: World, meeting: Event) -> None:
    world.left.user_create(replace(meeting, summary="Urlaub"))
    await runs_with(world, Skips())
    world.settings["rules"] = ()
    planned = await world.run(write=False)
    assert [(one.kind, one.reason, one.wanted) for one in planned.plan.operations] == [
        (Kind.HOLD, "rules", Kind.CREATE)
    ]
    assert (await world.run()).plan.hash == planned.plan.hash


async def test_what_is_new_in_the_run_of_the_change_is_copied(world: World, meeting: Event) -> None:
    await runs_with(world, Skips())
    world.left.user_create(replace(meeting, summary="Urlaub"))
    await runs_with(world)
    assert len(world.right.events()) == 1
    assert await held(world) == []


async def test_released_it_is_copied_and_discarded_it_never_is(world: World, meeting: Event) -> None:
    world.left.user_create(replace(meeting, summary="Urlaub"))
    await runs_with(world, Skips())
    await runs_with(world)
    assert await say(world, Choice.RELEASE) == 1
    await world.settle()
    assert len(world.right.events()) == 1
    assert await held(world) == []
    kept = world.left.user_create(replace(meeting, summary="Messe"))
    await runs_with(world, Skips("Messe"), times=1)
    assert len(world.right.events()) == 1
    await runs_with(world)
    assert await say(world, Choice.KEEP) == 1
    await world.settle()
    world.left.user_edit(kept, summary="Messe Köln")
    await world.settle()
    assert len(world.right.events()) == 1
    assert await held(world) == []
    (link,) = [each for each in (await links(world)) if each.state is State.PARTED]
    assert (link.left, link.right, link.reason) == (kept, None, "left_alone")
    world.left.user_delete(kept)
    await world.settle()
    assert [each for each in (await links(world)) if each.state is State.PARTED] == []


async def links(world: World) -> list[Any]:
    state = await world.store.load("anna", world.clock.now())
    return [*state.links.values()]


async def test_it_goes_on_waiting_through_an_edit_a_restart_and_a_day(world: World, meeting: Event) -> None:
    event_id = world.left.user_create(replace(meeting, summary="Urlaub"))
    await runs_with(world, Skips())
    await runs_with(world)
    since = (await cases(world))[0].since
    world.left.user_edit(event_id, description="mit Hund")
    world.clock.advance(100_000)
    await runs_with(world)
    assert [case.since for case in await cases(world)] == [since]
    assert writes(world) == 0


@pytest.mark.parametrize("kind", [Kind.DELETE, Kind.UPDATE])
async def test_it_goes_on_waiting_under_a_new_id(world: World, meeting: Event, kind: Kind) -> None:
    left = world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="Notar"))
    guards = Guards(Hold("not_now"))
    await runs_with(world, guards)
    (copy,) = [each for each, event in world.right.events().items() if event.summary == meeting.summary]
    if kind is Kind.DELETE:
        world.right.user_delete(copy)
    else:
        world.right.user_edit(copy, summary="verlegt")
    await runs_with(world, guards)
    await runs_with(world)
    assert await held(world) == [("left", kind, "rules")]
    done, event = writes(world), world.left.events()[left]
    world.left.user_purge(left)
    world.left.rows.add(event, by_us=False)
    await runs_with(world)
    assert await held(world) == [("left", kind, "rules")]
    assert writes(world) == done


async def test_it_waits_no_more_where_the_rule_is_back_or_the_event_is_gone(world: World, meeting: Event) -> None:
    world.left.user_create(replace(meeting, summary="Urlaub"))
    gone = world.left.user_create(replace(meeting, summary="Urlaub im Mai"))
    await runs_with(world, Skips())
    await runs_with(world)
    world.left.user_delete(gone)
    await runs_with(world)
    assert len(await held(world)) == 1
    await runs_with(world, Skips())
    assert await held(world) == []
    await runs_with(world)
    assert await held(world) == [("right", "create", "rules")]


async def test_an_edit_that_waited_while_a_pair_slept_is_held(world: World, meeting: Event) -> None:
    event_id = world.left.user_create(meeting)
    await runs_with(world)
    world.left.user_edit(event_id, summary="Urlaub")
    await runs_with(world, Skips())
    assert [event.summary for event in world.right.events().values()] == [meeting.summary]
    await runs_with(world)
    assert await held(world) == [("right", "update", "rules")]
    assert [event.summary for event in world.right.events().values()] == [meeting.summary]
    assert await say(world, Choice.KEEP) == 1
    await world.settle()
    assert await held(world) == []
    assert [event.summary for event in world.right.events().values()] == [meeting.summary]


@pytest.mark.parametrize(
    "verdict", [Hold("vacation"), Drop(frozenset({"summary"}), "vacation")], ids=["hold", "drop"]
)
async def test_what_a_guard_had_kept_back_is_held_when_it_goes(
    world: World, meeting: Event, verdict: Verdict
) -> None:
    edited = world.left.user_create(meeting)
    deleted = world.left.user_create(replace(meeting, summary="weg"))
    await runs_with(world)
    done = writes(world)
    world.left.user_edit(edited, summary="Rückruf")
    if isinstance(verdict, Hold):
        world.left.user_delete(deleted)
    await runs_with(world, Guards(verdict))
    await runs_with(world)
    assert writes(world) == done
    expected = [("right", "update", "rules")]
    if isinstance(verdict, Hold):
        expected.insert(0, ("right", "delete", "rules"))
    assert sorted(await held(world)) == expected
    assert await say(world, Choice.RELEASE) == len(expected)
    await world.settle()
    assert [event.summary for event in world.right.events().values()] == (
        ["Rückruf"] if isinstance(verdict, Hold) else ["Rückruf", "weg"]
    )


async def test_what_a_server_cuts_beside_a_released_write_leaves_alone_what_a_person_keeps(
    world: World, meeting: Event
) -> None:
    """Its writes are unconditional, and cut the notes of its users, also when only the summary is written."""
    world.left.capabilities = replace(world.left.capabilities, conditional_writes=False)
    world.left.behaviour.normalise = lambda event: replace(event, description=event.description[:12])
    left = world.left.user_create(replace(meeting, description="Hof"))
    await runs_with(world)
    (right,) = world.right.events()
    world.right.user_edit(right, summary="Rückruf")
    world.left.user_edit(left, description="Schlüssel beim Hausmeister")
    await runs_with(world, Guards(Hold("vacation")))
    await runs_with(world)
    held_of = {case.side: case.name for case in await cases(world)}
    for side, choice in ((Side.LEFT, Choice.RELEASE), (Side.RIGHT, Choice.KEEP)):
        await decide(world.store, "anna", Direction.BOTH, [held_of[side]], choice, world.clock.now())
    await world.settle()
    assert world.left.events()[left].summary == "Rückruf"
    assert world.left.events()[left].description == "Schlüssel be"
    assert world.right.events()[right].description == "Hof"


async def test_what_is_in_doubt_when_the_rules_change_is_held_all_the_same(world: World, meeting: Event) -> None:
    asleep = world.left.user_create(meeting)
    await runs_with(world)
    world.left.user_edit(asleep, summary="Urlaub")
    alone = world.left.user_create(replace(meeting, summary="Urlaub im Mai"))
    await runs_with(world, Skips())
    done = writes(world)
    world.left.user_delete(asleep)
    world.left.user_delete(alone)
    locate = world.left.locate

    async def unknown(event_id: str, uid: str | None = None) -> Any:
        del event_id, uid
        return NoAccess()

    world.left.locate = unknown
    await runs_with(world)
    assert sorted(await held(world)) == [("right", "create", "rules"), ("right", "hold", "rules")]
    for event_id in (asleep, alone):
        world.left.user_restore(event_id)
    world.left.locate = locate
    await runs_with(world)
    assert writes(world) == done
    assert sorted(await held(world)) == [("right", "create", "rules"), ("right", "update", "rules")]


async def test_what_failed_before_is_tried_again(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: EventError("no"), after=False)
    await runs_with(world, Skips(), times=1)
    world.clock.advance(10_000)
    await runs_with(world)
    assert len(world.right.events()) == 1


async def test_a_store_that_knows_no_rules_takes_them_as_they_are(
    world: World, meeting: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.left.user_create(replace(meeting, summary="Urlaub"))
    await runs_with(world, Skips())
    forget = "UPDATE account SET rules = NULL"
    await world.store._writer.write(lambda database: database.execute(forget))
    await runs_with(world)
    assert len(world.right.events()) == 1


async def test_a_run_that_broke_off_before_it_had_decided_leaves_the_change_to_the_next(
    world: World, meeting: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.left.user_create(replace(meeting, summary="Urlaub"))
    await runs_with(world, Skips())
    with monkeypatch.context() as broken:
        broken.setattr(engine, "apply_local", _fails)
        with pytest.raises(Retry):
            await runs_with(world)
    await runs_with(world)
    assert writes(world) == 0
    assert await held(world) == [("right", "create", "rules")]


async def _fails(*_: Any) -> bool:
    raise Retry("broken off")


async def test_a_first_plan_that_waits_takes_the_rules_of_the_day(world: World, meeting: Event) -> None:
    world.settings["first_sync"] = "ask"
    world.left.user_create(replace(meeting, summary="Urlaub"))
    await runs_with(world, Skips())
    report = await runs_with(world)
    assert [(one.reason, one.wanted) for one in report.plan.operations] == [("first_sync", Kind.CREATE)]
    person = Engine(world.store, world.runs, world.clock, random.Random(1), "person")
    world.clock.advance(1)
    assert (await person.confirm(world.account(), report.plan.hash)).problem is None
    await world.settle()
    assert len(world.right.events()) == 1


async def test_what_a_guard_holds_names_its_rule_as_long_as_it_waits(world: World, meeting: Event) -> None:
    event = world.left.user_create(meeting)
    await runs_with(world, *REAL)
    (copy,) = world.right.events()
    world.left.user_edit(event, summary="verlegt")
    await runs_with(world, Guards(Hold("seldom")), times=1)
    (first,) = await cases(world)
    assert (first.event_id, first.reason, first.rule) == (copy, "seldom", "guards")
    world.clock.advance(3600)
    await runs_with(world, Guards(Hold("seldom")), times=1)
    assert await cases(world) == [first]


@pytest.mark.parametrize("error", [Retry("busy"), EventError("refused")])
async def test_a_twin_that_a_person_had_copied_is_tried_until_it_is_there(
    world: World, meeting: Event, error: Exception
) -> None:
    """The others are linked meanwhile, so that nothing but the change of the rules would hold it."""
    for calendar in (world.left, world.right, world.right):
        twin = calendar.user_create(meeting)
    await world.settle()
    await runs_with(world, SeriesSkip(), PrivateMask("Privat"))
    cases = await waiting(world.store, "anna", Direction.BOTH, world.clock.now())
    names = [case.name for case in cases if case.event_id == twin and case.reason == "ambiguous"]
    await decide(world.store, "anna", Direction.BOTH, names, Choice.RELEASE, world.clock.now())
    world.left.faults.add("create", lambda: error)
    for _ in range(4):
        with suppress(Retry):
            await world.run()
        world.clock.advance(3600)
    assert len(world.left.events()) == 2


async def twins_under_other_rules(world: World, meeting: Event) -> str:
    """Have one event on the left look like two on the right when the rules become others; return the left one."""
    left: str = world.left.user_create(meeting)
    for _ in range(2):
        world.right.user_create(meeting)
    await world.settle()
    await runs_with(world, SeriesSkip(), PrivateMask("Privat"), times=1)
    return left


async def test_a_twin_that_a_change_of_the_rules_holds_as_well_is_one_case_until_it_is_none(
    world: World, meeting: Event
) -> None:
    """A word about the twin counts for both: only where none is needed any more, the rules are asked about."""
    left = await twins_under_other_rules(world, meeting)
    found = await cases(world)
    assert sorted((case.side, case.reason) for case in found) == [
        ("left", "ambiguous"),
        ("left", "ambiguous"),
        ("right", "ambiguous"),
    ]
    report = await world.run()
    assert report.held_since.keys() == {"ambiguous"}
    names = [case.name for case in found if case.event_id == left]
    assert len(await decide(world.store, "anna", Direction.BOTH, names, Choice.PAIR, world.clock.now())) == 1
    await world.settle()
    assert await held(world) == [("left", "create", "rules")]
    assert await say(world, Choice.RELEASE) == 1
    await world.settle()
    assert await held(world) == []
    assert len(world.left.events()) == 2


async def test_the_run_of_the_change_tells_of_a_twin_once(world: World, meeting: Event) -> None:
    left = world.left.user_create(meeting)
    for _ in range(2):
        world.right.user_create(meeting)
    await world.settle()
    report = await runs_with(world, SeriesSkip(), PrivateMask("Privat"), times=1)
    assert [each.reason for each in report.plan.operations if each.event_id == left] == ["ambiguous"]
    assert sum(counts.held for counts in report.counts.values()) == 3


async def test_what_a_person_has_released_of_the_rules_is_not_asked_again_where_it_came_to_look_like_others(
    world: World, meeting: Event
) -> None:
    """It waits for the other question, and is carried out when that one is over."""
    event = replace(meeting, summary="Urlaub")
    world.left.user_create(event)
    await runs_with(world, Skips(), times=1)
    await runs_with(world, times=1)
    assert await say(world, Choice.RELEASE) == 1
    twins = [world.right.user_create(event) for _ in range(2)]
    await world.settle()
    assert [case.reason for case in await cases(world)] == ["ambiguous"] * 3
    assert writes(world) == 0
    for twin in twins:
        world.right.user_delete(twin)
    await world.settle()
    assert await held(world) == []
    assert len(world.right.events()) == 1


async def test_a_word_about_the_rules_waits_for_a_rule_that_holds_the_same_create(
    world: World, meeting: Event
) -> None:
    world.left.user_create(replace(meeting, summary="Urlaub"))
    await runs_with(world, Skips(), times=1)
    await runs_with(world, times=1)
    assert await say(world, Choice.RELEASE) == 1
    await runs_with(world, Refuses())
    found = {case.reason: case.decided for case in await cases(world)}
    assert found == {"not_now": None, "rules": Choice.RELEASE}
    assert writes(world) == 0
    await runs_with(world)
    assert len(world.right.events()) == 1
    assert await held(world) == []


@pytest.mark.parametrize(("choice", "copies"), [(Choice.RELEASE, 1), (Choice.KEEP, 0)])
async def test_a_word_about_the_rules_is_not_asked_for_again_where_a_rule_does_not_answer_meanwhile(
    world: World, meeting: Event, choice: Choice, copies: int
) -> None:
    world.left.user_create(replace(meeting, summary="Urlaub"))
    await runs_with(world, Skips(), times=1)
    await runs_with(world, times=1)
    await runs_with(world, Fails(), times=1)
    assert {case.reason for case in await cases(world)} == {"rule_failed:fails", "rules"}
    assert await say(world, choice) == 1
    await runs_with(world, Fails())
    assert [case for case in await cases(world) if case.reason == "rules" and case.decided is None] == []
    assert writes(world) == 0
    await runs_with(world)
    assert await held(world) == []
    assert len(world.right.events()) == copies


async def test_who_decides_about_the_rules_as_it_was_shown_before_is_told_that_this_is_not_asked_any_more(
    world: World, meeting: Event
) -> None:
    event = replace(meeting, summary="Urlaub")
    world.left.user_create(event)
    await runs_with(world, Skips(), times=1)
    await runs_with(world, times=1)
    names = [case.name for case in await cases(world)]
    for _ in range(2):
        world.right.user_create(event)
    await world.settle()
    assert await decide(world.store, "anna", Direction.BOTH, names, Choice.RELEASE, world.clock.now()) == []
    assert [case.decided for case in await cases(world)] == [None] * 3


async def test_both_words_about_one_twin_are_kept_until_it_is_copied(world: World, meeting: Event) -> None:
    event = replace(meeting, summary="Urlaub")
    left = world.left.user_create(event)
    await runs_with(world, Skips(), times=1)
    await runs_with(world, times=1)
    await say(world, Choice.RELEASE)
    for _ in range(2):
        world.right.user_create(event)
    await world.settle()
    names = [case.name for case in await cases(world) if case.event_id == left]
    assert len(await decide(world.store, "anna", Direction.BOTH, names, Choice.RELEASE, world.clock.now())) == 1
    world.right.faults.add("create", lambda: EventError("no"), after=False)
    await world.run()
    assert {word.reason for word in await world.store.decisions.of("anna")} == {"ambiguous", "rules"}
    world.clock.advance(10_000)
    await world.settle()
    assert len(world.right.events()) == 3
    assert await world.store.decisions.of("anna") == []


async def test_a_create_waits_no_more_on_a_side_that_is_not_written_any_more(world: World, meeting: Event) -> None:
    """It looks like others, and is held for that: what a person said of it as a create would be asked again."""
    for calendar in (world.left, world.right, world.right):
        calendar.user_create(meeting)
    await world.settle()
    await runs_with(world, SeriesSkip(), PrivateMask("Privat"))
    assert await held_for_rules(world) == 2
    world.settings["direction"] = Direction.LEFT_TO_RIGHT
    await world.run()
    assert await held_for_rules(world) == 0
    world.settings["direction"] = Direction.BOTH
    await world.settle()
    assert writes(world) == 0


async def held_for_rules(world: World) -> int:
    """Return how many creates on the left wait for a change of the rules, whatever else they wait for."""
    state = await world.store.load("anna", world.clock.now())
    return sum((side, reason) == (Side.LEFT, "rules") for side, _, _, reason in state.holds)
