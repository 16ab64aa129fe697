"""The questions about a tenant that can be answered without a write.

Each asks as little as shows the answer. Nothing that is read is kept but the answers: no text, no name, no id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from calsync.errors import Retry
from calsync.values import replace
from calsync_flowfact.answers import Answer, ok, problem, unknown, warning
from calsync_flowfact.entity import entity_id, user_ids
from calsync_flowfact.failures import NoRight, NotFound, Rejected
from calsync_flowfact.native_sync import syncs_calendar
from calsync_flowfact.probe_search import Found, SearchProbe
from calsync_flowfact.query import CREATED
from calsync_flowfact.rights import rights_of
from calsync_flowfact.sample import draw
from calsync_flowfact.tenant import addresses, field_problems
from calsync_flowfact.verdicts import verdicts

if TYPE_CHECKING:
    from calsync_flowfact.client import Client
    from calsync_flowfact.config import Settings

Question = Callable[[], Awaitable[Sequence[Answer]]]
REFUSALS = (NoRight, NotFound, Rejected)
SHORT = timedelta(minutes=5)


@dataclass(slots=True)
class Probe:
    """One probe of a connection, which has signed in."""

    client: Client
    settings: Settings
    now: datetime
    users: Sequence[Mapping[str, Any]]
    api_user: Mapping[str, Any]
    properties: Mapping[str, Any]
    found: Found = field(default_factory=Found)

    async def ask(self) -> Sequence[Answer]:
        """Ask everything. What the server refuses to tell is an answer, too. Raises LoginError."""
        answers: list[Answer] = []
        search = self._search
        questions: Mapping[str, Question] = {
            "session": self._session,
            "user": self._user,
            "mapping": self._mapping,
            "sample": self._sampled,
            "filter": search.filter,
            "sort": search.sort,
            "page": search.page,
            "range": search.range,
            "trash": self._trash,
            "rights": self._rights,
            "owners": self._owners,
            "native_sync": self._native_sync,
            "version": self._version,
        }
        for name, question in questions.items():
            try:
                answers += await question()
            except (*REFUSALS, Retry) as refused:
                answers.append(
                    unknown(name, f"FLOWFACT does not tell: {refused}", f"FLOWFACT sagt es nicht: {refused}")
                )
        return answers

    @property
    def _search(self) -> SearchProbe:
        return SearchProbe(self.client, self.settings, self.now, self.found)

    async def _session(self) -> Sequence[Answer]:
        minutes = await self.client.session_life() / timedelta(minutes=1)
        en, de = f"a session lasts {minutes:.0f} minutes", f"Eine Anmeldung gilt {minutes:.0f} Minuten"
        if minutes * timedelta(minutes=1) < SHORT:
            return [warning("session", f"{en}, which is short", f"{de}; das ist kurz")]
        return [ok("session", en, de)]

    async def _user(self) -> Sequence[Answer]:
        kind = self.api_user.get("type") or "?"
        en = f"the API user is of type {kind}; the company has {len(self.users)} users"
        return [ok("user", en, f"Der API-Benutzer ist vom Typ {kind}; die Firma hat {len(self.users)} Benutzer")]

    async def _mapping(self) -> Sequence[Answer]:
        found = field_problems(self.settings, self.properties)
        if found:
            return found
        en = f"the schema {self.settings.write_schema} has {len(self.properties)} fields, and every mapped one"
        de = f"Das Schema {self.settings.write_schema} hat {len(self.properties)} Felder und jedes zugeordnete"
        return [ok("mapping", en, de)]

    async def _sampled(self) -> Sequence[Answer]:
        sample = await draw(self.client, self.settings, self.api_user.get("id"))
        found = self.found
        found.shown, found.sample, found.total = sample.shown, sample.entities, sample.total
        if not found.sample:
            en, de = (
                "FLOWFACT shows no appointment to look at",
                "FLOWFACT zeigt keinen Termin, der sich ansehen ließe",
            )
            return [unknown("sample", en, de)]
        doubts = verdicts(sample, {str(user.get("id")) for user in self.users})
        if doubts:
            return doubts
        seen = len(found.sample)
        en = f"{seen} of {found.total} appointments have the form that is configured"
        return [ok("sample", en, f"{seen} von {found.total} Terminen haben die eingestellte Form")]

    async def _trash(self) -> Sequence[Answer]:
        try:
            page = await self.client.trash(1, self.settings.page_size)
        except REFUSALS:
            return [
                warning(
                    "trash",
                    "the trash may not be seen; ask FLOWFACT's administrator for the right to it",
                    "Der Papierkorb ist nicht sichtbar; bitten Sie die FLOWFACT-Administration um das Recht",
                )
            ]
        old = (self.now.timestamp() * 1000) - 2 * self.settings.overlap
        ids = [one.id for one in page.entries if one.deleted < old][: self.settings.page_size]
        answers = [
            ok("trash", f"the trash holds {page.total} appointments", f"Im Papierkorb sind {page.total} Termine")
        ]
        if not ids:
            return [
                *answers,
                unknown(
                    "trash",
                    "whether a search finds deleted appointments shows an older deletion only",
                    "Ob die Suche Gelöschtes findet, zeigt nur eine ältere Löschung",
                ),
            ]
        by_id = [{"type": "entityId", "values": ids}]
        found = bool((await self._search.search(by_id, CREATED, len(ids))).entities)
        self.found.habits = replace(self.found.habits, trash_in_search=found)
        en, de = ("finds", "findet") if found else ("does not find", "findet nicht")
        return [*answers, ok("trash", f"a search {en} deleted appointments", f"Die Suche {de}, was gelöscht ist")]

    async def _rights(self) -> Sequence[Answer]:
        return await rights_of(self.client, self.api_user.get("id"), self.found.sample)

    async def _owners(self) -> Sequence[Answer]:
        field_name = self.settings.required("owner")
        owners = {one for entity in self.found.sample for one in user_ids(entity, field_name)}
        people = {str(user.get("id")) for user in self.users}
        seen = len(owners & people)
        en = f"the appointments that were looked at belong to {seen} users"
        de = f"Die angesehenen Termine gehören {seen} Benutzern"
        if self.found.sample and not seen:
            return [
                problem(
                    "owners",
                    f"{en}: the field {field_name!r} is not the owner",
                    f"{de}: {field_name!r} ist nicht der Besitzer",
                )
            ]
        if seen == 1 and len(people) > 1:
            more = (
                "the API user may not see others' appointments",
                "vielleicht sieht der API-Benutzer keine anderen",
            )
            return [warning("owners", f"{en}; {more[0]}", f"{de}; {more[1]}")]
        return [ok("owners", en, de)]

    async def _native_sync(self) -> Sequence[Answer]:
        on = [mailbox for mailbox in await self.client.mail_accounts() if syncs_calendar(mailbox)]
        if not on:
            return [
                ok(
                    "native_sync",
                    "FLOWFACT's own calendar sync is off everywhere",
                    "FLOWFACTs eigene Kalendersynchronisation ist überall aus",
                )
            ]
        known = {address for user in self.users for address in addresses(user)}
        whose = sum(str(one.get("email")).casefold() in known for one in on)
        en = f"FLOWFACT's own calendar sync is on for {len(on)} mailboxes ({whose} of users); calsync refuses them"
        de = (
            f"FLOWFACTs eigene Kalendersynchronisation ist für {len(on)} Postfächer an ({whose} von Benutzern); "
            "diese Konten lehnt calsync ab"
        )
        return [warning("native_sync", en, de)]

    async def _version(self) -> Sequence[Answer]:
        found = [event_id for entity in self.found.sample if (event_id := entity_id(entity))]
        versioned = bool(found) and await self.client.versioned(found[0])
        if versioned:
            return [
                ok(
                    "version",
                    "reading answers an ETag; whether writes heed it is not known",
                    "Beim Lesen kommt ein ETag; ob ihn Schreibzugriffe beachten, ist unbekannt",
                )
            ]
        return [
            ok(
                "version",
                "reading answers no ETag: a write cannot be conditional",
                "Beim Lesen kommt kein ETag: Schreibzugriffe können nichts voraussetzen",
            )
        ]
