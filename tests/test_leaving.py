"""What goes with an account besides its calendars: the own sign-in as it leaves, every trace once it is erased."""

from __future__ import annotations

import asyncio
import base64
import sys
from typing import TYPE_CHECKING

import pytest

from calsync.app import App
from calsync.errors import ConfigError, StoreError
from calsync.second import SecondFile
from calsync.store import SqliteStore
from calsync.sync.model import Side
from tests.house import MEETING, House

if TYPE_CHECKING:
    from pathlib import Path

KEY = b"k" * 32
OWN = "own-0123456789ab"
PASSWORD, TOKENS = "kennwort-canary", "token-canary"


class Home:
    """A configuration in which Carla has connected her own mailbox."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder)
        self.folder = folder
        self.path = folder / "calsync.yaml"
        key = base64.b64encode(KEY).decode()
        self.path.write_text(self.path.read_text().replace("service: {", f"service: {{key: {key}, "))
        self.second = SecondFile(folder / "calsync.db", KEY)
        with self.second.changing() as draft:
            secret = self.second.keep(OWN, "secret", PASSWORD)
            draft.connections[OWN] = {"provider": "memory", "secret": secret, "size": "1"}
            draft.accounts["carla"] = {
                "left": {"connection": "crm", "name": "carla-crm"},
                "right": {"connection": OWN, "name": "carla-mail"},
                "timezone": "Europe/Berlin",
            }
        self.second.take_over(OWN, {"tokens": TOKENS})

    def kept(self) -> list[str]:
        """Return what the own connection keeps, by its fields."""
        files = (self.folder / "calsync.db.vault").glob(f"{OWN}.*")
        return sorted(path.name.removeprefix(f"{OWN}.").partition("-")[0] for path in files)

    def traces(self, word: str) -> list[str]:
        """Return the files that hold a word, or have it in their names; a lock's name is nobody's."""
        beside = (self.folder / "plugins", self.path)
        files = [path for path in self.folder.rglob("*") if path.is_file() and not path.name.endswith(".lock")]
        ours = [path for path in files if not any(path.is_relative_to(one) for one in beside)]
        return [path.name for path in ours if word in path.name or word.encode() in path.read_bytes()]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


async def synced(home: Home) -> None:
    async with App.open(home.path, clock=home.house.clock) as app:
        await app.sync("carla")
        home.house.calendar("carla-crm").user_create(MEETING)
        assert (await app.sync("carla")).accounts["carla"].ok


async def off(home: Home, account: str = "carla") -> None:
    async with App.open(home.path, clock=home.house.clock) as app, app.desk() as accounts:
        await accounts.switch(account, "test", on=False)


async def test_who_leaves_is_signed_out_and_can_come_back(home: Home) -> None:
    await synced(home)
    assert home.kept() == ["secret", "tokens"]
    async with App.open(home.path, clock=home.house.clock) as app:
        seen = await app.leave("carla", Side.RIGHT, None, "test")
        assert home.kept() == ["secret", "tokens"]
        done = await app.leave("carla", Side.RIGHT, seen.leaving.hash, "test")
    assert done.leaving.problem is None
    assert done.counts[Side.RIGHT].deleted == 1
    assert home.kept() == ["secret"]
    assert home.second.draft().accounts.keys() == {"carla"}
    async with App.open(home.path, clock=home.house.clock) as app:
        assert list((await app.plan("carla")).keys()) == ["carla"]


async def test_an_operators_connection_keeps_its_sign_in(home: Home) -> None:
    home.second.take_over("mail", {"tokens": TOKENS})
    async with App.open(home.path, clock=home.house.clock) as app:
        seen = await app.leave("anna", None, None, "test")
        assert (await app.leave("anna", None, seen.leaving.hash, "test")).leaving.problem is None
    assert list((home.folder / "calsync.db.vault").glob("mail.tokens"))


async def test_an_erased_account_is_nowhere_any_more(home: Home) -> None:
    await synced(home)
    (home.folder / f"calsync.db.{OWN}.learnt").write_text("{}")
    await off(home)
    async with App.open(home.path, clock=home.house.clock) as app:
        found = await app.erase("carla")
    assert (found.configured, found.kept_off) == (False, False)
    assert home.kept() == []
    for word in ("carla", OWN, MEETING.summary, "canary"):
        assert home.traces(word) == [], word
    async with App.open(home.path, clock=home.house.clock) as app:
        with pytest.raises(ConfigError):
            await app.erase("carla")
        assert set(await app.plan(None)) == {"anna", "berta"}


async def test_an_account_of_the_operator_stays_switched_off(home: Home) -> None:
    await off(home, "anna")
    async with App.open(home.path, clock=home.house.clock) as app:
        found = await app.erase("anna")
        assert (found.configured, found.kept_off) == (True, True)
        assert (await app.sync("anna")).accounts["anna"].off


async def test_while_the_store_is_open_nothing_is_erased(home: Home) -> None:
    await synced(home)
    await off(home)
    store = await SqliteStore.open(home.folder / "calsync.db")
    async with App.open(home.path, clock=home.house.clock) as app:
        with pytest.raises(StoreError, match="another calsync has it open"):
            await asyncio.wait_for(_elsewhere(home), 60)
        del app
    await store.close()
    assert home.second.draft().accounts.keys() == {"carla"}


async def _elsewhere(home: Home) -> None:
    """Erase in another process: one process's locks do not keep itself out."""
    arguments = ["-m", "calsync", "erase", "carla", "-c", str(home.path)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=pipe, stderr=pipe)
    _, errors = await process.communicate()
    if process.returncode:
        raise StoreError(errors.decode())


async def test_older_copies_of_the_store_are_named(home: Home) -> None:
    await synced(home)
    async with App.open(home.path, clock=home.house.clock) as app:
        backup = await app.backup(None)
    await off(home)
    async with App.open(home.path, clock=home.house.clock) as app:
        assert list((await app.erase("carla")).copies) == [backup]
