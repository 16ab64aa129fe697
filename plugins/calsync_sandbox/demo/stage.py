"""What all scenes of the demo share: both systems, the command line, and watching changes arrive."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calsync_sandbox.demo.commandline import CommandFailed
from calsync_sandbox.demo.tally import Tally, writes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from calsync_sandbox.demo.commandline import CommandLine
    from calsync_sandbox.demo.console import Console
    from calsync_sandbox.sandbox import Person, Sandbox

ACCOUNT = "anna"
TO_OUTLOOK = "FLOWFACT → Outlook"
TO_FLOWFACT = "Outlook → FLOWFACT"
_ROUNDS = 10
"""Syncs after which a change that has not arrived never will."""
_GLANCE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a person does in one system, and how it is seen in the other.

    `verb` is created, edited, moved or deleted; `text` says what it is about.
    """

    way: str
    verb: str
    text: str
    act: Callable[[], object]
    arrived: Callable[[], bool]


@dataclass(slots=True)
class Seen:
    """A change that was carried out: whether it arrived, and after how many seconds."""

    way: str
    verb: str
    text: str
    seconds: float | None = None


@dataclass
class Stage:
    """One demo. `anna` is the agent whose calendars are synced."""

    sandbox: Sandbox
    anna: Person
    calsync: CommandLine
    console: Console
    tally: Tally = field(default_factory=lambda: Tally(ACCOUNT))
    seen: list[Seen] = field(default_factory=list)

    async def sync(self) -> Any:
        """Run `calsync sync` once and return its JSON."""
        result = await self.calsync.json("sync")
        self.tally.add(result)
        return result

    async def sync_until(self, seen: Callable[[Any], bool]) -> Any:
        """Sync until a run's JSON tells something, as a server may tell late; return the last one."""
        for _ in range(_ROUNDS):
            result = await self.sync()
            if seen(result):
                break
        return result

    async def sync_until_done(self) -> None:
        """Sync until a run has nothing left to do. Raises CommandFailed if it never ends."""
        for _ in range(_ROUNDS):
            if writes(await self.sync()) == 0:
                return
        raise CommandFailed(f"after {_ROUNDS} syncs there is still something to do")

    async def play(self, changes: Sequence[Change]) -> None:
        """Let people carry out changes, sync, and watch each arrive on the other side."""
        watched: list[tuple[Change, Seen, float]] = []
        for change in changes:
            change.act()
            watched.append((change, Seen(change.way, change.verb, change.text), time.monotonic()))
        for _ in range(_ROUNDS):
            await self._watch(watched, self.sync())
            if all(seen.seconds is not None for _, seen, _ in watched):
                break
        for _, seen, _ in watched:
            self.tell(seen)

    def tell(self, seen: Seen) -> None:
        """Remember and show how a change went."""
        self.seen.append(seen)
        self.show(seen)

    def show(self, seen: Seen) -> None:
        """Print one line: which way, what was done, how long it took to arrive, and what it is about."""
        after = "never" if seen.seconds is None else f"{seen.seconds:.1f} s"
        self.console.outcome(seen.seconds is not None, f"{seen.way}  {seen.verb:<8}{after:>7}  {seen.text}")

    def outlook(self, subject: str) -> dict[str, Any] | None:
        """Return the event with this subject in the mailbox."""
        events = self.anna.mailbox.events.values()
        return next((event for event in events if event["subject"] == subject), None)

    def flowfact(self, subject: str) -> dict[str, Any] | None:
        """Return the appointment with this subject in FLOWFACT."""
        entities = self.sandbox.flowfact.entities.values()
        form = self.sandbox.form
        return next((entity for entity in entities if form.value(entity, "summary") == subject), None)

    def flowfact_notes(self, subject: str) -> str:
        """Return the notes of an appointment as FLOWFACT stores them, "" where it is not there."""
        return str(self.sandbox.form.value(self.flowfact(subject), "description") or "")

    def create_in_flowfact(self, **values: Any) -> None:
        """`values` as a `Form` takes them, here and below."""
        form = self.sandbox.form
        fields = form.fields({"owner": [self.anna.user["id"]], **values})
        self.sandbox.flowfact.create(form.schema, fields, user=dict(self.anna.user))

    def edit_in_flowfact(self, subject: str, /, **values: Any) -> None:
        found = self.flowfact(subject)
        if found is not None:
            fields = self.sandbox.form.fields(values)
            self.sandbox.flowfact.patch(found["id"], fields, user=dict(self.anna.user))

    def delete_in_flowfact(self, subject: str) -> None:
        found = self.flowfact(subject)
        if found is not None:
            self.sandbox.flowfact.delete(found["id"], user=dict(self.anna.user))

    def edit_in_outlook(self, subject: str, /, **properties: Any) -> None:
        found = self.outlook(subject)
        if found is not None:
            self.anna.mailbox.edit(found["id"], properties)

    def delete_in_outlook(self, subject: str) -> None:
        found = self.outlook(subject)
        if found is not None:
            self.anna.mailbox.delete(found["id"])

    async def _watch(self, watched: Sequence[tuple[Change, Seen, float]], syncing: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(syncing)
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=_GLANCE_SECONDS)
                _glance(watched)
        finally:
            task.cancel()
            # Also after Ctrl-C its process must have ended before its files go.
            await asyncio.gather(task, return_exceptions=True)
        await task


def _glance(watched: Sequence[tuple[Change, Seen, float]]) -> None:
    for change, seen, started in watched:
        if seen.seconds is None and change.arrived():
            seen.seconds = time.monotonic() - started
