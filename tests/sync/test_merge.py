"""Field by field: who changed what since both sides agreed, and whose value goes where."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.sync.choices import Choice
from calsync.sync.merge import Half, Merge, Terms, copy_side, delivered, edits, half, merge
from calsync.sync.model import Base, Direction, Event, Field, Link, Observation, Side, Value
from calsync.sync.rules import Chain
from calsync.values import replace
from calsync_rules.private_mask import PrivateMask

if TYPE_CHECKING:
    from datetime import datetime

    from calsync.sync.view import ConflictPolicy
    from tests.sync.conftest import Scripted

LEFT, RIGHT = Side.LEFT, Side.RIGHT
ONE_WAY = (Direction.LEFT_TO_RIGHT, Direction.RIGHT_TO_LEFT)
MASK = Chain([PrivateMask("Privat")])


def make_half(
    side: Side, agreed: Event, modified: datetime | None = None, chain: Chain = MASK, **edited: Any
) -> Half:
    observation = Observation(id=side, event=replace(agreed, **edited), revision="2", modified=modified)
    link = Link(id=1, left="left", right="right").with_base(side, Base.of(agreed, 1))
    return half(link, side, observation, chain, 1)


def terms(**named: Any) -> Terms:
    known: dict[str, Any] = {
        "direction": Direction.BOTH,
        "policy": "right",
        "on_target_edit": "keep",
        "origin": None,
    }
    return Terms(**{**known, **named})


def merged(agreed: Event, left: dict[str, Any], right: dict[str, Any], **named: Any) -> Merge:
    return merge(make_half(LEFT, agreed, **left), make_half(RIGHT, agreed, **right), terms(**named))


def wanted(found: Merge) -> dict[Side, dict[Field, Any]]:
    return {side: values for side, values in found.wants.items() if values}


def test_same_on_both_sides_wants_nothing(agreed: Event) -> None:
    assert merged(agreed, {}, {}) == Merge()


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("name", ["summary", "description", "when"])
def test_a_change_goes_to_the_other_side(agreed: Event, later: Any, side: Side, name: Field) -> None:
    change: dict[str, Any] = {name: later if name == "when" else "neu"}
    found = merged(agreed, change if side is LEFT else {}, change if side is RIGHT else {})
    assert wanted(found) == {side.other: change}
    assert not found.reasons
    assert not any(found.takes.values())


def test_changes_of_different_fields_are_merged_both_ways(agreed: Event) -> None:
    found = merged(agreed, {"summary": "links"}, {"description": "rechts"})
    assert wanted(found) == {RIGHT: {"summary": "links"}, LEFT: {"description": "rechts"}}


def test_the_same_change_on_both_sides_moves_the_bases(agreed: Event) -> None:
    found = merged(agreed, {"summary": "gleich"}, {"summary": "gleich"})
    assert not wanted(found)
    assert found.takes == {LEFT: {"summary": "gleich"}, RIGHT: {"summary": "gleich"}}


@pytest.mark.parametrize(("policy", "winner"), [("right", RIGHT), ("left", LEFT)])
def test_only_a_field_that_both_changed_is_a_conflict(agreed: Event, policy: ConflictPolicy, winner: Side) -> None:
    found = merged(agreed, {"summary": "left", "description": "d"}, {"summary": "right"}, policy=policy)
    assert found.wants[winner.other]["summary"] == str(winner)
    assert found.wants[RIGHT]["description"] == "d"
    assert found.reasons == {"summary": "overruled"}


@pytest.mark.parametrize(
    ("left", "right", "winner"),
    [(1, 2, RIGHT), (2, 1, LEFT), (1, 1, RIGHT), (None, 1, RIGHT), (2, None, RIGHT), (None, None, RIGHT)],
)
def test_the_newest_wins_and_the_right_one_where_that_is_unknown(
    agreed: Event, now: datetime, left: int | None, right: int | None, winner: Side
) -> None:
    times = [None if hours is None else now + timedelta(hours=hours) for hours in (left, right)]
    found = merged(
        agreed,
        {"summary": "left", "modified": times[0]},
        {"summary": "right", "modified": times[1]},
        policy="newest",
    )
    assert wanted(found) == {winner.other: {"summary": str(winner)}}


def test_a_conflict_can_wait_while_other_fields_go_on(agreed: Event) -> None:
    found = merged(agreed, {"summary": "left", "description": "d"}, {"summary": "right"}, policy="hold")
    assert found.conflicts == {"summary"}
    assert wanted(found) == {RIGHT: {"description": "d"}}


@pytest.mark.parametrize("direction", ONE_WAY)
@pytest.mark.parametrize("policy", ["right", "left", "newest", "hold"])
def test_a_one_way_source_wins_whatever_the_policy(
    agreed: Event, direction: Direction, policy: ConflictPolicy
) -> None:
    target = next(side for side in Side if direction.writes(side))
    found = merged(agreed, {"summary": "left"}, {"summary": "right"}, direction=direction, policy=policy)
    assert wanted(found) == {target: {"summary": str(target.other)}}
    assert found.reasons == {"summary": "overruled"}
    assert not found.conflicts


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("policy", ["right", "left", "newest", "hold"])
def test_what_a_person_has_said_of_a_conflict_counts_whatever_direction_and_policy_hold_by_then(
    agreed: Event, direction: Direction, policy: ConflictPolicy
) -> None:
    """As where it was held both ways, and the account is one-way before a run has heard of the word."""
    named: dict[str, Any] = {"direction": direction, "policy": policy}
    left, right = {"summary": "left"}, {"summary": "right"}
    kept = merged(agreed, left, right, conflict=Choice.KEEP, **named)
    assert not wanted(kept)
    assert kept.takes == {LEFT: {"summary": "left"}, RIGHT: {"summary": "right"}}
    assert kept.kept == {"summary"}
    for source in (side for side in Side if direction.writes(side.other)):
        found = merged(agreed, left, right, conflict=Choice(source), **named)
        assert wanted(found) == {source.other: {"summary": str(source)}}
        assert found.decided == {"summary": (RIGHT, "conflict")}


@pytest.mark.parametrize("direction", ONE_WAY)
def test_what_a_person_has_chosen_is_written_to_no_source(agreed: Event, direction: Direction) -> None:
    target = next(side for side in Side if direction.writes(side))
    left, right = {"summary": "left"}, {"summary": "right"}
    found = merged(agreed, left, right, conflict=Choice(target), direction=direction, policy="hold")
    assert wanted(found) == {target: {"summary": str(target.other)}}
    assert not found.decided


@pytest.mark.parametrize("direction", ONE_WAY)
def test_a_target_edit_is_kept_or_undone(agreed: Event, direction: Direction) -> None:
    target = next(side for side in Side if direction.writes(side))
    edit = {"summary": "am Ziel"}
    sides = (edit, {}) if target is LEFT else ({}, edit)
    kept = merged(agreed, *sides, direction=direction)
    assert not wanted(kept)
    assert not any(kept.takes.values())
    undone = merged(agreed, *sides, direction=direction, on_target_edit="restore")
    assert wanted(undone) == {target: {"summary": agreed.summary}}
    assert undone.reasons == {"summary": "restored"}


@pytest.mark.parametrize("direction", ONE_WAY)
def test_only_what_a_one_way_source_changed_is_written(agreed: Event, direction: Direction) -> None:
    target = next(side for side in Side if direction.writes(side))
    changes = {target: {"summary": "am Ziel"}, target.other: {"description": "neu"}}
    found = merged(agreed, changes[LEFT], changes[RIGHT], direction=direction)
    assert wanted(found) == {target: {"description": "neu"}}


@pytest.mark.parametrize("lacking", [{LEFT}, {RIGHT}, {LEFT, RIGHT}])
def test_a_field_that_a_base_lacks_is_taken_over_as_found(agreed: Event, lacking: set[Side]) -> None:
    halves = []
    for side in Side:
        one = make_half(side, agreed, description=f"von {side}")
        values: dict[Field, Value] = {name: agreed.value(name) for name in ("summary", "when")}
        halves.append(replace(one, base=replace(one.base, values=values)) if side in lacking else one)
    found = merge(halves[0], halves[1], terms())
    assert not wanted(found)
    assert found.takes == {side: {"description": f"von {side}"} for side in Side}


def test_another_mapping_version_is_read_into_the_base(agreed: Event) -> None:
    link = Link(id=1, left="l", right="r", left_base=Base.of(agreed, 1))
    event = replace(agreed, summary="anders gelesen", private=True)
    one = half(link, LEFT, Observation(id="l", event=event, revision="1"), Chain([]), 2)
    assert one.base == Base.of(event, 2)
    assert not any(one.edited(name) for name in ("summary", "when", "description"))


def test_another_mapping_version_adds_no_field_to_the_base(agreed: Event) -> None:
    link = Link(id=1, left="l", right="r", left_base=Base(values={"summary": "alt"}))
    one = half(link, LEFT, Observation(id="l", event=agreed, revision="1"), Chain([]), 2)
    assert one.base.values == {"summary": agreed.summary}


# What a projection alters goes from the original to the copy only. -----------------------------------------------


@pytest.mark.parametrize("origin", Side)
def test_an_event_that_becomes_private_is_masked_on_its_copy(agreed: Event, origin: Side) -> None:
    sides = ({"private": True}, {}) if origin is LEFT else ({}, {"private": True})
    found = merged(agreed, *sides, origin=origin)
    assert wanted(found) == {origin.other: {"summary": "Privat", "description": ""}}
    assert found.owed == {"summary", "description"}


@pytest.mark.parametrize("origin", Side)
def test_an_event_that_stops_being_private_is_shown_again(agreed: Event, origin: Side) -> None:
    original, copy = (make_private(agreed, origin), make_masked(agreed, origin.other))
    original = replace(original, observation=Observation(id="o", event=agreed, revision="2"), event=agreed)
    found = (
        merge(original, copy, terms(origin=origin))
        if origin is LEFT
        else merge(copy, original, terms(origin=origin))
    )
    assert wanted(found) == {origin.other: {"summary": agreed.summary, "description": agreed.description}}


def make_private(agreed: Event, side: Side, **edited: Any) -> Half:
    """A private original that agrees with its masked copy."""
    return make_half(side, replace(agreed, private=True), **edited)


def make_masked(agreed: Event, side: Side, **edited: Any) -> Half:
    return make_half(side, replace(agreed, summary="Privat", description=""), **edited)


def test_edits_of_altered_fields_stay_where_they_are(agreed: Event) -> None:
    original = make_private(agreed, LEFT, summary="Hautarzt")
    copy = make_masked(agreed, RIGHT, description="in Outlook")
    found = merge(original, copy, terms(origin=LEFT))
    assert not wanted(found)
    assert found.takes == {LEFT: {"summary": "Hautarzt"}, RIGHT: {"description": "in Outlook"}}
    assert found.masked == {(RIGHT, "description")}


def test_when_is_merged_both_ways_between_an_original_and_its_masked_copy(agreed: Event, later: Any) -> None:
    found = merge(make_private(agreed, LEFT), make_masked(agreed, RIGHT, when=later), terms(origin=LEFT))
    assert wanted(found) == {LEFT: {"when": later}}


def test_a_mask_that_overwrites_an_edit_of_the_copy_says_so(agreed: Event) -> None:
    found = merged(agreed, {"private": True}, {"summary": "in Outlook"}, origin=LEFT)
    assert found.wants[RIGHT] == {"summary": "Privat", "description": ""}
    assert found.reasons == {"summary": "overruled"}


@pytest.mark.parametrize(("text", "reasons"), [("Hautarzt", {"summary": "overruled"}), ("Besichtigung", {})])
def test_a_mask_that_overwrites_a_text_which_was_private_itself_says_so(
    agreed: Event, text: str, reasons: dict[Field, str]
) -> None:
    """Of two private events that were matched up, the left one is the original, whichever was private first."""
    right = make_private(replace(agreed, summary=text), RIGHT)
    found = merge(make_half(LEFT, agreed, private=True), right, terms())
    assert found.wants[RIGHT] == {"summary": "Privat", "description": ""}
    assert found.reasons == reasons


def test_a_copy_that_looks_like_the_mask_already_is_not_written(agreed: Event) -> None:
    found = merged(agreed, {"private": True}, {"summary": "Privat", "description": ""}, origin=LEFT)
    assert not wanted(found)
    assert found.takes[RIGHT] == {"summary": "Privat", "description": ""}
    assert not found.masked
    assert not found.owed


@pytest.mark.parametrize("on_target_edit", ["keep", "restore"])
def test_a_mask_is_never_written_to_a_source_and_stays_owed(agreed: Event, on_target_edit: str) -> None:
    found = merged(
        agreed,
        {"private": True},
        {},
        origin=LEFT,
        direction=Direction.RIGHT_TO_LEFT,
        on_target_edit=on_target_edit,
    )
    assert not wanted(found)
    assert found.owed == {"summary", "description"}


def test_restore_puts_the_mask_back(agreed: Event) -> None:
    found = merge(
        make_private(agreed, LEFT),
        make_masked(agreed, RIGHT, summary="in Outlook"),
        terms(origin=LEFT, direction=Direction.LEFT_TO_RIGHT, on_target_edit="restore"),
    )
    assert wanted(found) == {RIGHT: {"summary": "Privat"}}
    assert found.reasons == {"summary": "restored"}


def test_a_new_rule_is_silent(agreed: Event) -> None:
    before = replace(agreed, private=True)
    found = merge(make_half(LEFT, before), make_half(RIGHT, agreed), terms(origin=LEFT))
    assert found == Merge()


def test_a_copy_marked_private_changes_nothing_on_its_original(agreed: Event) -> None:
    found = merged(agreed, {}, {"private": True, "summary": "geheim"}, origin=LEFT)
    assert not wanted(found)
    assert found.masked == {(RIGHT, "summary")}


@pytest.mark.parametrize(
    ("left", "right", "origin", "copy"),
    [
        (False, False, LEFT, None),
        (True, False, LEFT, RIGHT),
        (False, True, LEFT, RIGHT),
        (True, False, RIGHT, LEFT),
        (True, False, None, RIGHT),
        (False, True, None, LEFT),
        (True, True, None, RIGHT),
    ],
)
def test_which_side_is_the_copy(
    agreed: Event, left: bool, right: bool, origin: Side | None, copy: Side | None
) -> None:
    one, other = make_half(LEFT, agreed, private=left), make_half(RIGHT, agreed, private=right)
    assert copy_side("summary", one, other, origin) is copy
    assert copy_side("summary", other, one, origin) is copy
    assert copy_side("when", one, other, origin) is None


@pytest.mark.parametrize(
    ("origin", "private", "counting"),
    [
        (LEFT, True, {"when"}),
        (None, True, {"when"}),
        (RIGHT, True, {"summary", "when"}),
        (LEFT, False, {"summary", "when"}),
        (None, False, {"summary", "when"}),
    ],
)
def test_which_edits_count_against_a_delete(
    agreed: Event, later: Any, origin: Side | None, private: bool, counting: set[Field]
) -> None:
    lost = make_half(LEFT, replace(agreed, private=private))
    kept = make_half(RIGHT, agreed, summary="neu", when=later)
    assert edits(kept, lost, origin) == counting


# What a confirmed write leaves in the base of its source. --------------------------------------------------------


def test_a_delivered_field_is_agreed_and_no_other(agreed: Event) -> None:
    event = replace(agreed, summary="neu", description="noch nicht")
    base = delivered(Base.of(agreed, 1), event, {"summary"}, MASK)
    assert base == Base.of(replace(agreed, summary="neu"), 1)


@pytest.mark.parametrize("before", [False, True])
def test_what_rules_read_moves_and_is_owed_to_the_fields_in_which_it_shows(agreed: Event, before: bool) -> None:
    base = Base.of(replace(agreed, private=before), 1)
    event = replace(agreed, private=not before)
    half_told = delivered(base, event, {"summary"}, MASK)
    assert half_told == replace(Base.of(event, 1), owed=frozenset({"description"}))
    told = delivered(half_told, event, {"description"}, MASK)
    assert told == delivered(base, event, {"summary", "description"}, MASK) == Base.of(event, 1)
    assert delivered(half_told, replace(event, private=before), {"summary"}, MASK) == base
    assert delivered(base, event, {"when"}, Chain([])) == Base.of(event, 1)


def test_what_rules_read_is_owed_to_all_where_a_rule_raises(agreed: Event, scripted: type[Scripted]) -> None:
    base, event = Base.of(agreed, 1), replace(agreed, private=True, summary="neu")
    moved = delivered(base, event, {"summary"}, Chain([scripted(fails_in="project")]))
    assert moved == replace(Base.of(event, 1), owed=frozenset({"when", "description"}))


@pytest.mark.parametrize("private", [False, True])
def test_a_mask_that_was_told_in_part_is_taken_off_in_part(agreed: Event, private: bool) -> None:
    """The copy shows the mask as its summary, and the notes as they were."""
    base = replace(Base.of(replace(agreed, private=True), 1), owed=frozenset({"description"}))
    link = Link(id=1, left="l", right="r", origin=LEFT, left_base=base)
    observation = Observation(id="l", event=replace(agreed, private=private), revision="2")
    found = merge(
        half(link, LEFT, observation, MASK, 1), make_half(RIGHT, replace(agreed, summary="Privat")), terms()
    )
    assert wanted(found) == {RIGHT: {"description": ""} if private else {"summary": agreed.summary}}


# What a server stored otherwise, by nobody knows whom. -----------------------------------------------------------


def make_unsure(agreed: Event, side: Side, stored: str, **edited: Any) -> Half:
    """A side on which the summary was read back as something else than was written."""
    one = make_half(side, replace(agreed, summary=stored), **edited)
    return replace(one, base=replace(one.base, unsure=frozenset({"summary"})))


@pytest.mark.parametrize("side", Side)
def test_what_was_stored_otherwise_is_shown_and_not_merged_back(agreed: Event, side: Side) -> None:
    one, other = make_unsure(agreed, side, "anders"), make_half(side.other, agreed)
    found = merge(one, other, terms()) if side is LEFT else merge(other, one, terms())
    assert found == Merge(unsure={(side, "summary")})


def test_what_was_stored_otherwise_but_means_the_same_is_nothing(agreed: Event) -> None:
    found = merge(make_half(LEFT, agreed), make_unsure(agreed, RIGHT, agreed.summary), terms())
    assert found == Merge()


def test_an_edit_ends_the_doubt_and_may_overwrite_somebodys_edit(agreed: Event) -> None:
    found = merge(make_half(LEFT, agreed, summary="neu"), make_unsure(agreed, RIGHT, "anders"), terms())
    assert wanted(found) == {RIGHT: {"summary": "neu"}}
    assert found.reasons == {"summary": "overruled"}
    found = merge(make_half(LEFT, agreed), make_unsure(agreed, RIGHT, "anders", summary="neu"), terms())
    assert wanted(found) == {LEFT: {"summary": "neu"}}
    assert found.reasons == {"summary": "overruled"}  # the other side may never have got what it overwrites


def test_nobody_decides_that_a_source_is_written(agreed: Event) -> None:
    one_way, word = Direction.LEFT_TO_RIGHT, {"unsure": {RIGHT: Choice.RIGHT}}
    unsure = make_unsure(agreed, RIGHT, "anders")
    assert merge(make_half(LEFT, agreed), unsure, terms(direction=one_way, **word)) == Merge(
        unsure={(RIGHT, "summary")}
    )
    assert wanted(merge(make_half(LEFT, agreed), unsure, terms(**word))) == {LEFT: {"summary": "anders"}}
