"""Who holds a lease: this process, or one that has died on this machine without letting go."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


def this_process(random: Random) -> str:
    """Return a name for this process that no other one has had."""
    return f"{socket.gethostname()}/{os.getpid()}/{random.getrandbits(64):016x}"


def is_dead(holder: str) -> bool:
    """Tell whether a holder was a process of this machine that runs no more. In doubt it lives."""
    with suppress(ValueError):
        host, pid, _ = holder.rsplit("/", 2)
        if host == socket.gethostname() and int(pid) != os.getpid():
            try:
                os.kill(int(pid), 0)
            except ProcessLookupError:
                return True
            except PermissionError:
                return False
    return False
