"""Microsoft's Python client plays one story on a mailbox and prints what it saw as one JSON object.

Runs in an environment of its own. Arguments: Graph's address with the version, access token, mailbox, story.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from kiota_abstractions.authentication import (
    AccessTokenProvider,
    AllowedHostsValidator,
    BaseBearerTokenAuthenticationProvider,
)
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.headers_collection import HeadersCollection
from msgraph import GraphServiceClient
from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.event import Event
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.single_value_legacy_extended_property import SingleValueLegacyExtendedProperty
from msgraph.generated.users.item.calendar_view.delta.delta_request_builder import DeltaRequestBuilder
from msgraph.generated.users.item.events.events_request_builder import EventsRequestBuilder
from msgraph.generated.users.item.events.item.event_item_request_builder import EventItemRequestBuilder
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph_core.requests.batch_request_builder import BatchRequestBuilder
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem

FOREIGN_ID = "String {c11ff724-aa03-4555-9952-8fa248a11c3e} Name calsync-foreign-id"
ZONE = "W. Europe Standard Time"
PREFERENCES = ('IdType="ImmutableId"', f'outlook.timezone="{ZONE}"', 'outlook.body-content-type="text"')


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
        query = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(
            start_date_time="2026-03-01T00:00:00Z", end_date_time="2026-04-01T00:00:00Z"
        )
        feed = self._user.calendar_view.delta
        first, link = await self._round(await feed.get(asking(query, paged=True)))
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


def draft(subject: str) -> Any:
    foreign = SingleValueLegacyExtendedProperty(id=FOREIGN_ID, value="ff:1")
    return Event(
        subject=subject,
        body=ItemBody(content_type=BodyType.Text, content="Schlüssel liegt bei Frau Jäger"),
        start=DateTimeTimeZone(date_time="2026-03-02T09:00:00", time_zone=ZONE),
        end=DateTimeTimeZone(date_time="2026-03-02T10:00:00", time_zone=ZONE),
        is_reminder_on=True,
        reminder_minutes_before_start=15,
        single_value_extended_properties=[foreign],
        transaction_id=f"transaction-{subject}",
    )


def asking(query: Any = None, *, if_match: str | None = None, paged: bool = False) -> Any:
    headers = HeadersCollection()
    for preference in (*PREFERENCES, *(["odata.maxpagesize=2"] if paged else [])):
        headers.add("Prefer", preference)
    if if_match is not None:
        headers.add("If-Match", if_match)
    return RequestConfiguration(query_parameters=query, headers=headers)


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
