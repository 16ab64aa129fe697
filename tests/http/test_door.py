from __future__ import annotations

import asyncio
import gc
import json
import math
import weakref
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aioresponses import CallbackResult
from multidict import CIMultiDict
from yarl import URL

from calsync.errors import CalsyncError, ConfigError, Retry, UnknownOutcome
from calsync.http import Answer, Http, HttpFactory, Pause, door
from calsync.ports import Clock, SystemClock, may_change
from calsync.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aioresponses import aioresponses

BASE = "https://crm.example.de/api"


class Noon(Clock):
    def now(self) -> datetime:
        return datetime(2026, 5, 4, 12, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


@pytest.fixture
async def session() -> AsyncIterator[Http]:
    http = Http("flowfact", BASE, Noon())
    yield http
    await http.close()


async def test_a_request_goes_below_the_base_with_its_body_as_json(session: Http, wire: aioresponses) -> None:
    wire.post(f"{BASE}/search?page=1", status=201, payload={"total": 3})
    answer = await session.request("POST", "/search?page=1", headers={"X": "y"}, json={"ä": 1}, changes=True)
    (call,) = wire.requests["POST", URL(f"{BASE}/search?page=1")]
    assert (answer.ok, answer.status, answer.json(), answer.changes) == (True, 201, {"total": 3}, True)
    assert call.kwargs["headers"] == {"Content-Type": "application/json", "X": "y"}
    assert json.loads(call.kwargs["data"].decode()) == {"ä": 1}
    assert call.kwargs["allow_redirects"] is False
    assert session.requests == 1


async def test_an_absolute_link_of_the_same_origin_is_used_verbatim(session: Http, wire: aioresponses) -> None:
    link = "https://crm.example.de/next?t=a%2Fb%3D"
    wire.get(URL(link, encoded=True), body="x")
    answer = await session.request("GET", link, headers={})
    assert answer.text == "x"


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example.com/api",
        "http://crm.example.de/api",
        "https://crm.example.de:444/x",
        "https://user@crm.example.de/x",
        "relative",
        "https://[",
    ],
)
async def test_a_link_to_another_origin_is_not_followed(session: Http, link: str) -> None:
    with pytest.raises(Retry):
        await session.request("GET", link, headers={"cognitoToken": "secret"})
    assert session.requests == 0


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.ServerDisconnectedError(),
        TimeoutError(),
        aiohttp.ClientPayloadError(),
        ConnectionResetError(),
        aiohttp.ClientOSError(),
    ],
)
@pytest.mark.parametrize(("changes", "expected"), [(False, Retry), (True, UnknownOutcome)])
async def test_a_lost_answer(
    session: Http, wire: aioresponses, error: Exception, changes: bool, expected: type[CalsyncError]
) -> None:
    wire.post(f"{BASE}/x", exception=error)
    with pytest.raises(expected, match=r"flowfact: the answer of crm\.example\.de was lost"):
        await session.request("POST", "/x", headers={}, changes=changes)


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.ClientConnectorError(None, OSError(111, "refused")),  # type: ignore[arg-type]
        aiohttp.ConnectionTimeoutError(),
        aiohttp.ClientConnectorCertificateError(None, ValueError("name")),  # type: ignore[arg-type]
    ],
)
async def test_what_was_never_sent_may_be_repeated(session: Http, wire: aioresponses, error: Exception) -> None:
    wire.post(f"{BASE}/x", exception=error)
    with pytest.raises(Retry, match=r"cannot reach crm\.example\.de:443"):
        await session.request("POST", "/x", headers={}, changes=True)


async def test_nobody_listens() -> None:
    unused = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = unused.sockets[0].getsockname()[1]
    unused.close()
    await unused.wait_closed()
    http = Http("ff", f"http://127.0.0.1:{port}", Noon())
    with pytest.raises(Retry, match=r"ff: cannot reach 127\.0\.0\.1"):
        await http.request("POST", "/", headers={}, changes=True)
    await http.close()


