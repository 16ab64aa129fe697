"""The pauses that a server asks for are kept, by all requests that it counts as one."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aioresponses import CallbackResult
from yarl import URL

from calsync.errors import Retry
from calsync.http import Answer, Http, Pause
from calsync.testing import FakeClock
from tests.http.conftest import BASE

if TYPE_CHECKING:
    from aioresponses import aioresponses


class Busy:
    """A server that takes so many requests in a span of time; those that it refuses count as well."""

    def __init__(self, clock: FakeClock, limit: int, seconds: float) -> None:
        self.clock, self.limit, self.seconds = clock, limit, seconds
        self.asked: list[datetime] = []
        self.answers: list[int] = []

    def __call__(self, url: URL, **_: Any) -> CallbackResult:
        now = self.clock.now()
        self.asked = [*(at for at in self.asked if (now - at).total_seconds() < self.seconds), now]
        status = 201 if len(self.asked) <= self.limit else 429
        self.answers.append(status)
        wait = self.seconds - (now - self.asked[0]).total_seconds()
        return CallbackResult(status=status, headers={"Retry-After": f"{wait:.0f}"} if status == 429 else {})


async def passing(clock: FakeClock) -> None:
    """Let time pass as soon as somebody waits for it."""
    while True:
        await clock.until_sleeping()
        clock.advance(1)
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("17", 17),
        (" 0 ", 0),
        ("999999999999", 3600),
        ("Mon, 04 May 2026 12:00:30 GMT", 30),
        ("Mon, 04 May 2026 12:00:30 -0000", 30),
        ("Mon, 04 May 2020 12:00:30 GMT", 0),
        ("Mon, 04 May 2030 12:00:30 GMT", 3600),
        ("soon", 60),
        ("", 60),
        ("²", 60),
        ("-5", 60),
        (f"Mon, 01 Jan {10**20} 00:00:00 GMT", 60),
    ],
)
async def test_retry_after(session: Http, value: str, seconds: float) -> None:
    assert session.retry_after(Answer(429, {"Retry-After": value}, b""), 60) == seconds


async def test_a_pause_is_one_for_all_requests_of_a_connection(
    paused: Http, wire: aioresponses, clock: FakeClock
) -> None:
    server = Busy(clock, 20, 10)
    wire.post(f"{BASE}/x", callback=server, repeat=True)
    time = asyncio.create_task(passing(clock))
    answers = await asyncio.gather(*(paused.request("POST", "/x", headers={}, changes=True) for _ in range(150)))
    time.cancel()
    assert [answer.status for answer in answers] == [201] * 150
    pauses = 150 // 20
    assert paused.requests == len(server.answers) <= 150 + pauses * 4, "as many as are under way at once"


async def test_a_request_that_is_one_too_many_is_sent_once_more(
    paused: Http, wire: aioresponses, clock: FakeClock
) -> None:
    wire.post(f"{BASE}/x", status=429, headers={"Retry-After": "7"}, repeat=True)
    sending = asyncio.create_task(paused.request("POST", "/x", headers={}, json={"a": 1}, changes=True))
    await clock.until_sleeping()
    clock.advance(6)
    await asyncio.sleep(0)
    assert paused.requests == 1
    clock.advance(1)
    assert (await sending).status == 429
    first, second = wire.requests["POST", URL(f"{BASE}/x")]
    bodies = [call.kwargs.pop("data").decode() for call in (first, second)]
    assert bodies == ['{"a":1}'] * 2
    assert first.kwargs == second.kwargs


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "31"}, 31),
        (429, {}, 60),
        (429, {"Retry-After": "999999"}, 3600),
        (503, {"Retry-After": "31"}, 31),
    ],
)
async def test_nothing_is_sent_during_a_long_pause(
    paused: Http, wire: aioresponses, clock: FakeClock, status: int, headers: dict[str, str], seconds: float
) -> None:
    wire.get(f"{BASE}/x", status=status, headers=headers)
    wire.get(f"{BASE}/x")
    assert (await paused.request("GET", "/x", headers={})).status == status
    with pytest.raises(Retry, match="flowfact: nothing was sent") as busy:
        await paused.request("POST", "/x", headers={}, changes=True)
    assert (busy.value.after, paused.requests) == (seconds, 1)
    clock.advance(seconds - 30)
    waiting = asyncio.create_task(paused.request("GET", "/x", headers={}))
    await clock.until_sleeping()
    clock.advance(30)
    assert (await waiting).status == 200


async def test_what_a_server_in_trouble_may_have_carried_out_is_not_repeated(
    paused: Http, wire: aioresponses, clock: FakeClock
) -> None:
    wire.post(f"{BASE}/x", status=503, headers={"Retry-After": "9"})
    assert (await paused.request("POST", "/x", headers={}, changes=True)).status == 503
    wire.get(f"{BASE}/x")
    waiting = asyncio.create_task(paused.request("GET", "/x", headers={}))
    await clock.until_sleeping()
    clock.advance(9)
    assert (await waiting).status == 200


async def test_a_request_that_would_be_too_late_is_not_sent(
    paused: Http, wire: aioresponses, clock: FakeClock
) -> None:
    by = clock.now() + timedelta(seconds=2)
    wire.post(f"{BASE}/x", status=429, headers={"Retry-After": "3"}, repeat=True)
    answer = await paused.request("POST", "/x", headers={}, changes=True, by=by)
    assert (answer.status, paused.requests) == (429, 1)
    with pytest.raises(Retry, match="asks to wait") as waits:
        await paused.request("POST", "/x", headers={}, changes=True, by=by)
    assert (waits.value.after, paused.requests) == (3, 1)
    clock.advance(3)
    with pytest.raises(Retry, match="too late"):
        await paused.request("POST", "/x", headers={}, changes=True, by=by)
    assert paused.requests == 1


async def test_a_failure_that_names_no_time_begins_no_pause(paused: Http, wire: aioresponses) -> None:
    wire.get(f"{BASE}/x", status=503, repeat=True)
    for _ in range(2):
        assert (await paused.request("GET", "/x", headers={})).status == 503


def test_a_pause_only_grows_and_ends_with_a_clock_that_is_set_back(clock: FakeClock) -> None:
    pause = Pause("ff", clock)
    pause.begin(20)
    pause.begin(5)
    assert pause.left == 20
    pause.begin(25)
    assert pause.left == 25
    clock.advance(-2 * 3600)
    assert pause.left == 0
    pause.begin(5)
    assert pause.left == 5


async def test_a_pause_is_told_once(paused: Http, wire: aioresponses, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "calsync.http")
    wire.get(f"{BASE}/x", status=429, headers={"Retry-After": "90"}, repeat=True)
    await asyncio.gather(*(paused.request("GET", "/x", headers={}) for _ in range(3)), return_exceptions=True)
    assert [record.message for record in caplog.records] == ["flowfact: the server asks for a pause of 90 s"]


async def test_sessions_may_share_a_pause(wire: aioresponses) -> None:
    clock = FakeClock()
    pause = Pause("exchange", clock)
    first, second = (Http("exchange", BASE, clock, pause=pause) for _ in range(2))
    wire.get(BASE, status=503, headers={"Retry-After": "120"})
    assert (await first.request("GET", first.base, headers={})).status == 503
    with pytest.raises(Retry, match="asks to wait"):
        await second.request("GET", second.base, headers={})
    await first.close()
    await second.close()


async def test_a_lane_keeps_a_pause_of_its_own(paused: Http, wire: aioresponses, clock: FakeClock) -> None:
    wire.get(f"{BASE}/anna", status=429, headers={"Retry-After": "20"})
    wire.get(f"{BASE}/anna", repeat=True)
    wire.get(f"{BASE}/tim", repeat=True)
    waiting = [asyncio.create_task(paused.request("GET", "/anna", headers={}, lane="anna")) for _ in range(9)]
    await clock.until_sleeping()
    for lane in ("tim", ""):
        assert (await paused.request("GET", "/tim", headers={}, lane=lane)).ok
    assert not all(task.done() for task in waiting)
    clock.advance(20)
    assert all(answer.ok for answer in await asyncio.gather(*waiting))
    paused.heed(Answer(503, {"Retry-After": "600"}, b""), "tim")
    assert (await paused.request("GET", "/anna", headers={}, lane="anna")).ok
    with pytest.raises(Retry, match="asks to wait"):
        await paused.request("GET", "/tim", headers={}, lane="tim")
