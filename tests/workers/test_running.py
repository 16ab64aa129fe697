"""The web process shows and does what it does alone, while a worker runs the accounts."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import calsync.workers.deferred
from calsync.app import App
from calsync.cli import run
from calsync.errors import ConfigError, LoginError, StoreError
from calsync.ports import SystemClock
from calsync.records import Selection
from calsync.service import State
from calsync.store.postgresql.migrate import migrations
from calsync.sync.model import Side
from calsync.values import replace
from tests.workers.together import meeting

if TYPE_CHECKING:
    from tests.house import House
    from tests.workers.together import Together


async def test_a_worker_syncs_and_the_web_process_knows(together: Together) -> None:
    async with together.run():
        await together.until(lambda: together.is_in(State.WAITING) and together.is_in(State.WAITING, "berta"))
        together.calendar("anna-crm").user_create(meeting())
        await together.until(lambda: together.calendar("anna-mail").events())
        await together.read_again()
        history = await together.web._store.history.of("anna", 10)
        figures = (await together.web._figures()).decode()
    assert [one.total.created for one in history] == [1]
    assert 'calsync_events_total{direction="left_to_right",result="created"} 1.0' in figures
    assert 'calsync_accounts{state="failing"} 0.0' in figures
    assert 'calsync_runs_total{result="ok"}' in figures


async def test_what_people_ask_for_is_done_in_the_web_process(together: Together) -> None:
    async with together.run():
        await together.until(lambda: together.is_in(State.WAITING))
        together.calendar("anna-crm").user_create(meeting())
        await together.until(lambda: together.calendar("anna-mail").events())
        served = together.web.served
        assert not (await served.plan("anna")).plan.operations
        run = max(one.number for one in await together.web._store.history.of("anna", 10))
        found = await served.undo("anna", Selection(run=run), None)
        await served.undo("anna", Selection(run=run), found.plan.hash)
        assert not together.calendar("anna-mail").events()
        left = await served.leave("anna", Side.RIGHT, "Petra", None)
        assert (await served.leave("anna", Side.RIGHT, "Petra", left.hash)).problem is None
        await together.until(lambda: together.is_in(State.OFF))


async def test_a_failure_is_told_as_what_it_is(together: Together) -> None:
    async with together.run():
        await together.until(lambda: together.is_in(State.WAITING))
        refused = LoginError("connection crm: refused")
        together.calendar("anna-crm").faults.add("changes", lambda: refused, times=None)
        await together.until(lambda: together.is_in(State.FAILING))
        status = together.status()
        assert status is not None
        assert (status.error, status.error_class) == ("connection crm: refused", "LoginError")
        assert [one.error_class for one in await together.web._store.history.of("anna", 1)] == ["LoginError"]
        await together.read_again("berta")


async def test_without_a_worker_accounts_fail_and_say_so(
    together: Together, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calsync.workers.deferred, "NOBODY", 0.1)
    monkeypatch.setattr(calsync.workers.deferred, "KEEP", 0.1)
    async with together.run(worker=False):
        await together.until(lambda: together.is_in(State.FAILING))
        status = together.status()
        assert status is not None
        assert status.error == "account anna: no worker is there; start `calsync worker`"
        async with together.run(web=False):
            await together.until(lambda: together.is_in(State.WAITING))


async def test_whoever_waits_goes_on_waiting_when_the_web_process_is_started_anew(together: Together) -> None:
    file = together.house.folder / "calsync.yaml"
    file.write_text(file.read_text().replace("poll_seconds: 1", "poll_seconds: 3600"))
    async with together.run():
        await together.until(lambda: together.is_in(State.WAITING) and together.is_in(State.WAITING, "berta"))
    now = SystemClock().now().isoformat()
    assert together.stored("SELECT account FROM turn WHERE due > %s ORDER BY account", now) == [
        ("anna",),
        ("berta",),
    ]
    together.stored("UPDATE turn SET due = %s WHERE account = 'berta'", now)
    before = together.stored("SELECT run FROM account WHERE name = 'anna'")
    async with together.run():
        await together.read_again("berta")
        assert together.is_in(State.WAITING)
        assert together.stored("SELECT run FROM account WHERE name = 'anna'") == before
        together.web.served.wake("anna", "a person asked")
        await together.until(lambda: together.stored("SELECT run FROM account WHERE name = 'anna'") != before)


async def test_a_worker_knows_at_once_what_the_pages_keep(together: Together) -> None:
    side = {"connection": "crm", "name": "carla-crm"}
    carla = {"left": side, "right": {"connection": "mail", "name": "carla-mail"}, "timezone": "Europe/Berlin"}
    async with together.run():
        await together.until(lambda: together.is_in(State.WAITING))
        (together.house.folder / "calsync.db.yaml").write_text(json.dumps({"accounts": {"carla": carla}}))
        together.web.changed()
        await together.until(lambda: together.is_in(State.WAITING, "carla"))
        assert "carla" in together.worker.served.configs


async def test_a_newer_calsync_may_add_to_the_store_under_a_worker(
    together: Together, caplog: pytest.LogCaptureFixture
) -> None:
    async with together.run():
        await together.until(lambda: together.is_in(State.WAITING))
        together.stored("ALTER TABLE account ADD COLUMN later TEXT NOT NULL DEFAULT 'x'")
        together.stored("ALTER TABLE turn ADD COLUMN later TEXT")
        together.stored("UPDATE calsync_version SET number = number + 1")
        together.calendar("anna-crm").user_create(meeting())
        await together.until(lambda: together.calendar("anna-mail").events())
        await together.read_again()
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]
    newest = max(migrations())
    async with App.open(together.house.folder / "calsync.yaml") as app:
        with pytest.raises(
            StoreError, match=rf"a newer calsync \(migration {newest + 1}, this one knows {newest}\)"
        ):
            await app.work(None, None, 1)  # type: ignore[arg-type] # it does not come so far


async def test_a_lease_that_a_run_has_left_behind_is_given_back(together: Together) -> None:
    life = timedelta(minutes=5)
    async with together.run(web=False):
        await together.until(lambda: hasattr(getattr(together, "worker", None), "served"))
        worker, now = together.worker, SystemClock().now()
        assert await worker._store.acquire("anna", worker._holder, now, life) is not None
        assert await worker._store.acquire("berta", "another process", now, life) is not None
        worker.served.service._left.set()  # type: ignore[attr-defined] # as a run does that the server has left
        await together.until(
            lambda: not together.stored("SELECT 1 FROM account WHERE holder = %s", worker._holder)
        )
        assert together.stored("SELECT name FROM account WHERE holder IS NOT NULL") == [("berta",)]


async def test_a_worker_discovers_whom_it_does_not_know_but_not_again_and_again(
    together: Together, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with together.run():
        await together.until(lambda: together.is_in(State.WAITING))
        reloading, asked = together.worker._reloading, list[str]()
        monkeypatch.setattr(reloading, "ask", lambda: asked.append("asked"))
        assert not together.worker._knows("carla")
        assert asked == []  # nobody is discovered
        reloading.config = replace(reloading.config, discover=object())  # type: ignore[arg-type] # is only asked for
        assert not together.worker._knows("carla")
        assert not together.worker._knows("dora")
        assert asked == ["asked"]
        assert together.worker._knows("anna")


@pytest.mark.parametrize("command", [["worker"], ["run", "--scheduler", "procrastinate"]])
def test_a_file_is_not_shared(house: House, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, "-c", str(house.folder / "calsync.yaml")]) == 2
    assert "service.store: workers share a store on PostgreSQL; this one is a file" in capsys.readouterr().err


async def test_the_queue_is_an_extra(together: Together, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calsync.stores.find_spec", lambda name: None if name == "procrastinate" else object())
    with pytest.raises(ConfigError, match=r"workers need Procrastinate and a driver; pip install"):
        async with together.run(web=False):
            pass


ALONE = """
import os, signal, sys, threading, time

def stop():
    while not os.path.exists("calsync.db.runs"):
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=stop, daemon=True).start()
from calsync.cli import run
code = run(["run", "-c", "calsync.yaml"])
print(*sys.modules)
sys.exit(code)
"""
"""A service that ends once an account was run."""


def test_a_single_process_on_a_file_needs_neither_a_driver_nor_the_queue(house: House) -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", ALONE], capture_output=True, text=True, check=False, cwd=house.folder, timeout=60
    )
    assert done.returncode == 0, done.stderr
    modules = {name.partition(".")[0] for name in done.stdout.split()}
    assert "calsync_memory" in modules
    assert not modules & {"psycopg", "psycopg_pool", "procrastinate"}
