"""What a person is asked about one by one: events that left the account, private originals, and twins.

What is chosen happens with the next run, once, past all guards, and mails nobody.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.desk.decisions import decide
from calsync.sync.choices import Choice
from calsync.sync.model import Direction, Side, State, Timed
from calsync.values import replace
from tests.engine.deciding import cases, direction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.records import LedgerEntry
    from calsync.sync.model import Event, Link
    from calsync.testing.memory import MemoryCalendar
    from tests.engine.conftest import World


async def say(world: World, choice: Choice, *event_ids: str) -> int:
    """Decide what is held of these events, or all of it; return for how much that counts."""
    names = [case.name for case in await cases(world) if not event_ids or case.event_id in event_ids]
    taken = await decide(world.store, "anna", direction(world), names, choice, world.clock.now())
    return len(taken)


async def links(world: World) -> Sequence[Link]:
    return [*(await world.store.load("anna", world.clock.now())).links.values()]


async def told(world: World) -> LedgerEntry:
    """Return the newest entry of the ledger."""
    (entry,) = await world.store.ledger("anna", 1)
    return entry


def others(world: World, meeting: Event) -> None:
    """Enter a few more, so that one delete is nothing much."""
    for number in range(4):
        world.left.user_create(replace(meeting, summary=f"anderer {number}"))


def both(world: World, side: Side) -> tuple[MemoryCalendar, MemoryCalendar]:
    """Return the calendar of a side, and the other one."""
    return (world.left, world.right) if side is Side.LEFT else (world.right, world.left)


async def moved_away(world: World, meeting: Event, side: Side, **edit: str) -> tuple[str, str]:
    """Have one event of a pair leave the account, and the other one edited; return both, the lost one first."""
    others(world, meeting)
    lost = both(world, side)[0].user_create(meeting)
    await world.settle()
    rest = next(
        each for each, event in both(world, side)[1].events().items() if event == _copy(world, side, meeting)
    )
    if edit:
        both(world, side)[1].user_edit(rest, **edit)
    both(world, side)[0].user_move_away(lost)
    await world.settle()
    return lost, rest


def _copy(world: World, side: Side, meeting: Event) -> Event:
    (found,) = (each for each in both(world, side)[1].events().values() if each.summary == meeting.summary)
    return found


@pytest.mark.parametrize("side", Side)
async def test_the_partner_of_what_left_the_account_is_deleted_once_a_person_says_so(
    world: World, meeting: Event, side: Side
) -> None:
    _, rest = await moved_away(world, meeting, side)
    (case,) = await cases(world)
    assert (case.reason, case.side, case.gone) == ("left_account", side.other, side)
    assert case.choices == (Choice.RELEASE, Choice.KEEP)
    assert await say(world, Choice.RELEASE) == 1
    assert rest in both(world, side)[1].events()
    await world.settle()
    assert rest not in both(world, side)[1].events()
    assert (await told(world)).reason == "released"
    assert await cases(world) == []
    assert len(await links(world)) == 4


async def test_what_comes_back_before_its_partner_is_deleted_keeps_it(world: World, meeting: Event) -> None:
    left, right = await moved_away(world, meeting, Side.LEFT)
    await say(world, Choice.RELEASE)
    world.left.user_restore(left)
    await world.settle()
    assert right in world.right.events()
    assert left in world.left.events()
    assert await cases(world) == []


async def test_a_partner_that_was_edited_can_only_be_kept(world: World, meeting: Event) -> None:
    _, right = await moved_away(world, meeting, Side.LEFT, description="noch gebraucht")
    (case,) = await cases(world)
    assert case.choices == (Choice.KEEP,)
    assert await say(world, Choice.RELEASE) == 0
    await say(world, Choice.KEEP)
    await world.settle()
    assert world.right.events()[right].description == "noch gebraucht"
    assert await cases(world) == []


async def test_an_edit_behind_the_word_keeps_the_partner(world: World, meeting: Event) -> None:
    _, right = await moved_away(world, meeting, Side.LEFT)
    await say(world, Choice.RELEASE)
    world.right.user_edit(right, description="doch noch gebraucht")
    await world.settle()
    assert right in world.right.events()
    assert [case.choices for case in await cases(world)] == [(Choice.KEEP,)]


@pytest.mark.parametrize("now", [Direction.RIGHT_TO_LEFT, Direction.BOTH])
async def test_what_is_kept_stays_kept_where_its_delete_is_offered_no_more_or_only_now(
    world: World, meeting: Event, now: Direction
) -> None:
    """The direction is another one before the next run: the person has said that the partner stays."""
    _, right = await moved_away(world, meeting, Side.LEFT)
    world.settings["direction"] = Direction.BOTH if now is Direction.RIGHT_TO_LEFT else Direction.RIGHT_TO_LEFT
    await world.settle()
    assert await say(world, Choice.KEEP) == 1
    world.settings["direction"] = now
    await world.settle()
    assert await cases(world) == []
    assert right in world.right.events()
    kept = next(link for link in await links(world) if link.right == right)
    assert (kept.state, kept.reason) == (State.PARTED, "kept")


async def test_what_was_released_is_asked_about_again_where_it_is_not_deleted_any_more(
    world: World, meeting: Event
) -> None:
    _, right = await moved_away(world, meeting, Side.LEFT)
    assert await say(world, Choice.RELEASE) == 1
    world.settings["direction"] = Direction.RIGHT_TO_LEFT
    await world.settle()
    assert right in world.right.events()
    assert [case.choices for case in await cases(world)] == [(Choice.KEEP,)]


async def test_what_is_kept_belongs_together_again_when_it_comes_back(world: World, meeting: Event) -> None:
    left, right = await moved_away(world, meeting, Side.LEFT)
    await say(world, Choice.KEEP)
    await world.settle()
    kept = next(link for link in await links(world) if link.right == right)
    assert (kept.state, kept.reason) == (State.PARTED, "kept")
    world.left.user_restore(left)
    world.left.user_edit(left, summary="wieder da")
    await world.settle()
    assert world.right.events()[right].summary == "wieder da"


async def test_the_partner_is_not_deleted_where_it_has_attendees_by_then(world: World, meeting: Event) -> None:
    _, right = await moved_away(world, meeting, Side.LEFT)
    await say(world, Choice.RELEASE)
    world.right.user_edit(right, attendee_count=3)
    await world.settle()
    assert right in world.right.events()
    assert world.right.mails == 0


async def test_many_that_left_the_account_hold_no_ordinary_delete(world: World, meeting: Event) -> None:
    ids = [world.left.user_create(replace(meeting, summary=f"Termin {number}")) for number in range(20)]
    await world.settle()
    for event_id in ids[:12]:
        world.left.user_move_away(event_id)
    await world.run()
    world.left.user_delete(ids[19])
    await world.settle()
    assert len(world.right.events()) == 19
    assert {case.reason for case in await cases(world)} == {"left_account"}
    assert await say(world, Choice.RELEASE) == 12
    await world.settle()
    assert len(world.right.events()) == 7


async def test_in_an_account_of_one_direction_the_original_is_never_deleted(world: World, meeting: Event) -> None:
    world.settings["direction"] = Direction.LEFT_TO_RIGHT
    world.left.user_create(meeting)
    await world.settle()
    (right,) = world.right.events()
    world.right.user_move_away(right)
    await world.settle()
    (case,) = await cases(world)
    assert (case.reason, case.side, case.choices) == ("left_account", Side.LEFT, (Choice.KEEP,))


async def lost_original(world: World, meeting: Event) -> str:
    """Have a private original deleted whose masked copy was moved; return the copy."""
    others(world, meeting)
    original = world.right.user_create(replace(meeting, private=True))
    await world.settle()
    copy = next(each for each, event in world.left.events().items() if event.summary == "Privat")
    assert isinstance(meeting.when, Timed)
    hour = timedelta(hours=1)
    world.left.user_edit(copy, when=Timed(meeting.when.start + hour, meeting.when.end + hour))
    world.right.user_delete(original)
    await world.settle()
    (case,) = await cases(world)
    assert (case.reason, case.side, case.gone) == ("private_original_deleted", Side.LEFT, Side.RIGHT)
    assert case.choices == (Choice.RELEASE, Choice.KEEP)
    return copy


@pytest.mark.parametrize(("choice", "stays"), [(Choice.RELEASE, False), (Choice.KEEP, True)])
async def test_the_copy_of_a_private_original_is_deleted_or_kept_and_never_becomes_an_original(
    world: World, meeting: Event, choice: Choice, stays: bool
) -> None:
    copy = await lost_original(world, meeting)
    await say(world, choice)
    await world.settle()
    assert (copy in world.left.events()) is stays
    assert all(event.summary != "Privat" for event in world.right.events().values())
    assert await cases(world) == []


async def twins(world: World, meeting: Event, left: int, right: int) -> tuple[list[str], list[str]]:
    """Have so many events that look alike on both sides; return their ids."""
    ids = (
        [world.left.user_create(replace(meeting, description=f"links {number}")) for number in range(left)],
        [world.right.user_create(replace(meeting, description=f"rechts {number}")) for number in range(right)],
    )
    await world.run()
    assert len(await cases(world)) == left + right
    return ids


async def test_each_twin_is_shown_beside_the_one_it_may_be_paired_with(world: World, meeting: Event) -> None:
    (left,), (one, two) = await twins(world, meeting, 1, 2)
    shown = {
        case.event_id: (case.left and case.left.id, case.right and case.right.id) for case in await cases(world)
    }
    assert shown == {left: (left, one), one: (left, one), two: (left, two)}
    assert {case.choices for case in await cases(world)} == {(Choice.PAIR, Choice.RELEASE, Choice.KEEP)}


@pytest.mark.parametrize("chosen", [0, 1])
async def test_the_twin_that_a_person_chooses_is_linked_and_nothing_is_written(
    world: World, meeting: Event, chosen: int
) -> None:
    (left,), right = await twins(world, meeting, 1, 2)
    await say(world, Choice.PAIR, right[chosen])
    await say(world, Choice.KEEP, right[1 - chosen])
    await world.settle()
    assert world.left.writes() == world.right.writes() == []
    found = {(link.left, link.right): (link.state, link.reason) for link in await links(world)}
    assert found == {
        (left, right[chosen]): (State.AWAKE, None),
        (None, right[1 - chosen]): (State.PARTED, "left_alone"),
    }
    assert await cases(world) == []
    world.right.user_edit(right[chosen], summary="Notar")
    await world.settle()
    assert world.left.events()[left].summary == "Notar"


async def test_a_twin_that_is_released_is_copied_once(world: World, meeting: Event) -> None:
    (left,), (one, two) = await twins(world, meeting, 1, 2)
    await say(world, Choice.RELEASE, two)
    await world.settle()
    assert len(world.left.events()) == 2
    found = {link.right: link.left for link in await links(world)}
    assert found[one] == left
    assert world.left.events()[found[two] or ""].description == "rechts 1"
    assert await cases(world) == []


async def test_a_twin_that_is_left_alone_is_no_twin_any_more(world: World, meeting: Event) -> None:
    (left,), (one, two) = await twins(world, meeting, 1, 2)
    await say(world, Choice.KEEP, one)
    await world.settle()
    found = {(link.left, link.right) for link in await links(world)}
    assert found == {(None, one), (left, two)}
    assert world.left.writes() == world.right.writes() == []
    world.right.user_edit(one, summary="bleibt hier")
    await world.settle()
    assert len(world.left.events()) == 1
    world.right.user_delete(one)
    await world.settle()
    assert [(link.left, link.right) for link in await links(world)] == [(left, two)]


async def test_all_twins_are_paired_at_once_and_what_is_left_over_is_copied(world: World, meeting: Event) -> None:
    left, right = await twins(world, meeting, 2, 3)
    assert await say(world, Choice.PAIR) == 5
    await world.settle()
    assert {(link.left, link.right) for link in await links(world)} >= set(zip(left, right, strict=False))
    assert len(world.left.events()) == len(world.right.events()) == 3
    assert await cases(world) == []


async def test_a_word_about_twins_is_over_when_its_partner_is_edited(world: World, meeting: Event) -> None:
    (_,), (one, _) = await twins(world, meeting, 1, 2)
    await say(world, Choice.PAIR, one)
    world.right.user_edit(one, description="etwas anderes")
    await world.run()
    assert len(await cases(world)) == 3
    assert {case.decided for case in await cases(world)} == {None}
    assert await links(world) == []


async def test_in_an_account_of_one_direction_a_twin_of_the_target_is_paired_or_left_alone(
    world: World, meeting: Event
) -> None:
    world.settings["direction"] = Direction.LEFT_TO_RIGHT
    (left,), (one, two) = await twins(world, meeting, 1, 2)
    offered = {case.event_id: case.choices for case in await cases(world)}
    assert offered[left] == (Choice.PAIR, Choice.RELEASE, Choice.KEEP)
    assert offered[one] == offered[two] == (Choice.PAIR, Choice.KEEP)
    await say(world, Choice.PAIR, two)
    await world.settle()
    assert [(link.left, link.right) for link in await links(world)] == [(left, two)]


async def returned(world: World, meeting: Event) -> tuple[str, str, str]:
    """Have two events carry the uid of a lost one; return the copy of that and both of them."""
    lost = world.left.user_create(replace(meeting, uid="uid-1"))
    await world.settle()
    (right,) = world.right.events()
    world.left.user_delete(lost)
    one = world.left.user_create(replace(meeting, uid="uid-1", description="eins"))
    two = world.left.user_create(replace(meeting, uid="uid-1", description="zwei"))
    await world.run()
    assert {case.event_id for case in await cases(world)} == {one, two}
    assert {case.right and case.right.id for case in await cases(world)} == {right}
    return right, one, two


@pytest.mark.parametrize("chosen", [0, 1])
async def test_of_several_that_came_back_a_person_says_which_it_is(
    world: World, meeting: Event, chosen: int
) -> None:
    right, *back = await returned(world, meeting)
    await say(world, Choice.PAIR, back[chosen])
    await say(world, Choice.KEEP, back[1 - chosen])
    await world.settle()
    found = {(link.left, link.right): link.state for link in await links(world)}
    assert found == {(back[chosen], right): State.AWAKE, (back[1 - chosen], None): State.PARTED}
    assert list(world.right.events()) == [right]
    assert await cases(world) == []


async def test_of_several_that_came_back_one_may_be_a_new_appointment(world: World, meeting: Event) -> None:
    right, one, two = await returned(world, meeting)
    await say(world, Choice.RELEASE, two)
    await world.settle()
    found = {link.left: link.right for link in await links(world)}
    assert found[one] == right
    assert found[two] not in {None, right}
    assert len(world.right.events()) == 2
    assert await cases(world) == []


async def twins_more(world: World, meeting: Event) -> None:
    """Have other twins, later than the first ones."""
    world.left.user_create(replace(meeting, summary="Notar"))
    for _ in range(2):
        world.right.user_create(replace(meeting, summary="Notar"))
    await world.run()


async def test_a_run_tells_since_when_the_oldest_of_each_reason_waits(world: World, meeting: Event) -> None:
    begun = world.clock.now()
    await twins(world, meeting, 1, 2)
    world.clock.advance(60)
    await twins_more(world, meeting)
    report = await world.run()
    assert set(report.held_since) == {"ambiguous"}
    assert report.held_since["ambiguous"] - begun < timedelta(seconds=60)
    await say(world, Choice.KEEP)
    await world.settle()
    assert (await world.run()).held_since == {}
