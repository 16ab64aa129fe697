from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from calsync.errors import LoginError, Retry
from calsync_exchange_ews.auth.credential import Credential
from calsync_exchange_ews.auth.login import Post
from calsync_exchange_ews.auth.spnego import Spnego, bindings
from tests.plugins.calsync_exchange_ews.auth.conftest import door
from tests.plugins.calsync_exchange_ews.auth.iis import Certificate, Iis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from calsync.http import Http

POST = Post(headers={}, body=b"x" * 5000, changes=False)
pytestmark = pytest.mark.usefixtures("users")
SIGN_IN = [("", 5000), ("NTLM", 0), ("NTLM", 5000)]
"""An anonymous request, the first message with an empty body, the last one with the request."""


@pytest.fixture
async def server(tls: Certificate) -> AsyncIterator[Iis]:
    iis = Iis(certificate=tls)
    yield iis
    await iis.stop()


@pytest.fixture
async def http(server: Iis, tls: Certificate) -> AsyncIterator[Http]:
    session = door(await server.start(), tls)
    yield session
    await session.close()


@pytest.mark.parametrize("joined", [True, False])
@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
async def test_it_signs_in_with_the_server_s_certificate_once_per_connection(
    server: Iis, http: Http, credential: Credential, scheme: str, joined: bool
) -> None:
    server.joined = joined
    login = Spnego(credential, scheme)
    first, second = await login.send(http, POST), await login.send(http, POST)
    assert (first.text, second.text) == ("EX\\anna 5000", "EX\\anna 5000")
    assert server.requests == [("", 5000), (scheme, 0), (scheme, 5000), ("", 5000)]
    assert http.connections == 1


async def test_without_the_right_binding_it_is_refused(
    server: Iis, http: Http, credential: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calsync_exchange_ews.auth.spnego.bindings", lambda _: bindings(b"another"))
    with pytest.raises(LoginError, match="Extended Protection"):
        await Spnego(credential, "NTLM").send(http, POST)


async def test_a_wrong_password_is_tried_once_by_all_channels_together(
    server: Iis, http: Http, tls: Certificate
) -> None:
    wrong = Credential(connection="exchange", username="EX\\anna", password="wrong")
    other = door(str(http.base), tls)
    sent = await asyncio.gather(
        *(Spnego(wrong, "NTLM").send(session, POST) for session in (http, other)), return_exceptions=True
    )
    assert [type(error) for error in sent] == [LoginError, LoginError]
    for _ in range(3):
        with pytest.raises(LoginError, match="not tried again"):
            await Spnego(wrong, "NTLM").send(http, POST)
    assert server.requests.count(("NTLM", 5000)) == 1
    assert "wrong" not in repr(wrong).replace("username", "")
    await other.close()


async def test_a_server_that_forgets_is_told_once_more(server: Iis, http: Http, credential: Credential) -> None:
    login = Spnego(credential, "NTLM")
    await login.send(http, POST)
    server.forget()
    assert (await login.send(http, POST)).text == "EX\\anna 5000"
    assert server.requests == SIGN_IN * 2


async def test_a_new_connection_is_signed_in_anew(server: Iis, http: Http, credential: Credential) -> None:
    login = Spnego(credential, "NTLM")
    server.closes_after = 3
    await login.send(http, POST)
    assert (await login.send(http, POST)).text == "EX\\anna 5000"
    assert server.requests == SIGN_IN * 2
    assert http.connections == 2


async def test_a_connection_that_closes_within_the_sign_in_is_no_refusal(
    server: Iis, http: Http, credential: Credential
) -> None:
    server.closes_after = 2
    with pytest.raises(Retry, match="closed the connection"):
        await Spnego(credential, "NTLM").send(http, POST)
    assert (await Spnego(credential, "NTLM").send(http, POST)).text == "EX\\anna 5000"


async def test_two_credentials_share_no_connection(server: Iis, http: Http, tls: Certificate) -> None:
    other = door(str(http.base), tls)
    anna = Credential(connection="exchange", username="EX\\anna", password="made-up")
    otto = Credential(connection="exchange", username="EX\\otto", password="made-up-too")
    logins = [(Spnego(anna, "NTLM"), http), (Spnego(otto, "NTLM"), other)] * 5
    answers = await asyncio.gather(*(login.send(session, POST) for login, session in logins))
    assert [answer.text for answer in answers] == ["EX\\anna 5000", "EX\\otto 5000"] * 5
    await other.close()


async def test_thirty_requests_at_once_share_one_sign_in(server: Iis, http: Http, credential: Credential) -> None:
    login, lock = Spnego(credential, "NTLM"), asyncio.Lock()

    async def send() -> str:
        async with lock:
            return (await login.send(http, POST)).text

    assert set(await asyncio.gather(*(send() for _ in range(30)))) == {"EX\\anna 5000"}
    assert sum(scheme == "NTLM" for scheme, _ in server.requests) == 2


async def test_a_scheme_that_is_not_offered_is_told(server: Iis, http: Http, credential: Credential) -> None:
    server.schemes = ('Basic realm="mail.example.de"', "Bearer")
    with pytest.raises(LoginError, match=r"offers: basic, bearer"):
        await Spnego(credential, "NTLM").send(http, POST)
    assert server.requests == [("", 5000)]


async def test_a_challenge_that_is_none_is_told(server: Iis, http: Http, credential: Credential) -> None:
    server.challenge = "TlRMTVNTUAACAAAA"
    with pytest.raises(LoginError, match="broken"):
        await Spnego(credential, "NTLM").send(http, POST)
    server.challenge = "?"
    with pytest.raises(LoginError, match="offers: ntlm"):
        await Spnego(credential, "NTLM").send(http, POST)
    assert ("NTLM", 5000) not in server.requests
    server.challenge = None
    assert (await Spnego(credential, "NTLM").send(http, POST)).text == "EX\\anna 5000"


async def test_a_server_that_is_busy_within_the_sign_in_says_so(
    server: Iis, http: Http, credential: Credential
) -> None:
    server.busy_at = 2
    assert (await Spnego(credential, "NTLM").send(http, POST)).status == 503
    assert (await Spnego(credential, "NTLM").send(http, POST)).text == "EX\\anna 5000"


async def test_a_certificate_that_nobody_vouches_for_ends_it(server: Iis, credential: Credential) -> None:
    http = door(await server.start())
    with pytest.raises(Retry, match="its certificate is not trusted"):
        await Spnego(credential, "NTLM").send(http, POST)
    assert server.requests == []
    await http.close()


async def test_it_signs_in_without_tls(credential: Credential) -> None:
    server = Iis()
    http = door(await server.start())
    assert (await Spnego(credential, "NTLM").send(http, POST)).text == "EX\\anna 5000"
    await http.close()
    await server.stop()
