"""Outcomes that were lost: what is looked up, what is repeated, and what waits for a person."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.desk.decisions import decide, waiting
from calsync.errors import Retry, UnknownOutcome
from calsync.sync.choices import Choice
from calsync.sync.model import Capabilities, Direction, Event, Side, Timed
from calsync.values import replace

if TYPE_CHECKING:
    from datetime import datetime

World = Any  # tests replace its methods, and name what is counted by plain text


async def lose_the_answer(world: World, method: str) -> None:
    """Run while one write is carried out and its answer lost."""
    world.right.faults.add(method, lambda: UnknownOutcome("lost"), after=True)
    await world.run()


async def test_a_create_is_looked_up_but_not_repeated_on_a_side_that_became_read_only(
    world: World, meeting: Event
) -> None:
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: UnknownOutcome("lost"))
    await world.run()
    world.settings["direction"] = Direction.RIGHT_TO_LEFT
    for _ in range(4):
        world.clock.advance(600)
        await world.run()
    assert len(world.right.writes()) == 1
    assert world.right.events() == {}
    assert (await world.store.load("anna", world.clock.now())).intents == {}


@pytest.mark.parametrize("after", [False, True])
async def test_without_markers_a_create_is_known_by_its_title_and_time(
    world: World, meeting: Event, after: bool
) -> None:
    world.right.capabilities = Capabilities(marker=False)
    world.right.behaviour.idempotent = False
    world.left.user_create(meeting)
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: UnknownOutcome("lost"), after=after, times=2)
    with pytest.raises(UnknownOutcome):
        await world.run()
    for _ in range(4):
        await world.run()
    assert len(world.right.events()) == 2
    links = (await world.store.load("anna", world.clock.now())).links.values()
    assert {link.right for link in links} == set(world.right.events())


async def test_without_markers_an_equal_event_of_a_user_makes_it_a_person_s_decision(
    world: World, meeting: Event
) -> None:
    world.right.capabilities = Capabilities(marker=False, marker_lag=timedelta(seconds=120))
    world.left.user_create(meeting)
    await lose_the_answer(world, "create")
    theirs = world.right.user_create(meeting)
    report = await world.run()
    assert report.notices["create", "right", "waits"] == 1
    world.clock.advance(120)
    for _ in range(2):
        report = await world.run()
    assert report.notices["hold", "right", "ambiguous"] == 1
    assert len(world.right.events()) == 2
    world.right.user_create(replace(meeting, summary="unbeteiligt"))
    await world.settle()
    assert [event.summary for event in sorted_by_summary(world.left)] == ["Besichtigung", "unbeteiligt"]
    world.right.user_delete(theirs)
    await world.settle()
    assert len(world.left.events()) == len(world.right.events()) == 2


async def test_without_markers_what_is_being_copied_itself_was_not_made_by_another_create(
    world: World, meeting: Event
) -> None:
    """A person had all three copied that look alike, and a user edits a copy before its create is settled."""
    world.left.capabilities = Capabilities(marker=False)
    world.left.behaviour.idempotent = False
    source = world.left.user_create(meeting)
    for _ in range(2):
        world.right.user_create(meeting)
    await world.run()
    now = world.clock.now()
    names = [case.name for case in await waiting(world.store, "anna", Direction.BOTH, now)]
    await decide(world.store, "anna", Direction.BOTH, names, Choice.RELEASE, now)
    for calendar in (world.left, world.right):
        calendar.faults.add("create", lambda: UnknownOutcome("lost"), after=True, times=2)
    with suppress(UnknownOutcome):
        await world.run()
    copies = [event_id for event_id in world.left.events() if event_id != source]
    assert len(copies) == 2
    world.left.user_edit(copies[0], summary="Übergabe")
    await world.settle()
    links = (await world.store.load("anna", world.clock.now())).links.values()
    (copy,) = (link.right for link in links if link.left == source)
    assert copy not in {link.right for link in links if link.left != source}
    assert {link.left for link in links} == set(world.left.events())


async def test_without_markers_nobody_s_notes_are_overwritten_where_two_users_entered_the_same_event(
    world: World, meeting: Event
) -> None:
    world.right.capabilities = Capabilities(marker=False)
    source = world.left.user_create(replace(meeting, description="links"))
    world.right.faults.add("create", lambda: UnknownOutcome("not carried out"))
    with suppress(UnknownOutcome):
        await world.run()
    twin = world.right.user_create(replace(meeting, description="rechts"))
    await world.settle()
    assert world.left.events()[source].description == "links"
    assert world.right.events()[twin].description == "rechts"
    ledger = await world.store.ledger("anna", 10)
    assert [entry.reason for entry in ledger] == ["linked_different"]


async def test_a_cancelled_meeting_in_doubt_is_not_forgotten_when_its_copy_s_delete_is_settled(
    world: World, meeting: Event
) -> None:
    source = world.right.user_create(meeting)
    await world.settle()
    world.right.user_edit(source, cancelled=True)
    world.left.faults.add("delete", lambda: UnknownOutcome("lost"), after=True)
    with suppress(UnknownOutcome):
        await world.run()
    world.right.behaviour.hidden = {source}
    world.clock.advance(2 * 86400)
    await world.run()
    world.right.behaviour.hidden = set()
    await world.settle()
    assert (await world.run()).counts[Side.RIGHT].skipped == {"cancelled": 1}


async def test_two_lost_writes_of_one_pair_leave_both_bases(world: World, meeting: Event) -> None:
    """What a server cut is no edit, whichever of the two writes is settled first."""
    for attempt in range(6):
        left = world.left.user_create(replace(meeting, summary=f"Termin {attempt}"))
        await world.settle()
        (right,) = (each for each, event in world.right.events().items() if event.summary == f"Termin {attempt}")
        world.left.behaviour.normalise = lambda event: replace(event, summary=event.summary[:12])
        world.settings["policy"] = "left"
        world.left.user_edit(left, description=f"links {attempt}")
        world.right.user_edit(right, summary=f"Besichtigung mit Notar {attempt}")
        for calendar in (world.left, world.right):
            calendar.faults.add("update", lambda: UnknownOutcome("lost"), after=True)
        await run_through(world)
        await world.settle()
        assert world.right.events()[right].summary == f"Besichtigung mit Notar {attempt}"
        assert world.right.events()[right].description == f"links {attempt}"
        world.left.behaviour.normalise = lambda event: event


@pytest.mark.parametrize("tells_writer", [True, False])
async def test_a_repeated_create_hides_no_edit_of_the_copy(
    world: World, meeting: Event, tells_writer: bool
) -> None:
    """The server knows the marker and answers with the event that is there, as somebody has edited it since."""
    world.right.behaviour.tells_writer = tells_writer
    left = world.left.user_create(meeting)
    await lose_the_answer(world, "create")
    (right,) = world.right.events()
    world.right.user_edit(right, description="von Hand")
    world.right.behaviour.hidden.add(right)  # neither the feed nor the search for markers shows it yet
    world.right.behaviour.lag = timedelta(seconds=60)
    report = await world.run()
    assert len(world.right.events()) == 1
    world.right.behaviour.hidden.clear()
    world.right.behaviour.lag = timedelta(0)
    report = await world.run()
    assert world.left.events()[left].description == "von Hand"
    assert not report.notices


@pytest.mark.parametrize("tells_writer", [True, False])
@pytest.mark.parametrize("field", ["summary", "description"])
async def test_an_edit_on_top_of_a_write_whose_answer_was_lost_travels(
    world: World, meeting: Event, tells_writer: bool, field: str
) -> None:
    world.right.behaviour.tells_writer = tells_writer
    left = world.left.user_create(meeting)
    await world.settle()
    (right,) = world.right.events()
    world.left.user_edit(left, summary="Besichtigung mit Notar", description="links")
    world.right.faults.add("update", lambda: UnknownOutcome("lost"), after=True)
    await run_through(world)
    world.right.user_edit(right, **{field: "von Hand"})
    await world.settle()
    assert world.left.events()[left].value(field) == "von Hand"
    left_event, right_event = world.left.events()[left], world.right.events()[right]
    assert (left_event.summary, left_event.description) == (right_event.summary, right_event.description)
    assert not (await world.run()).notices


@pytest.mark.parametrize("arrives", [True, False])
async def test_where_every_written_field_was_edited_the_policy_decides_and_the_loser_is_told(
    world: World, meeting: Event, arrives: bool
) -> None:
    """Nobody can tell then whether the write had arrived."""
    world.settings["policy"] = "left"
    world.right.behaviour.tells_writer = False
    left = world.left.user_create(meeting)
    await world.settle()
    (right,) = world.right.events()
    world.left.user_edit(left, summary="Besichtigung mit Notar")
    world.right.faults.add("update", lambda: UnknownOutcome("lost"), after=arrives)
    await run_through(world)
    world.right.user_edit(right, summary="von Hand")
    await world.settle()
    assert world.left.events()[left].summary == world.right.events()[right].summary == "Besichtigung mit Notar"
    entries = await world.store.ledger("anna", 100)
    assert "von Hand" in [entry.before.get("summary") for entry in entries if entry.reason == "overruled"]


def sorted_by_summary(calendar: Any) -> list[Event]:
    return sorted(calendar.events().values(), key=lambda event: str(event.summary))


async def run_through(world: World) -> None:
    """Run once, whether or not the account counts as hopeless."""
    with suppress(UnknownOutcome):
        await world.run()


async def test_the_before_image_of_a_lost_update_is_kept(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    world.left.user_edit(next(iter(world.left.events())), description="neu")
    await lose_the_answer(world, "update")
    world.right.user_delete(next(iter(world.right.events())))
    await world.run()
    entry = next(each for each in await world.store.ledger("anna", 9) if each.reason == "unknown_outcome")
    assert (entry.before, entry.after) == ({"description": "Schlüssel"}, {"description": "neu"})


async def test_a_delete_of_an_event_that_went_elsewhere_is_not_waited_for(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    world.left.user_delete(next(iter(world.left.events())))
    world.right.faults.add("delete", lambda: UnknownOutcome("lost"))
    await world.run()
    world.right.user_move_away(next(iter(world.right.events())))
    report = await world.run()
    report = await world.run()
    assert report.notices["hold", "left", "left_account"] == 1
    assert (await world.store.load("anna", world.clock.now())).intents == {}


async def test_a_source_that_was_forgotten_while_its_create_was_open_is_asked_about(
    world: World, meeting: Event
) -> None:
    """Its copy is found in the end, and must not be linked to an event that is long gone."""
    world.right.behaviour.lag = timedelta(seconds=120)
    world.right.capabilities = Capabilities(marker_lag=timedelta(seconds=120))
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    source = world.left.user_create(meeting)
    await lose_the_answer(world, "create")
    world.left.user_delete(source)
    await world.run()
    world.clock.advance(300)
    await world.settle()
    assert [event.summary for event in world.right.events().values()] == ["anderer"]


async def test_a_create_is_not_repeated_for_a_deleted_event_that_a_feed_tells_of_once_more(
    world: World, meeting: Event
) -> None:
    world.right.capabilities = Capabilities(marker_lag=timedelta(seconds=120))
    source = world.left.user_create(meeting)
    world.right.faults.add("create", lambda: UnknownOutcome("not carried out"))
    await world.run()
    world.left.behaviour.repeated = [world.left.rows.rows[source]]
    world.left.user_delete(source)
    await world.run()
    world.clock.advance(300)
    await world.settle()
    assert world.right.events() == {}
    assert len(world.right.writes()) == 1, "the one that was lost"


@pytest.mark.parametrize("marker", [True, False])
async def test_a_repeated_create_may_be_unseen_for_as_long_as_the_first(
    world: World, meeting: Event, marker: bool
) -> None:
    lag = timedelta(seconds=120)
    world.right.behaviour.lag = lag
    world.right.behaviour.idempotent = False
    world.right.capabilities = Capabilities(marker=marker, marker_lag=lag)
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: UnknownOutcome("not carried out"))
    await world.run()
    await world.run()
    world.clock.advance(300)
    world.right.faults.add("create", lambda: UnknownOutcome("carried out, its answer lost"), after=True)
    for _ in range(5):
        await world.run()
    assert len(world.right.events()) == 1
    world.clock.advance(300)
    await world.settle()
    assert len(world.left.events()) == len(world.right.events()) == 1


@pytest.mark.parametrize("marker", [True, False])
async def test_a_create_that_was_long_on_its_way_is_not_made_twice(
    world: World, meeting: Event, monkeypatch: pytest.MonkeyPatch, marker: bool
) -> None:
    """A server takes its time, and what it made stays unseen for as long as it lags: from then on."""
    lag = timedelta(seconds=120)
    world.right.behaviour.lag = lag
    world.right.behaviour.idempotent = False
    world.right.capabilities = Capabilities(marker=marker, marker_lag=lag)
    create = world.right.create

    async def slow(*draft: Any) -> Any:
        world.clock.advance(100)
        return await create(*draft)

    monkeypatch.setattr(world.right, "create", slow)
    world.left.user_create(meeting)
    await lose_the_answer(world, "create")
    for _ in range(12):
        world.clock.advance(20)
        await world.run()
    assert len(world.left.events()) == len(world.right.events()) == 1
    assert len(world.right.writes()) == 1


@pytest.mark.parametrize("answer", ["revision", "id"])
async def test_an_update_that_was_not_read_back_is_no_edit(world: World, meeting: Event, answer: str) -> None:
    """The server also cuts a field that was not written."""
    world.left.user_create(meeting)
    await world.settle()
    right = next(iter(world.right.events()))
    world.right.user_edit(right, description="nach und nach länger")
    await world.settle()
    world.right.behaviour.answer = answer
    world.right.behaviour.normalise = lambda event: replace(event, description=event.description[:4])
    world.left.user_edit(next(iter(world.left.events())), summary="neu")
    world.right.faults.add("read", lambda: Retry("down"))
    await world.settle()
    assert next(iter(world.left.events().values())).description == "nach und nach länger"


async def test_what_is_created_anew_is_the_copy_from_then_on(world: World, meeting: Event) -> None:
    """The original was deleted; its copy had been edited and is private, so what is created anew is masked."""
    right = world.right.user_create(meeting)
    world.right.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    left = next(event_id for event_id, event in world.left.events().items() if event.summary == meeting.summary)
    world.right.user_delete(right)
    world.left.user_edit(left, private=True, description="wichtig")
    await world.settle()
    anew = next(event_id for event_id, event in world.right.events().items() if event.summary == "Privat")
    world.right.user_edit(anew, summary="Zahnarzt")
    await world.settle()
    assert world.left.events()[left].summary == meeting.summary


async def test_an_event_that_moves_to_a_new_id_while_a_create_is_open_is_not_taken_for_deleted(
    world: World, meeting: Event
) -> None:
    """The new id may be what the create made, until it is settled."""
    world.right.capabilities = Capabilities(marker_lag=timedelta(seconds=120))
    left = world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    right = next(each for each, event in world.right.events().items() if event.summary == meeting.summary)
    world.left.user_create(replace(meeting, summary="Notar"))
    world.right.faults.add("create", lambda: UnknownOutcome("lost"))
    await world.run()
    moved = world.right.rows.add(world.right.events()[right], by_us=False)
    world.right.user_purge(right)
    for _ in range(8):
        world.clock.advance(60)
        await world.run()
    assert left in world.left.events()
    assert moved.id in {link.right for link in (await world.store.load("anna", world.clock.now())).links.values()}
    assert len(world.left.events()) == len(world.right.events()) == 3


@pytest.mark.parametrize("lags", [True, False])
async def test_a_delete_of_unknown_outcome_is_proven_by_more_than_one_answer(
    world: World, meeting: Event, lags: bool
) -> None:
    """A server whose index lags says once that an event does not exist, and no listing shows it then."""
    left = world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    (right,) = (each for each, event in world.right.events().items() if event.summary == meeting.summary)
    world.left.user_delete(left)
    world.right.faults.add("delete", lambda: UnknownOutcome("lost"))
    await world.run()
    world.right.behaviour.hidden = world.right.behaviour.gone = {right}
    if not lags:
        world.right.user_purge(right)
    world.right.drop_tokens()
    await world.run()
    world.right.behaviour.hidden = world.right.behaviour.gone = set()
    world.right.drop_tokens()
    await world.settle()
    assert [event.summary for event in world.left.events().values()] == ["anderer"]
    assert [event.summary for event in world.right.events().values()] == ["anderer"]
    assert [entry.kind for entry in await world.store.ledger("anna", 1)] == ["delete"]


async def test_an_update_of_unknown_outcome_is_not_sent_again_before_it_is_settled(
    world: World, meeting: Event
) -> None:
    """Another event changes under the plan, so the run plans once more; the server has cut what calsync wrote."""
    world.right.behaviour.normalise = lambda event: replace(event, description=event.description[:12])
    lost, stale = (world.left.user_create(replace(meeting, summary=name)) for name in ("eins", "zwei"))
    await world.settle()
    right = {event.summary: event_id for event_id, event in world.right.events().items()}
    world.left.user_edit(lost, description="Schlüssel beim Hausmeister")
    world.left.user_edit(stale, description="Klingel")

    def crossed() -> Exception:
        world.right.user_edit(right["zwei"], summary="drei")
        return UnknownOutcome("lost")

    world.right.faults.add("update", crossed, after=True)
    await world.run()
    updates = [call.event_id for call in world.right.calls if call.method == "update"]
    assert sorted(updates) == [right["eins"], right["zwei"], right["zwei"]]
    await world.settle()
    assert world.left.events()[lost].description == "Schlüssel beim Hausmeister"
    assert world.left.events()[stale].summary == "drei"


@pytest.mark.parametrize("carried_out", [True, False])
async def test_a_source_that_moves_to_a_new_id_while_its_create_is_open_gets_one_copy(
    world: World, meeting: Event, carried_out: bool
) -> None:
    lag = timedelta(seconds=120)
    world.right.behaviour.lag = lag
    world.right.capabilities = Capabilities(marker_lag=lag)
    source = world.left.user_create(meeting)
    world.right.faults.add("create", lambda: UnknownOutcome("lost"), after=carried_out)
    await world.run()
    moved = world.left.rows.add(world.left.events()[source], by_us=False)
    world.left.user_purge(source)
    for _ in range(12):
        world.clock.advance(60)
        await world.run()
        assert len(world.right.events()) <= 1
    assert [*world.left.events()] == [moved.id]
    (copy,) = world.right.events()
    (link,) = (await world.store.load("anna", world.clock.now())).links.values()
    assert (link.left, link.right) == (moved.id, copy)


async def test_a_create_is_not_repeated_as_its_source_outside_the_window_once_was(
    world: World, meeting: Event, tomorrow: datetime
) -> None:
    """No feed tells that the source was marked as private while the create was looked for (I14)."""
    lag = timedelta(seconds=120)
    world.right.capabilities = Capabilities(marker_lag=lag, writes_may_mail=True)
    world.right.user_create(replace(meeting, attendee_count=2))
    await world.settle()
    (left,), (right,) = world.left.events(), world.right.events()
    far = tomorrow + timedelta(days=600)
    world.left.user_edit(left, when=Timed(far, far + timedelta(hours=1)))
    await world.run()
    world.right.user_delete(right)
    world.right.faults.add("create", lambda: UnknownOutcome("not carried out"))
    await world.run()
    world.left.user_edit(left, private=True)
    for _ in range(4):
        world.clock.advance(200)
        await world.run()
    assert [(event.summary, event.description) for event in world.right.events().values()] == [("Privat", "")]


@pytest.mark.parametrize("deleted", [True, False])
async def test_the_mask_that_a_lost_create_has_made_is_never_taken_for_the_original(
    world: World, meeting: Event, deleted: bool
) -> None:
    """Also where its user has set both to private: neither words nor an original are made of what it shows."""
    world.left.capabilities = Capabilities(marker=False)
    original = world.right.user_create(replace(meeting, summary="Arzt", description="geheim", private=True))
    world.left.faults.add("create", lambda: UnknownOutcome("lost"), after=True)
    with suppress(UnknownOutcome):
        await world.run()
    await world.settle()
    (copy,) = world.left.events()
    world.left.user_edit(copy, private=True)
    await world.settle()
    if deleted:
        world.left.user_edit(copy, description="Vermerk")
        world.right.user_delete(original)
    else:
        world.left.user_edit(copy, private=False, summary="Zahn", description="Vermerk")
    await world.settle()
    assert [event.summary for event in world.right.events().values()] == ([] if deleted else ["Arzt"])


@pytest.mark.parametrize("arrived", [True, False])
async def test_the_ledger_does_not_tell_as_written_what_nobody_has_seen_of_an_update_without_an_answer(
    world: World, meeting: Event, arrived: bool
) -> None:
    """Users edit a field on both sides, and enter the same in another one: nobody can tell whether it arrived."""
    left = world.left.user_create(meeting)
    await world.settle()
    (right,) = world.right.events()
    world.left.user_edit(left, summary="Übergabe", description="links")
    world.right.faults.add("update", lambda: UnknownOutcome("lost"), after=arrived)
    await world.run()
    world.right.user_edit(right, summary="Übergabe", description="rechts")
    await world.settle()
    assert world.left.events()[left].description == world.right.events()[right].description == "rechts"
    updates = [entry for entry in await world.store.ledger("anna", 10) if entry.kind == "update"]
    assert {(str(entry.side), entry.reason, *entry.after.items()) for entry in updates} == {
        ("right", "changed", ("summary", "Übergabe")),
        ("right", "unknown_outcome", ("description", "links")),
        ("left", "changed", ("description", "rechts")),
    }
    assert [entry.before for entry in updates if entry.side is Side.LEFT] == [{"description": "links"}]
