"""A store on PostgreSQL: what is done with one works as with a file, or is told what does it instead."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

import calsync.stores
from calsync.app import App
from calsync.cli import run
from calsync.errors import ConfigError, StoreError
from calsync.loading import load
from calsync.reloading import load_again
from calsync.store.images import KEY
from calsync.stores import store_of
from calsync.values import replace
from tests.house import CONFIG, MEETING

if TYPE_CHECKING:
    from tests.house import House

REMEMBERED = {"link": "SELECT * FROM link", "ledger": "SELECT * FROM ledger"}
FILE = 'store: "sqlite:///{folder}/calsync.db"'


@pytest.fixture
def remote(house: House, empty_database: str) -> House:
    """Let the house's store be on PostgreSQL; the configuration with the file is `file.yaml`."""
    settings = psycopg.conninfo.conninfo_to_dict(empty_database)
    url = f"postgresql://calsync@/postgres?host={settings['host']}"
    config = house.folder / "calsync.yaml"
    config.rename(house.folder / "file.yaml")
    text = CONFIG.replace(FILE, f'store: "{url}", beside: "{{folder}}/calsync.db"')
    config.write_text(text.format(folder=house.folder, right="berta-mail", direction="both"))
    return house


async def test_what_is_planned_is_synced_and_remembered(remote: House) -> None:
    async with remote.open() as app:
        await app.check()
        remote.calendar("anna-crm").user_create(MEETING)
        planned = await app.plan("anna")
        assert [operation.kind for operation in planned["anna"].plan.operations] == ["create"]
        assert remote.calendar("anna-mail").writes() == []
        assert (await app.sync(None)).accounts["anna"].right.created == 1
        assert not (await app.plan("anna"))["anna"].plan.operations
        assert [result.ok for result in (await app.sync(None)).accounts.values()] == [True, True]
        assert await app.holds(None) == {"anna": [], "berta": []}
    names = {path.name for path in remote.folder.iterdir() if path.name.startswith("calsync.db")}
    assert names == {"calsync.db.runs", f"calsync.db{KEY}"}


async def test_a_plan_before_the_first_sync_makes_nothing(remote: House, empty_database: str) -> None:
    async with remote.open() as app:
        planned = await app.plan()
    assert [account.error for account in planned.values()] == [None, None]
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


async def test_an_account_is_exported_and_erased(remote: House) -> None:
    async with remote.open() as app:
        await app.check()
        remote.calendar("anna-crm").user_create(MEETING)
        await app.sync(None)
        content = await app.export("anna", None)
        assert [row["after"]["summary"] for row in content["store"]["ledger"]] == [MEETING.summary]
        async with app.desk() as accounts:
            await accounts.switch("anna", on=False, who="Petra")
        erased = await app.erase("anna")
        assert (erased.configured, erased.kept_off) == (True, True)
        content = await app.export("anna", None)
        assert [key for key, rows in content["store"].items() if rows] == ["account"]


PATHS = "SELECT pg_relation_filepath(oid) FROM pg_class WHERE relkind IN ('r', 't', 'i') AND oid >= 16384"
PLANTED = ("Zauberwort", "Geheimnotiz", "Ortsgeheimnis")


