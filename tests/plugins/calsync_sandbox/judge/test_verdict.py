from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from calsync_sandbox.judge import Verdict

HOUR = 3_600_000


class Sides(Protocol):
    """What the fixture of this folder offers."""

    flowfact: Any
    user: dict[str, Any]
    mailbox: Any

    def verdict(self, direction: str = "both", keep_notes: Any = ()) -> Verdict: ...

    def appointment(self, **fields: Any) -> dict[str, Any]: ...

    def event(self, **properties: Any) -> dict[str, Any]: ...


@pytest.fixture
def pair(sides: Sides) -> tuple[dict[str, Any], dict[str, Any]]:
    """One appointment on both sides, beside others that are equal too."""
    for number in range(3):
        sides.appointment(subject=f"Termin {number}", message="gleich")
        sides.event(subject=f"Termin {number}", body={"contentType": "text", "content": "gleich"})
    left = sides.appointment(subject="Notar  Dr. Größ", message="Ausweis\nmitbringen")
    right = sides.event(
        subject="Notar Dr. Größ ", body={"contentType": "text", "content": "Ausweis  \r\nmitbringen\r\n"}
    )
    assert sides.verdict().paired == 4
    assert sides.verdict().converged
    return left, right


def told(sides: Sides, **options: Any) -> list[str]:
    return [str(difference) for difference in sides.verdict(**options).differences]


def test_a_damaged_summary(sides: Sides, pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    left, right = pair
    sides.mailbox.edit(right["id"], {"subject": "Notar"})
    assert told(sides) == [f"left {left['id']} and right {right['id']} differ in summary"]


def test_damaged_notes(sides: Sides, pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    left, right = pair
    sides.flowfact.patch(left["id"], {"message": "Ausweis"}, user=sides.user)
    assert told(sides) == [f"left {left['id']} and right {right['id']} differ in notes"]


@pytest.mark.parametrize("moved", ["start_date", "end_date"])
def test_a_damaged_time(sides: Sides, pair: tuple[dict[str, Any], dict[str, Any]], moved: str) -> None:
    left, right = pair
    value = left[moved]["values"][0]
    sides.flowfact.patch(
        left["id"], {moved: value + (60_000 if moved == "end_date" else -60_000)}, user=sides.user
    )
    assert told(sides) == [f"left {left['id']} and right {right['id']} differ in when"]


def test_an_all_day_flag_that_is_wrong(sides: Sides, pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    left, right = pair
    sides.flowfact.patch(left["id"], {"isFullDayAppointment": True}, user=sides.user)
    assert told(sides) == [f"left {left['id']} and right {right['id']} differ in when"]


def test_a_deleted_one(sides: Sides, pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    left, right = pair
    sides.mailbox.delete(right["id"])
    assert told(sides) == [f"left {left['id']} is missing on the right"]
    assert not sides.verdict(direction="left_to_right").converged
    assert sides.verdict(direction="right_to_left").converged


def test_a_duplicated_one(sides: Sides, pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    _, right = pair
    twin = sides.event(subject=right["subject"], body=right["body"])
    assert told(sides) in (
        [f"right {twin['id']} is missing on the left"],
        [f"right {right['id']} is missing on the left"],
    )
    assert sides.verdict(direction="left_to_right").converged
    assert not sides.verdict(direction="right_to_left").converged


def test_two_fields_that_differ_are_two_events(sides: Sides, pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    _, right = pair
    sides.mailbox.edit(right["id"], {"subject": "anders", "body": {"contentType": "text", "content": "anders"}})
    assert len(told(sides)) == 2


def test_equal_events_are_paired_one_to_one(sides: Sides) -> None:
    for _ in range(3):
        sides.appointment()
        sides.event()
    assert (sides.verdict().paired, sides.verdict().converged) == (3, True)
    sides.event()
    assert len(told(sides)) == 1


def test_the_copy_of_a_private_one_shows_nothing(sides: Sides) -> None:
    sides.appointment(subject="Zahnarzt", message="Wurzel", private=True)
    copy = sides.event(subject="Privat")
    assert sides.verdict().converged
    sides.mailbox.edit(copy["id"], {"subject": "Zahnarzt"})
    assert not sides.verdict().converged


def test_a_private_event_of_the_mailbox(sides: Sides) -> None:
    sides.event(subject="Arzt", sensitivity="private")
    copy = sides.appointment(subject="Privat")
    assert sides.verdict().converged
    sides.flowfact.patch(copy["id"], {"message": "verraten"}, user=sides.user)
    assert told(sides) != []


def test_copies_that_were_there_before_keep_their_notes(sides: Sides) -> None:
    left, right = sides.appointment(message="eins"), sides.event(body={"contentType": "text", "content": "zwei"})
    known = [(left["id"], right["id"])]
    assert not sides.verdict().converged
    assert sides.verdict(keep_notes=known).converged
    sides.mailbox.edit(right["id"], {"subject": "anders"})
    assert told(sides, keep_notes=known) == [f"left {left['id']} and right {right['id']} differ in summary"]


def test_all_day_events_are_dates(sides: Sides) -> None:
    sides.user["timezone"] = "America/New_York"
    midnight = 1_796_187_600_000  # 2026-12-02 00:00 in New York
    sides.appointment(start_date=midnight, end_date=midnight + 24 * HOUR, isFullDayAppointment=True)
    days = {"start": "2026-12-02T00:00:00", "end": "2026-12-03T00:00:00"}
    times = {name: {"dateTime": day, "timeZone": "Tokyo Standard Time"} for name, day in days.items()}
    event = sides.event(isAllDay=True, **times)
    assert sides.verdict().converged
    sides.mailbox.edit(event["id"], {"end": times["end"] | {"dateTime": "2026-12-04T00:00:00"}})
    assert not sides.verdict().converged


def test_what_is_not_to_be_synced_is_not_missed(sides: Sides) -> None:
    other = sides.flowfact.add_user("kai@example.de", first="Kai", last="Kollege")
    sides.appointment(assignee=[other["id"]])
    sides.appointment(recurrence="FREQ=WEEKLY")
    sides.event(isCancelled=True)
    weekly = {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "monday"}
    sides.event(recurrence={"pattern": weekly, "range": {"type": "noEnd", "startDate": "2026-12-07"}})
    long_ago = int(timedelta(days=365).total_seconds() * 1000)
    sides.appointment(start_date=long_ago, end_date=long_ago + HOUR)
    sides.event(**{name: {"dateTime": "2001-01-01T09:00:00", "timeZone": "UTC"} for name in ("start", "end")})
    assert (sides.verdict().paired, told(sides)) == (0, [])


def test_the_edges_of_the_window(sides: Sides) -> None:
    at_the_end = sides.appointment()["start_date"]["values"][0] + 364 * 24 * HOUR
    sides.event()
    sides.appointment(start_date=at_the_end, end_date=at_the_end)
    sides.appointment(start_date=at_the_end - 455 * 24 * HOUR - HOUR, end_date=at_the_end - 455 * 24 * HOUR)
    assert told(sides) == []
    inside = sides.appointment(start_date=at_the_end - 1, end_date=at_the_end - 1)
    assert told(sides) == [f"left {inside['id']} is missing on the right"]
