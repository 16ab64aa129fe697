"""Reads a calendar of Graph with Microsoft's Python client: its change feed, in pages as large as calsync's.

Arguments: Graph's address with the version, an access token, the mailbox, the window's start and end.
"""

from __future__ import annotations

import asyncio
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
from msgraph.generated.users.item.calendar_view.delta.delta_request_builder import DeltaRequestBuilder
from msgraph.graph_request_adapter import GraphRequestAdapter

from benchmarks.cost import Cost, measured
from benchmarks.others.printing import tell

PAGE = 200
PREFERENCES = ('IdType="ImmutableId"', 'outlook.body-content-type="text"', f"odata.maxpagesize={PAGE}")


class GivenToken(AccessTokenProvider):  # type: ignore[misc]
    def __init__(self, token: str) -> None:
        self._token = token

    async def get_authorization_token(self, uri: str, additional_authentication_context: Any = None) -> str:
        del uri, additional_authentication_context
        return self._token

    def get_allowed_hosts_validator(self) -> Any:
        return AllowedHostsValidator([])


async def read(url: str, token: str, mailbox: str, start: str, end: str) -> tuple[int, Cost]:
    adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(GivenToken(token)))
    adapter.base_url = url
    feed = GraphServiceClient(request_adapter=adapter).users.by_user_id(mailbox).calendar_view.delta
    headers = HeadersCollection()
    headers.add("Prefer", ", ".join(PREFERENCES))
    query = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(start_date_time=start, end_date_time=end)
    asked = RequestConfiguration(headers=headers, query_parameters=query)
    ids: set[str] = set()
    await feed.get(asked)  # it imports its models when it meets them first
    with measured() as cost:
        page = await feed.get(asked)
        ids.update(one.id for one in page.value)
        while page.odata_next_link:
            page = await feed.with_url(page.odata_next_link).get(RequestConfiguration(headers=headers))
            ids.update(one.id for one in page.value)
    return len(ids), cost


tell(*asyncio.run(read(*sys.argv[1:])))
