"""What a rule is being asked, for whoever watches that it answers; and what was never answered."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    noted_run: int = field(default=0, compare=False)
    """The account's run behind which the last question about these events was noted."""

    @property
    def about(self) -> tuple[str | None, str | None]:
        """The ids of the left and the right event, in whichever version."""
        return self.left and self.left.id, self.right and self.right.id

    @classmethod
    def of(cls, question: Question) -> Hang:
        asked, (left, right) = question
        return cls(rule=asked.rule, version=asked.version, left=Version.of(left), right=Version.of(right))

    def is_over(
        self,
        seen: Mapping[Side, Mapping[str, Seen]],
        listed: Mapping[Side, int | None],
        versions: Mapping[str, str],
    ) -> bool:
        """Tell whether an event is another one, or gone, or the rule another one by now.

        `listed` are the runs that listed each side last, `versions` those of the rules in use. Whoever asked may
        have known a newer version than is remembered here, until its side is listed behind that.
        """
        if versions.get(self.rule) != self.version:
            return True
        return any(
            event is not None
            and (listed[side] or 0) > self.noted_run
            and Version.of(known.observation if (known := seen[side].get(event.id)) else None) != event
            for side, event in ((Side.LEFT, self.left), (Side.RIGHT, self.right))
        )
