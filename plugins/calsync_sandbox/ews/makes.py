"""What servers of another make leave out of their answers, or write in another form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_sandbox.ews.names import TYPES, find, text_of

if TYPE_CHECKING:
    from calsync_sandbox.ews.names import Element
    from calsync_sandbox.ews.switches import EwsSwitches

_OF_MEETINGS = ("IsMeeting", "IsCancelled", "MyResponseType", "AppointmentState")
_STAMPS = ("DateTimeCreated", "LastModifiedTime", "Start", "End")
_FRACTION = ".123456789Z"


def adapt(answer: Element, switches: EwsSwitches) -> None:
    """Bring the items of an answer into the form that the switches ask for."""
    for item in answer.iter(f"{{{TYPES}}}CalendarItem"):
        if not switches.tells_meetings and text_of(item, "IsMeeting") == "false":
            _leave_out(item, _OF_MEETINGS)
        if switches.fractions:
            _lengthen(item)


def _leave_out(item: Element, names: tuple[str, ...]) -> None:
    for name in names:
        child = find(item, name)
        if child is not None:
            item.remove(child)


def _lengthen(item: Element) -> None:
    for name in _STAMPS:
        child = find(item, name)
        if child is not None and child.text:
            child.text = child.text.removesuffix("Z") + _FRACTION
