"""Leaving: only calsync's own, unedited copies are removed, and who comes back finds nothing twice."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partialmethod
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from calsync.engine import Engine, Leaving, Report
from calsync.engine.notebook import LEASE_LIFE, Notebook
from calsync.errors import EventError, Retry, UnknownOutcome
from calsync.records import Selection
from calsync.store import MemoryRuns, SqliteStore
from calsync.sync.model import Capabilities, Direction, Side, State, Timed
from calsync.sync.plan import Kind
from calsync.testing.clock import FakeClock
from calsync.testing.memory import MemoryCalendar
from calsync.values import replace
from calsync_rules.private_mask import PrivateMask
from tests.engine.conftest import World, frozen_behind_a_look

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from calsync.records import AccountState
    from calsync.sync.model import Event

LEFT, RIGHT = Side


async def plan_leave(world: World, remove: Side | None = None, plan_hash: str | None = None) -> Leaving:
    """Say what leaving would do, or leave."""
    world.clock.advance(1)
    engine = Engine(world.store, world.runs, world.clock, random.Random(3), "test")
    return await engine.leave(world.account(), remove, "test", Report(), plan_hash)


async def leave(world: World, remove: Side | None = None) -> Leaving:
    seen = await plan_leave(world, remove)
    assert seen.problem is None
    return await plan_leave(world, remove, seen.hash)


async def left(world: World, remove: Side | None = None) -> Leaving:
    """Leave, and prove that it has come to its end."""
    found = await leave(world, remove)
    assert found.problem is None
    return found


async def come_back(world: World) -> None:
    """Switch the account on, and confirm its first plan."""
    await world.store.settings.set_enabled("anna", True, "test", world.clock.now())
    await world.run()
    engine = Engine(world.store, world.runs, world.clock, random.Random(4), "test")
    await engine.confirm(world.account(), (await world.run(write=False)).plan.hash)
    await world.settle()


async def state(world: World) -> AccountState:
    return await world.store.load("anna", world.clock.now() - timedelta(days=1))


def subjects(world: World) -> tuple[list[str], list[str]]:
    on_left, on_right = world.both()
    return [event.summary for event in on_left], [event.summary for event in on_right]


def stays(found: Leaving) -> list[str]:
    return [each.reason for each in found.plan.operations if each.kind is Kind.SKIP]


def markers(world: World) -> list[str]:
    return [*world.left.markers().values(), *world.right.markers().values()]


async def test_all_stays_without_a_marker_and_the_account_is_forgotten(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.user_create(replace(meeting, summary="von rechts"))
    await world.settle()
    assert len(markers(world)) == 2
    found = await plan_leave(world)
    assert (found.plan.operations, found.staying) == ((), 2)
    assert not (await world.store.settings.get("anna")).off
    await left(world)
    assert subjects(world) == (["Besichtigung", "von rechts"],) * 2
    assert markers(world) == []
    known = await state(world)
    assert [known.links, known.intents, known.holds, known.seen] == [{}, {}, {}, {LEFT: {}, RIGHT: {}}]
    assert [(each.token, each.written) for each in known.sides.values()] == [(None, False)] * 2
    assert (await world.store.settings.get("anna")).off
    (entry,) = await world.store.settings.audit(9)
    assert (entry.account, entry.what, entry.after, entry.who) == ("anna", "enabled", "off", "test")


async def test_a_preview_changes_nothing_in_the_calendars(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    before = len(world.left.writes()) + len(world.right.writes())
    found = await plan_leave(world, RIGHT)
    assert [each.kind for each in found.plan.operations] == [Kind.DELETE]
    assert found.staying == 0
    assert len(world.left.writes()) + len(world.right.writes()) == before
    assert (await state(world)).links


async def test_another_hash_does_nothing(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    seen = await plan_leave(world, RIGHT)
    assert (await plan_leave(world, None, seen.hash)).problem is not None
    (copy,) = world.right.events()
    world.right.user_edit(copy, summary="geändert")
    found = await plan_leave(world, RIGHT, seen.hash)
    assert found.problem is not None
    assert "not " + seen.hash in found.problem
    assert not (await world.store.settings.get("anna")).off


async def test_copies_of_one_side_are_removed_and_those_of_the_other_stay(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.user_create(replace(meeting, summary="von rechts"))
    await world.settle()
    found = await left(world, RIGHT)
    assert subjects(world) == (["Besichtigung", "von rechts"], ["von rechts"])
    assert stays(found) == []
    assert markers(world) == []


async def test_an_edited_copy_stays(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    (copy,) = world.right.events()
    world.right.user_edit(copy, description="von Hand")
    found = await left(world, RIGHT)
    assert stays(found) == ["leave_edited"]
    assert list(world.right.events()) == [copy]


@pytest.mark.parametrize("text", [None, "Belegt", "Termin mit Anna"])
async def test_where_the_mask_was_another_one_a_copy_stays_and_nobody_is_told_more_than_is_known(
    world: World, meeting: Event, text: str | None
) -> None:
    world.left.user_create(replace(meeting, private=True))
    await world.settle()
    (copy,) = world.right.events()
    if text is not None:
        world.right.user_edit(copy, summary=text)
        await world.settle()
    world.settings["rules"] = (PrivateMask("Gesperrt"),)
    await world.settle()
    assert stays(await left(world, RIGHT)) == ["leave_unsure"]
    assert subjects(world)[1] == [text or "Privat"]


async def test_a_copy_that_is_the_last_one_stays(world: World, meeting: Event) -> None:
    original = world.left.user_create(meeting)
    await world.settle()
    world.left.user_delete(original)
    assert stays(await left(world, RIGHT)) == ["leave_alone"]
    assert subjects(world) == ([], ["Besichtigung"])


async def test_an_original_that_goes_meanwhile_keeps_its_copy(world: World, meeting: Event) -> None:
    original = world.left.user_create(meeting)
    await world.settle()
    seen = await plan_leave(world, RIGHT)
    world.left.behaviour.stale.add(original)
    world.left.behaviour.repeated.append(world.left.rows.rows[original])
    world.left.behaviour.lag = timedelta(hours=1)
    world.left.user_delete(original)
    await plan_leave(world, RIGHT, seen.hash)
    assert subjects(world) == ([], ["Besichtigung"])


@pytest.mark.parametrize("copies", [1, 4, 12])
async def test_a_process_that_was_frozen_once_leaves_all_the_same(
    world: World, meeting: Event, copies: int
) -> None:
    """It freezes behind a look whether an original is there, with others on their way."""
    for number in range(copies):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    seen = await plan_leave(world, RIGHT)
    with frozen_behind_a_look(world, 3600):
        found = await plan_leave(world, RIGHT, seen.hash)
    assert (found.problem, len(subjects(world)[0]), subjects(world)[1]) == (None, copies, [])


@pytest.mark.parametrize("lives", [0.7, 12])
async def test_an_original_that_goes_while_the_process_is_frozen_keeps_its_copy(
    world: World, meeting: Event, lives: float
) -> None:
    """It freezes behind the look whether the original is there; nobody has taken the account over."""
    for number in range(2):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    seen = await plan_leave(world, RIGHT)
    with (
        frozen_behind_a_look(world, LEASE_LIFE.total_seconds() * lives, world.left.user_delete) as frozen,
        suppress(Retry),
    ):
        await plan_leave(world, RIGHT, seen.hash)
    await plan_leave(world, RIGHT, (await plan_leave(world, RIGHT)).hash)
    here, copies = subjects(world)
    assert (len(frozen), sorted(here + copies)) == (1, ["Termin 0", "Termin 1"])


async def test_an_account_has_not_left_while_a_delete_was_never_sent(world: World, meeting: Event) -> None:
    """Each look whether an original is there takes so long that it proves nothing any more."""
    for number in range(12):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    seen = await plan_leave(world, RIGHT)
    locate, slow = world.left.locate, sorted(world.left.events())[5:]

    async def crowded(event_id: str, uid: str | None = None) -> Any:
        place = await locate(event_id, uid)
        if event_id in slow:
            world.clock.advance(LEASE_LIFE.total_seconds() * 0.7)
        return place

    with patch.object(world.left, "locate", crowded), patch("calsync.engine.carry.AT_ONCE", 1):
        found = await plan_leave(world, RIGHT, seen.hash)
    assert found.problem is not None
    assert "could not be removed" in found.problem
    assert len(world.right.events()) == len(markers(world)) == 7
    assert (await state(world)).links
    world.clock.advance(3600)
    await left(world, RIGHT)
    assert subjects(world)[1] == []


async def test_an_original_that_is_gone_outside_the_window_keeps_its_copy(world: World, meeting: Event) -> None:
    original = world.left.user_create(meeting)
    await world.settle()
    world.clock.advance(timedelta(days=200).total_seconds())
    await world.settle()
    world.left.user_purge(original)
    assert stays(await left(world, RIGHT)) == ["leave_alone"]
    assert subjects(world) == ([], ["Besichtigung"])


async def test_a_copy_outside_the_window_is_removed(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    world.clock.advance(timedelta(days=200).total_seconds())
    await world.settle()
    await left(world, RIGHT)
    assert subjects(world) == (["Besichtigung"], [])


async def test_what_was_there_before_calsync_stays(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.user_create(meeting)
    await world.settle()
    assert stays(await left(world, RIGHT)) == ["leave_own"]
    assert subjects(world) == (["Besichtigung"], ["Besichtigung"])


async def test_what_may_be_a_user_s_on_a_system_without_markers_stays(world: World, meeting: Event) -> None:
    world.right.capabilities = Capabilities(marker=False)
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: UnknownOutcome("not carried out"))
    with suppress(UnknownOutcome):
        await world.run()
    world.right.user_create(meeting)
    await world.settle()
    assert [entry.reason for entry in await world.store.ledger("anna", 9)] == ["adopted"]
    assert stays(await left(world, RIGHT)) == ["leave_own"]
    assert subjects(world) == (["Besichtigung"], ["Besichtigung"])


async def test_a_copy_with_attendees_stays_and_keeps_its_marker(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    (copy,) = world.right.events()
    world.right.user_edit(copy, attendee_count=2)
    found = await left(world, RIGHT)
    assert list(world.right.events()) == [copy]
    assert [(each.observation.id, each.reason) for each in found.marked] == [(copy, "has_attendees")]
    assert world.right.mails == 0


async def test_a_copy_that_gets_attendees_behind_the_look_stays_and_is_told(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    (copy,) = world.right.events()
    seen = await plan_leave(world, RIGHT)
    permit = MemoryCalendar._permit

    def invited(self: MemoryCalendar, *rest: Any) -> None:
        row = self.rows.rows[copy]
        permit(self, replace(row, event=replace(row.event, attendee_count=1)), *rest[1:])

    with patch.object(MemoryCalendar, "_permit", invited):
        found = await plan_leave(world, RIGHT, seen.hash)
    assert found.problem is None
    assert [(each.kind, each.reason) for each in found.plan.operations] == [(Kind.BLOCK, "has_attendees")]
    assert list(world.right.events()) == [copy]
    assert [each.reason for each in found.marked] == ["has_attendees"]


async def test_a_side_that_is_only_read_is_not_written(world: World, meeting: Event) -> None:
    world.right.user_create(meeting)
    await world.settle()
    world.settings["direction"] = Direction.LEFT_TO_RIGHT
    await world.settle()
    before = len(world.left.writes())
    found = await plan_leave(world, LEFT)
    assert found.problem is not None
    assert (await plan_leave(world, LEFT, found.hash)).problem is not None
    found = await left(world)
    assert [each.reason for each in found.marked] == ["leave_read_only"]
    assert len(world.left.writes()) == before


@pytest.mark.parametrize(
    ("remove", "there"), [(None, ["Besichtigung"]), (RIGHT, [])], ids=["copies stay", "copies go"]
)
async def test_an_original_that_got_a_new_id_just_before_is_still_one_of_its_pair(
    world: World, meeting: Event, remove: Side | None, there: list[str]
) -> None:
    original = world.left.user_create(meeting)
    await world.settle()
    event = world.left.events()[original]
    world.left.user_purge(original)
    world.left.rows.add(event, by_us=False)
    await left(world, remove)
    assert [each.summary for each in world.right.events().values()] == there
    await come_back(world)
    assert subjects(world) == (["Besichtigung"], ["Besichtigung"])


async def test_a_users_duplicate_loses_its_marker_too(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    (copy,) = world.right.events()
    world.right.user_copy(copy)
    await left(world)
    assert markers(world) == []


async def test_a_server_that_keeps_a_marker_is_told_of(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    world.right.faults.add("unmark", lambda: EventError("no"))
    found = await left(world)
    assert [each.reason for each in found.marked] == ["refused"]


@pytest.mark.parametrize("invited", [{"attendee_count": 2}, {"attendee_count": None}, {"organised_here": False}])
async def test_nobody_is_mailed_as_a_marker_goes_though_a_provider_forgot_to_refuse_it(
    world: World, meeting: Event, invited: dict[str, Any]
) -> None:
    world.left.user_create(meeting)
    await world.settle()
    (copy,) = world.right.events()
    world.right.user_edit(copy, **invited)
    world.right.capabilities = replace(world.right.capabilities, writes_may_mail=True)
    world.right.behaviour.naive = True
    found = await left(world)
    assert [each.reason for each in found.marked] == [
        "has_attendees" if "attendee_count" in invited else "not_organised_here"
    ]
    assert world.right.mails == 0


@pytest.mark.parametrize("method", ["delete", "unmark"])
async def test_a_server_in_trouble_leaves_the_account_to_be_left_again(
    world: World, meeting: Event, method: Any
) -> None:
    world.left.user_create(meeting)
    world.right.user_create(replace(meeting, summary="von rechts"))
    await world.settle()
    calendar = world.right if method == "delete" else world.left
    calendar.faults.add(method, lambda: Retry("busy"))
    seen = await plan_leave(world, RIGHT)
    try:
        found = await plan_leave(world, RIGHT, seen.hash)
    except Retry:
        pass
    else:
        assert found.problem is not None
    assert (await world.store.settings.get("anna")).off
    assert (await state(world)).links
    await left(world, RIGHT)
    assert subjects(world) == (["Besichtigung", "von rechts"], ["von rechts"])
    assert markers(world) == []


async def test_what_was_left_out_is_still_known_where_it_does_not_come_to_its_end(
    world: World, meeting: Event
) -> None:
    world.left.user_create(meeting)
    await world.settle()
    seen = await plan_leave(world, RIGHT)
    engine = Engine(world.store, world.runs, world.clock, random.Random(3), "test")
    world.right.faults.add("unmark", lambda: Retry("busy"), times=None)
    world.right.faults.add("delete", lambda: Retry("busy"), times=None)
    for plan_hash in (None, seen.hash):
        report = Report()
        await engine.leave(world.account(), RIGHT, "test", report, plan_hash)
        assert report.unsynced is None


async def test_a_delete_without_an_answer_is_settled_first(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    world.right.faults.add("delete", lambda: UnknownOutcome("lost"), after=True)
    found = await leave(world, RIGHT)
    assert found.problem is not None
    assert (await state(world)).intents
    await left(world, RIGHT)
    assert subjects(world) == (["Besichtigung"], [])
    assert not (await state(world)).intents


async def test_a_create_that_was_lost_is_not_sent_again(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: UnknownOutcome("lost"))
    await world.run()
    assert (await state(world)).intents
    await left(world)
    assert subjects(world) == (["Besichtigung"], [])


@pytest.mark.parametrize("remove", [None, LEFT, RIGHT])
async def test_who_comes_back_has_each_appointment_once(world: World, meeting: Event, remove: Side | None) -> None:
    world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="Arzt", private=True))
    world.right.user_create(replace(meeting, summary="von rechts"))
    world.right.user_create(replace(meeting, summary="Zahnarzt", private=True))
    await world.settle()
    before = world.both()
    await left(world, remove)
    await come_back(world)
    assert [sorted(event.summary for event in side) for side in world.both()] == [
        sorted(event.summary for event in side) for side in before
    ]


async def test_who_comes_back_is_asked_first(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    await left(world, RIGHT)
    await world.store.settings.set_enabled("anna", True, "test", world.clock.now())
    report = await world.run()
    assert report.rebuild == "direction"
    assert subjects(world) == (["Besichtigung"], [])
    await come_back(world)
    assert subjects(world) == (["Besichtigung"], ["Besichtigung"])


async def test_pairs_that_differ_are_pairs_again(
    world: World, meeting: Event, later_by: Callable[[Timed, int], Timed]
) -> None:
    original = world.left.user_create(replace(meeting, summary="Arzt", private=True))
    await world.settle()
    assert subjects(world) == (["Arzt"], ["Privat"])
    await left(world)
    (link,) = (await state(world)).links.values()
    assert (link.state, link.reason) == (State.PARTED, "leaving")
    assert [link.left_base.values, link.right_base.values] == [{}, {}]
    await come_back(world)
    assert isinstance(meeting.when, Timed)
    later = later_by(meeting.when, 2)
    world.left.user_edit(original, when=later)
    await world.settle()
    assert [event.when for side in world.both() for event in side] == [later, later]
    assert subjects(world) == (["Arzt"], ["Privat"])


async def test_what_was_deleted_does_not_come_back(world: World, meeting: Event) -> None:
    world.settings["direction"] = Direction.LEFT_TO_RIGHT
    original = world.left.user_create(meeting)
    await world.settle()
    (copy,) = world.right.events()
    world.right.user_edit(copy, summary="von Hand")
    await world.settle()
    world.left.user_delete(original)
    await world.settle()
    await left(world)
    world.settings["direction"] = Direction.BOTH
    await come_back(world)
    assert subjects(world) == ([], ["von Hand"])


async def test_a_removed_copy_that_a_listing_still_tells_takes_no_original_with_it(
    world: World, meeting: Event
) -> None:
    world.left.user_create(meeting)
    await world.settle()
    (copy,) = world.right.events()
    told = world.right.rows.rows[copy]
    await left(world, RIGHT)
    world.right.behaviour.repeated.append(told)
    await come_back(world)
    world.right.behaviour.repeated.clear()
    world.right.drop_tokens()
    await world.settle()
    assert subjects(world) == (["Besichtigung"], ["Besichtigung"])


async def undo(world: World, run: int) -> None:
    engine = Engine(world.store, world.runs, world.clock, random.Random(5), "test")
    seen = await engine.undo(world.account(), Selection(run=run), Report())
    done = await engine.undo(world.account(), Selection(run=run), Report(), seen.plan.hash)
    assert done.problem is None


async def test_the_undo_of_a_leave_brings_the_copies_back(world: World, meeting: Event) -> None:
    original = world.left.user_create(meeting)
    await world.settle()
    await left(world, RIGHT)
    await undo(world, (await state(world)).run)
    assert subjects(world) == (["Besichtigung"], ["Besichtigung"])
    assert (await world.store.settings.get("anna")).off
    await come_back(world)
    world.left.user_edit(original, summary="verschoben")
    await world.settle()
    assert subjects(world) == (["verschoben"], ["verschoben"])


async def test_the_undo_of_a_broken_leave_brings_the_copies_back(world: World, meeting: Event) -> None:
    original = world.left.user_create(meeting)
    world.right.user_create(replace(meeting, summary="von rechts"))
    await world.settle()
    world.left.faults.add("unmark", lambda: Retry("busy"))
    with pytest.raises(Retry):
        await leave(world, RIGHT)
    await undo(world, (await state(world)).run)
    await world.store.settings.set_enabled("anna", True, "test", world.clock.now())
    await world.settle()
    world.left.user_edit(original, summary="Anders")
    await world.settle()
    assert subjects(world) == (["Anders", "von rechts"],) * 2


async def test_a_copy_is_not_brought_back_beside_another_one(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    await left(world, RIGHT)
    run = (await state(world)).run
    await come_back(world)
    await undo(world, run)
    assert subjects(world) == (["Besichtigung"], ["Besichtigung"])


class Killed(BaseException):
    """The process ends."""


class Killing:
    """Ends the process at its n-th step: a call of a server, or a commit, before it or behind it."""

    def __init__(self, step: int, *, behind: bool) -> None:
        self.left = step
        self.behind = behind

    @property
    def dead(self) -> bool:
        return self.left <= 0

    def before(self) -> None:
        self.left -= not (self.dead or self.behind)
        self._end()

    def after(self) -> None:
        self.left -= not self.dead and self.behind
        self._end()

    def _end(self) -> None:
        if self.dead:
            raise Killed

    def around(self, work: Any) -> Callable[..., Any]:
        async def wrapped(*args: Any) -> Any:
            self.before()
            result = await work(*args)
            self.after()
            return result

        return wrapped


@asynccontextmanager
async def fresh(meeting: Event) -> AsyncIterator[World]:
    """Return an account with a copy on each side, one of them edited, and a private one."""
    clock = FakeClock()
    world = World(
        await SqliteStore.in_memory(),
        clock,
        MemoryCalendar("left", now=clock.now),
        MemoryCalendar("right", now=clock.now, capabilities=Capabilities(writes_may_mail=True)),
        MemoryRuns(),
    )
    world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="bleibt"))
    world.left.user_create(replace(meeting, summary="Arzt", private=True))
    world.right.user_create(replace(meeting, summary="von rechts"))
    await world.settle()
    edited = next(key for key, event in world.right.events().items() if event.summary == "bleibt")
    world.right.user_edit(edited, description="von Hand")
    yield world
    await world.store.close()


async def outcome(world: World) -> Any:
    known = await state(world)
    return (
        world.both(),
        markers(world),
        sorted(str(replace(link, id=0)) for link in known.links.values()),
        known.seen,
        [(side, replace(each, round=0)) for side, each in known.sides.items()],
        [known.intents, known.attempts, known.holds, known.decisions, known.rebuild],
        known.tombstones.keys(),
        [(entry.kind, entry.event_id) for entry in await world.store.ledger("anna", 99)],
    )


@asynccontextmanager
async def dying(killing: Killing) -> AsyncIterator[None]:
    """Let a process end as it is told, in whatever it does."""
    with (
        patch.object(Notebook, "commit", partialmethod(killing.around(COMMIT))),
        patch.object(MemoryCalendar, "_enter", partialmethod(killing.around(ENTER))),
        suppress(Killed),
    ):
        yield


@pytest.mark.parametrize("behind", [False, True])
async def test_whatever_ends_it_it_comes_to_the_same_end(meeting: Event, behind: bool) -> None:
    async with fresh(meeting) as whole:
        await left(whole, RIGHT)
        expected = await outcome(whole)
    steps, killed = 0, True
    while killed:
        steps += 1
        killing = Killing(steps, behind=behind)
        async with fresh(meeting) as world:
            seen = await plan_leave(world, RIGHT)
            async with dying(killing):
                await plan_leave(world, RIGHT, seen.hash)
            killed = killing.dead
            for _ in range(3):  # what was on its way is looked up first
                if (await leave(world, RIGHT)).problem is None:
                    break
            assert await outcome(world) == expected, steps
    assert steps > 10


COMMIT, ENTER = Notebook.commit, MemoryCalendar._enter
