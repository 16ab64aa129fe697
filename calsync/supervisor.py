"""What systemd is told of the service (sd_notify(3), with `Type=notify`).

One datagram to the socket that `NOTIFY_SOCKET` names; without one, nobody listens and nothing is done.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from calsync.ports import Clock

USEC = 1_000_000
TICK = 30.0
"""Seconds between two signs of life where systemd names none."""
EXTENSION = 4
"""As many signs of life may be late or missing before a start counts as hanging."""
log = logging.getLogger("calsync.supervisor")


class Supervisor:
    """Tells systemd what the service is about to do, and that its loop turns."""

    def __init__(self, clock: Clock, environ: Mapping[str, str] | None = None) -> None:
        self._clock = clock
        environ = os.environ if environ is None else environ
        self._socket = environ.get("NOTIFY_SOCKET", "")
        self._watchdog_usec = environ.get("WATCHDOG_USEC", "")
        self._mine = environ.get("WATCHDOG_PID", "") in {"", str(os.getpid())}
        self._busy = True
        """It starts, or takes over another configuration: for as long as that takes."""

    def ready(self) -> None:
        """Tell that the service works, at its start and after it has reloaded."""
        self._busy = False
        self._tell("READY=1")

    def reloading(self) -> None:
        """Tell that the configuration is being read anew; `ready` follows, whatever came of it."""
        self._busy = True
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """Tell that the service has been asked to stop."""
        self._busy = False
        self._tell("STOPPING=1")

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Tell again and again that the loop turns, where systemd wants to know (`WatchdogSec=`).

        As long as it starts, each time also ask for more time: accounts are opened, however many there are, and
        the limit (`TimeoutStartSec=`) is for one whose loop does not turn.
        """
        task = asyncio.create_task(self._alive())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _alive(self) -> None:
        wanted = int(self._watchdog_usec) / USEC if self._watchdog_usec.isdecimal() and self._mine else 0
        seconds = wanted / 2 or TICK  # half of what it waits, as sd_watchdog_enabled(3) advises
        while self._socket:
            signs = ["WATCHDOG=1"] if wanted else []
            if self._busy:
                signs.append(f"EXTEND_TIMEOUT_USEC={int(EXTENSION * seconds * USEC)}")
            if signs:
                self._tell("\n".join(signs))
            await self._clock.sleep(seconds)

    def _tell(self, state: str) -> None:
        if not self._socket:
            return
        address = f"\0{self._socket[1:]}" if self._socket.startswith("@") else self._socket
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            try:
                channel.connect(address)
                channel.sendall(state.encode())
            except OSError as error:
                log.warning("systemd cannot be told %s (%s)", state.partition("=")[0], error.strerror)