async def test_a_redirect_is_an_answer_and_cookies_are_not_kept() -> None:
    seen: list[str | None] = []

    async def redirect(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Cookie"))
        return web.Response(status=302, headers={"Location": "http://evil.example.com/", "Set-Cookie": "a=b"})

    application = web.Application()
    application.router.add_get("/x", redirect)
    async with TestServer(application) as server:
        http = Http("ff", str(server.make_url("")), Noon())
        answers = [await http.request("GET", "/x", headers={}) for _ in range(2)]
        await http.close()
    assert [answer.status for answer in answers] == [302, 302]
    assert seen == [None, None]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirecting_server_sends_nothing_on_to_another_host(status: int) -> None:
    asked: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        asked.append(request.headers.get("Authorization", ""))
        return web.Response()

    other = web.Application()
    other.router.add_route("*", "/{tail:.*}", elsewhere)
    async with TestServer(other) as target:

        async def redirect(request: web.Request) -> web.Response:
            await request.read()
            return web.Response(status=status, headers={"Location": str(target.make_url("/x"))})

        application = web.Application()
        application.router.add_post("/x", redirect)
        async with TestServer(application) as server:
            http = Http("ff", str(server.make_url("")), SystemClock())
            answer = await http.request("POST", "/x", headers={"Authorization": "Bearer x"}, body=b"text")
            await http.close()
    assert (answer.status, answer.ok) == (status, False)
    assert asked == []


@pytest.mark.parametrize(("changes", "expected"), [(False, Retry), (True, UnknownOutcome)])
async def test_an_endless_answer_is_dropped(
    monkeypatch: pytest.MonkeyPatch, changes: bool, expected: type[CalsyncError]
) -> None:
    monkeypatch.setattr(door, "MAX_ANSWER_BYTES", 2**20)

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(2**16))

    application = web.Application()
    application.router.add_get("/x", endless)
    async with TestServer(application) as server:
        http = Http("ff", str(server.make_url("")), Noon())
        with pytest.raises(expected, match="larger than 1 MiB"):
            await http.request("GET", "/x", headers={}, changes=changes)
        await http.close()


async def test_an_answer_of_100_mb_is_dropped_while_it_comes() -> None:
    """The limit as it is: what exceeds it is neither kept nor parsed."""
    sent = 0

    async def huge(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Length": str(100 * 2**20)})
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"<a>" + bytes(2**20 - 3))
            sent += 1
        return response

    application = web.Application()
    application.router.add_post("/x", huge)
    async with TestServer(application) as server:
        http = Http("exchange", str(server.make_url("")), SystemClock())
        with pytest.raises(Retry, match="larger than 64 MiB was dropped"):
            await http.request("POST", "/x", headers={}, body=b"<a/>")
        await http.close()
    assert sent < 100


async def test_a_change_is_asked_about_when_its_turn_has_come(wire: aioresponses) -> None:
    async def lose_it(url: URL, **_: Any) -> CallbackResult:
        await asyncio.sleep(0)
        lost.append(True)
        return CallbackResult()

    def ask() -> None:
        if lost:
            raise Retry("somebody else works on it")

    lost: list[bool] = []
    http = Http("flowfact", BASE, Noon(), concurrency=1)
    wire.post(f"{BASE}/a", callback=lose_it)
    wire.get(f"{BASE}/b", body="x")
    may_change.set(ask)
    changes = (http.request("POST", "/a", headers={}, changes=True) for _ in range(2))
    first, second = await asyncio.gather(*changes, return_exceptions=True)
    assert isinstance(first, Answer)
    assert isinstance(second, Retry)
    assert (await http.request("GET", "/b", headers={})).text == "x"
    assert http.requests == 2
    await http.close()


async def test_a_change_is_asked_about_once_more_when_it_is_written() -> None:
    arrived: list[str] = []

    async def note(request: web.Request) -> web.Response:
        arrived.append(await request.text())
        return web.Response()

    asked: list[bool] = []

    def ask() -> None:
        asked.append(True)
        if len(asked) % 2 == 0:
            raise Retry("somebody else works on it")

    app = web.Application()
    app.add_routes([web.patch("/", note)])
    async with TestServer(app) as server:
        http = Http("flowfact", str(server.make_url("/")), Noon())
        may_change.set(ask)
        with pytest.raises(Retry, match="somebody else"):
            await http.request("PATCH", "/", headers={}, json={"a": 1}, changes=True)
        may_change.set(lambda: None)
        assert (await http.request("PATCH", "/", headers={}, json={"a": 2}, changes=True)).ok
        await http.close()
    assert arrived == ['{"a":2}']


