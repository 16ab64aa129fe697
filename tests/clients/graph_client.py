"""Microsoft's Python client plays one story on a mailbox and prints what it saw as one JSON object.

Runs in an environment of its own. Arguments: Graph's address with the version, access token, mailbox, story.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import fields
from typing import Any

from kiota_abstractions.authentication import (
    AccessTokenProvider,
    AllowedHostsValidator,
    BaseBearerTokenAuthenticationProvider,
)
from kiota_abstractions.serialization import Parsable
from msgraph import GraphServiceClient
from msgraph.generated.models.event import Event
from msgraph.generated.models.exchange_id_format import ExchangeIdFormat
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.users.item.calendar_view.calendar_view_request_builder import CalendarViewRequestBuilder
from msgraph.generated.users.item.calendar_view.delta.delta_request_builder import DeltaRequestBuilder
from msgraph.generated.users.item.events.events_request_builder import EventsRequestBuilder
from msgraph.generated.users.item.events.item.event_item_request_builder import EventItemRequestBuilder
from msgraph.generated.users.item.translate_exchange_ids.translate_exchange_ids_post_request_body import (
    TranslateExchangeIdsPostRequestBody,
)
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph_core.requests.batch_request_builder import BatchRequestBuilder
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem
from msgraph_core.tasks.page_iterator import PageIterator

from tests.clients.graph_requests import FOREIGN_ID, asking, day, draft, march, series


class GivenToken(AccessTokenProvider):  # type: ignore[misc]
    def __init__(self, token: str) -> None:
        self._token = token

    async def get_authorization_token(self, uri: str, additional_authentication_context: Any = None) -> str:
        return self._token

    def get_allowed_hosts_validator(self) -> Any:
        return AllowedHostsValidator([])


class Story:
    """The stories, and the short ways through the client's builders that they take."""

    def __init__(self, url: str, token: str, address: str) -> None:
        adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(GivenToken(token)))
        adapter.base_url = url
        self._client = GraphServiceClient(request_adapter=adapter)
        self._user = self._client.users.by_user_id(address)

    async def events(self) -> Any:
        """Create, read, search, change and delete one event."""
        made = await self._user.events.post(draft("Besichtigung"), asking())
        again = await self._user.events.post(draft("Besichtigung"), asking())
        item = self._user.events.by_event_id(made.id)
        query = EventItemRequestBuilder.EventItemRequestBuilderGetQueryParameters(
            select=["subject", "start", "body"],
            expand=[f"singleValueExtendedProperties($filter=id eq '{FOREIGN_ID}')"],
        )
        read = await item.get(asking(query))
        stale = await refusal(item.patch(Event(subject="nie"), asking(if_match='W/"alt"')))
        etag = made.additional_data["@odata.etag"]
        changed = await item.patch(Event(subject="verschoben"), asking(if_match=etag))
        hits = [len(await self._find(value)) for value in ("ff:1", "ff:2")]
        await item.delete(asking())
        return {
            "read": [read.subject, read.start.date_time, read.start.time_zone, read.body.content, read.location],
            "property": [one.value for one in read.single_value_extended_properties],
            "stale": stale,
            "changed": changed.subject,
            "hits": hits,
            "same": again.id == made.id,
            "gone": await refusal(item.get(asking())),
        }

    async def changes(self) -> Any:
        """Follow the change feed, in pages of two, over a creation, a change and two deletions."""
        feed = self._user.calendar_view.delta
        first, link = await self._round(await feed.get(asking(march(DeltaRequestBuilder), paged=True)))
        known = dict(first)
        await self._user.events.post(draft("neu"), asking())
        await self._user.events.by_event_id(known["1"]).patch(Event(subject="anders"), asking())
        for subject in ("2", "3"):
            await self._user.events.by_event_id(known[subject]).delete(asking())
        second, link = await self._round(await feed.with_url(link).get(asking(paged=True)))
        third, _ = await self._round(await feed.with_url(link).get(asking(paged=True)))
        names = {event_id: subject for subject, event_id in first}
        return {
            "first": sorted(known),
            "second": sorted(subject or f"-{names[event_id]}" for subject, event_id in second),
            "third": third,
        }

    async def expired(self) -> Any:
        """Come back with a deltaLink that the server has forgotten, and begin anew."""
        feed = self._user.calendar_view.delta
        first, link = await self._round(await feed.get(asking(march(DeltaRequestBuilder))))
        lost = await refusal(feed.with_url(link).get(asking()))
        again, _ = await self._round(await feed.get(asking(march(DeltaRequestBuilder))))
        return {"lost": lost, "again": [subject for subject, _ in again], "same": again == first}

    async def view(self) -> Any:
        """Create a series and a day in one calendar, and list its occurrences in pages of two."""
        calendars = (await self._user.calendars.get()).value
        calendar = self._user.calendars.by_calendar_id(next(one.id for one in calendars if one.name == "Privat"))
        for body in (series(), day()):
            await calendar.events.post(body, asking())
        query = march(CalendarViewRequestBuilder, top=2, select=["subject", "type", "start", "isAllDay"])
        page = await calendar.calendar_view.get(asking(query))
        pages = PageIterator(page, self._client.request_adapter)
        pages.headers = asking().headers
        found: list[Any] = []

        def hear(one: Any) -> bool:
            found.append([one.subject, one.type.value, one.start.date_time[:16], one.is_all_day])
            return True

        await pages.iterate(hear)
        return found

    async def ids(self) -> Any:
        """Translate the default id of the only event, and read it by its immutable one."""
        (event,) = (await self._user.events.get()).value
        asked = TranslateExchangeIdsPostRequestBody(
            input_ids=[event.id],
            source_id_type=ExchangeIdFormat.RestId,
            target_id_type=ExchangeIdFormat.RestImmutableEntryId,
        )
        (translated,) = (await self._user.translate_exchange_ids.post(asked)).value
        same = await self._user.events.by_event_id(translated.target_id).get(asking())
        return {"other": translated.target_id != event.id, "same": same.id == translated.target_id}

    async def batch(self) -> Any:
        """Create two events, and read one that is not there, in one request.

        Only the statuses: msgraph-core 1.5.2 reads a body only where it is base64, and JSON comes as it is.
        """
        missing = self._user.events.by_event_id("AAMkAHN0cmVldHxJZ25vcmU=")
        parts = [self._user.events.to_post_request_information(draft(subject), asking()) for subject in "01"]
        parts.append(missing.to_get_request_information(asking()))
        content = BatchRequestContent()
        for number, part in enumerate(parts):
            content.add_request(None, BatchRequestItem(part, id=str(number)))
        answers = await BatchRequestBuilder(self._client.request_adapter).post(content)
        return answers.get_response_status_codes()

    async def throttled(self) -> Any:
        """Create, change, read and delete one event."""
        made = await self._user.events.post(draft("Andrang"), asking())
        item = self._user.events.by_event_id(made.id)
        await item.patch(Event(subject="Andrang vorbei"), asking())
        seen = await item.get(asking())
        await item.delete(asking())
        return seen.subject

    async def models(self) -> Any:
        """Return the names of all properties that the client's models do not know."""
        listed = [
            await self._user.get(),
            await self._user.calendar.get(),
            await self._user.events.get(asking(march(EventsRequestBuilder, top=100))),
            await self._user.calendar_view.get(asking(march(CalendarViewRequestBuilder, top=100))),
            await self._user.calendar_view.delta.get(asking(march(DeltaRequestBuilder))),
        ]
        return sorted(untyped(listed))

    async def _find(self, value: str) -> Any:
        text = f"singleValueExtendedProperties/Any(ep: ep/id eq '{FOREIGN_ID}' and ep/value eq '{value}')"
        query = EventsRequestBuilder.EventsRequestBuilderGetQueryParameters(filter=text)
        return (await self._user.events.get(asking(query))).value

    async def _round(self, page: Any) -> tuple[list[tuple[Any, str]], str]:
        """Follow a round: subject (None: removed) and id of every entity, and the deltaLink."""
        found = told(page)
        while page.odata_next_link:
            page = await self._user.calendar_view.delta.with_url(page.odata_next_link).get(asking(paged=True))
            found += told(page)
        return found, page.odata_delta_link


def told(page: Any) -> list[tuple[Any, str]]:
    return [(None if "@removed" in one.additional_data else one.subject, one.id) for one in page.value]


def untyped(value: Any) -> set[str]:
    """Return the names of properties, annotations aside, that no model has, wherever they stand in a value."""
    if isinstance(value, list):
        return set().union(*map(untyped, value))
    if not isinstance(value, Parsable):
        return set()
    known = [getattr(value, field.name) for field in fields(value) if field.name != "backing_store"]
    return {name for name in value.additional_data if "@" not in name} | untyped(known)


async def refusal(asked: Any) -> list[Any]:
    """Return status and code of the error that a request is answered with."""
    try:
        await asked
    except ODataError as error:
        return [error.response_status_code, error.error.code]
    return []


async def main(url: str, token: str, address: str, story: str) -> None:
    print(json.dumps(await getattr(Story(url, token, address), story)()))  # noqa: T201


asyncio.run(main(*sys.argv[1:]))
