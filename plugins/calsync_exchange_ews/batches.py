"""Reading many items in batches; the one that brings down a batch is found."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from calsync.errors import AccountError, EventError, Lost
from calsync_exchange_ews.failures import Failed, Fate, Refused, fate_of
from calsync_exchange_ews.requests import Folder, ItemId, get_folder, get_item
from calsync_exchange_ews.responses import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from calsync_exchange_ews.client import Client
    from calsync_exchange_ews.envelope import Caller
    from calsync_exchange_ews.requests import Operation

    Question = Callable[[Iterable[ItemId]], Operation]

ADVISED = 10
LEFT_OUT = frozenset({"BatchProcessingStopped", "TimeoutExpired"})
"""What the server did not come to."""
NO_ANSWER = Reply("NoAnswer")
"""What stands for the answer about an item that a server gives none about."""


async def read_items(
    client: Client, ids: Sequence[str], caller: Caller, question: Question = get_item
) -> Sequence[Reply]:
    """Read items; return the answers in the order of the ids. Raises Retry, LoginError, AccountError."""
    replies: list[Reply] = []
    while len(replies) < len(ids):
        replies += await _batch(client, ids[len(replies) :][: client.batch], caller, question)
    return replies


async def _batch(client: Client, ids: Sequence[str], caller: Caller, question: Question) -> Sequence[Reply]:
    """Read a batch; what the server left out is asked for again, in halves where that is all of it.

    A batch that fails is halved, too, for one item may bring down all. Raises Retry where it is the server.
    """
    request = question(ItemId(each) for each in ids)
    try:
        replies = list(await client.call(request, caller, len(ids), counted=False))
    except (Failed, Refused) as failed:
        return [failed.reply] if len(ids) == 1 else await _halves(client, ids, caller, question)
    except Lost:
        await _is_alive(client, caller)
        return [NO_ANSWER] if len(ids) == 1 else await _halves(client, ids, caller, question)
    left = [place for place, reply in enumerate(replies) if _is_left_out(reply, replies)]
    if not left or len(ids) == 1:
        return replies
    if len(left) == len(ids):
        return await _halves(client, ids, caller, question)
    again = await _batch(client, [ids[place] for place in left], caller, question)
    for place, reply in zip(left, again, strict=True):
        replies[place] = reply
    return replies


async def _is_alive(client: Client, caller: Caller) -> None:
    """Ask something that any server answers in SOAP. Raises Retry, LoginError for one that does not."""
    with suppress(AccountError, EventError):
        await client.ask(get_folder([Folder(mailbox=caller.mailbox)]), caller, counted=False)


async def _halves(client: Client, ids: Sequence[str], caller: Caller, question: Question) -> Sequence[Reply]:
    half = len(ids) // 2
    replies = [
        *await _batch(client, ids[:half], caller, question),
        *await _batch(client, ids[half:], caller, question),
    ]
    if all(reply.ok for reply in replies):  # together they were too many, and none of them was broken
        client.batch = max(ADVISED, min(client.batch, half))
    return replies


def _is_left_out(reply: Reply, replies: Sequence[Reply]) -> bool:
    """Tell whether the server did not come to an item. Some say `ServerBusy` of those above their own limit."""
    return reply.code in LEFT_OUT or (fate_of(reply) is Fate.BUSY and replies[0].ok)
