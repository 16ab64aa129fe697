"""Rules that raise and rules that never answer, as a customer's own rules might, and servers that refuse."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, get_args

from calsync.sync.model import AllDay, Event
from calsync.sync.rules import ALLOW, Hold, Rule
from calsync_rules.copy_location import CopyLocation
from calsync_rules.only_types import OnlyTypes

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from calsync.sync.model import Draft
    from calsync.sync.rules import Verdict, Write

NEVER = AllDay(date(2000, 1, 1), date(2000, 1, 2))
_NUMBER = re.compile(r"Termin (\d+)")


def poisons(event: Event) -> bool:
    """Tell whether the one rule raises for this event."""
    return _every(7, event)


def hangs(event: Event) -> bool:
    """Tell whether the other rule never answers about this event."""
    return _every(11, event)


def refuses(event: Event) -> bool:
    """Tell whether a server refuses this event, for a reason of its own."""
    return _every(13, event)


def keeps_out(event: Event) -> bool:
    """Tell whether the third rule wants to have nothing to do with this event."""
    return _every(5, event)


CALL, VIEWING = "call", "viewing"


def type_of(number: int) -> str:
    """Return the type of the appointment that its user enters with this number."""
    return CALL if number % 5 == 0 else VIEWING


def _every(nth: int, event: Event) -> bool:
    found = _NUMBER.match(event.summary)
    return found is not None and int(found[1]) % nth == 0


Question = Literal["admit", "project", "on_create", "guard"]
QUESTIONS: tuple[Question, ...] = get_args(Question)


class Poisoned(Rule):
    """Raises for some texts when it is asked one of the questions."""

    name = "poisoned"

    def __init__(self, question: Question) -> None:
        self._question = question

    def admit(self, event: Event) -> str | None:
        self._look("admit", event)
        return None

    def project(self, event: Event) -> Event:
        self._look("project", event)
        return event

    def on_create(self, source: Event, draft: Draft) -> Draft:
        self._look("on_create", source)
        return draft

    def guard(self, write: Write) -> Verdict:
        if write.target is not None:
            self._look("guard", write.target.event)
            self._look("guard", write.target.event.with_values(write.changes or {}))
        elif write.changes is not None:
            self._look("guard", Event(summary=str(write.changes["summary"]), when=NEVER))
        return ALLOW

    def _look(self, question: Question, event: Event) -> None:
        if question == self._question and poisons(event):
            raise ZeroDivisionError


Strictness = Literal["admit", "guard"]
STRICT: tuple[Strictness, ...] = get_args(Strictness)


class Strict(Rule):
    """Keeps some texts out, or lets no write to them pass: a rule that comes and goes."""

    name = "strict"

    def __init__(self, strictness: Strictness) -> None:
        self._strictness = strictness

    def admit(self, event: Event) -> str | None:
        return "kept_out" if self._strictness == "admit" and keeps_out(event) else None

    def guard(self, write: Write) -> Verdict:
        if self._strictness == "admit":
            return ALLOW
        texts = [write.target.event.summary] if write.target is not None else []
        texts += [str(write.changes["summary"])] if write.changes and "summary" in write.changes else []
        return Hold("guarded") if any(keeps_out(Event(summary=text, when=NEVER)) for text in texts) else ALLOW


@dataclass
class OptionalRules:
    """The rules of an account that are off by default: which of them it has now, and whether that ever changed."""

    locations: bool = False
    """Copies are created with their original's location."""
    types: bool = False
    """What is a call is not synced."""
    changed: bool = False
    """They were others before, so what is remembered, or on its way, may follow those."""

    def rules(self) -> list[Rule]:
        chosen: list[Rule] = [CopyLocation()] if self.locations else []
        return [*chosen, OnlyTypes([CALL], included=False)] if self.types else chosen

    def leave_out(self, event: Event) -> bool:
        """Tell whether an event is none that is synced: a series, or by its type."""
        return event.series or (self.types and CALL in event.types)

    def change(self, dice: random.Random) -> None:
        """Have or leave one of them."""
        self.changed = True
        if dice.random() < 0.5:
            self.locations = not self.locations
        else:
            self.types = not self.types


class Hanging(Rule):
    """Never answers about some texts."""

    name = "hanging"

    def __init__(self, hang: Callable[[], None]) -> None:
        """`hang` is what happens then; it does not return."""
        self._hang = hang

    def admit(self, event: Event) -> str | None:
        if hangs(event):
            self._hang()
        return None
