"""Which files that hold secrets can be read by others."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def credentials(environ: Mapping[str, str]) -> str:
    """Return the folder of the credentials that systemd hands to this service; "" where there is none.

    Who can read them is systemd's to decide: by access lists, which a file's mode does not show.
    """
    return environ.get("CREDENTIALS_DIRECTORY", "")


def exposed(path: Path) -> bool:
    """Tell whether others than its owner may do anything with a file or folder. Raises OSError."""
    return bool(path.stat().st_mode & OTHERS)


def advice(path: Path) -> str:
    """Say what is wrong with an exposed file, and what to do."""
    return f"{path} can be read by others; run: chmod 600 {path}"
