"""The bare loop: the least that any client must do to send given requests and to read their answers."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import aiohttp
from lxml import etree
from yarl import URL

from benchmarks.cost import Cost, measured
from calsync_exchange_ews.feed import ON_THE_WAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CONCURRENCY = 4
"""Requests on their way to FLOWFACT or Graph."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that arrived at the sandbox."""

    server: str
    """The name of the sandbox's server."""
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    began: float
    """Seconds on the monotonic clock."""


def send(requests: Sequence[Request]) -> Cost:
    """Send the requests once more, in their order and as many at once as calsync sends of their kind.

    Requests of another kind wait for those before them. Answers are read whole and decoded, JSON and XML alike;
    nothing is kept.
    """
    return asyncio.run(_send(requests))


def at_once(request: Request) -> int:
    """Return how many such requests travel together: one page of a feed tells where the next begins."""
    if request.server == "exchange_ews":
        return ON_THE_WAY if b"<m:GetItem" in request.body else 1
    return 1 if "/delta" in request.url else CONCURRENCY


async def _send(requests: Sequence[Request]) -> Cost:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONCURRENCY)) as session:
        with measured() as cost:
            for width, stage in groupby(requests, at_once):
                await asyncio.gather(*(_work(session, stage) for _ in range(width)))
    return cost


async def _work(session: aiohttp.ClientSession, waiting: Iterator[Request]) -> None:
    for request in waiting:
        url = URL(request.url, encoded=True)
        body = request.body or None
        async with session.request(request.method, url, headers=request.headers, data=body) as answer:
            text = await answer.read()
            if text and "json" in answer.content_type:
                json.loads(text)
            elif text and "xml" in answer.content_type:
                etree.fromstring(text)
