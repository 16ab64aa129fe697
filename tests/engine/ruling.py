"""Rules that come and go, and what is held for them, for the tests of a change of the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.rules import ALLOW, Rule, Verdict, Write
from calsync_rules.attendee_stripping import AttendeeStripping
from calsync_rules.private_mask import PrivateMask
from calsync_rules.reminder_once import ReminderOnce
from calsync_rules.series_skip import SeriesSkip
from tests.engine.deciding import cases

if TYPE_CHECKING:
    from calsync.engine import Report
    from calsync.sync.model import Event
    from tests.engine.conftest import World

REAL: tuple[Rule, ...] = (SeriesSkip(), AttendeeStripping(), PrivateMask("Privat"), ReminderOnce(15))


class Skips(Rule):
    """Keeps events of one word out."""

    name = "skips"

    def __init__(self, word: str = "Urlaub") -> None:
        self.word = word

    def admit(self, event: Event) -> str | None:
        return "type" if self.word in event.summary else None


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


async def held(world: World) -> list[tuple[str, str, str]]:
    return [(each.side, each.kind, each.reason) for each in await cases(world)]