def execute(conninfo: str, *statements: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def folder_of(conninfo: str) -> Path:
    """Return where the server's files are."""
    return Path(str(psycopg.conninfo.conninfo_to_dict(conninfo)["host"])) / "data"


def found_in(conninfo: str, *words: str) -> set[str]:
    """Return which words the server's files hold, once all is written. Its log (WAL) is none of them."""
    execute(conninfo, "CHECKPOINT")
    data = folder_of(conninfo)
    files = [path for path in data.rglob("*") if path.is_file() and "pg_wal" not in path.parts]
    assert len(files) > 100
    return {word for path in files for word in words if word.encode() in path.read_bytes()}


async def planted(remote: House, conninfo: str) -> None:
    """Sync texts that are nowhere else, change and delete them; have the server note what its tables hold."""
    async with remote.open() as app:
        await app.check()
        calendar = remote.calendar("anna-crm")
        first, second = (
            calendar.user_create(replace(MEETING, summary=f"Zauberwort {number}", description="Geheimnotiz"))
            for number in (1, 2)
        )
        await app.sync(None)
        execute(conninfo, "ANALYZE")
        calendar.user_edit(first, summary="Ortsgeheimnis")
        calendar.user_delete(second)
        await app.sync(None)
        execute(conninfo, "VACUUM ANALYZE")
        async with app.desk() as accounts:
            await accounts.switch("anna", on=False, who="Petra")


async def test_nothing_of_an_erased_account_is_left_in_the_servers_files(
    remote: House, empty_database: str
) -> None:
    await planted(remote, empty_database)
    assert found_in(empty_database, *PLANTED) == {*PLANTED}
    async with remote.open() as app:
        remote.calendar("berta-crm").user_create(replace(MEETING, summary="Notar"))
        await app.sync("berta")
        berta = await app.export("berta", None)
        await app.erase("anna")
        assert (await app.export("berta", None))["store"] == berta["store"]
    assert found_in(empty_database, *PLANTED, "Notar") == {"Notar"}
    with psycopg.connect(empty_database) as connection:
        known = connection.execute(
            "SELECT attname FROM pg_stats WHERE schemaname = 'public' AND tablename = 'seen'"
        )
        assert {"account", "observation"} <= {name for (name,) in known}
    async with remote.open() as app:
        assert not (await app.plan("berta"))["berta"].plan.operations


async def test_what_another_session_might_still_see_is_gone_as_well(remote: House, empty_database: str) -> None:
    await planted(remote, empty_database)
    with psycopg.connect(empty_database) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT 1")
        async with remote.open() as app:
            await app.erase("anna")
        reader.commit()
        files = [path for (path,) in reader.execute(PATHS)]
    execute(empty_database, "CHECKPOINT")
    data = folder_of(empty_database)
    assert [word for path in files for word in PLANTED if word.encode() in (data / path).read_bytes()] == []


async def test_who_does_not_own_the_database_is_told_before_anything_is_erased(
    remote: House, empty_database: str
) -> None:
    await planted(remote, empty_database)
    execute(
        empty_database,
        "DROP ROLE IF EXISTS tenant",
        "CREATE ROLE tenant LOGIN",
        "GRANT ALL ON SCHEMA public TO tenant",
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO tenant",
    )
    config = remote.folder / "calsync.yaml"
    config.write_text(config.read_text().replace("postgresql://calsync@", "postgresql://tenant@"))
    async with remote.open() as app:
        with pytest.raises(StoreError, match=r"does not own the database.*then erase again"):
            await app.erase("anna")
        assert (await app.export("anna", None))["store"]["seen"]
    execute(empty_database, "DROP OWNED BY tenant", "DROP ROLE tenant")


async def test_while_somebody_has_it_open_nothing_is_erased(remote: House) -> None:
    async with remote.open() as app:
        await app.sync(None)
        async with app.desk() as accounts:
            await accounts.switch("anna", on=False, who="Petra")
            with pytest.raises(StoreError, match="another calsync has it open; stop it, then erase again"):
                await app.erase("anna")
        assert (await app.export("anna", None))["store"]["side"]


async def test_backups_are_the_servers(remote: House, tmp_path: Path) -> None:
    async with remote.open() as app:
        with pytest.raises(ConfigError, match="pg_dump makes its backups; see docs/how-to/postgresql"):
            await app.backup(None)
        with pytest.raises(ConfigError, match="pg_restore puts its backups back"):
            await app.restore(tmp_path / "x.db")


async def test_a_store_moves_to_postgresql_and_back(remote: House, capsys: pytest.CaptureFixture[str]) -> None:
    here, there = remote.folder / "file.yaml", remote.folder / "calsync.yaml"
    async with App.open(here, clock=remote.clock) as app:
        await app.check()
        remote.calendar("anna-crm").user_create(MEETING)
        await app.sync(None)
    assert await asyncio.to_thread(run, ["store", "copy", "-c", str(there), "--from", str(here)]) == 0
    assert capsys.readouterr().out.startswith("copied 2 accounts, ")
    assert await asyncio.to_thread(run, ["store", "copy", "-c", str(there), "--from", str(here)]) != 0
    assert "something is in it already; name an empty one" in capsys.readouterr().err
    await _nothing_is_new(remote, there)
    file = remote.folder / "calsync.db"
    before = _rows(file)
    file.rename(remote.folder / "old.db")
    assert await asyncio.to_thread(run, ["store", "copy", "-c", str(here), "--from", str(there)]) == 0
    assert _rows(file) == before
    await _nothing_is_new(remote, here)


async def _nothing_is_new(remote: House, config: Path) -> None:
    """Expect that a run knows what was written before the store was moved."""
    async with App.open(config, clock=remote.clock) as app:
        assert [result.ok for result in (await app.sync(None)).accounts.values()] == [True, True]
    assert len(remote.calendar("anna-mail").writes()) == 1


def _rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as database:
        return {table: database.execute(sql).fetchall() for table, sql in REMEMBERED.items()}


@pytest.mark.parametrize(
    ("config", "source", "problem"),
    [
        ("file.yaml", "file.yaml", "one configuration must name an SQLite file, and the other one PostgreSQL"),
        ("elsewhere.yaml", "file.yaml", "what is kept apart must be the same for both"),
        ("calsync.yaml", "file.yaml", "there is no such file, so there is nothing to copy"),
    ],
)
def test_what_cannot_be_copied_is_told(
    remote: House, capsys: pytest.CaptureFixture[str], config: str, source: str, problem: str
) -> None:
    text = (remote.folder / "calsync.yaml").read_text()
    (remote.folder / "elsewhere.yaml").write_text(text.replace("calsync.db", "other.db"))
    command = ["store", "copy", "-c", str(remote.folder / config), "--from", str(remote.folder / source)]
    assert run(command) != 0
    assert problem in capsys.readouterr().err


async def test_another_database_is_not_taken_over_while_the_service_runs(remote: House) -> None:
    file = remote.folder / "calsync.yaml"
    before, _ = load(file)
    file.write_text(file.read_text().replace("/postgres?", "/another?"))
    with pytest.raises(ConfigError, match=r"service\.store is read at the start only; start calsync anew"):
        await load_again(before)


def test_without_its_driver_it_is_told_what_to_install(remote: House, monkeypatch: pytest.MonkeyPatch) -> None:
    config, _ = load(remote.folder / "calsync.yaml")
    monkeypatch.setattr(calsync.stores, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"PostgreSQL needs a driver; pip install 'calsync\[postgres\]'"):
        store_of(config.service)
