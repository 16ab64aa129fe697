"""The questions about a tenant that can be answered without a write.

Each asks as little as shows the answer. Nothing that is read is kept but the answers: no text, no name, no id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from calsync.errors import Retry
from calsync_flowfact.answers import Answer, ok, problem, unknown, warning
from calsync_flowfact.config import NUMERIC
from calsync_flowfact.entity import created_ms, entity_id, modified_ms, user_ids, values
from calsync_flowfact.failures import NoRight, NotFound, Rejected
from calsync_flowfact.habits import NOTHING_KNOWN, Habits
from calsync_flowfact.native_sync import syncs_calendar
from calsync_flowfact.query import CREATED, MODIFIED
from calsync_flowfact.rights import rights_of
from calsync_flowfact.sample import SIZE, draw
from calsync_flowfact.tenant import addresses, field_problems
from calsync_flowfact.times import InstantCodec
from calsync_flowfact.verdicts import verdicts

if TYPE_CHECKING:
    from calsync_flowfact.client import Client
    from calsync_flowfact.config import Settings
    from calsync_flowfact.entity import Entity, Hits

Question = Callable[[], Awaitable[Sequence[Answer]]]
LARGEST = 1000
DEEP = 10_000
"""A place in a search's answer behind which many search engines do not go."""
REFUSALS = (NoRight, NotFound, Rejected)
UTC_ZONE = ZoneInfo("UTC")
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
    habits: Habits = NOTHING_KNOWN
    sample: Sequence[Entity] = field(default_factory=list)
    total: int = 0

    async def ask(self) -> Sequence[Answer]:
        """Ask everything. What the server refuses to tell is an answer, too. Raises LoginError."""
        answers: list[Answer] = []
        questions: Mapping[str, Question] = {
            "session": self._session,
            "user": self._user,
            "mapping": self._mapping,
            "sample": self._sampled,
            "filter": self._filter,
            "sort": self._sort,
            "page": self._page,
            "range": self._range,
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

    async def _session(self) -> Sequence[Answer]:
        minutes = await self.client.session_life() / timedelta(minutes=1)
        en, de = f"a session lasts {minutes:.0f} minutes", f"eine Anmeldung gilt {minutes:.0f} Minuten"
        if minutes * timedelta(minutes=1) < SHORT:
            return [warning("session", f"{en}, which is short", f"{de}; das ist kurz")]
        return [ok("session", en, de)]

    async def _user(self) -> Sequence[Answer]:
        kind = self.api_user.get("type") or "?"
        en = f"the API user is of type {kind}; the company has {len(self.users)} users"
        return [ok("user", en, f"der API-Benutzer ist vom Typ {kind}; die Firma hat {len(self.users)} Benutzer")]

    async def _mapping(self) -> Sequence[Answer]:
        found = field_problems(self.settings, self.properties)
        if found:
            return found
        en = f"the schema {self.settings.write_schema} has {len(self.properties)} fields, and every mapped one"
        de = f"das Schema {self.settings.write_schema} hat {len(self.properties)} Felder und jedes zugeordnete"
        return [ok("mapping", en, de)]

    async def _sampled(self) -> Sequence[Answer]:
        sample = await draw(self.client, self.settings, self.api_user.get("id"))
        self.sample, self.total = sample.entities, sample.total
        if not self.sample:
            en, de = (
                "FLOWFACT shows no appointment to look at",
                "FLOWFACT zeigt keinen Termin, der sich ansehen ließe",
            )
            return [unknown("sample", en, de)]
        found = verdicts(sample, {str(user.get("id")) for user in self.users})
        if found:
            return found
        en = f"{len(self.sample)} of {self.total} appointments have the form that is configured"
        return [ok("sample", en, f"{len(self.sample)} von {self.total} Terminen haben die eingestellte Form")]

    async def _filter(self) -> Sequence[Answer]:
        """Ask for what will be modified in ten years: a server that ignores the condition answers all."""
        future = int((self.now + timedelta(days=3650)).timestamp() * 1000)
        later = {"type": "hasFieldWithValue", "field": MODIFIED, "operator": "GREATER_EQUAL", "value": future}
        try:
            accepted = (await self._search([later], MODIFIED, "DESC", 1)).total == 0
        except Rejected:
            accepted = False
        if not self.total:
            return [
                unknown(
                    "filter",
                    "filtering by the time of modification cannot be told without an appointment",
                    "ob sich nach Änderungszeit filtern lässt, zeigt sich erst mit einem Termin",
                )
            ]
        self.habits = replace(self.habits, metadata_filter=accepted)
        if accepted:
            return [
                ok(
                    "filter",
                    "a search can be filtered by the time of modification",
                    "die Suche lässt sich nach Änderungszeit filtern",
                )
            ]
        return [
            ok(
                "filter",
                "a search cannot be filtered by the time of modification; calsync sorts instead",
                "die Suche lässt sich nicht nach Änderungszeit filtern; calsync sortiert stattdessen",
            )
        ]

    async def _sort(self) -> Sequence[Answer]:
        hits = await self._search([], MODIFIED, "DESC", SIZE)
        times = [found for entity in hits.entities if (found := modified_ms(entity))]
        created = [created_ms(entity) for entity in self.sample]
        if times == sorted(times, reverse=True) and created == sorted(created, reverse=True):
            return [
                ok(
                    "sort",
                    "a search sorts by the times of creation and modification",
                    "die Suche sortiert nach Anlage- und Änderungszeit",
                )
            ]
        return [
            problem(
                "sort",
                "a search does not sort by the times of creation and modification, so changes cannot be read",
                "die Suche sortiert nicht nach Anlage- und Änderungszeit; so lassen sich Änderungen nicht lesen",
            )
        ]

    async def _page(self) -> Sequence[Answer]:
        largest = len((await self._search([], CREATED, "DESC", LARGEST)).entities)
        cut = largest < min(self.total, LARGEST)
        self.habits = replace(self.habits, page_size=largest if cut and largest else None)
        answers = [
            ok(
                "page",
                f"a page holds {largest} of {self.total} appointments",
                f"eine Seite fasst {largest} von {self.total} Terminen",
            )
        ]
        try:
            await self._search([], CREATED, "DESC", 1, offset=DEEP)
        except Rejected:
            answers.append(
                ok(
                    "page",
                    f"a search does not go behind {DEEP}; calsync reads in parts",
                    f"die Suche geht nicht über {DEEP} hinaus; calsync liest in Teilen",
                )
            )
        return answers

    async def _range(self) -> Sequence[Answer]:
        """Ask for what overlaps one appointment, and for what lies in a time long past."""
        codecs = {self.settings.fields[key].codec for key in ("start", "end")}
        whole = [one for one in self.sample if self._span(one) is not None]
        if len(codecs) != 1 or not codecs <= NUMERIC or not whole:
            return [
                unknown(
                    "range",
                    "searching by range cannot be told: it needs numbers and an appointment",
                    "ob sich nach Zeitraum suchen lässt, ist nicht feststellbar: nötig sind Zahlen und ein Termin",
                )
            ]
        codec = InstantCodec(codecs.pop(), UTC_ZONE)
        long_past = codec.encode(datetime(1971, 1, 1, tzinfo=UTC)), codec.encode(datetime(1971, 1, 2, tzinfo=UTC))
        start, end = self._span(whole[0]) or long_past
        try:
            inside, outside = await self._overlapping(start, end), await self._overlapping(*long_past)
        except Rejected:
            inside, outside = frozenset(), frozenset()
        works = entity_id(whole[0]) in inside and not outside & inside
        self.habits = replace(self.habits, ranges=works)
        if works:
            return [
                ok(
                    "range",
                    "a search by range finds what overlaps it",
                    "die Suche nach Zeitraum findet, was hineinreicht",
                )
            ]
        return [
            ok(
                "range",
                "a search by range does not work; calsync lists everything instead",
                "die Suche nach Zeitraum geht nicht; calsync liest stattdessen alles",
            )
        ]

    async def _trash(self) -> Sequence[Answer]:
        try:
            page = await self.client.trash(1, self.settings.page_size)
        except REFUSALS:
            return [
                warning(
                    "trash",
                    "the trash may not be seen; ask FLOWFACT's administrator for the right to it",
                    "der Papierkorb ist nicht sichtbar; bitten Sie die FLOWFACT-Administration um das Recht",
                )
            ]
        old = (self.now.timestamp() * 1000) - 2 * self.settings.overlap
        ids = [one.id for one in page.entries if one.deleted < old][: self.settings.page_size]
        answers = [
            ok("trash", f"the trash holds {page.total} appointments", f"im Papierkorb sind {page.total} Termine")
        ]
        if not ids:
            return [
                *answers,
                unknown(
                    "trash",
                    "whether a search finds deleted appointments shows an older deletion only",
                    "ob die Suche Gelöschtes findet, zeigt nur eine ältere Löschung",
                ),
            ]
        by_id = [{"type": "entityId", "values": ids}]
        found = bool((await self._search(by_id, CREATED, "DESC", len(ids))).entities)
        self.habits = replace(self.habits, trash_in_search=found)
        en, de = ("finds", "findet") if found else ("does not find", "findet nicht")
        return [*answers, ok("trash", f"a search {en} deleted appointments", f"die Suche {de}, was gelöscht ist")]

    async def _rights(self) -> Sequence[Answer]:
        return await rights_of(self.client, self.api_user.get("id"), self.sample)

    async def _owners(self) -> Sequence[Answer]:
        field_name = self.settings.required("owner")
        owners = {one for entity in self.sample for one in user_ids(entity, field_name)}
        people = {str(user.get("id")) for user in self.users}
        seen = len(owners & people)
        en = f"the appointments that were looked at belong to {seen} users"
        de = f"die angesehenen Termine gehören {seen} Benutzern"
        if self.sample and not seen:
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
        found = [event_id for entity in self.sample if (event_id := entity_id(entity))]
        versioned = bool(found) and await self.client.versioned(found[0])
        if versioned:
            return [
                ok(
                    "version",
                    "reading answers an ETag; whether writes heed it is not known",
                    "beim Lesen kommt ein ETag; ob ihn Schreibzugriffe beachten, ist unbekannt",
                )
            ]
        return [
            ok(
                "version",
                "reading answers no ETag: a write cannot be conditional",
                "beim Lesen kommt kein ETag: Schreibzugriffe können nichts voraussetzen",
            )
        ]

    async def _search(
        self, conditions: Sequence[Mapping[str, Any]], by: str, direction: str, size: int, *, offset: int = 0
    ) -> Hits:
        sorts = [{"field": by, "direction": direction}]
        fetch = self.settings.fetched if size <= SIZE else ["id"]  # a long page is only counted
        query = {"target": "ENTITY", "fetch": fetch, "conditions": list(conditions), "sorts": sorts}
        return await self.client.search(query, offset, size)

    async def _overlapping(self, start: Any, end: Any) -> frozenset[str]:
        names = {"rangeStart": self.settings.required("start"), "rangeEnd": self.settings.required("end")}
        condition = {"type": "hasRangeOverlapping", **names, "value": {"from": start, "to": end}}
        hits = await self._search([condition], CREATED, "DESC", LARGEST)
        return frozenset(found for entity in hits.entities if (found := entity_id(entity)))

    def _span(self, entity: Entity) -> tuple[Any, Any] | None:
        starts, ends = (values(entity, self.settings.required(key)) for key in ("start", "end"))
        return (starts[0], ends[0]) if starts and ends else None
