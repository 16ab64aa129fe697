"""`calsync run` as systemd starts it: ready once it serves, reloaded and stopped in its sight, and watched."""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from tests.e2e.conftest import World

SECONDS = 20


async def test_systemd_sees_what_the_service_does(live: World, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(live.folder / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    monkeypatch.setenv("WATCHDOG_USEC", "100000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.setblocking(False)

        async def hears(state: str) -> None:
            async with asyncio.timeout(SECONDS):
                loop = asyncio.get_running_loop()
                while not (await loop.sock_recv(systemd, 4096)).startswith(state.encode()):
                    pass

        process = await live.start("run")
        await hears("READY=1")
        await hears("WATCHDOG=1")
        process.send_signal(signal.SIGHUP)
        await hears("RELOADING=1\nMONOTONIC_USEC=")
        await hears("READY=1")
        await hears("WATCHDOG=1")
        live.rewrite("poll_seconds: 2", "poll_seconds: never")
        process.send_signal(signal.SIGHUP)  # what is refused ends as well
        await hears("RELOADING=1")
        await hears("READY=1")
        process.terminate()
        await hears("STOPPING=1")
        _, errors = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 0, errors
    assert b"the configuration is not taken over" in errors
