"""FLOWFACT's REST API, one method per call that calsync makes. Paths: `{base}/{service}[/{prefix}]{path}`.

Never called: PUT (replaces what is not sent), restore and purge, `sendWithNotification` (mails people), the mail
configuration for anything but reading.
"""

from __future__ import annotations

import email.utils
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from calsync.errors import LoginError, Retry
from calsync.http import UNNAMED_PAUSE, lost
from calsync_flowfact.auth import Sessions
from calsync_flowfact.entity import (
    Buried,
    BuriedPage,
    Hits,
    created_ms,
    entity_id,
    epoch_ms,
    is_id,
    schema_of,
    user_ids,
)
from calsync_flowfact.failures import NotFound, Purpose, UnknownShape, failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from calsync.http import Answer
    from calsync.ports import Host
    from calsync_flowfact.config import Settings
    from calsync_flowfact.entity import Entity

_NONE: Mapping[str, str] = {}
_VERSION_2: Mapping[str, str] = {"x-ff-version": "2"}


class Client:
    """One tenant. Raises what `failures` says, LoginError for a lost sign-in and Retry for a 429."""

    def __init__(self, settings: Settings, host: Host) -> None:
        concurrency, timeout = settings.max_concurrency, settings.timeout
        self.name = host.connection
        self._settings = settings
        self._http = host.http.open(host.connection, settings.base_url, concurrency=concurrency, timeout=timeout)
        path = self._path("admin-token-service", "/public/adminUser/authenticate")
        self._sessions = Sessions(self._http, host.clock, path, settings.api_token)

    async def search(self, query: Mapping[str, Any], offset: int, size: int) -> Hits:
        """Ask the search-service for one page. A search lags behind writes."""
        schema = quote(self._settings.schema, safe="")
        path = f"/schemas/{schema}?offset={offset}&size={size}&withCount=true"
        answer = await self._look("POST", "search-service", path, json=query)
        found = answer.json()
        entries, total = self._page(found, offset)
        entities = tuple(one for one in entries if isinstance(one, dict) and entity_id(one))
        return Hits(entities, total, _server_time(answer))

    async def get(self, event_id: str) -> Entity | None:
        """Read one entity, None where there is none. Raises NoRight where it may not be seen."""
        try:
            entity = (await self._look("GET", "entity-service", self._read_path(event_id))).json()
        except NotFound:
            return None
        if not isinstance(entity, dict) or entity_id(entity) != event_id:
            raise Retry(f"{self.name}: FLOWFACT answered another appointment than the one asked for")
        return entity

    async def create(self, fields: Mapping[str, Any]) -> Entity | str:
        """Create an entity; the answer is its id, bare or in quotes, or the entity: which one is not public.

        Raises UnknownOutcome for anything else, an "OK" too: what is no id must not be linked to.
        """
        path = f"/schemas/{quote(self._settings.write_schema, safe='')}"
        answer = await self._write("POST", path, Purpose.CREATE, fields)
        text = answer.text.strip()
        entity = answer.json() if text.startswith("{") else None
        found = text.removeprefix('"').removesuffix('"') if entity is None else entity_id(entity)
        if found is None or not is_id(found):
            raise lost(f"{self.name}: FLOWFACT answered a create without an id", True)
        return found if entity is None else dict(entity)

    async def patch(
        self, schema: str, event_id: str, fields: Mapping[str, Any], *, if_match: str | None = None
    ) -> Entity | None:
        """Change some fields. Returns the entity, or None where the answer does not hold it.

        `if_match`: the version that the entity must have, for a server that heeds it; none is known to.
        """
        only = {} if if_match is None else {"If-Match": if_match}
        answer = await self._write("PATCH", _entity_path(schema, event_id), Purpose.CHANGE, fields, only)
        entity = answer.json() if answer.body.strip() else None
        return entity if isinstance(entity, dict) and entity_id(entity) == event_id else None

    async def delete(self, schema: str, event_id: str) -> None:
        """Move an entity to the trash. Raises Missing where it is not there."""
        await self._write("DELETE", _entity_path(schema, event_id), Purpose.CHANGE, None)

    async def trash(self, page: int, size: int) -> BuriedPage:
        """Return one page of the trash of the appointments' schema, whosever they were. Pages count from 1."""
        schema = quote(self._settings.write_schema, safe="")
        path = f"/recovery/entities?page={page}&size={size}&schema={schema}"
        found = (await self._look("GET", "entity-service", path)).json()
        entries, total = self._page(found)
        return BuriedPage(tuple(buried for one in entries if (buried := self._buried(one))), total)

    async def has_access(self, right: str, user: str, entities: Sequence[Entity]) -> Sequence[bool]:
        """Return of each entity whether a user has a right (`UPDATE`, `DELETE`) on it, where FLOWFACT says so.

        A POST that only asks. Raises NoRight, NotFound, Rejected.
        """
        schema = self._settings.write_schema
        asked = [{"entityId": entity_id(one), "schemaId": schema_of(one, schema)} for one in entities]
        path = f"/users/{quote(user, safe='')}/hasaccess/{right}"
        found = (await self._look("POST", "entity-service", path, json=asked)).json()
        rows = found if isinstance(found, list) else []
        answers = [row.get("hasAccess") for row in rows if isinstance(row, dict)]
        return [answer for answer in answers if isinstance(answer, bool)]

    async def session_life(self) -> timedelta:
        """Return how long a session lasts, ASSUMED_LIFE where it does not tell."""
        return await self._sessions.life()

    async def versioned(self, event_id: str) -> bool:
        """Tell whether reading an entity answers a version (`ETag`) that a write could be conditional on."""
        return "ETag" in (await self._look("GET", "entity-service", self._read_path(event_id))).headers

    async def schemas(self) -> Sequence[Mapping[str, Any]]:
        """Return the schemas of the company, the first 500 of them."""
        found = (await self._look("GET", "schema-service", "/v2/schemas?page=1&size=500")).json()
        entries, _ = self._page(found)
        return [one for one in entries if isinstance(one, dict)]

    async def schema(self) -> Mapping[str, Any]:
        """Return the properties of the schema that is written, by field name. Raises NotFound."""
        path = f"/v2/schemas/{quote(self._settings.write_schema, safe='')}"
        found = (await self._look("GET", "schema-service", path)).json()
        properties = found.get("properties") if isinstance(found, dict) else None
        if not isinstance(properties, dict):
            raise Retry(f"{self.name}: FLOWFACT's schema answered in an unknown shape")
        return properties

    async def current_user(self) -> Mapping[str, Any]:
        """Return the API user."""
        found = (await self._look("GET", "user-service", "/users/currentUser", more=_VERSION_2)).json()
        return found if isinstance(found, dict) else {}

    async def users(self) -> Sequence[Mapping[str, Any]]:
        """Return the users of the company, the inactive ones too."""
        found = (await self._look("GET", "user-service", "/users?userType=USER%2CAPI")).json()
        if not isinstance(found, list):
            raise Retry(f"{self.name}: FLOWFACT's users answered in an unknown shape")
        return [one for one in found if isinstance(one, dict)]

    async def company(self) -> str:
        """Return the company's name, "" where it is not told."""
        found = (await self._look("GET", "company-service", "/company")).json()
        return str(found.get("companyName") or "") if isinstance(found, dict) else ""

    async def mail_accounts(self) -> Sequence[Mapping[str, Any]]:
        """Return the mailboxes that FLOWFACT's own sync knows. Raises UnknownShape where it does not list them."""
        found = (await self._look("GET", "nylas-service", "/config")).json()
        accounts = found.get("emails") if isinstance(found, dict) else None
        if not isinstance(accounts, list):
            raise UnknownShape(f"{self.name}: FLOWFACT's mail configuration answered in an unknown shape")
        return [one for one in accounts if isinstance(one, dict)]

    async def close(self) -> None:
        await self._http.close()

    def _page(self, found: Any, offset: int = 0) -> tuple[list[Any], int]:
        """Return a page's entries and the number of all. Raises Retry where that is less than were shown."""
        entries, total = (found.get("entries"), found.get("totalCount")) if isinstance(found, dict) else ([], None)
        if not isinstance(entries, list) or not isinstance(total, int) or isinstance(total, bool) or total < 0:
            raise Retry(f"{self.name}: FLOWFACT answered a page in an unknown shape")
        if entries and total < offset + len(entries):
            raise Retry(f"{self.name}: FLOWFACT counts fewer entries than it shows")
        return entries, total

    def _buried(self, entry: Any) -> Buried | None:
        content = entry.get("content") if isinstance(entry, dict) else None
        content = content if isinstance(content, dict) else {}
        found = (entry.get("entityId") if isinstance(entry, dict) else None) or entity_id(content)
        if not isinstance(found, str):
            return None
        owners = user_ids(content, self._settings.required("owner")) if content else None
        return Buried(found, epoch_ms(entry.get("deletedAt")) or 0, created_ms(content), owners)

    def _read_path(self, event_id: str) -> str:
        """Return where an entity is read: without its schema where the index holds several."""
        if self._settings.index_is_group:
            return f"/entities/{quote(event_id, safe='')}"
        return _entity_path(self._settings.write_schema, event_id)

    async def _look(
        self, method: str, service: str, path: str, *, json: Any = None, more: Mapping[str, str] = _NONE
    ) -> Answer:
        answer = await self._call(method, self._path(service, path), json=json, more=more)
        if not answer.ok:
            raise failure(self.name, answer, Purpose.LOOK, ())
        return answer

    async def _write(
        self,
        method: str,
        path: str,
        purpose: Purpose,
        fields: Mapping[str, Any] | None,
        more: Mapping[str, str] = _NONE,
    ) -> Answer:
        answer = await self._call(method, self._path("entity-service", path), json=fields, changes=True, more=more)
        if not answer.ok:
            raise failure(self.name, answer, purpose, fields or ())
        return answer

    async def _call(
        self, method: str, path: str, *, json: Any, changes: bool = False, more: Mapping[str, str]
    ) -> Answer:
        """Send a request; where the session is refused, once more with a new one: nothing was carried out yet.

        403 says that the session has ended, or that a right is missing; of a young session only the latter.
        """
        token = await self._sessions.token()
        answer = await self._send(method, path, token, json, changes, more)
        refused = answer.status == HTTPStatus.FORBIDDEN and not self._sessions.young(token)
        if refused or answer.status == HTTPStatus.UNAUTHORIZED:
            token = await self._sessions.renew(token)
            answer = await self._send(method, path, token, json, changes, more)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise LoginError(
                f"connection {self.name}: FLOWFACT refuses a new session; check the rights of the user who "
                "created api_token"
            )
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            after = self._http.retry_after(answer, UNNAMED_PAUSE)
            raise Retry(f"{self.name}: FLOWFACT asks to wait", after=after)
        return answer

    async def _send(
        self, method: str, path: str, token: str, json: Any, changes: bool, more: Mapping[str, str]
    ) -> Answer:
        headers = {"cognitoToken": token, "Accept": "application/json, text/plain", "Accept-Language": "de"}
        return await self._http.request(method, path, headers={**headers, **more}, json=json, changes=changes)

    def _path(self, service: str, path: str) -> str:
        prefix = self._settings.path_prefix
        return f"/{service}/{prefix}{path}" if prefix else f"/{service}{path}"


def _entity_path(schema: str, event_id: str) -> str:
    return f"/schemas/{quote(schema, safe='')}/entities/{quote(event_id, safe='')}"


def _server_time(answer: Answer) -> int | None:
    """Return the answer's time in epoch milliseconds, None where it tells none."""
    try:
        return int(email.utils.parsedate_to_datetime(answer.headers.get("Date", "")).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
