"""Another configuration is taken over whole: no account is lost half way, whatever a plugin or the store does."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import StoreError
from calsync.loading import load
from calsync.reloading import waiting_for_a_start
from calsync.service import State
from tests.serving import Served, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.house import House


@pytest.fixture
async def served(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Served]:
    caplog.set_level(logging.INFO, "calsync.service")
    async with serving(house, monkeypatch) as served:
        yield served


async def broken(*_: Any) -> Any:
    raise ValueError("a plugin's bug")


async def test_a_bug_in_a_plugin_that_opens_a_calendar_leaves_no_account_unserved(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served.house.plugin.Memory, "open", broken)
    served.rewrite("mail: {provider: memory}", "mail: {provider: memory, secret: other}")
    await served.take_over()
    await served.until(lambda: {served.state("anna"), served.state("berta")} == {State.FAILING})
    monkeypatch.undo()
    for account in ("anna", "berta"):
        served.running.served.service.wake(account, "a test")
    await served.passing(lambda: {served.state("anna"), served.state("berta")} == {State.WAITING})


async def test_a_bug_in_a_plugin_that_closes_leaves_no_account_unserved(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(served.house.plugin.Memory, "close", broken)
        served.rewrite("mail: {provider: memory}", "mail: {provider: memory, secret: other}")
        await served.take_over()
    await served.waiting("anna", "berta")
    assert "connection mail cannot be closed: a bug, ValueError" in caplog.text
    assert "the configuration was read anew" in caplog.text


async def test_a_store_that_cannot_be_read_leaves_no_account_unserved(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full() -> Any:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(served.running.served._settings, "all", full)
        served.rewrite("direction: both", "direction: left_to_right")
        await served.take_over()
    await served.waiting("anna", "berta")


async def test_another_pace_of_polls_opens_nothing_anew(served: Served) -> None:
    heard = served.listeners("anna-mail")[0]
    served.rewrite("poll_seconds: 60", "poll_seconds: 120")
    await served.take_over()
    assert served.running.served.service.poll_seconds == 120
    assert served.listeners("anna-mail") == [heard]
    assert served.house.plugin.CLOSED == {}
    assert {host.poll_seconds() for host in served.house.plugin.HOSTS} == {120}


async def test_what_is_heeded_at_the_next_start_is_told_once_and_stops_nothing_else(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    def told() -> list[str]:
        return [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]

    served.rewrite("service: {", 'web: {}\nservice: {listen: "127.0.0.1:8766", ')
    served.rewrite("poll_seconds: 60", "poll_seconds: 120")
    await served.take_over()
    assert told() == ["heeded at the next start only: service.listen, web; start calsync anew"]
    assert served.running.served.service.poll_seconds == 120
    await served.take_over()
    assert len(told()) == 1
    served.rewrite('listen: "127.0.0.1:8766", ', "")
    await served.take_over()
    assert told()[1:] == ["heeded at the next start only: web; start calsync anew"]
    served.rewrite("web: {}", "")
    await served.take_over()
    assert len(told()) == 2


ONE, TWO = "a-token-of-the-figures", "another-token-of-them"
WEB = f"""
web:
  metrics_token: {ONE}
  self_service: {{left: {{connection: crm}}, right: {{connection: mail}}}}
"""


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        (ONE, TWO, ["web.metrics_token"]),
        (f"metrics_token: {ONE}", "trusted_proxy: 10.0.0.1", ["web.metrics_token", "web.trusted_proxy"]),
        ("https://one.example", "https://two.example", ["service.public_url"]),
        ("right: {connection: mail}", "right: {connection: post}", []),
        (WEB, "", ["web"]),
    ],
)
def test_the_keys_that_wait_for_a_start_are_named(house: House, old: str, new: str, keys: list[str]) -> None:
    file = house.folder / "calsync.yaml"
    text = file.read_text("utf-8").replace("service: {", "service: {public_url: https://one.example, ")
    text = text.replace("  crm: {provider: memory}", "  crm: {provider: memory}\n  post: {provider: memory}") + WEB
    file.write_text(text, "utf-8")
    before, _ = load(file)
    file.write_text(text.replace(old, new), "utf-8")
    after, _ = load(file)
    assert waiting_for_a_start(before, after) == keys


async def test_a_stop_does_not_wait_for_a_reload_that_opens_accounts(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = asyncio.Event()

    async def hanging(*_: Any) -> Any:
        opening.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(served.house.plugin.Memory, "open", hanging)
    served.rewrite("mail: {provider: memory}", "mail: {provider: memory, secret: other}")
    served.reload.set()
    await asyncio.wait_for(opening.wait(), 20)
    served.stop.set()
    await asyncio.wait_for(served.task, 20)
    assert served.house.plugin.CLOSED["mail"] == 1  # what left is closed
