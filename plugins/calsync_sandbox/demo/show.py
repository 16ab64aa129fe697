"""The demo's story, from an empty machine to two calendars that are the same."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calsync_sandbox.configuration import CONNECTIONS
from calsync_sandbox.demo.attendees import DELETED, play_attendees
from calsync_sandbox.demo.commandline import CommandLine
from calsync_sandbox.demo.report import Outcome
from calsync_sandbox.demo.scenes import play_scenes
from calsync_sandbox.demo.stage import ACCOUNT, Stage
from calsync_sandbox.ics import totals, write_table
from calsync_sandbox.judge import flowfact_untouched, mailbox_untouched, touched, whole
from calsync_sandbox.sandbox import Account, ImportedFile, Person, Sandbox
from calsync_sandbox.seed import Seeded, seed, seed_many

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from calsync_sandbox.demo.console import Console
    from calsync_sandbox.judge import Bytes


@dataclass(frozen=True, slots=True)
class Filled:
    """What was in the two systems before the first sync."""

    seeded: Seeded
    files: Sequence[ImportedFile]


@dataclass(frozen=True, slots=True)
class Before:
    """The bytes of what no sync may change, and of the pairs that FLOWFACT's own sync left in both systems."""

    outside: Bytes
    copies: Bytes


def fill(sandbox: Sandbox, calendars: Sequence[Path], events: int, console: Console) -> tuple[Person, Filled]:
    """Add the agent, her week, her old calendars and so many more appointments. Raises ConfigError."""
    anna = sandbox.add_person("anna@example.de", first="Anna", last="Beispiel")
    files = [sandbox.import_calendar(path, anna) for path in calendars]
    now = datetime.fromtimestamp(sandbox.now(), UTC)
    seeded = seed(sandbox.flowfact, anna.user, anna.mailbox, now, sandbox.form)
    seed_many(sandbox.flowfact, anna.user, anna.mailbox, now, events, sandbox.form)
    console.say(f"FLOWFACT holds {len(sandbox.flowfact.entities):,} appointments of an estate agent.")
    console.say(f"Her Outlook mailbox holds {len(anna.mailbox.events):,} events and series,")
    console.say(f"{len(seeded.copies)} of them copies that FLOWFACT's own sync once made.")
    for file in files:
        console.say(f"  imported {file.path.name}: {totals(file.table).entries:,} entries")
    return anna, Filled(seeded, files)


async def play(
    sandbox: Sandbox, anna: Person, filled: Filled, folder: Path, console: Console
) -> tuple[Stage, Outcome]:
    """Write a configuration, sync, play the scenes and judge. Raises CommandFailed."""
    configuration = sandbox.write_configuration(folder, [Account(name=ACCOUNT, person=anna)])
    write_table(folder / "import.csv", [row for file in filled.files for row in file.table])
    console.say(f"The configuration is {configuration}")
    stage = Stage(sandbox, anna, CommandLine(configuration), console)
    before = _before(stage, filled.seeded)
    if sandbox.sign_in == "delegated":
        await _sign_in(stage)
    await _first_sync(stage)
    await play_scenes(stage)
    await play_attendees(stage)
    console.title("Nothing is left to do")
    await stage.sync_until_done()
    return stage, await _judged(stage, filled, before)


async def _sign_in(stage: Stage) -> None:
    """Let the agent sign in as she would: calsync shows a code, which she types in in her browser."""
    connection, people = CONNECTIONS["graph"], stage.sandbox.authority.people
    stage.console.title(f"calsync login {connection}: the agent types a code in in her browser")
    said = await stage.calsync.login(connection, lambda code: people.approve(code, stage.anna.address))
    stage.console.outcome(True, said)


async def _first_sync(stage: Stage) -> None:
    stage.console.title("calsync check, then calsync sync until nothing is left to do")
    await stage.calsync.json("check")
    started = time.monotonic()
    await stage.sync_until_done()
    created = sum(counts["created"] for counts in stage.tally.sides.values())
    linked = sum(counts["linked"] for counts in stage.tally.sides.values())
    seconds = time.monotonic() - started
    stage.console.outcome(stage.tally.ok, f"{created:,} copied and {linked} linked in {seconds:.1f} s")


async def _judged(stage: Stage, filled: Filled, before: Before) -> Outcome:
    """Sync once more, count what it writes, and look into the stores."""
    stage.sandbox.clear()
    await stage.sync()
    after = _before(stage, filled.seeded)
    return Outcome(
        tally=stage.tally,
        seen=stage.seen,
        files=filled.files,
        verdict=stage.sandbox.judge(stage.anna, keep_notes=filled.seeded.other_notes),
        second_run_writes=stage.sandbox.writes(),
        invitations_sent=stage.sandbox.mails.count,
        touched=len(touched(before.outside, after.outside)) + len(touched(before.copies, after.copies)),
        violations=len(stage.sandbox.violations()),
        series=_series(stage),
    )


def _series(stage: Stage) -> dict[str, int]:
    """Return how many series each side holds; exceptions belong to theirs, be it there or not."""
    entities = stage.sandbox.flowfact.entities.values()
    parts = (event for event in stage.anna.mailbox.events.values() if event["type"] != "singleInstance")
    return {
        "left": sum(map(stage.sandbox.form.repeats, entities)),
        "right": len({event["seriesMasterId"] or event["id"] for event in parts}),
    }


def _before(stage: Stage, seeded: Seeded) -> Before:
    """Return the bytes as they are now. What the scenes delete on purpose is left out."""
    entities, form = stage.sandbox.flowfact.entities, stage.sandbox.form
    events = stage.anna.mailbox.events
    kept = (entity for entity in entities.values() if form.value(entity, "summary") != DELETED)
    pairs = [found for left, right in seeded.copies for found in (entities.get(left), events.get(right)) if found]
    return Before(flowfact_untouched(kept, form) | mailbox_untouched(events.values()), whole(pairs))
