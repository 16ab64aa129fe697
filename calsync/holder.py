"""Who holds a lease: this process, or one that has died on this machine without letting go."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

BOOT = Path("/proc/sys/kernel/random/boot_id")
NUMBERING = Path("/proc/self/ns/pid")
"""The namespace of process ids: containers of one machine, and of one name, number their processes apart."""


def this_process(random: Random) -> str:
    """Return a name for this process that no other one has had."""
    return f"{_here()}/{os.getpid()}/{random.getrandbits(64):016x}"


def is_dead(holder: str) -> bool:
    """Tell whether a holder was a process of this machine that runs no more. In doubt it lives."""
    here, _, rest = holder.rpartition("/")
    here, _, pid = here.rpartition("/")
    if not rest or here != _here() or not pid.isdecimal() or int(pid) == os.getpid():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _here() -> str:
    """Name the place where a process id means one process: a machine since its last start, or a container."""
    try:
        return f"{socket.gethostname()}/{BOOT.read_text(encoding='ascii').strip()}/{NUMBERING.stat().st_ino}"
    except OSError:  # not Linux: process ids are not numbered apart
        return socket.gethostname()
