"""One at a time, across threads and processes: a lock on a file, which ends with whoever held it."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from calsync.errors import Retry
from calsync.store.files import told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE_SECONDS = 8.0
"""How long one process waits for another one, which may wait for a server. One that stops waits for it, too."""
GLANCE_SECONDS = 0.05


@contextmanager
def locked(path: Path, busy: str) -> Iterator[None]:
    """Hold the lock at `path`, whose folder must exist. Blocks. Raises StoreError, and Retry(`busy`)."""
    with told(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        _wait_for(descriptor, busy)
        yield
    finally:
        os.close(descriptor)  # and with it the lock


def _wait_for(descriptor: int, busy: str) -> None:
    """Take a lock. It has no time limit of its own, and who holds it may have been stopped."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise Retry(busy) from None
            time.sleep(GLANCE_SECONDS)
        else:
            return
