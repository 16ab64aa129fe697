"""What comes of sign-ins is counted, and those that fail are told in the log, but not as often as they happen."""

from __future__ import annotations

import base64
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import LoginError, Retry
from calsync.people import Role
from calsync.signin import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.desk import Desk
    from calsync.people import Person
    from calsync.web.site import Site
    from tests.web.conftest import Browser

BACK = "/sign-in/microsoft/back?code=x&state=y"


class Microsoft:
    """What Microsoft says of who comes back: it asks no server, and takes any flow for its own."""

    def __init__(self) -> None:
        self.says: Identity | Exception = LoginError("web.sign_in: the secret has expired")

    async def finish(self, flow: Mapping[str, Any], answer: Mapping[str, str]) -> Identity:
        del answer
        if not flow:
            raise LoginError("web.sign_in: it was not begun in this browser")
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@pytest.fixture
def microsoft(site: Site) -> Microsoft:
    found = Microsoft()
    site.microsoft = found  # type: ignore[assignment]
    return found


async def back(browser: Browser, **kept: str) -> int:
    """Come back from Microsoft, with what a sign-in began with."""
    packed = base64.urlsafe_b64encode(json.dumps({"flow": {"state": "y"}, **kept}).encode()).decode()
    return (await browser.get(BACK, Cookie=f"calsync_microsoft={packed}")).status


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]


async def test_what_comes_of_a_password_is_counted(
    browser: Browser, site: Site, anna: Person, sign_ins: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await browser.sign_in("anna", "wrong")
    await browser.sign_in("eve")
    await browser.sign_in("anna")
    assert sign_ins == ["wrong_password", "wrong_password", "ok"]
    monkeypatch.setattr("calsync.web.throttle.WAITING", 0)
    await browser.post("/sign-out", {}, at="/")
    assert (await browser.sign_in("anna")).status == 429
    assert sign_ins[3:] == ["too_many"]


async def test_what_comes_of_a_microsoft_account_is_counted(
    browser: Browser, microsoft: Microsoft, desk: Desk, sign_ins: list[str]
) -> None:
    assert await back(browser) == 403
    microsoft.says = Retry("web.sign_in: the server does not answer")
    assert await back(browser) == 503
    microsoft.says = Identity(tenant_id="tenant", object_id="object")
    assert await back(browser) == 403
    assert await back(browser, invitation="none of ours") == 403
    invitation = (await desk.people.invite("Bernd", Role.USER)).secret
    assert await back(browser, invitation=invitation) == 303
    assert await back(browser) == 303
    assert sign_ins == ["failed", "failed", "not_invited", "not_invited", "ok", "ok"]


async def test_who_was_never_sent_to_microsoft_warns_nobody(
    browser: Browser, microsoft: Microsoft, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert (await browser.get(BACK)).status == 403
    assert warned(caplog) == []


async def test_what_strangers_can_repeat_is_warned_of_once_in_a_while(
    browser: Browser, microsoft: Microsoft, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        await back(browser)
    assert warned(caplog) == ["a sign-in with a Microsoft account failed: web.sign_in: the secret has expired"]
    caplog.clear()
    microsoft.says = Identity(tenant_id="tenant", object_id="object")
    for _ in range(3):
        await back(browser)
    assert warned(caplog) == ["a sign-in failed: nobody was invited with this Microsoft account"]
