"""A connection that is there is tried within its budget, and counted with it, also with other settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.desk.setup import Setup
from calsync.http import HttpFactory
from tests.desk.servers import BERT, PASSWORD, Servers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from calsync.http import Pause


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Servers]:
    office = Servers(tmp_path)
    await office.ews.start()
    office.configure()
    file = office.file
    file.write_text(file.read_text().replace("EX\\\\service", "EX\\\\bert").replace("operators-canary", PASSWORD))
    yield office
    await office.ews.stop()


@pytest.fixture
def counted() -> list[str]:
    return []


@pytest.fixture
def http(office: Servers, counted: list[str]) -> HttpFactory:
    """Return the sessions of the service."""
    return HttpFactory(office.house.clock, lambda name, _status, _seconds: counted.append(name))


@pytest.fixture
def paused(office: Servers, http: HttpFactory) -> Pause:
    """Return the pause that the server has asked the service for."""
    pause = http.pause("exchange", str(office.ews.ews_url))
    pause.begin(300)
    return pause


@pytest.fixture
def setup(office: Servers, http: HttpFactory) -> Setup:
    return Setup(office.file, office.house.clock, http=http)


def form(office: Servers, password: str = PASSWORD) -> dict[str, str]:
    return {"url": str(office.ews.ews_url), "username": f"EX\\{BERT[:4]}", "password": password}


async def test_a_check_sends_nothing_while_the_server_wants_a_pause(
    setup: Setup, office: Servers, paused: Pause, counted: list[str]
) -> None:
    (told,) = await setup.check_connection("exchange")
    assert "the server asks to wait" in told.message
    assert counted == []
    office.house.clock.advance(301)
    assert not paused.left
    assert (await setup.check_connection("exchange"))[0].severity == "ok"
    assert set(counted) == {"exchange"}


@pytest.mark.parametrize("password", ["", "another one"])
async def test_a_kept_connection_shares_the_pause_also_where_its_form_is_filled_in_otherwise(
    setup: Setup, office: Servers, http: HttpFactory, counted: list[str], password: str
) -> None:
    await setup.add_connection("post", "exchange_ews", form(office))
    pause = http.pause("post", str(office.ews.ews_url))
    pause.begin(300)
    (told,) = await setup.try_connection("post", None, form(office, password=password))
    assert "the server asks to wait" in told.message
    assert counted == []
    office.house.clock.advance(301)
    (told, *_) = await setup.try_connection("post", None, form(office, password=password))
    assert told.severity == ("error" if password else "ok")
    assert set(counted) == {"post"}


async def test_another_server_is_asked_although_the_present_one_wants_a_pause(
    setup: Setup, office: Servers, http: HttpFactory, counted: list[str]
) -> None:
    await setup.add_connection("post", "exchange_ews", form(office) | {"url": "https://127.0.0.1:1/ews"})
    http.pause("post", "https://127.0.0.1:1/ews").begin(300)
    (told, *_) = await setup.try_connection("post", None, form(office))
    assert told.severity == "ok"
    assert set(counted) == {"post"}


async def test_a_connection_that_nobody_serves_waits_for_no_pause_and_is_no_figure(
    setup: Setup, office: Servers, paused: Pause, counted: list[str]
) -> None:
    assert paused.left
    assert (await setup.try_connection("new", "exchange_ews", form(office)))[0].severity == "ok"
    assert counted == []
