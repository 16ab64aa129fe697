"""What a rule is being asked, for whoever watches that it answers; and what was never answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from calsync.sync.model import Side

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.sync.model import Observation
    from calsync.sync.view import Seen


class Asked(NamedTuple):
    """Who is asked: a rule, and for which account."""

    account: str
    rule: str
    version: str
    """The version of the rule's plugin."""


Events = tuple["Observation | None", "Observation | None"]
"""The left and the right event of a pair, or the one event that no link names."""
Question = tuple[Asked, Events]


class Asking:
    """The question that a rule is answering now; None between two.

    Every question is an object of its own, so who finds the same one twice knows that it is not answered yet.
    """

    __slots__ = ("question",)

    def __init__(self) -> None:
        self.question: Question | None = None


class Version(NamedTuple):
    """An event as a rule was asked about it."""

    id: str
    revision: str | None

    @classmethod
    def of(cls, observation: Observation | None) -> Version | None:
        return None if observation is None else cls(observation.id, observation.revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """A question that was never answered. It is not asked again while rule and events are the same."""

    rule: str
    version: str
    """The version of the rule's plugin."""
    left: Version | None
    right: Version | None

    @classmethod
    def of(cls, question: Question) -> Hang:
        asked, (left, right) = question
        return cls(rule=asked.rule, version=asked.version, left=Version.of(left), right=Version.of(right))

    def is_over(self, seen: Mapping[Side, Mapping[str, Seen]], versions: Mapping[str, str]) -> bool:
        """Tell whether an event or the rule is another one by now; `versions` are those of the rules in use.

        An event that is not known any more, as it has left the window, may come back as it was.
        """
        if versions.get(self.rule) != self.version:
            return True
        for side, event in ((Side.LEFT, self.left), (Side.RIGHT, self.right)):
            known = None if event is None else seen[side].get(event.id)
            if event is not None and known is not None and known.observation.revision != event.revision:
                return True
        return False
