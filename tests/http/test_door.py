"""What goes out to a server and what never does, and what a failure on the wire is worth."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from calsync.errors import CalsyncError, ConfigError, Retry, UnknownOutcome
from calsync.http import Http
from calsync.ports import SystemClock
from tests.http.conftest import BASE, Noon

if TYPE_CHECKING:
    from pathlib import Path

    from aioresponses import aioresponses


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
    with socket.socket() as taken:  # so that nobody else listens there meanwhile
        taken.bind(("127.0.0.1", 0))
        http = Http("ff", f"http://127.0.0.1:{taken.getsockname()[1]}", Noon())
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


async def test_a_body_is_sent_as_it_is(session: Http, wire: aioresponses) -> None:
    wire.post(BASE, status=200)
    await session.request("POST", session.base, headers={"Content-Type": "text/xml"}, body=b"<a/>")
    ((call,),) = wire.requests.values()
    assert call.kwargs["data"] == b"<a/>"
    assert call.kwargs["headers"] == {"Content-Type": "text/xml"}


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


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_file_without_certificates_is_told(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    http = Http("exchange", BASE, SystemClock(), ca_file=str(path))
    with pytest.raises(ConfigError, match="cannot be read as certificates"):
        await http.request("GET", http.base, headers={})
