"""What a connection has found out about its server, in a small JSON file beside the store.

It is not in the store: a backup that is put back need not bring back what was true of a server then.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from calsync.ports import Learnt
from calsync.store.files import replace

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
        replace(self._path, json.dumps(content, indent=1).encode())
