"""What systemd hears, over the socket that it names."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING

import pytest

from calsync.ports import SystemClock
from calsync.supervisor import Supervisor
from calsync.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Systemd:
    """Listens."""

    def __init__(self, address: str) -> None:
        self.channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.channel.bind(address)
        self.channel.setblocking(False)

    def heard(self) -> list[str]:
        """Return what was told since it was asked last."""
        told = []
        while True:
            try:
                told.append(self.channel.recv(4096).decode())
            except BlockingIOError:
                return told

    async def hears(self) -> str:
        return (await asyncio.get_running_loop().sock_recv(self.channel, 4096)).decode()


@pytest.fixture(params=["file", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "notify") if request.param == "file" else f"\0calsync-test-{os.getpid()}"


@pytest.fixture
def systemd(address: str) -> Iterator[Systemd]:
    systemd = Systemd(address)
    yield systemd
    systemd.channel.close()


def supervisor(address: str, **more: str) -> Supervisor:
    return Supervisor(SystemClock(), {"NOTIFY_SOCKET": address.replace("\0", "@"), **more})


def test_systemd_hears_each_step(systemd: Systemd, address: str) -> None:
    told = supervisor(address)
    told.ready()
    told.reloading()
    told.ready()
    told.stopping()
    ready, reloading, again, stopping = systemd.heard()
    assert (ready, again, stopping) == ("READY=1", "READY=1", "STOPPING=1")
    assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert reloading.rpartition("=")[2].isdecimal()


async def test_it_hears_again_and_again_that_the_loop_turns(systemd: Systemd, address: str) -> None:
    told = supervisor(address, WATCHDOG_USEC="2000", WATCHDOG_PID=str(os.getpid()))
    told.ready()
    assert systemd.heard() == ["READY=1"]
    async with told.watched():
        assert [await systemd.hears() for _ in range(3)] == ["WATCHDOG=1"] * 3
    systemd.heard()
    await asyncio.sleep(0)
    assert systemd.heard() == []


@pytest.mark.parametrize("more", [{}, {"WATCHDOG_USEC": "2000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "0"}])
async def test_it_is_not_told_that_where_it_does_not_ask(
    systemd: Systemd, address: str, more: dict[str, str]
) -> None:
    told = supervisor(address, **more)
    told.ready()
    async with told.watched():
        await asyncio.sleep(0.01)
    assert systemd.heard() == ["READY=1"]


async def test_a_start_and_a_reload_may_take_as_long_as_the_loop_turns_and_nothing_else_may(
    systemd: Systemd, address: str
) -> None:
    clock = FakeClock()
    told = Supervisor(clock, {"NOTIFY_SOCKET": address.replace("\0", "@"), "WATCHDOG_USEC": "60000000"})

    async def next_sign() -> list[str]:
        await clock.until_sleeping()
        clock.advance(30)
        await asyncio.sleep(0)
        return systemd.heard()

    async with told.watched():
        assert await systemd.hears() == "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=120000000"
        assert await next_sign() == ["WATCHDOG=1\nEXTEND_TIMEOUT_USEC=120000000"]
        told.ready()
        assert await next_sign() == ["READY=1", "WATCHDOG=1"]
        told.reloading()
        assert (await next_sign())[1] == "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=120000000"
        told.stopping()
        assert await next_sign() == ["STOPPING=1", "WATCHDOG=1"]


async def test_a_start_asks_for_its_time_without_a_watchdog_too(systemd: Systemd, address: str) -> None:
    async with supervisor(address).watched():
        assert await systemd.hears() == "EXTEND_TIMEOUT_USEC=120000000"


def test_nobody_is_told_where_nobody_listens() -> None:
    Supervisor(SystemClock(), {}).ready()


def test_one_that_does_not_hear_is_no_reason_to_stop(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    supervisor(str(tmp_path / "nobody")).ready()
    assert "systemd cannot be told READY (No such file or directory)" in caplog.text
