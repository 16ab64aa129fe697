"""The service takes over another configuration without touching who is the same in it, and heeds what is set."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

import calsync.reloading
import calsync.running
from calsync.connections import Opened
from calsync.engine.carry import CHUNK
from calsync.errors import ConfigError, Retry
from calsync.records import Selection
from calsync.service import State
from calsync.sync.model import Direction, Side
from calsync.values import replace
from tests.house import MEETING, House
from tests.serving import Served, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CARLA = """
  carla:
    left: {connection: crm, name: carla-crm}
    right: {connection: mail, name: carla-mail}
    timezone: Europe/Berlin
"""


@pytest.fixture
async def served(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Served]:
    caplog.set_level(logging.INFO, "calsync.service")
    async with serving(house, monkeypatch) as served:
        yield served


async def test_who_is_the_same_is_not_touched(served: Served) -> None:
    heard = served.listeners("anna-mail"), served.listeners("anna-mail")[0]
    calls = len(served.house.calendar("anna-mail").calls)
    served.rewrite("  anna:", "\n\n  anna:")  # it stands elsewhere
    served.add(CARLA)
    await served.take_over()
    await served.waiting("carla")
    assert (served.listeners("anna-mail"), served.listeners("anna-mail")[0]) == heard
    assert len(served.house.calendar("anna-mail").calls) == calls
    assert served.house.plugin.OPENED == {"crm": 1, "mail": 1}


async def test_an_account_that_is_gone_leaves_and_comes_back_without_a_duplicate(served: Served) -> None:
    served.house.calendar("berta-crm").user_create(MEETING)
    served.running.served.service.wake("berta", "a test")
    await served.passing(lambda: served.house.calendar("berta-mail").events())
    text = served.file.read_text()
    served.file.write_text(text[: text.index("  berta:")])
    await served.take_over()
    assert served.state("berta") is None
    assert served.listeners("berta-mail") == []
    served.file.write_text(text)
    await served.take_over()
    await served.waiting("berta")
    assert len(served.house.calendar("berta-mail").events()) == 1


async def test_a_calendar_that_was_released_may_belong_to_another_account(served: Served) -> None:
    served.rewrite("  berta:", "  dora:")
    await served.take_over()
    await served.waiting("dora")
    assert served.state("berta") is None


async def test_a_connection_that_changed_is_opened_anew_with_its_accounts_only(served: Served) -> None:
    served.add(CARLA.replace("connection: mail", "connection: other"))
    served.rewrite("  mail: {provider: memory}", "  mail: {provider: memory}\n  other: {provider: memory}")
    await served.take_over()
    await served.waiting("carla")
    mail = served.house.plugin.OPENED["mail"]
    served.rewrite("other: {provider: memory}", "other: {provider: memory, secret: new}")
    await served.take_over()
    await served.waiting("anna", "berta", "carla")
    assert {"crm": 1, "mail": mail, "other": 2} == served.house.plugin.OPENED
    assert served.house.plugin.CLOSED == {"other": 1}


async def test_the_calendars_of_a_connection_that_was_opened_anew_are_let_go(served: Served) -> None:
    served.rewrite("mail: {provider: memory}", "mail: {provider: memory, secret: other}")
    await served.take_over()
    await served.waiting("anna", "berta")
    gc.collect()
    opened = [one for one in gc.get_objects() if isinstance(one, Opened)]
    ours = {id(calendar) for calendar in served.house.plugin.CALENDARS.values()}
    held = [one for one in opened if not ours.isdisjoint(map(id, one.calendars.values()))]
    assert sorted(one.config.name for one in held) == ["anna", "berta"]


async def test_an_account_that_is_opened_anew_begins_for_people_and_is_not_gone(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening, going = asyncio.Event(), asyncio.Event()
    roster = served.running.served._roster
    try_open = roster.try_open

    async def slow(accounts: Any) -> Any:
        opening.set()
        await going.wait()
        return await try_open(accounts)

    monkeypatch.setattr(roster, "try_open", slow)
    served.rewrite("  berta:", "  dora:")
    served.rewrite("mail: {provider: memory}", "mail: {provider: memory, secret: new}")
    served.ask()
    await opening.wait()
    known = served.running.served.known
    assert (sorted(known), served.running.served.configs) == (["anna"], {})
    assert (served.state("anna"), served.state("berta")) == (State.STARTING, None)
    assert next(one.good_at for one in served.running.served.service.board.all()) is not None
    going.set()
    await served.waiting("anna", "dora")
    assert sorted(served.running.served.known) == ["anna", "dora"]


async def test_a_wrong_configuration_is_told_and_the_old_one_goes_on(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    served.rewrite("direction: both", "direction: sideways")
    served.add(CARLA)
    await served.take_over()
    assert "direction: must be one of" in caplog.text or "sideways" in caplog.text
    assert served.state("carla") is None
    assert len(served.listeners("berta-mail")) == 1
    served.rewrite("direction: sideways", "direction: both")
    await served.take_over()
    await served.waiting("carla")


async def test_what_is_read_at_the_start_only_is_refused_later(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    served.rewrite("calsync.db", "other.db")
    await served.take_over()
    assert "service.store is read at the start only; start calsync anew" in caplog.text
    served.rewrite("other.db", "calsync.db")
    served.rewrite("poll_seconds: 60", "poll_seconds: 120")
    await served.take_over()
    assert served.running.served.service.poll_seconds == 120
    await served.waiting("anna", "berta")


async def test_several_requests_while_one_is_under_way_make_one_more(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    going, loads = asyncio.Event(), 0
    load = calsync.reloading.load_again

    async def slow(config: Any) -> Any:
        nonlocal loads
        loads += 1
        await going.wait()
        return await load(config)

    monkeypatch.setattr(calsync.reloading, "load_again", slow)
    served.reload.set()
    await served.until(lambda: loads == 1)
    served.add(CARLA)
    for _ in range(3):
        served.reload.set()
    going.set()
    await served.waiting("carla")
    await served.until(lambda: caplog.text.count("the configuration was read anew") == 2)
    assert loads == 2


async def test_a_stop_in_the_middle_of_a_reload_ends_in_time(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calsync.service.service.STOP_SECONDS", 0.05)
    stuck = asyncio.Event()
    monkeypatch.setattr(served.house.calendar("berta-crm"), "changes", lambda *_: _never(stuck))
    served.running.served.service.wake("berta", "a test")
    await served.passing(stuck.is_set)
    text = served.file.read_text()
    served.file.write_text(text[: text.index("  berta:")])
    served.reload.set()
    await served.until(lambda: "berta" not in served.running.served.service.accounts)
    served.stop.set()
    await asyncio.wait_for(served.task, 20)


async def _never(stuck: asyncio.Event) -> AsyncIterator[Any]:
    stuck.set()
    await asyncio.Event().wait()
    yield


async def test_a_restart_catches_up_with_what_happened_meanwhile(served: Served) -> None:
    served.stop.set()
    await served.task
    served.house.calendar("anna-crm").user_create(MEETING)
    async with served.house.open() as app:
        stop = asyncio.Event()
        task = asyncio.create_task(app.run(stop, asyncio.Event()))
        await served.until(lambda: served.house.calendar("anna-mail").events())
        stop.set()
        await task


async def test_what_another_process_sets_is_heeded_within_seconds(served: Served) -> None:
    async with served.house.open() as app, app.desk() as accounts:
        await accounts.switch("anna", "Petra", on=False)
        await served.passing(lambda: served.state("anna") is State.OFF)
        assert served.listeners("anna-mail") == []
        served.house.calendar("anna-crm").user_create(MEETING)
        await accounts.switch("anna", "Petra", on=True)
        await served.passing(lambda: served.state("anna") is State.WAITING)
        assert len(served.house.calendar("anna-mail").events()) == 1
        await accounts.direct("berta", Direction.LEFT_TO_RIGHT, "Petra")
        await served.passing(
            lambda: served.running.served._opened["berta"].config.direction is Direction.LEFT_TO_RIGHT
        )


async def test_an_account_that_comes_and_cannot_be_opened_stops_no_other_one(served: Served) -> None:
    served.house.plugin.ERRORS["carla-crm"] = Retry("crm: away")
    served.add(CARLA)
    await served.take_over()
    await served.until(lambda: served.state("carla") is State.FAILING)
    served.house.plugin.ERRORS.clear()
    await served.passing(lambda: served.state("carla") is State.WAITING, seconds=80)


async def test_a_plan_is_made_beside_the_runs_and_writes_nothing(served: Served) -> None:
    served.rewrite("direction: both", "direction: left_to_right")
    await served.take_over()
    await served.waiting("berta")
    served.house.calendar("berta-mail").user_create(MEETING)
    await served.running.accounts.direct("berta", Direction.BOTH, "Petra")
    report = await served.running.served.plan("berta")
    assert (report.rebuild, len(report.plan.operations)) == ("direction", 1)
    assert served.house.calendar("berta-crm").events() == {}
    assert (await served.running.served.plan("berta")).plan.hash == report.plan.hash
    assert (await served.running.served.confirm("berta", report.plan.hash)).problem is None
    await served.passing(served.house.calendar("berta-crm").events)
    with pytest.raises(Retry):
        await served.running.served.plan("nobody")


async def test_a_direction_is_chosen_and_its_plan_confirmed_while_the_service_runs(served: Served) -> None:
    served.rewrite("direction: both", "direction: left_to_right")
    await served.take_over()
    await served.waiting("berta")
    served.house.calendar("berta-mail").user_create(MEETING)
    await served.running.accounts.direct("berta", Direction.BOTH, "Petra")
    await served.passing(lambda: served.running.served.service.board.status("berta").notices)
    assert not served.house.calendar("berta-crm").events()
    refused = await served.running.served.confirm("berta", "not this one")
    assert refused.problem is not None
    assert (await served.running.served.confirm("berta", refused.plan.hash)).problem is None
    await served.passing(lambda: served.house.calendar("berta-crm").events())
    with pytest.raises(ConfigError, match="no account 'nobody'; accounts are: anna, berta"):
        await served.running.accounts.switch("nobody", "Petra", on=False)


async def test_writes_are_undone_while_the_service_runs_and_it_is_told_how_far_that_is(served: Served) -> None:
    await served.waiting("berta")
    crm, mail = served.house.calendar("berta-crm"), served.house.calendar("berta-mail")
    for number in range(CHUNK + 10):
        crm.user_create(replace(MEETING, summary=f"Termin {number}"))
    served.running.served.wake("berta", "test")
    await served.passing(lambda: len(mail.events()) == CHUNK + 10)
    running, board = served.running.served, served.running.served.service.board
    everything = Selection(since=served.house.clock.now() - timedelta(days=1))
    shown = await running.undo("berta", everything, None)
    assert (shown.problem, len(mail.events())) == (None, CHUNK + 10)
    with patch.object(running.service, "progress", wraps=running.service.progress) as progress:
        done = await running.undo("berta", everything, shown.plan.hash)
        told = [call.args[1:] for call in progress.call_args_list]
    assert told == [(0, CHUNK + 10), (CHUNK, CHUNK + 10), (CHUNK + 10, CHUNK + 10)]
    assert (done.problem, done.untouched, done.counts[Side.RIGHT].deleted) == (None, 0, CHUNK + 10)
    assert mail.events() == {}
    await served.passing(lambda: board.status("berta").progress is None)
    assert mail.events() == {}
    with pytest.raises(Retry):
        await running.undo("nobody", everything, None)


async def hanging(*_: Any) -> Any:
    await asyncio.Event().wait()


async def test_a_stop_does_not_wait_for_a_start_that_opens_accounts(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, opening = asyncio.Event(), asyncio.Event()

    async def open_and_hang(*_: Any) -> Any:
        opening.set()
        await hanging()

    async with house.open() as app:
        monkeypatch.setattr(house.plugin.Memory, "open", open_and_hang)
        task = asyncio.create_task(app.run(stop, asyncio.Event()))
        await asyncio.wait_for(opening.wait(), 20)
        stop.set()
        await asyncio.wait_for(task, 20)


async def test_systemd_gives_a_start_more_time_while_its_store_is_brought_up_to_date(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    monkeypatch.setattr(calsync.running, "open_store", hanging)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.setblocking(False)
        async with house.open() as app:
            task = asyncio.create_task(app.run(asyncio.Event(), asyncio.Event()))
            told = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(systemd, 4096), 20)
            task.cancel()
            await asyncio.wait([task])
    assert told.startswith(b"EXTEND_TIMEOUT_USEC=")


async def test_a_bug_beside_the_accounts_stops_the_service_and_is_raised(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> Any:
        raise ValueError("a bug")

    monkeypatch.setattr(served.running._settings, "all", broken)
    await served.until(served.stop.is_set)
    assert "the service stops: a bug, ValueError" in caplog.text
    with pytest.raises(ValueError, match="a bug"):
        await asyncio.wait_for(served.task, 20)
    served.task = asyncio.create_task(asyncio.sleep(0))  # it has ended


async def test_a_sign_in_that_has_just_worked_wakes_those_it_was_refused_to(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    await served.waiting("anna", "berta")
    serving, woken = served.running.served, []
    serving.service.board.note("anna", error="connection crm: refused", error_class="LoginError")
    monkeypatch.setattr(serving.service, "wake", lambda account, _reason: woken.append(account))
    serving.proven("another")
    assert woken == []
    serving.proven("crm")
    assert woken == ["anna"]
