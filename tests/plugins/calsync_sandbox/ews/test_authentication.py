"""Basic and Bearer sign in a request, NTLM and Negotiate a connection, bound to its TLS channel or not."""

import asyncio
import base64
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import aiohttp
import pytest
import spnego
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from spnego.channel_bindings import GssChannelBindings

from calsync_sandbox.authority import Tokens
from calsync_sandbox.ews import EwsServer, User
from calsync_sandbox.ews.certificate import make_certificate
from calsync_sandbox.graph import GraphServer

PASSWORD = "geheim"
SCHEMES = ["NTLM", "Negotiate"]
GET = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    b'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" '
    b'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Body><m:GetFolder>'
    b"<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>"
    b'<m:FolderIds><t:DistinguishedFolderId Id="calendar"/></m:FolderIds></m:GetFolder></s:Body></s:Envelope>'
)


class Channel:
    """One TCP connection to the server, over TLS or not."""

    def __init__(self, server: EwsServer, *, tls: bool) -> None:
        context = ssl.create_default_context(cafile=str(server.authority)) if tls else None
        connector = aiohttp.TCPConnector(limit=1, ssl=context or True)
        self.session = aiohttp.ClientSession(connector=connector)
        self.url = server.tls_url if tls else server.ews_url
        self.server = server

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    async def send(self, authorization: str = "", content: bytes = GET) -> tuple[int, list[str]]:
        headers = {"Authorization": authorization} if authorization else {}
        async with self.session.post(self.url, data=content, headers=headers) as answer:
            await answer.read()
            return answer.status, answer.headers.getall("WWW-Authenticate", [])

    async def shake_hands(
        self, scheme: str, *, password: str = PASSWORD, user: str = "EX\\anna", binding: bytes | None = None
    ) -> int:
        """Sign in and return the last status."""
        bindings = GssChannelBindings(application_data=binding) if binding is not None else None
        context = spnego.client(
            user,
            password,
            hostname="127.0.0.1",
            service="http",
            channel_bindings=bindings,
            protocol="ntlm" if scheme == "NTLM" else "negotiate",
            options=spnego.NegotiateOptions.use_ntlm,
        )
        token, content = context.step(), b""
        status, headers = 0, [""]
        while token:
            status, headers = await self.send(f"{scheme} {base64.b64encode(token).decode()}", content)
            given = next((one for one in headers if one.startswith(f"{scheme} ")), "")
            if context.complete or not given:
                break
            token, content = context.step(base64.b64decode(given.split()[1])), GET
        return status

    def binding(self) -> bytes:
        certificate = x509.load_pem_x509_certificate(self.server.authority.read_bytes())
        return b"tls-server-end-point:" + certificate.fingerprint(hashes.SHA256())


async def test_who_comes_without_credentials_is_told_the_schemes(server: EwsServer) -> None:
    async with Channel(server, tls=False) as channel:
        assert await channel.send() == (401, ["Negotiate", "NTLM", 'Basic realm="127.0.0.1"'])
        server.switches.joined_challenges = True
        assert await channel.send() == (401, ['Negotiate, NTLM, Basic realm="127.0.0.1"'])
        server.switches.schemes = ("NTLM", "Bearer")
        (offered,) = (await channel.send())[1]
        assert offered.startswith("NTLM, Bearer client_id=")


@pytest.mark.parametrize(
    ("login", "status"),
    [
        ("EX\\anna:geheim", 200),
        ("ex\\ANNA:geheim", 200),
        ("anna@example.de:geheim", 200),
        ("EX\\anna:falsch", 401),
        ("EX\\nobody:geheim", 401),
        ("", 401),
    ],
)
async def test_basic(server: EwsServer, login: str, status: int) -> None:
    async with Channel(server, tls=False) as channel:
        assert (await channel.send(f"Basic {base64.b64encode(login.encode()).decode()}"))[0] == status
        assert (await channel.send())[0] == 401


@pytest.mark.parametrize(
    "authorization",
    ["Basic ä", "Basic !!", "Basic", "NTLM", "NTLM !!", "Negotiate AAAA", "NTLM TlRMTVNTUAADAAAA", "Digest x"],
)
async def test_broken_credentials(server: EwsServer, authorization: str) -> None:
    async with Channel(server, tls=False) as channel:
        assert (await channel.send(authorization))[0] == 401
        assert await channel.shake_hands("NTLM") == 200


async def test_a_scheme_that_is_not_offered(server: EwsServer, xml: Any) -> None:
    server.switches.schemes = ("NTLM",)
    async with Channel(server, tls=False) as channel:
        assert (await channel.send(xml.basic("EX\\anna", "geheim")))[0] == 401


