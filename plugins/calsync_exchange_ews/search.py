"""All that a search finds, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import Retry
from calsync_exchange_ews.xml import Element, local

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calsync_exchange_ews.client import Client
    from calsync_exchange_ews.envelope import Caller
    from calsync_exchange_ews.requests import Operation

PAGE, LEAST = 100, 10
"""How many are asked for at once. A server that finds that too many gets half of them."""
MAX_PAGES = 1000
TOO_MANY = "ExceededFindCountLimit"


async def search(client: Client, caller: Caller, page: Callable[[int, int], Operation]) -> Sequence[Element]:
    """Return the items or folders of all pages, each once. `page` asks for one, by its offset and its size.

    Raises what a refusal means; Retry for a search without an end, and for a find without an id.
    """
    found: dict[str, Element] = {}
    size = PAGE
    for _ in range(MAX_PAGES):
        (reply,) = await client.call(page(len(found), size), caller)
        if reply.code == TOO_MANY and size > LEAST:
            size = max(size // 2, LEAST)
            continue
        shown, last = client.found(reply)
        known = len(found)
        for each in shown:
            found.setdefault(_id(client, each), each)
        if last:
            return list(found.values())
        if len(found) == known:
            break  # it says that there is more, and does not show it: what is missing is not gone
    raise Retry(f"connection {client.connection}: a search of Exchange has no end")


def _id(client: Client, found: Element) -> str:
    ids = (each.get("Id") for each in found if local(each) in ("ItemId", "FolderId"))
    given = next(ids, None)
    if not given:
        raise Retry(f"connection {client.connection}: Exchange found something without an id")
    return given
