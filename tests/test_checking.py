"""What `calsync check` finds, and that it leaves everything as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import AccountError, LoginError
from calsync.sync.model import Direction

if TYPE_CHECKING:
    from tests.house import House


async def test_a_check_tells_everything_that_it_finds(house: House) -> None:
    house.configure(right="frozen")
    async with house.open() as app:
        house.plugin.ERRORS["anna-crm"] = AccountError("no anna")
        found = {(each.scope, each.severity, each.message) for each in await app.check()}
    assert found == {
        ("connection crm", "ok", "signed in"),
        ("connection mail", "ok", "signed in"),
        ("account anna", "error", "no anna"),
        ("account berta", "error", "connection mail: read-only"),
    }


async def test_a_check_writes_where_it_may_and_only_if_it_is_asked_to(house: House) -> None:
    house.configure(direction="right_to_left")
    async with house.open() as app:
        told = {each.message for each in await app.check(try_writes=True)}
        assert {message for message in told if "can be written" in message} == {
            f"{key} can be written" for key in ("anna-crm", "anna-mail", "berta-crm")
        }
        assert not [each for each in await app.check() if "can be written" in each.message]


async def test_a_source_may_be_read_only(house: House) -> None:
    house.configure(right="frozen", direction="right_to_left")
    async with house.open() as app:
        found = [each for each in await app.check() if each.scope == "account berta"]
    assert [(each.severity, each.message) for each in found] == [("warning", "read-only")]


async def test_an_account_is_checked_in_the_direction_that_a_person_has_chosen(house: House) -> None:
    house.configure(right="frozen", direction="right_to_left")
    await house.choose("berta", Direction.BOTH)
    async with house.open() as app:
        found = [each for each in await app.check() if each.scope == "account berta"]
        assert [(each.severity, each.message) for each in found] == [("error", "connection mail: read-only")]
        told = {each.message for each in await app.check(try_writes=True)}
    assert "anna-crm can be written" in told
    house.configure(right="frozen", direction="both")
    await house.choose("berta", Direction.RIGHT_TO_LEFT)
    async with house.open() as app:
        found = [each for each in await app.check() if each.scope == "account berta"]
    assert [(each.severity, each.message) for each in found] == [("warning", "read-only")]


async def test_a_check_leaves_the_store_alone_and_goes_on_without_one_that_cannot_be_read(house: House) -> None:
    store = house.folder / "calsync.db"
    async with house.open() as app:
        await app.check()
    assert not store.exists()
    store.write_text("of another program", "utf-8")
    async with house.open() as app:
        found = [each for each in await app.check() if each.severity != "ok"]
    ((scope, severity, message),) = [(each.scope, each.severity, each.message) for each in found]
    assert (scope, severity) == ("store", "warning")
    assert message.endswith("accounts are checked in the directions of the configuration")
    assert store.read_text("utf-8") == "of another program"


async def test_accounts_of_a_broken_connection_are_not_checked(house: House) -> None:
    async with house.open() as app:
        house.plugin.ERRORS["mail"] = LoginError("mail: the secret has expired")
        found = await app.check()
    assert [(each.scope, each.severity) for each in found] == [
        ("connection crm", "ok"),
        ("connection mail", "error"),
    ]
