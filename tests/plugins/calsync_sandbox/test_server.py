import asyncio
from collections.abc import AsyncIterator, Iterable

import aiohttp
import pytest
from aiohttp import web

from calsync_sandbox.faults import Fault
from calsync_sandbox.server import Server


class Counter(Server):
    """Counts the requests whose handler ran, and answers with the number."""

    def __init__(self) -> None:
        super().__init__("counter")
        self.count = 0
        self.ran = asyncio.Event()

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [web.post("/count/{name}", self.add), web.get("/broken", self.broken)]

    async def add(self, request: web.Request) -> web.Response:
        self.count += 1
        self.ran.set()
        return web.json_response(self.count)

    async def broken(self, request: web.Request) -> web.Response:
        raise RuntimeError("a bug of the sandbox")


@pytest.fixture
async def server() -> AsyncIterator[Counter]:
    server = Counter()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def session(server: Counter) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.url) as session:
        yield session


async def post(session: aiohttp.ClientSession, name: str = "a") -> tuple[int, bytes]:
    async with session.post(f"/count/{name}", data=b"body") as answer:
        return answer.status, await answer.read()


async def test_a_request_is_kept_with_what_tests_ask_for(server: Counter, session: aiohttp.ClientSession) -> None:
    headers = {"If-Match": "w1", "Authorization": "Bearer made-up", "X-Other": "no"}
    async with session.post("/count/%C3%A4%20b", params={"page": "2"}, headers=headers, data=b"body") as answer:
        assert await answer.json() == 1
    (kept,) = server.requests
    assert (kept.method, kept.path, kept.query, kept.body) == ("POST", "/count/ä b", {"page": "2"}, b"body")
    assert kept.headers["if-match"] == "w1"
    assert kept.headers["authorization"] == "Bearer made-up"
    assert "x-other" not in kept.headers
    assert kept.status == 200
    assert kept.started <= kept.finished


async def test_sent_filters_and_clear_forgets(server: Counter, session: aiohttp.ClientSession) -> None:
    await post(session, "a")
    await post(session, "b")
    assert len(server.sent()) == 2
    assert len(server.sent("POST", "/count/b")) == 1
    assert server.sent("GET") == []
    server.clear()
    assert server.requests == []
    assert server.peak == 0


async def test_an_unknown_path_is_a_404_and_kept(server: Counter, session: aiohttp.ClientSession) -> None:
    async with session.get("/nothing") as answer:
        assert answer.status == 404
    assert server.requests[0].status == 404


async def test_a_bug_of_the_sandbox_is_kept_as_500(server: Counter, session: aiohttp.ClientSession) -> None:
    async with session.get("/broken") as answer:
        assert answer.status == 500
    assert server.requests[0].status == 500


async def test_a_fault_refuses_before_anything_is_done(server: Counter, session: aiohttp.ClientSession) -> None:
    server.faults.add(Fault(path="^/count/a$", status=429, headers={"Retry-After": "7"}, body=b"slow down"))
    async with session.post("/count/a") as answer:
        assert (answer.status, answer.headers["Retry-After"], await answer.read()) == (429, "7", b"slow down")
    assert server.count == 0
    assert server.requests[0].status == 429
    assert (await post(session))[0] == 200
    assert server.faults.waiting == ()


async def test_a_fault_hits_only_what_it_names(server: Counter, session: aiohttp.ClientSession) -> None:
    server.faults.add(Fault(method="PATCH"))
    server.faults.add(Fault(path="/count/b"))
    assert (await post(session, "a"))[0] == 200
    assert (await post(session, "b"))[0] == 503
    assert [fault.method for fault in server.faults.waiting] == ["PATCH"]


async def test_a_fault_without_times_stays_until_it_is_cleared(
    server: Counter, session: aiohttp.ClientSession
) -> None:
    server.faults.add(Fault(times=None, status=500))
    assert [(await post(session))[0] for _ in range(3)] == [500, 500, 500]
    server.faults.clear()
    assert (await post(session))[0] == 200


async def test_a_fault_after_the_commit_only_spoils_the_answer(
    server: Counter, session: aiohttp.ClientSession
) -> None:
    server.faults.add(Fault(after_commit=True, status=500))
    assert await post(session) == (500, b"")
    assert server.count == 1


@pytest.mark.parametrize(("after_commit", "count"), [(False, 0), (True, 1)])
async def test_a_dropped_connection_has_no_answer(
    server: Counter, session: aiohttp.ClientSession, after_commit: bool, count: int
) -> None:
    server.faults.add(Fault(drop=True, after_commit=after_commit))
    with pytest.raises(aiohttp.ClientError):
        await post(session)
    assert server.count == count
    assert server.requests[0].status == 0


@pytest.mark.parametrize("after_commit", [False, True])
async def test_an_answer_is_held_until_it_is_let_go(
    server: Counter, session: aiohttp.ClientSession, after_commit: bool
) -> None:
    gate = asyncio.Event()
    server.faults.add(Fault(path="held", hold=gate, status=None, after_commit=after_commit))
    held = asyncio.create_task(post(session, "held"))
    while server.faults.waiting:
        await post(session)
    await post(session, "meanwhile")
    server.count = 0
    assert not held.done()
    gate.set()
    assert (await held)[0] == 200
    assert server.count == (0 if after_commit else 1)
    assert server.peak == 2


async def test_a_server_that_was_away_comes_back_with_what_it_stored(
    server: Counter, session: aiohttp.ClientSession
) -> None:
    await post(session)
    port = server.port
    await server.stop()
    await server.stop()
    with pytest.raises(aiohttp.ClientError):  # the connection that was kept alive is closed
        await post(session)
    with pytest.raises(aiohttp.ClientConnectorError):
        await post(session)
    await server.start(port)
    assert await post(session) == (200, b"2")


async def test_stopping_does_not_wait_for_a_held_answer(server: Counter, session: aiohttp.ClientSession) -> None:
    server.faults.add(Fault(hold=asyncio.Event(), status=None, after_commit=True))
    held = asyncio.create_task(post(session))
    await server.ran.wait()
    await server.stop()
    with pytest.raises(aiohttp.ClientError):
        await held
    assert server.requests[0].status == 0


async def test_a_slow_server_lets_a_request_wait_before_anything_is_done(
    server: Counter, session: aiohttp.ClientSession
) -> None:
    server.latency = 0.01
    assert await post(session) == (200, b"1")
    (kept,) = server.requests
    assert kept.finished - kept.started >= server.latency
