"""What an administrator asks about a tenant: which fields it has, which of them are which, and what it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calsync.errors import ConfigError, Retry
from calsync_flowfact.answers import problem
from calsync_flowfact.config import FOR_RULES, about_of
from calsync_flowfact.failures import NoRight, NotFound, Rejected
from calsync_flowfact.habits import BELIEVED, Probed, kept, to_keep
from calsync_flowfact.probe import Probe
from calsync_flowfact.probe_edits import EditProbe
from calsync_flowfact.probe_writes import WriteProbe
from calsync_flowfact.questions import questions
from calsync_flowfact.sample import SIZE, newest
from calsync_flowfact.suggest import suggest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.forms import Question
    from calsync.ports import Clock, Learnt
    from calsync_flowfact.answers import Answer
    from calsync_flowfact.client import Client
    from calsync_flowfact.config import Settings
    from calsync_flowfact.habits import Habits
    from calsync_flowfact.suggest import Suggestion

NOT_WRITTEN = problem(
    "write",
    "nothing was written, because of the errors above",
    "Es wurde nichts geschrieben, wegen der Fehler oben",
)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Asks one connection, whatever its mapping is. Everything raises LoginError, Retry and ConfigError."""

    client: Client
    settings: Settings
    clock: Clock
    learnt: Learnt | None

    async def schema(self) -> Mapping[str, Any]:
        """Return the fields of the schema that is written, by name."""
        try:
            return await self.client.schema()
        except (NotFound, Rejected) as error:
            schema = self.settings.write_schema
            said = f"FLOWFACT has no schema {schema!r} (for a group of schemas set write_schema)"
            raise ConfigError([f"connection {self.client.name}: {said}{await self._known_schemas()}"]) from error

    async def suggest(self) -> Sequence[Suggestion]:
        """Return a mapping of its fields. Only what seems to be a field of calsync's is read of appointments."""
        return await self._suggestions(await self.schema())

    async def questions(self) -> Sequence[Question]:
        """Return the same as questions to a person. Reads what `suggest` reads."""
        properties = await self.schema()
        return questions(self.settings, properties, await self._suggestions(properties))

    async def probe(self, *, write: bool) -> Sequence[Answer]:
        """Ask what this tenant takes and does, and keep the answers; with `write` also by one test appointment."""
        user = await self.client.current_user()
        properties, users = await self.schema(), await self.client.users()
        now = self.clock.now()
        probe = Probe(self.client, self.settings, now, users, user, properties)
        answers, habits = list(await probe.ask()), probe.found.habits
        if write and isinstance(user.get("id"), str) and not any(one.severity == "error" for one in answers):
            writes = WriteProbe(EditProbe(self.client, self.settings, self.clock, user["id"], habits))
            answers += await writes.ask()
            habits = writes.habits
        elif write:
            answers.append(NOT_WRITTEN)
        if self.learnt is not None:
            self._keep(self.learnt, habits, about_of(self.settings, properties))
        return answers

    async def _suggestions(self, properties: Mapping[str, Any]) -> Sequence[Suggestion]:
        fetch = ["id", "_metadata", *(one.field for one in suggest(properties, ()) if one.key not in FOR_RULES)]
        try:
            hits = await self.client.search({**newest(self.settings), "fetch": fetch}, 0, SIZE)
        except (NoRight, NotFound, Rejected):
            return suggest(properties, ())
        return suggest(properties, hits.entities)

    def _keep(self, learnt: Learnt, habits: Habits, subject: str) -> None:
        """Keep what was found out, and of what is known of the same tenant what was not asked this time."""
        now, before = self.clock.now(), kept(learnt.read(), subject)
        probed = Probed(habits=habits, at=now)
        if before is not None and now - before.at < BELIEVED:
            filled = habits.filled(before.habits)
            probed = Probed(habits=filled, at=now if filled == habits else before.at)
        learnt.write(to_keep(probed, subject))

    async def _known_schemas(self) -> str:
        try:
            names = sorted(str(one["name"]) for one in await self.client.schemas() if one.get("name"))
        except (NoRight, NotFound, Rejected, Retry):
            return ""
        return f"; it has {', '.join(names)}" if names else ""