async def test_concurrency_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most, full = 0, 0, asyncio.Event()

    async def count(_request: web.Request) -> web.Response:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        if inside == 2:
            full.set()
        await full.wait()
        inside -= 1
        return web.Response()

    application = web.Application()
    application.router.add_get("/x", count)
    async with TestServer(application) as server:
        http = Http("ff", str(server.make_url("")), Noon(), concurrency=2)
        await asyncio.gather(*(http.request("GET", "/x", headers={}) for _ in range(8)))
        await http.close()
    assert most == 2
    assert http.requests == 8


async def test_a_request_that_the_server_takes_for_several_has_as_many_places() -> None:
    inside, most = 0, 0

    async def count(request: web.Request) -> web.Response:
        nonlocal inside, most
        places = int(request.query["places"])
        inside += places
        most = max(most, inside)
        for _ in range(10):
            await asyncio.sleep(0)
        inside -= places
        return web.Response()

    application = web.Application()
    application.router.add_get("/x", count)
    async with TestServer(application) as server:
        http = Http("graph", str(server.make_url("")), Noon(), concurrency=3)
        wanted = [1, 2, 3, 1, 3, 2, 1, 3, 1, 1, 2, 3] * 3
        await asyncio.gather(
            *(
                http.request("GET", f"/x?places={places}", headers={}, places=places, lane=str(number % 4))
                for number, places in enumerate(wanted)
            )
        )
        alone = http.request("GET", "/x?places=3", headers={}, places=20)
        await asyncio.gather(alone, http.request("GET", "/x?places=1", headers={}))
        await http.close()
    assert most == 3


async def test_who_gives_up_waiting_for_several_places_takes_none_with_it() -> None:
    held, arrived = asyncio.Event(), asyncio.Event()

    async def hold(_request: web.Request) -> web.Response:
        arrived.set()
        await held.wait()
        return web.Response()

    application = web.Application()
    application.router.add_get("/x", hold)
    async with TestServer(application) as server:
        http = Http("graph", str(server.make_url("")), Noon(), concurrency=3)
        first = asyncio.create_task(http.request("GET", "/x", headers={}))
        await arrived.wait()
        several = asyncio.create_task(http.request("GET", "/x", headers={}, places=3, lane="a"))
        for _ in range(5):
            await asyncio.sleep(0)
        several.cancel()
        await asyncio.gather(several, return_exceptions=True)
        held.set()
        assert (await first).ok
        async with asyncio.timeout(5):
            assert (await http.request("GET", "/x", headers={}, places=3, lane="b")).ok
        await http.close()


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff", b"[" * 100_000])
@pytest.mark.parametrize(("changes", "expected"), [(False, Retry), (True, UnknownOutcome)])
def test_an_answer_that_is_no_json(body: bytes, changes: bool, expected: type[CalsyncError]) -> None:
    with pytest.raises(expected, match="HTTP 200"):
        Answer(200, {}, body, changes).json()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": [1, 2.5, null, true, "\xc3\xa4"]}', {"a": [1, 2.5, None, True, "ä"]}),
        (b'{"subject": "cut \\ud83d here"}', {"subject": "cut \ud83d here"}),
        (b'{"size": 1e400}', {"size": math.inf}),
    ],
)
def test_an_answer_may_hold_more_than_the_standard_allows(body: bytes, expected: object) -> None:
    assert Answer(200, {}, body).json() == expected


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


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def paused(clock: FakeClock) -> AsyncIterator[Http]:
    """Return a session on a clock that a test moves."""
    http = Http("flowfact", BASE, clock)
    yield http
    await http.close()


async def passing(clock: FakeClock) -> None:
    """Let time pass as soon as somebody waits for it."""
    while True:
        await clock.until_sleeping()
        clock.advance(1)
        await asyncio.sleep(0)


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


async def test_requests_are_added_up_by_connection(wire: aioresponses) -> None:
    factory = HttpFactory(Noon())
    sessions = [factory.open("ff", BASE), factory.open("ff", BASE), factory.open("m365", BASE)]
    wire.get(f"{BASE}/x", repeat=True)
    for session in sessions:
        await session.request("GET", "/x", headers={})
        await session.close()
    assert factory.requests() == {"ff": 2, "m365": 1}


