"""What pages ask for does not stand in the engine's way, however long it takes."""

import asyncio
import threading
from datetime import timedelta

from calsync.records import Lease
from calsync.store import SqliteStore
from calsync.testing import FakeClock


async def test_a_page_that_takes_long_delays_no_account(
    store: SqliteStore, lease: Lease, clock: FakeClock
) -> None:
    shown = threading.Event()
    page = asyncio.ensure_future(store.showing._reader.call(lambda _: shown.wait(60)))
    try:
        async with asyncio.timeout(20):
            await store.load("anna", clock.now() - timedelta(days=1))
            async with store.transaction(lease):
                pass
            assert (await store.settings.get("anna")).enabled is None
        assert not page.done()
    finally:
        shown.set()
        await page


async def test_a_page_shows_what_was_just_written(store: SqliteStore, lease: Lease, clock: FakeClock) -> None:
    await store.release(lease, clock.now())
    assert (await store.showing.accounts(["anna"]))["anna"].good_at == clock.now()
