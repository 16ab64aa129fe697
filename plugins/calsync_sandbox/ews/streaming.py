"""GetStreamingEvents: one answer without an end, in which each piece is an envelope of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from calsync_sandbox.ews import envelope
from calsync_sandbox.ews.answers import failure, response
from calsync_sandbox.ews.errors import EwsError
from calsync_sandbox.ews.names import m, parts, t, text_of
from calsync_sandbox.ews.notifications import OPERATION, Watch, message, status

if TYPE_CHECKING:
    from calsync_sandbox.ews.authentication import Headers
    from calsync_sandbox.ews.calls import Call
    from calsync_sandbox.ews.names import Element

_GLANCE_SECONDS = 0.02


async def stream(call: Call, request: web.Request, headers: Headers) -> web.StreamResponse:
    """Tell what happens in the subscribed folders until the time is over, or the server ends it."""
    answer = web.StreamResponse(headers=headers)
    answer.enable_chunked_encoding()
    await answer.prepare(request)
    asked = [one.text or "" for one in parts(call.operation, "SubscriptionIds")]
    unknown = [one for one in asked if one not in call.state.subscriptions.by_id]
    if unknown:
        await _write(call, answer, _unknown(unknown))
    else:
        await _tell(call, answer, [Watch(call.state.subscriptions.by_id[one]) for one in asked])
    await answer.write_eof()
    return answer


async def _tell(call: Call, answer: web.StreamResponse, watches: list[Watch]) -> None:
    end = asyncio.Event()
    call.state.subscriptions.streams.add(end)
    loop = asyncio.get_running_loop()
    over = loop.time() + 60 * int(text_of(call.operation, "ConnectionTimeout") or 0)
    beat = loop.time() + call.switches.heartbeat
    try:
        await _write(call, answer, status("OK"))
        while not end.is_set() and loop.time() < over:
            told = [one for one in (watch.notification() for watch in watches) if one is not None]
            if not told and loop.time() >= beat:
                told = [watch.heartbeat() for watch in watches]
            if told:
                beat = loop.time() + call.switches.heartbeat
                await _write(call, answer, message(told))
            await asyncio.sleep(_GLANCE_SECONDS)
        await _write(call, answer, status("Closed"))
    finally:
        call.state.subscriptions.streams.discard(end)


async def _write(call: Call, answer: web.StreamResponse, content: Element) -> None:
    data = envelope.write(call.switches.version, content)
    size = call.switches.stream_chunk or len(data)
    for start in range(0, len(data), size):
        await answer.write(data[start : start + size])


def _unknown(ids: list[str]) -> Element:
    error = EwsError("ErrorSubscriptionNotFound", "The subscription was not found.")
    failed = failure(OPERATION, error)
    failed.append(m("ErrorSubscriptionIds", *(t("SubscriptionId", text=one) for one in ids)))
    return response(OPERATION, failed)
