"""Authorization codes: good once, for who began, and never without PKCE."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest

from calsync_sandbox.authority.clients import Client
from calsync_sandbox.authority.codes import Codes
from calsync_sandbox.authority.people import Person
from calsync_sandbox.authority.refusal import SignInError

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
QUERY = {
    "client_id": "app",
    "redirect_uri": "https://calsync.example.de/back",
    "response_type": "code",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "scope": "openid profile",
    "nonce": "n",
    "state": "s",
}
FORM = {"client_id": "app", "redirect_uri": QUERY["redirect_uri"], "code_verifier": VERIFIER}


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def codes(now: list[float]) -> Codes:
    codes = Codes(lambda: now[0])
    codes.at_the_browser = Person("anna@example.de")
    return codes


def code_of(codes: Codes) -> str:
    parts = parse_qs(urlsplit(codes.issue(QUERY)).query)
    assert parts["state"] == ["s"]
    return parts["code"][0]


def test_a_code_is_good_once(codes: Codes) -> None:
    form = {**FORM, "code": code_of(codes)}
    answer = codes.answer(Client("tenant", "app"), codes.redeem(form), 3599)
    assert {"access_token", "id_token", "client_info"} <= answer.keys()
    with pytest.raises(SignInError):
        codes.redeem(form)


@pytest.mark.parametrize(
    "wrong",
    [{"code_verifier": "x"}, {"client_id": "other"}, {"redirect_uri": "https://evil.example"}, {"code": "x"}],
)
def test_a_code_is_good_for_who_began(codes: Codes, wrong: dict[str, str]) -> None:
    with pytest.raises(SignInError):
        codes.redeem({**FORM, "code": code_of(codes), **wrong})


def test_a_code_expires(codes: Codes, now: list[float]) -> None:
    code = code_of(codes)
    now[0] = 600
    with pytest.raises(SignInError):
        codes.redeem({**FORM, "code": code})


@pytest.mark.parametrize("missing", ["redirect_uri", "response_type", "code_challenge", "scope", "nonce"])
def test_what_is_missing_is_refused(codes: Codes, missing: str) -> None:
    with pytest.raises(SignInError):
        codes.issue({key: value for key, value in QUERY.items() if key != missing})


def test_who_does_not_agree_is_sent_back(codes: Codes) -> None:
    codes.at_the_browser = None
    assert "error=access_denied" in codes.issue(QUERY)
