from __future__ import annotations

from typing import Any

import msal
import pytest
import requests

from calsync.errors import CalsyncError, LoginError, Retry
from calsync.testing import FakeClock
from calsync_exchange_ews.auth.application import ApplicationToken
from calsync_exchange_ews.config import Application

APPLICATION = Application(
    tenant_id="t", client_id="c", client_secret="made-up", authority_url="https://login.example.de"
)


class Msal:
    """Stands for msal's application: answers, or raises, what a test says."""

    answers: list[Any]
    scopes: list[str]
    removed = 0

    def __init__(self, client_id: str, **named: Any) -> None:
        assert (client_id, named["authority"]) == ("c", "https://login.example.de/t")

    def acquire_token_for_client(self, scopes: list[str], **named: Any) -> Any:
        self.scopes.extend(scopes)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def remove_tokens_for_client(self) -> None:
        Msal.removed += 1


def token(monkeypatch: pytest.MonkeyPatch, clock: FakeClock, *answers: Any) -> ApplicationToken:
    monkeypatch.setattr(Msal, "answers", [*answers], raising=False)
    monkeypatch.setattr(Msal, "scopes", [], raising=False)
    monkeypatch.setattr(msal, "ConfidentialClientApplication", Msal)
    return ApplicationToken("exchange", APPLICATION, "mail.example.de", clock)


async def test_a_token_is_kept_until_it_ends_or_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    answers = [{"access_token": each, "expires_in": 3600} for each in "abc"]
    under_test = token(monkeypatch, clock, *answers)
    assert [await under_test(refused=None) for _ in range(2)] == ["a", "a"]
    assert await under_test(refused="a") == "b"
    assert await under_test(refused="a") == "b"
    clock.advance(3400)
    assert await under_test(refused=None) == "c"
    assert Msal.removed == 1
    assert set(Msal.scopes) == {"https://mail.example.de/.default"}
    under_test.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"error": "invalid_client", "error_description": "AADSTS7000215 made-up"}, LoginError),
        ({"error": "<b>"}, LoginError),
        (requests.ConnectionError(), Retry),
        (ValueError("made-up"), LoginError),
    ],
)
async def test_what_a_sign_in_may_end_in(
    monkeypatch: pytest.MonkeyPatch, answer: Any, error: type[CalsyncError]
) -> None:
    under_test = token(monkeypatch, FakeClock(), answer)
    with pytest.raises(error) as raised:
        await under_test(refused=None)
    assert "made-up" not in str(raised.value)
    under_test.close()
