"""S1: secrets are found in no database, write-ahead log, backup, file of ours or log, whatever people do."""

from __future__ import annotations

import asyncio
import base64
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from calsync.app import App
from calsync.desk.setup import Setup
from calsync.errors import LoginError
from calsync.ports import SystemClock
from calsync.vault import FileVault, vault_folder
from tests.desk.servers import ANNA, BACK, BERLIN, PASSWORD, Servers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

OLD, NEW = b"k" * 32, b"n" * 32
TYPED = "typed-canary"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Servers]:
    office = Servers(tmp_path)
    servers = (office.authority, office.graph, office.ews)
    for server in servers:
        await server.start()
    office.configure()
    yield office
    for server in servers:
        await server.stop()


async def sign_in(office: Servers, setup: Setup) -> None:
    office.authority.codes.at_the_browser = office.authority.people.add(ANNA)
    begun = await setup.begin_sign_in("anna", BACK)
    location = office.authority.codes.issue(dict(parse_qsl(urlsplit(begun.address).query)))
    await setup.finish_sign_in("anna", begun.flow, dict(parse_qsl(urlsplit(location).query)))


def account(name: str, mailbox: str) -> dict[str, Any]:
    right = {"connection": name, "mailbox": mailbox}
    return {"left": {"connection": "crm", "name": name}, "right": right, "timezone": BERLIN}


async def live(office: Servers) -> None:
    """Set up two accounts with secrets, sync, fail, back up, and let the service run for a while."""
    setup, settings = Setup(office.file, SystemClock()), office.config().connections
    await setup.add_connection(
        "bert", "exchange_ews", {"url": str(office.ews.ews_url), "username": "EX\\bert", "password": PASSWORD}
    )
    wrong = {"url": str(office.ews.ews_url), "username": "EX\\bert", "password": TYPED}
    assert [one.severity for one in await setup.try_connection("again", "exchange_ews", wrong)] == ["error"]
    await setup.add_account("bert", account("bert", "bert@example.de"))
    file = office.house.folder / "calsync.db.yaml"
    own = {key: settings["m365"].settings[key] for key in ("tenant_id", "client_id", "authority_url", "graph_url")}
    lines = "".join(f'    {key}: "{value}"\n' for key, value in own.items())
    file.write_text(
        file.read_text().replace(
            "connections:\n", f"connections:\n  anna:\n    provider: graph\n    sign_in: delegated\n{lines}"
        )
    )
    await sign_in(office, setup)
    await setup.add_account("anna", account("anna", ANNA))
    async with App.open(office.file) as app:
        await app.check()
        accounts = (await app.sync(None)).accounts
        assert {name: one.error for name, one in accounts.items()} == {"anna": None, "bert": None}
        await app.backup(None)
        office.authority.tokens.revoke()
        office.authority.people.forget()
        assert "sign in again" in str((await app.sync("anna")).accounts["anna"].error)
        stop = asyncio.Event()
        task = asyncio.create_task(app.run(stop, asyncio.Event()))
        async with asyncio.timeout(20):
            while not (office.house.folder / "calsync.db-wal").exists():  # noqa: ASYNC110 - SQLite's, no event of ours
                await asyncio.sleep(0.01)
        assert found(office, with_log=False) == []
        stop.set()
        await task
    await setup.export()


def found(office: Servers, *, with_log: bool = True, log: str = "") -> list[str]:
    """Return where a secret lies in the clear, but for the file in which the operator wrote it."""
    secrets = [PASSWORD, TYPED, base64.b64encode(OLD).decode(), OLD.decode(), *office.authority.secrets()]
    places = {
        str(path): path.read_bytes()
        for path in office.house.folder.rglob("*")
        if path.is_file() and path != office.file
    }
    assert len(places) > 5
    if with_log:
        places["the log"] = log.encode()
    return [place for place, content in places.items() if any(secret.encode() in content for secret in secrets)]


async def test_planted_secrets_are_nowhere_in_the_clear(office: Servers, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await live(office)
    assert caplog.text
    assert found(office, log=caplog.text) == []
    async with App.open(office.file) as app:
        assert await app.rotate_key(base64.b64encode(NEW).decode()) == 2
    assert found(office, log=caplog.text) == []
    assert NEW.decode() not in caplog.text


async def test_swapped_ciphertexts_do_not_decrypt(office: Servers) -> None:
    await live(office)
    folder = vault_folder(office.house.folder / "calsync.db")
    tokens = folder / "anna.tokens"
    (password,) = folder.glob("bert.password-*")
    assert FileVault(folder, "anna", OLD).read("tokens")
    one, other = tokens.read_bytes(), password.read_bytes()
    tokens.write_bytes(other)
    password.write_bytes(one)
    for path in (tokens, password):
        connection, field = path.name.split(".")
        with pytest.raises(LoginError, match="it was changed, or belongs elsewhere"):
            FileVault(folder, connection, OLD).read(field)
    (told,) = [line for entry in office.config().ignored for line in entry.problems if "password" in line]
    assert "cannot be decrypted with service.key; enter it again" in told
