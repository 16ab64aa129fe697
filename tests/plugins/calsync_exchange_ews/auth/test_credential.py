"""A password is shown to a server no more often than it must be."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict

from calsync.errors import LoginError
from calsync.http import Answer, Http, HttpFactory
from calsync.testing import FakeClock
from calsync_exchange_ews.auth.basic import Basic
from calsync_exchange_ews.auth.credential import TRUSTED_FOR, Credential, standing_of
from calsync_exchange_ews.auth.login import Post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

POST = Post(headers={}, body=b"<x/>", changes=False)
STREAM = Post(headers={}, body=b"<x/>", changes=False, silence=5.0)
CHANNELS = 8


class Server:
    """Looks at the password, unless it is told to answer before."""

    def __init__(self) -> None:
        self.password_changed = False
        self.first: list[int] = []
        """What a load balancer answers to the next requests, without looking at a password."""
        self.open = asyncio.Event()
        self.open.set()
        self.answered: list[int] = []
        self.waiting = 0

    async def answer(self, request: web.Request) -> web.Response:
        await request.read()
        self.waiting += 1
        await self.open.wait()
        self.waiting -= 1
        status = self.first.pop(0) if self.first else 401 if self.password_changed else 200
        self.answered.append(status)
        return web.Response(status=status, text="<s:Envelope></s:Envelope>" if status == 200 else "")


class Sessions:
    """The channels of one credential."""

    def __init__(self, url: str, clock: FakeClock, credential: Credential) -> None:
        self._https = [Http("exchange", url, clock, concurrency=1) for _ in range(CHANNELS)]
        self._logins = [Basic(credential) for _ in range(CHANNELS)]

    async def send(self, *posts: Post) -> list[object]:
        pairs = zip(self._https, self._logins, posts, strict=False)
        sends = (login.send(http, post) for http, login, post in pairs)
        answers = await asyncio.gather(*sends, return_exceptions=True)
        for each in answers:
            if isinstance(each, Answer) and each.stream is not None:
                each.stream.close()
        return [each.status if isinstance(each, Answer) else type(each) for each in answers]

    async def close(self) -> None:
        for http in self._https:
            await http.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def server() -> Server:
    return Server()


@pytest.fixture
async def sessions(server: Server, clock: FakeClock, credential: Credential) -> AsyncIterator[Sessions]:
    app = web.Application()
    app.router.add_post("/EWS/Exchange.asmx", server.answer)
    listening = TestServer(app)
    await listening.start_server()
    found = Sessions(str(listening.make_url("/EWS/Exchange.asmx")), clock, credential)
    yield found
    await found.close()
    await listening.close()


@pytest.mark.parametrize("posts", [[POST] * CHANNELS, [POST] * (CHANNELS - 1) + [STREAM]])
async def test_a_password_that_was_changed_while_calsync_was_idle_is_shown_once(
    server: Server, sessions: Sessions, clock: FakeClock, posts: list[Post]
) -> None:
    assert await sessions.send(*posts) == [200] * CHANNELS
    clock.advance(TRUSTED_FOR.total_seconds())
    server.password_changed = True
    server.answered.clear()
    for _ in range(2):
        assert await sessions.send(*posts) == [LoginError] * CHANNELS
    assert server.answered == [401]


async def test_only_requests_that_are_on_their_way_may_carry_a_password_that_is_changed(
    server: Server, sessions: Sessions
) -> None:
    await sessions.send(POST)
    server.answered.clear()
    server.password_changed = True
    assert await sessions.send(POST, POST, POST) == [LoginError] * 3
    assert await sessions.send(*[POST] * CHANNELS) == [LoginError] * CHANNELS
    assert server.answered == [401] * 3


async def test_many_requests_go_at_once_while_the_password_is_known_to_be_right(
    server: Server, sessions: Sessions
) -> None:
    await sessions.send(POST)
    server.open.clear()
    sending = asyncio.create_task(sessions.send(*[POST] * CHANNELS))
    async with asyncio.timeout(20):
        while server.waiting < CHANNELS:  # noqa: ASYNC110 - what is waited for is in the server
            await asyncio.sleep(0)
    server.open.set()
    assert await sending == [200] * CHANNELS


@pytest.mark.parametrize("before", [503, 502, 302, 404, 500])
async def test_who_does_not_look_at_a_password_proves_none(
    server: Server, sessions: Sessions, before: int
) -> None:
    server.first, server.password_changed = [before], True
    assert await sessions.send(*[POST] * 4) == [before, LoginError, LoginError, LoginError]
    assert server.answered == [before, 401]


def test_connections_with_the_same_user_at_the_same_server_share_what_is_known(clock: FakeClock) -> None:
    sessions = HttpFactory(clock)

    def connection(name: str, http: HttpFactory, username: str, password: str) -> Credential:
        standing = standing_of(http, "mail.example.de", username, password)
        return Credential(connection=name, username=username, password=password, standing=standing)

    connection("one", sessions, "EX\\anna", "wrong").refused(answer())
    with pytest.raises(LoginError, match="connection two: Exchange refuses the sign-in"):
        connection("two", sessions, "ex\\Anna", "wrong").check()
    connection("three", sessions, "EX\\anna", "right").check()
    connection("one", HttpFactory(clock), "EX\\anna", "wrong").check()


def test_a_password_that_was_taken_elsewhere_is_tried_once_again(credential: Credential) -> None:
    credential.refused(answer())
    credential.proven()
    credential.check()
    credential.refused(answer())
    with pytest.raises(LoginError, match="not tried again before somebody checks"):
        credential.check()


def answer(*lines: str, body: bytes = b"") -> Answer:
    return Answer(401, CIMultiDict([("WWW-Authenticate", line) for line in lines]), body)


def test_a_locked_account_is_told(credential: Credential) -> None:
    body = b"The referenced account is currently locked out and may not be logged on to."
    assert "is locked" in str(credential.refused(answer("NTLM", body=body)))
    with pytest.raises(LoginError, match="locked"):
        credential.check()
