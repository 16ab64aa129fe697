"""Whatever strangers send is answered as theirs, and fills no log: only our own mistakes are told there."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from tests.web.conftest import Browser

FORM = b"application/x-www-form-urlencoded"
PARTS = b"multipart/form-data; boundary=x"


async def sent(browser: Browser, request: bytes, body: bytes = b"", **headers: bytes) -> int:
    """Send bytes as they are, which browsers and libraries would not, and return the answer's status."""
    to = urlsplit(browser.origin)
    lines = {b"Host": to.netloc.encode(), b"Origin": browser.origin.encode(), b"Connection": b"close"}
    lines |= {name.replace("_", "-").encode(): value for name, value in headers.items()}
    lines |= {b"Content-Length": str(len(body)).encode()}
    head = b"".join(b"%s: %s\r\n" % one for one in lines.items())
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection(to.hostname, to.port)
        writer.write(b"%s HTTP/1.1\r\n%s\r\n%s" % (request, head, body))
        status = (await reader.readline()).split()[1]
        writer.close()
    return int(status)


async def own(browser: Browser) -> dict[str, bytes]:
    """Return what makes a stranger's form one of our own pages."""
    csrf = (await browser.get("/sign-in")).csrf
    cookie = "; ".join(f"{one.key}={one.value}" for one in browser.client.cookie_jar)
    return {"X_CSRF_Token": csrf.encode(), "Cookie": cookie.encode()}


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the pages warn of; a sign-in that fails is told elsewhere, and seldom."""
    told = (one for one in caplog.records if one.name == "calsync.web")
    return [one.getMessage() for one in told if one.levelno >= logging.WARNING]


@pytest.mark.parametrize("value", [b"\xff", b"\xc3\xa4", b"\x80" * 64])
async def test_a_token_that_is_no_text_is_refused(
    browser: Browser, caplog: pytest.LogCaptureFixture, value: bytes
) -> None:
    assert await sent(browser, b"POST /sign-in", X_CSRF_Token=value) == 403
    assert warned(caplog) == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b"name=\xff&password=\xff"),
        (FORM, b"name=%FF&password=%ED%A0%80&next=%ff"),
        (FORM + b"; charset=none-there-is", b"name=a"),
        (FORM + b"; charset=\xff", b"name=a"),
        (FORM + b"; charset=utf-16", b"name"),
        (FORM + b"; charset=hex", b"name=a"),
        (FORM, b"name=%00&password=%00"),
        (FORM, b"&" * 5000),
        (b"multipart/form-data", b"name=a"),
        (PARTS, b"name=a"),
        (
            PARTS,
            b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xff\r\n--x--',
        ),
        (PARTS, b"--x\r\nContent-Transfer-Encoding: y\r\n\r\n\xff\r\n--x--"),
        (b"multipart/form-data; boundary=\xff", b"--x--"),
        (b"\xff", b"name=a"),
    ],
)
async def test_a_form_that_cannot_be_read_is_the_senders_mistake(
    browser: Browser, caplog: pytest.LogCaptureFixture, kind: bytes, body: bytes
) -> None:
    assert await sent(browser, b"POST /sign-in", body, Content_Type=kind, **await own(browser)) < 500
    assert await sent(browser, b"POST /sign-in", body, Content_Type=kind) < 500
    assert warned(caplog) == []


@pytest.mark.parametrize(
    ("request_line", "headers"),
    [
        (b"GET /sign-in?next=%FF", {}),
        (b"GET /sign-in?next=/%ED%A0%80", {}),
        (b"GET /\xff?next=\xff", {}),
        (b"GET /sign-in?next=\xff", {}),
        (b"GET /%FF%00", {}),
        (b"GET /people?\xff=%FF", {}),
        (b"GET /invitation/%FF", {}),
        (b"GET /sign-in", {"Accept_Language": b"\xff;q=\xff"}),
        (b"GET /sign-in", {"Cookie": b"calsync_session=\xff; calsync_visit=\xff; calsync_language=\xff"}),
        (b"GET /sign-in/microsoft/back?state=\xff&code=%FF", {}),
        (b"GET /static/%FF/calsync.css", {}),
        (b"GET /api/v1/accounts?search=%FF", {"Authorization": b"Bearer calsync_\xff"}),
        (b"GET /api/v1/%FF", {"Authorization": b"\xff \xff"}),
        (b"POST /sign-in", {"Origin": b"\xff", "Sec_Fetch_Site": b"\xff"}),
    ],
)
async def test_a_request_that_is_no_text_is_the_senders_mistake(
    browser: Browser, caplog: pytest.LogCaptureFixture, request_line: bytes, headers: dict[str, bytes]
) -> None:
    assert await sent(browser, request_line, **headers) < 500
    assert warned(caplog) == []
