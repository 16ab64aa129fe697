"""What the sessions of a connection have together: what its server grants, beside it too, and what is counted."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from aioresponses import CallbackResult

from calsync.errors import Retry
from calsync.http import Http, HttpFactory
from calsync.testing import FakeClock
from tests.http.conftest import BASE, Noon

if TYPE_CHECKING:
    from aioresponses import aioresponses

PAUSED = {"Retry-After": "300"}


async def test_a_pause_of_the_served_connection_holds_beside_it_and_the_other_way_round(
    wire: aioresponses,
) -> None:
    for asks, waits in ((0, 1), (1, 0)):
        factory = HttpFactory(FakeClock())
        sessions = [factory.open("ff", BASE), factory.beside().open("ff", BASE)]
        wire.get(f"{BASE}/x", status=503, headers=PAUSED)
        assert (await sessions[asks].request("GET", "/x", headers={})).status == 503
        with pytest.raises(Retry, match="asks to wait"):
            await sessions[waits].request("GET", "/x", headers={})
        for session in sessions:
            await session.close()


async def test_both_together_have_the_places_of_one(wire: aioresponses) -> None:
    factory, held, sent = HttpFactory(FakeClock()), asyncio.Event(), asyncio.Event()

    async def hold(*_: Any, **__: Any) -> CallbackResult:
        sent.set()
        await held.wait()
        return CallbackResult(status=200)

    wire.get(f"{BASE}/x", callback=hold, repeat=True)
    sessions = [one.open("ff", BASE, concurrency=1) for one in (factory, factory.beside())]
    asked = [asyncio.create_task(one.request("GET", "/x", headers={})) for one in sessions]
    await sent.wait()
    await asyncio.sleep(0)
    assert factory.waiting() == {"ff": 1}
    held.set()
    await asyncio.gather(*asked)
    assert factory.requests() == {"ff": 2}
    for session in sessions:
        await session.close()


async def test_requests_beside_are_told_too(wire: aioresponses) -> None:
    told: list[tuple[str, str]] = []
    factory = HttpFactory(FakeClock(), lambda name, status, _: told.append((name, status)))
    wire.get(f"{BASE}/x")
    session = factory.beside().open("ff", BASE)
    await session.request("GET", "/x", headers={})
    await session.close()
    assert told == [("ff", "200")]


async def test_another_server_and_another_connection_share_nothing(wire: aioresponses) -> None:
    factory = HttpFactory(FakeClock())
    served = factory.open("ff", BASE)
    others = [factory.beside().open("m365", BASE), factory.beside().open("ff", "https://other.example.de")]
    wire.get(f"{BASE}/x", status=503, headers=PAUSED)
    await served.request("GET", "/x", headers={})
    for session in others:
        wire.get(session.base / "x")
        assert (await session.request("GET", "/x", headers={})).ok
        await session.close()
    await served.close()


async def test_a_connection_that_is_built_anew_begins_without_the_pause_of_the_former(wire: aioresponses) -> None:
    factory = HttpFactory(FakeClock())
    former = factory.open("ff", BASE)
    wire.get(f"{BASE}/x", status=503, headers=PAUSED)
    await former.request("GET", "/x", headers={})
    fresh = factory.open("ff", BASE)
    wire.get(f"{BASE}/x", repeat=True)
    assert (await fresh.request("GET", "/x", headers={})).ok
    beside = factory.beside().open("ff", BASE)
    assert (await beside.request("GET", "/x", headers={})).ok
    for session in (former, fresh, beside):
        await session.close()


async def test_several_sessions_of_one_connection_have_one_pause_beside_it_too() -> None:
    factory = HttpFactory(FakeClock())
    pause = factory.pause("exchange", BASE)
    assert factory.beside().pause("exchange", BASE) is pause
    assert factory.beside().pause("exchange", "https://other.example.de") is not pause
    assert factory.pause("exchange", BASE) is not pause


async def test_requests_are_added_up_by_connection(wire: aioresponses) -> None:
    factory = HttpFactory(Noon())
    sessions = [factory.open("ff", BASE), factory.open("ff", BASE), factory.open("m365", BASE)]
    wire.get(f"{BASE}/x", repeat=True)
    for session in sessions:
        await session.request("GET", "/x", headers={})
        await session.close()
    assert factory.requests() == {"ff": 2, "m365": 1}


async def test_the_requests_that_wait_are_known(wire: aioresponses) -> None:
    factory, held, sent = HttpFactory(Noon()), asyncio.Event(), asyncio.Event()
    session = factory.open("flowfact", BASE, concurrency=1)

    async def hold(*_: Any, **__: Any) -> CallbackResult:
        sent.set()
        await held.wait()
        return CallbackResult(status=200)

    wire.get(f"{BASE}/x", callback=hold, repeat=True)
    tasks = [asyncio.create_task(session.request("GET", "/x", headers={})) for _ in range(3)]
    await sent.wait()
    assert factory.waiting() == {"flowfact": 2}
    held.set()
    await asyncio.gather(*tasks)
    assert factory.waiting() == {"flowfact": 0}
    await session.close()


async def test_a_session_that_nobody_holds_is_gone_and_its_requests_stay_counted(wire: aioresponses) -> None:
    factory = HttpFactory(Noon())
    wire.get(f"{BASE}/x", repeat=True)
    session: Http | None = factory.open("flowfact", BASE)
    assert session is not None
    await session.request("GET", "/x", headers={})
    await session.close()
    gone = weakref.ref(session)
    session = None
    gc.collect()
    assert gone() is None
    assert factory.requests() == {"flowfact": 1}
    assert factory.waiting() == {"flowfact": 0}
