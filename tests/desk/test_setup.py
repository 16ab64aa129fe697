"""What an administrator sets up on the pages is checked before it is kept, and what is kept holds at once."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from calsync.config import parse, validate
from calsync.desk.invalid import MISSING, Invalid
from calsync.desk.setup import Setup
from calsync.errors import ConfigError, LoginError
from calsync.loading import load
from calsync.vault import FileVault

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path

    from tests.house import House

KEY = b"k" * 32
CANARY = "secret-canary"
FIELDS = {"url": "https://mail.example.de", "secret": CANARY, "size": "3"}
CARLA = {
    "left": {"connection": "crm", "name": "carla-crm"},
    "right": {"connection": "post", "name": "carla-mail"},
    "timezone": "Europe/Berlin",
    "direction": "",
}


@pytest.fixture
def house(house: House) -> House:
    file = house.folder / "calsync.yaml"
    file.write_text(file.read_text().replace("{store:", f"{{key: {base64.b64encode(KEY).decode()}, store:"))
    return house


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def setup(house: House, told: list[str]) -> Setup:
    return Setup(house.folder / "calsync.yaml", house.clock, lambda: told.append("changed"), told.append)


def config(house: House) -> Any:
    return load(house.folder / "calsync.yaml")[0]


async def invalid(call: Awaitable[object]) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        await call
    assert CANARY not in str(refused.value)
    return refused.value.keys


def lying(house: House) -> list[Path]:
    return [path for path in house.folder.rglob("*") if path.is_file()]


async def test_from_nothing_to_a_synced_account(house: House, setup: Setup, told: list[str]) -> None:
    await setup.add_connection("post", "memory", FIELDS)
    await setup.add_account("carla", CARLA)
    assert told == ["changed", "changed"]
    assert config(house).connections["post"].settings == FIELDS
    async with house.open() as app:
        assert (await app.sync("carla")).accounts["carla"].ok
    assert [path for path in lying(house) if CANARY.encode() in path.read_bytes()] == []


async def test_what_is_wrong_is_told_by_its_key_and_nothing_is_kept(house: House, setup: Setup) -> None:
    add = setup.add_connection
    assert await invalid(add("post", "memory", {"url": "ftp://x"})) == {"size": str(MISSING)}
    assert await invalid(add("post", "memory", FIELDS | {"url": "ftp://x", "size": "many"})) == {
        "url": "must be an https address",
        "size": "must be digits",
    }
    assert await invalid(add("post", "memory", FIELDS | {"poll": "1"})) == {"poll": "unknown key"}
    assert "provider" in await invalid(add("post", "nobodys", FIELDS))
    assert "letters a to z" in (await invalid(add("po st", "memory", FIELDS)))["name"]
    assert "already" in (await invalid(add("mail", "memory", FIELDS)))["name"]
    assert await invalid(add("post", "memory", FIELDS | {"secret": "unusable"})) == {"": "post: unusable"}
    assert not (house.folder / "calsync.db.vault").exists()
    assert list(config(house).connections) == ["crm", "mail"]


async def test_an_account_is_checked_like_one_in_yaml(house: House, setup: Setup) -> None:
    assert (
        "there is no connection 'post'" in (await invalid(setup.add_account("carla", CARLA)))["right.connection"]
    )
    await setup.add_connection("post", "memory", FIELDS)
    wrong = {**CARLA, "timezone": "Europe/Berlim", "right": {"connection": "post", "name": ""}}
    assert set(await invalid(setup.add_account("carla", wrong))) == {"timezone"}  # `name` may be missing here
    taken = {**CARLA, "left": {"connection": "crm", "name": "anna-crm"}}
    assert "accounts.anna.left" in (await invalid(setup.add_account("carla", taken)))["left"]
    assert "already" in (await invalid(setup.add_account("anna", CARLA)))["name"]
    await setup.add_account("carla", CARLA)
    await setup.change_account("carla", {**CARLA, "direction": "left_to_right"})
    assert config(house).accounts["carla"].direction == "left_to_right"
    assert "operator" in (await invalid(setup.change_account("anna", CARLA)))[""]


async def test_a_secret_that_is_left_empty_stays(house: House, setup: Setup) -> None:
    await setup.add_connection("post", "memory", FIELDS)
    assert await setup.filled_in("post") == {"url": FIELDS["url"], "size": "3"}
    await setup.change_connection("post", {"url": FIELDS["url"], "size": "4", "secret": ""})
    assert config(house).connections["post"].settings == FIELDS | {"size": "4"}
    await setup.change_connection("post", {"size": "4", "url": FIELDS["url"], "secret": None})
    assert "secret" not in config(house).connections["post"].settings


async def test_a_kept_secret_is_not_sent_to_another_server(house: House, setup: Setup) -> None:
    await setup.add_connection("post", "memory", FIELDS)
    elsewhere = {"url": "https://elsewhere.example", "size": "3"}
    await setup.try_connection("post", None, elsewhere)
    await setup.change_connection("post", elsewhere)
    assert config(house).connections["post"].settings == elsewhere


async def test_an_address_that_is_emptied_is_another_server_too(house: House, setup: Setup) -> None:
    await setup.add_connection("post", "memory", FIELDS)
    await setup.change_connection("post", {"url": "", "size": "3"})
    assert config(house).connections["post"].settings == {"size": "3"}


async def test_what_no_form_asks_for_stays(house: House, setup: Setup) -> None:
    await setup.add_connection("post", "memory", FIELDS)
    file = house.folder / "calsync.db.yaml"
    file.write_text(file.read_text().replace("provider: memory", "provider: memory\n    extra: hand-made"))
    await setup.change_connection("post", {"size": "5"})
    assert config(house).connections["post"].settings["extra"] == "hand-made"


async def test_a_connection_in_use_is_not_removed_and_a_removed_one_leaves_nothing(
    house: House, setup: Setup
) -> None:
    await setup.add_connection("post", "memory", FIELDS)
    await setup.add_account("carla", CARLA)
    await setup.finish_sign_in("post", {}, {"code": CANARY})
    assert "carla" in (await invalid(setup.remove_connection("post")))[""]
    await setup.remove_account("carla")
    await setup.remove_connection("post")
    left = [path.name for path in lying(house) if "post" in path.name and not path.name.endswith(".lock")]
    assert left == []
    assert "operator" in (await invalid(setup.remove_connection("mail")))[""]
    assert "operator" in (await invalid(setup.remove_account("anna")))[""]


async def test_a_new_connection_does_not_inherit_a_sign_in(house: House, setup: Setup) -> None:
    FileVault(house.folder / "calsync.db.vault", "post", KEY).write("tokens", "somebody's")
    await setup.add_connection("post", "memory", FIELDS)
    assert FileVault(house.folder / "calsync.db.vault", "post", KEY).read("tokens") is None


async def test_a_trial_signs_in_and_keeps_nothing(house: House, setup: Setup) -> None:
    (found,) = await setup.try_connection("post", "memory", FIELDS)
    assert (found.severity, found.message) == ("ok", "signed in")
    house.plugin.ERRORS["post"] = LoginError("post: wrong password")
    (found,) = await setup.try_connection("post", "memory", FIELDS)
    assert (found.severity, found.message) == ("error", "post: wrong password")
    assert set(await invalid(setup.try_connection("post", "memory", {}))) == {"size"}
    assert not (house.folder / "calsync.db.yaml").exists()
    assert house.plugin.OPENED["post"] == house.plugin.CLOSED["post"] == 2


async def test_a_mailbox_offers_its_calendars_and_a_connection_its_people(house: House, setup: Setup) -> None:
    await setup.add_connection("post", "memory", FIELDS)
    listed = await setup.calendars("post", {"name": "carla"})
    assert [one.id for one in listed] == ["carla", "carla-office"]
    assert [one.id for one in await setup.people("crm")] == ["7"]
    assert [one.severity for one in await setup.check_connection("crm")] == ["ok"]
    assert "post" in (await invalid(setup.people("nobodys")))["connection"]
    assert config(house).ignored == ()


async def test_who_signs_in_is_told_to_the_service(house: House, setup: Setup, told: list[str]) -> None:
    assert (await setup.finish_sign_in("mail", {}, {"code": CANARY})).address == "anna@example.de"
    assert told == ["mail"]
    assert FileVault(house.folder / "calsync.db.vault", "mail", KEY).read("tokens") == CANARY
    with pytest.raises(ConfigError, match="nobody has to sign in"):
        await setup.begin_sign_in("mail", "https://calsync.example.de")


async def test_the_export_is_taken_over_by_the_operator_and_is_then_one(house: House, setup: Setup) -> None:
    await setup.add_connection("post.1", "memory", FIELDS)
    await setup.add_account("carla", {**CARLA, "right": {"connection": "post.1", "name": "carla-mail"}})
    text = await setup.export()
    assert CANARY not in text
    assert "#   post_1_secret: ..." in text
    (house.folder / "secrets.yaml").write_text(f"post_1_secret: {CANARY}\n")
    (house.folder / "secrets.yaml").chmod(0o600)
    file = house.folder / "calsync.yaml"
    head = file.read_text().split("plugin_dirs")[0]
    file.write_text(
        f"{head}plugin_dirs: [plugins]\n" + text.replace("connections:", "connections:\n  crm: {provider: memory}")
    )
    found = config(house)
    assert found.ignored == ()
    assert [one.kept for one in found.accounts.values()] == [False]
    loaded = load(file)[1]
    assert validate(parse(file), loaded.providers, {}).accounts == found.accounts


async def test_a_wrong_entry_of_others_does_not_stop_a_change(house: House, setup: Setup) -> None:
    (house.folder / "calsync.db.yaml").write_text("connections: {old: {provider: nobodys}}\n")
    await setup.add_connection("post", "memory", FIELDS)
    assert [one.name for one in config(house).ignored] == ["old"]
    await setup.remove_connection("old")
    assert config(house).ignored == ()


async def test_a_change_that_would_leave_out_another_account_is_refused(house: House, setup: Setup) -> None:
    await setup.add_connection("post", "memory", FIELDS)
    await setup.add_account("carla", CARLA)
    await setup.add_account(
        "dora",
        {
            **CARLA,
            "left": {"connection": "crm", "name": "dora-crm"},
            "right": {"connection": "post", "name": "dora-mail"},
        },
    )
    told = await invalid(
        setup.change_account("carla", {**CARLA, "left": {"connection": "crm", "name": "dora-crm"}})
    )
    assert "accounts.dora.left" in told[""]
    assert config(house).accounts["carla"].left.settings == {"name": "carla-crm"}


async def test_systems_are_listed_as_people_know_them(setup: Setup) -> None:
    found = await setup.providers()
    assert found["memory"] == "Memory"
    assert list(found) == sorted(found)


async def test_what_is_kept_is_read_back_to_be_changed_and_nothing_else(setup: Setup) -> None:
    await setup.add_connection("post", "memory", FIELDS)
    await setup.add_account("carla", CARLA)
    assert await setup.provider_of("post") == "memory"
    assert await setup.account_entry("carla") == {key: value for key, value in CARLA.items() if value}
    assert "operator" in (await invalid(setup.provider_of("crm")))[""]
    assert "operator" in (await invalid(setup.account_entry("anna")))[""]
