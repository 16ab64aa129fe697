"""What the pages have added runs beside what the operator wrote, and is never a reason not to start."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from calsync.config import Why
from calsync.errors import ConfigError, LoginError
from calsync.loading import load

if TYPE_CHECKING:
    from tests.house import House

CARLA = """
connections:
  post: {provider: memory}
accounts:
  carla:
    left: {connection: crm, name: carla-crm}
    right: {connection: post, name: carla-mail}
    timezone: Europe/Berlin
"""


def add(house: House, text: str) -> None:
    (house.folder / "calsync.db.yaml").write_text(text)


async def errors(house: House) -> dict[str, str | None]:
    async with house.open() as app:
        return {name: one.error for name, one in (await app.sync(None)).accounts.items()}


async def test_what_the_pages_added_is_synced_too(house: House) -> None:
    add(house, CARLA)
    assert await errors(house) == {"anna": None, "berta": None, "carla": None}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [", Why.UNREADABLE),
        (CARLA.replace("memory", "nobodys"), Why.WRONG),
        (CARLA.replace("Berlin", "Berlim"), Why.WRONG),
        (CARLA.replace("connection: crm", "connection: gone"), Why.CONNECTION),
        (CARLA.replace("carla-crm", "anna-crm"), Why.CALENDAR),
    ],
)
async def test_whatever_is_wrong_there_the_operators_accounts_run(house: House, text: str, why: Why) -> None:
    add(house, text)
    assert why in {one.why for one in load(house.folder / "calsync.yaml")[0].ignored}
    assert await errors(house) == {"anna": None, "berta": None}


async def test_what_is_left_out_is_told_by_the_check_and_by_the_service(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    add(house, CARLA.replace("carla-crm", "anna-crm"))
    stop = asyncio.Event()
    async with house.open() as app:
        told = [one for one in await app.check() if one.severity == "warning"]
        task = asyncio.create_task(app.run(stop, asyncio.Event()))
        await house.clock.until_sleeping()
        stop.set()
        await task
    assert [one.scope for one in told] == ["configuration"]
    assert "calsync.db.yaml:6: accounts.carla.left: this calendar stands in" in told[0].message
    assert f"left out: {told[0].message}" in caplog.text


async def test_what_a_person_must_mend_there_stops_no_other_account(house: House) -> None:
    add(house, CARLA)
    async with house.open() as app:
        house.plugin.ERRORS["post"] = LoginError("post: wrong password")
        accounts = (await app.sync(None)).accounts
    assert {name: one.error for name, one in accounts.items()} == {
        "anna": None,
        "berta": None,
        "carla": "post: wrong password",
    }


async def test_a_connection_that_cannot_be_built_fails_when_it_is_used(house: House) -> None:
    add(house, CARLA.replace("{provider: memory}", "{provider: memory, secret: unusable}"))
    assert await errors(house) == {"anna": None, "berta": None, "carla": "post: unusable"}
    text = (house.folder / "calsync.yaml").read_text()
    (house.folder / "calsync.yaml").write_text(
        text.replace("mail: {provider: memory}", "mail: {provider: memory, secret: unusable}")
    )
    with pytest.raises(ConfigError, match="mail: unusable"):
        await errors(house)


async def test_a_calendar_under_two_names_stays_with_the_operators_account(house: House) -> None:
    add(house, CARLA)
    assert (await errors(house))["carla"] is None
    house.plugin.CALENDARS["carla-mail"] = house.calendar("anna-mail")
    found = await errors(house)
    assert found["anna"] is None
    assert "accounts.carla.right: this calendar stands in" in str(found["carla"])
    assert f"{house.folder}/calsync.yaml, line 11 (accounts.anna.right)" in str(found["carla"])


async def test_the_service_starts_where_only_the_pages_accounts_need_a_person(house: House) -> None:
    add(house, CARLA)
    stop = asyncio.Event()
    async with house.open() as app:
        for name in ("anna-crm", "berta-crm", "carla-crm"):
            house.plugin.ERRORS[name] = LoginError(f"{name}: wrong password")
        task = asyncio.create_task(app.run(stop, asyncio.Event()))
        await house.clock.until_sleeping()
        assert not task.done()
        stop.set()
        await task
