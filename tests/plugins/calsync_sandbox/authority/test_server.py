"""The sign-in authority, by raw requests and by msal itself."""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import jwt
import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from yarl import URL

from calsync_sandbox.authority import AuthorityServer

TENANT = "11111111-2222-3333-4444-555555555555"
AUDIENCE = f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"
FORM = {
    "grant_type": "client_credentials",
    "client_id": "calsync",
    "client_secret": "right",
    "scope": "https://graph.microsoft.com/.default",
}
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def certificate(key: Key) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "calsync")])
    begin = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = built.serial_number(1).not_valid_before(begin).not_valid_after(begin + timedelta(days=1))
    return dated.sign(key, hashes.SHA256())


def pem(made: x509.Certificate) -> str:
    return made.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def registered(key: rsa.RSAPrivateKey) -> x509.Certificate:
    return certificate(key)


@pytest.fixture
async def authority(registered: x509.Certificate) -> AsyncIterator[AuthorityServer]:
    server = AuthorityServer()
    server.register(TENANT, "calsync", secret="right", certificate=pem(registered))
    await server.start()
    yield server
    await server.stop()


async def ask(authority: AuthorityServer, **form: str) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{authority.url}/{TENANT}/oauth2/v2.0/token", data=FORM | form) as answer,
    ):
        return answer.status, await answer.json()


class SwappedHost:
    """msal's http client: as production's, it sends everything to the sandbox."""

    def __init__(self, url: str) -> None:
        self._url = URL(url)
        self._session = requests.Session()

    def get(self, url: str, **more: Any) -> requests.Response:
        return self._session.get(self._here(url), timeout=10, **more)

    def post(self, url: str, **more: Any) -> requests.Response:
        return self._session.post(self._here(url), timeout=10, **more)

    def close(self) -> None:
        self._session.close()

    def _here(self, url: str) -> str:
        return str(URL(url, encoded=True).with_scheme("http").with_host("127.0.0.1").with_port(self._url.port))


async def sign_in(authority: AuthorityServer, credential: Any, **more: Any) -> dict[str, Any]:
    http = SwappedHost(authority.url)

    def run() -> dict[str, Any]:
        application = msal.ConfidentialClientApplication(
            "calsync",
            client_credential=credential,
            authority=f"https://login.microsoftonline.com/{TENANT}",
            http_client=http,
            **({"instance_discovery": False} | more),
        )
        result: dict[str, Any] = application.acquire_token_for_client(["https://graph.microsoft.com/.default"])
        return result

    try:
        return await asyncio.to_thread(run)
    finally:
        http.close()


async def test_a_secret_gets_a_token_that_names_tenant_and_client(authority: AuthorityServer) -> None:
    status, body = await ask(authority)
    assert (status, body["token_type"], body["expires_in"]) == (200, "Bearer", 3599)
    grant = authority.tokens.find(body["access_token"])
    assert grant is not None
    assert (grant.tenant, grant.client_id) == (TENANT, "calsync")


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "other"}, 400, "unauthorized_client"),
        ({"scope": "Calendars.ReadWrite"}, 400, "invalid_scope"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
async def test_refusals(authority: AuthorityServer, form: dict[str, str], status: int, error: str) -> None:
    answer = await ask(authority, **form)
    assert (answer[0], answer[1]["error"]) == (status, error)
    assert answer[1]["error_description"].startswith(f"AADSTS{answer[1]['error_codes'][0]}")


async def test_tokens_expire_and_can_be_revoked() -> None:
    now = [0.0]
    authority = AuthorityServer(now=lambda: now[0])
    authority.token_seconds = 100
    token = authority.tokens.issue("t", "c", 100)
    assert authority.tokens.find(token) is not None
    now[0] = 100.0
    assert authority.tokens.find(token) is None
    token = authority.tokens.issue("t", "c")
    authority.tokens.revoke()
    assert authority.tokens.find(token) is None
    assert authority.tokens.find("made up") is None


async def test_the_documents_name_the_real_host(authority: AuthorityServer) -> None:
    async with aiohttp.ClientSession(authority.url) as session:
        async with session.get(f"/{TENANT}/v2.0/.well-known/openid-configuration") as answer:
            assert (await answer.json())["token_endpoint"] == AUDIENCE
        async with session.get("/unknown/v2.0/.well-known/openid-configuration") as answer:
            assert (answer.status, (await answer.json())["error"]) == (400, "invalid_tenant")
        query = {"authorization_endpoint": f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/authorize"}
        async with session.get("/common/discovery/instance", params=query) as answer:
            assert TENANT in (await answer.json())["tenant_discovery_endpoint"]


async def test_msal_signs_in_with_a_secret(authority: AuthorityServer) -> None:
    assert "access_token" in await sign_in(authority, "right")
    assert "access_token" in await sign_in(authority, "right", instance_discovery=True)
    assert (await sign_in(authority, "wrong"))["error"] == "invalid_client"


async def test_msal_signs_in_with_a_certificate(
    authority: AuthorityServer, key: rsa.RSAPrivateKey, registered: x509.Certificate
) -> None:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private = key.private_bytes(*form).decode()
    thumbprint = registered.fingerprint(hashes.SHA1()).hex()  # noqa: S303 - what msal asks for
    assert "access_token" in await sign_in(authority, {"private_key": private, "thumbprint": thumbprint})
    assert "access_token" in await sign_in(
        authority, {"private_key": private, "public_certificate": pem(registered)}
    )
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    wrong = {"private_key": stranger.private_bytes(*form).decode(), "thumbprint": thumbprint}
    assert (await sign_in(authority, wrong))["error"] == "invalid_client"


def assertion(key: Key, header: dict[str, Any], *, algorithm: str = "PS256", **claims: Any) -> dict[str, str]:
    content = {"aud": AUDIENCE, "iss": "calsync", "sub": "calsync", "exp": time.time() + 60} | claims
    return {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode(content, key, algorithm=algorithm, headers=header),
    }


def thumbprint(made: x509.Certificate) -> dict[str, str]:
    digest = hashlib.sha256(made.public_bytes(serialization.Encoding.DER)).digest()
    return {"x5t#S256": base64.urlsafe_b64encode(digest).rstrip(b"=").decode()}


async def test_assertions_are_checked(
    authority: AuthorityServer, key: rsa.RSAPrivateKey, registered: x509.Certificate
) -> None:
    named = thumbprint(registered)
    assert (await ask(authority, **assertion(key, named)))[0] == 200
    for wrong in (
        assertion(key, {}),
        assertion(key, {"x5t#S256": "other"}),
        assertion(key, named, aud="https://elsewhere.example"),
        assertion(key, named, iss="other"),
        assertion(key, named, exp=time.time() - 1),
        assertion(key, named, nbf=time.time() + 3600),
        assertion(key, named, algorithm="RS512"),
        assertion(rsa.generate_private_key(public_exponent=65537, key_size=2048), named),
        assertion(key, named) | {"client_assertion": "no.jwt"},
    ):
        assert (await ask(authority, **wrong))[0] == 401


async def test_a_certificate_without_an_rsa_key_proves_nothing(authority: AuthorityServer) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    authority.register(TENANT, "elliptic", certificate=pem(certificate(key)))
    form = assertion(key, thumbprint(certificate(key)), algorithm="ES256", iss="elliptic", sub="elliptic")
    assert (await ask(authority, client_id="elliptic", **form))[0] == 401
    assert json.loads(json.dumps((await ask(authority, client_id="elliptic"))[1]))["error"] == "invalid_client"
