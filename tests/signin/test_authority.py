"""The door to the sign-in server: whom it sends requests to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from calsync.errors import LoginError
from calsync.signin import ApplicationTokens, Registration
from calsync.signin.authority import AuthorityHttp
from calsync_sandbox.authority import documents, server
from tests.signin.conftest import SECRET

if TYPE_CHECKING:
    from calsync.testing import FakeClock
    from calsync_sandbox.authority import AuthorityServer

GLOBAL = "https://login.microsoftonline.com"
CHINA = "https://login.chinacloudapi.cn"
TOKEN = "/t/oauth2/v2.0/token"


async def test_no_secret_goes_to_another_host_that_the_tenants_document_names(
    registration: Registration, authority: AuthorityServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(tenant: str) -> dict[str, Any]:
        return {**documents.configuration(tenant), "token_endpoint": f"https://login.example.com{TOKEN}"}

    monkeypatch.setattr(server, "configuration", elsewhere)
    tokens = ApplicationTokens(registration, SECRET, clock)
    with pytest.raises(LoginError, match=r"connection m365: .* another server"):
        await tokens.get()
    tokens.close()
    assert not [request for request in authority.requests if request.method == "POST"]


@pytest.mark.parametrize(
    ("authority_url", "url", "allowed"),
    [
        (GLOBAL, f"{GLOBAL}{TOKEN}", True),
        (GLOBAL, f"https://LOGIN.microsoftonline.com{TOKEN}", True),
        (GLOBAL, f"https://login.windows.net{TOKEN}", True),
        (CHINA, f"https://login.partner.microsoftonline.cn{TOKEN}", True),
        ("https://login.example.de", f"{GLOBAL}/common/discovery/instance", True),
        ("https://login.example.de", f"{GLOBAL}{TOKEN}", False),
        (GLOBAL, f"{CHINA}{TOKEN}", False),
        (GLOBAL, f"http://login.microsoftonline.com{TOKEN}", False),
        (GLOBAL, f"https://login.microsoftonline.com:8443{TOKEN}", False),
        (GLOBAL, f"https://login.microsoftonline.com@login.example.com{TOKEN}", False),
        (GLOBAL, f"https://login.microsoftonline.com.example.com{TOKEN}", False),
        (GLOBAL, "https://169.254.169.254/metadata/instance/compute/location", False),
    ],
)
def test_requests_go_to_the_authority_alone(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch, authority_url: str, url: str, allowed: bool
) -> None:
    sent: list[str] = []

    def request(_session: requests.Session, _method: str, url: str, **_: Any) -> requests.Response:
        sent.append(url)
        answer = requests.Response()
        answer.status_code = 200
        return answer

    monkeypatch.setattr(requests.Session, "request", request)
    door = AuthorityHttp("m365", authority_url, clock)
    if allowed:
        door.get(url)
    else:
        with pytest.raises(LoginError, match="another server"):
            door.get(url)
    door.close()
    assert sent == [url] * allowed


def test_a_secret_is_not_sent_where_instances_are_looked_up(clock: FakeClock) -> None:
    door = AuthorityHttp("m365", "https://login.example.de", clock)
    with pytest.raises(LoginError, match="another server"):
        door.post(f"{GLOBAL}/common/discovery/instance", data={"client_secret": SECRET})
    door.close()
