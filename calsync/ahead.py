"""Working on one part while the next one is on its way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

T = TypeVar("T")


async def ahead(parts: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """Yield the parts in their order; each next one is fetched while the caller works on the one before.

    An error that a part's fetching raises comes out behind the parts before it. To be used with `aclosing`: a
    caller that stops early then waits until nothing is on its way any more, and the source is closed too.
    """
    found = await _fetch(parts)  # nobody works beside the first one
    while found:
        coming = asyncio.create_task(_fetch(parts))
        try:
            yield found[0]
            found = await coming
        except BaseException:  # behind its last part, or an error, the source has closed itself
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
            if isinstance(parts, AsyncGenerator):
                await parts.aclose()
            raise


async def _fetch(parts: AsyncIterator[T]) -> tuple[T, ...]:
    """Return the next part alone, or nothing behind the last one."""
    async for part in parts:
        return (part,)
    return ()
