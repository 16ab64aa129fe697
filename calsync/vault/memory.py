"""What a connection must remember while it is tried out: gone with it, unless somebody takes it over."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from calsync.ports import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator


class MemoryVault(Vault):
    """The values of one connection, in this process only."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self._lock = threading.RLock()

    def read(self, field: str) -> str | None:
        return self.values.get(field)

    def write(self, field: str, text: str) -> None:
        self.values[field] = text

    @contextmanager
    def alone(self, field: str) -> Iterator[None]:
        del field
        with self._lock:
            yield