async def test_a_body_is_sent_as_it_is(session: Http, wire: aioresponses) -> None:
    wire.post(BASE, status=200)
    await session.request("POST", session.base, headers={"Content-Type": "text/xml"}, body=b"<a/>")
    ((call,),) = wire.requests.values()
    assert call.kwargs["data"] == b"<a/>"
    assert call.kwargs["headers"] == {"Content-Type": "text/xml"}


def test_a_header_may_stand_several_times() -> None:
    headers = CIMultiDict([("WWW-Authenticate", "Negotiate"), ("www-authenticate", "NTLM"), ("Via", "x")])
    assert Answer(401, headers, b"").lines("Www-Authenticate") == ["Negotiate", "NTLM"]


async def test_connections_are_counted_and_cookies_kept_where_wanted() -> None:
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Cookie", ""))
        response = web.Response()
        response.set_cookie("backend", "a")
        if len(seen) == 2:
            response.force_close()
        return response

    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app) as server:
        for cookies in (True, False):
            seen.clear()
            http = Http("exchange", str(server.make_url("/")), SystemClock(), concurrency=1, cookies=cookies)
            assert (http.connections, http.certificate) == (0, None)
            for expected in (1, 1, 2):
                await http.request("GET", http.base, headers={})
                assert http.connections == expected
            assert http.certificate is None
            assert seen == (["", "backend=a", "backend=a"] if cookies else ["", "", ""])
            await http.close()


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


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_file_without_certificates_is_told(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    http = Http("exchange", BASE, SystemClock(), ca_file=str(path))
    with pytest.raises(ConfigError, match="cannot be read as certificates"):
        await http.request("GET", http.base, headers={})


class Told:
    """Hears of requests that were sent."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, float]] = []

    def __call__(self, connection: str, status: str, seconds: float, /) -> None:
        self.requests.append((connection, status, seconds))


@pytest.fixture
async def told() -> Told:
    return Told()


@pytest.fixture
async def heard(told: Told) -> AsyncIterator[Http]:
    http = HttpFactory(FakeClock(), told).open("flowfact", BASE)
    yield http
    await http.close()


async def test_each_request_is_told_with_its_status(heard: Http, told: Told, wire: aioresponses) -> None:
    async def slow(*_: Any, **__: Any) -> CallbackResult:
        clock = heard.clock
        assert isinstance(clock, FakeClock)
        clock.advance(0.25)
        return CallbackResult(status=404)

    wire.get(f"{BASE}/x", callback=slow)
    await heard.request("GET", "/x", headers={})
    assert told.requests == [("flowfact", "404", 0.25)]


async def test_requests_without_an_answer_are_told_as_what_they_came_to(
    heard: Http, told: Told, wire: aioresponses
) -> None:
    wire.get(f"{BASE}/x", exception=aiohttp.ConnectionTimeoutError())
    wire.get(f"{BASE}/y", exception=TimeoutError())
    for path in ("/x", "/y"):
        with pytest.raises(Retry):
            await heard.request("GET", path, headers={})
    assert [status for _, status, _ in told.requests] == ["unreachable", "lost"]


async def test_what_is_not_sent_is_not_told(heard: Http, told: Told) -> None:
    with pytest.raises(Retry):
        await heard.request("GET", "/x", headers={}, by=heard.clock.now() - timedelta(seconds=1))
    assert told.requests == []


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


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
@pytest.mark.parametrize("body", [None, b"text"])
async def test_a_change_whose_answer_is_lost_is_not_sent_again(method: str, body: bytes | None) -> None:
    arrived: list[str] = []

    async def hang_up(request: web.Request) -> web.Response:
        arrived.append(await request.text())
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", hang_up)
    async with TestServer(app) as server:
        http = Http("flowfact", str(server.make_url("")).rstrip("/"), SystemClock())
        for _ in range(2):
            with pytest.raises(UnknownOutcome):
                await http.request(method, "/event", headers={}, body=body, changes=True)
        await http.close()
    assert len(arrived) == 2
