"""What a connection has found out about its server, in a small JSON file beside the store.

It is not in the store: a backup that is put back need not bring back what was true of a server then.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from calsync.ports import Learnt
from calsync.store.files import beside, flush, told

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class FileLearnt(Learnt):
    """The file of one connection, for its owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Mapping[str, Any]:
        try:
            content = json.loads(self._path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}

    def write(self, content: Mapping[str, Any]) -> None:
        part = beside(self._path, ".part")
        with told(self._path):
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=1)
                file.flush()
                os.fsync(descriptor)
            part.replace(self._path)
            flush(self._path.parent)