async def test_bearer_tokens_impersonate(server: EwsServer, tokens: Tokens, ews: Any, xml: Any) -> None:
    server.switches.schemes = ("Bearer",)
    ews.authorization = f"Bearer {tokens.issue('tenant', 'client')}"
    assert (await ews.get("x")).status == 200
    assert (await ews.sync()).code == "ErrorMissingEmailAddress"
    header = (
        "<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>anna@example.de</t:PrimarySmtpAddress>"
        "</t:ConnectingSID></t:ExchangeImpersonation>"
    )
    assert (await ews.create(header=header)).code == "NoError"
    tokens.revoke()
    assert (await ews.sync()).status == 401


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_handshake_signs_in_the_connection(server: EwsServer, scheme: str) -> None:
    async with Channel(server, tls=False) as channel, Channel(server, tls=False) as other:
        assert await channel.shake_hands(scheme) == 200
        assert (await channel.send())[0] == 200
        assert (await other.send())[0] == 401
        assert (await channel.send())[0] == 200
        server.forget_sign_ins()
        assert (await channel.send())[0] == 401
        assert await channel.shake_hands(scheme) == 200


async def test_a_connection_that_was_idle_is_closed(server: EwsServer) -> None:
    async with Channel(server, tls=False) as channel:
        assert await channel.shake_hands("NTLM") == 200
        server.hang_up()
        await asyncio.sleep(0.05)  # until the client has noticed
        assert (await channel.send())[0] == 401
        assert await channel.shake_hands("NTLM") == 200


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_wrong_passwords_and_unknown_users(server: EwsServer, scheme: str) -> None:
    async with Channel(server, tls=False) as channel:
        assert await channel.shake_hands(scheme, password="falsch") == 401
        assert await channel.shake_hands(scheme, user="EX\\nobody") == 401
        assert (await channel.send())[0] == 401
        assert await channel.shake_hands(scheme, user="anna@example.de") == 200


async def test_a_second_handshake_is_the_connections_new_user(server: EwsServer) -> None:
    server.users.add(User("EX\\tim", "x"))
    async with Channel(server, tls=False) as channel:
        assert await channel.shake_hands("NTLM") == 200
        assert await channel.shake_hands("NTLM", user="EX\\tim", password="falsch") == 401
        assert (await channel.send())[0] == 401


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("mode", "statuses"),
    [("require", (200, 401, 401)), ("allow", (200, 200, 401)), ("off", (200, 200, 200))],
)
async def test_channel_binding_over_tls(
    server: EwsServer, scheme: str, mode: Any, statuses: tuple[int, int, int]
) -> None:
    server.switches.channel_binding = mode
    async with Channel(server, tls=True) as channel:
        right, none, wrong = channel.binding(), None, b"tls-server-end-point:" + bytes(32)
        found = [await channel.shake_hands(scheme, binding=binding) for binding in (right, none, wrong)]
        assert tuple(found) == statuses
        assert await channel.shake_hands(scheme, binding=right) == 200
        assert (await channel.send())[0] == 200


async def test_a_certificate_that_is_not_trusted(server: EwsServer, tmp_path: Path) -> None:
    context = ssl.create_default_context(cafile=str(make_certificate(tmp_path).authority))
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.post(server.tls_url, data=GET, ssl=context)


async def test_credentials_are_only_files_while_the_server_runs(
    graph: GraphServer, mails: Any, tokens: Tokens
) -> None:
    server = EwsServer(mails, tokens, graph.mailbox)
    await server.start()
    folder = server.authority.parent
    assert folder.is_dir()
    await server.stop()
    assert not folder.exists()


def impersonating(kind: str, name: str) -> str:
    sid = f"<t:ConnectingSID><t:{kind}>{name}</t:{kind}></t:ConnectingSID>"
    return f"<t:ExchangeImpersonation>{sid}</t:ExchangeImpersonation>"


async def test_impersonation(
    server: EwsServer, graph: GraphServer, anna: Any, ews: Any, xml: Any, draft: Callable[..., Any]
) -> None:
    tim = graph.add_mailbox("tim@example.de")
    ews.authorization = xml.basic("EX\\dienst", "streng geheim")
    for kind in ("PrincipalName", "PrimarySmtpAddress", "SmtpAddress"):
        assert (await ews.create(kind, header=impersonating(kind, "anna.muster@example.de"))).code == "NoError"
    assert len(anna.events) == 3
    wrong = await ews.create(header=impersonating("SmtpAddress", "nobody@example.de"))
    assert (wrong.status, wrong.code) == (500, "ErrorNonExistentMailbox")
    assert (await ews.create()).code == "ErrorMissingEmailAddress"
    theirs = xml.folder_of(tim.address)
    foreign = await ews.create(folder=theirs, header=impersonating("SmtpAddress", "anna@example.de"))
    assert foreign.code == "ErrorAccessDenied"


async def test_who_may_not_impersonate(ews: Any) -> None:
    refused = await ews.create(header=impersonating("SmtpAddress", "anna@example.de"))
    assert (refused.status, refused.code) == (500, "ErrorImpersonateUserDenied")


async def test_delegates_open_others_calendars(server: EwsServer, graph: GraphServer, ews: Any, xml: Any) -> None:
    tim = graph.add_mailbox("tim@example.de")
    theirs = xml.folder_of(tim.address)
    assert (await ews.create(folder=theirs)).code == "ErrorAccessDenied"
    server.users.add(User("EX\\eva", "x", "eva@example.de", opens=frozenset({tim.address})))
    ews.authorization = xml.basic("EX\\eva", "x")
    made = await ews.create(folder=theirs)
    assert made.code == "NoError"
    assert (await ews.get(made.id)).code == "NoError"
    assert (await ews.create()).code == "ErrorNonExistentMailbox"
