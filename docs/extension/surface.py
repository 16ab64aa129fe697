"""What plugins may import: read from the one list that documents it."""

from __future__ import annotations

import re
from pathlib import Path

LIST = Path(__file__).parent.parent / "reference" / "plugin-surface.md"
ROW = re.compile(r"^\| `(calsync[\w.]*)` \| (.*?) \| (.*?) \|$", re.MULTILINE)


def listed() -> dict[str, list[str]]:
    """Return the names that are documented, by module."""
    return {found[1]: re.findall(r"`(\w+)`", found[3]) for found in ROW.finditer(LIST.read_text("utf-8"))}
