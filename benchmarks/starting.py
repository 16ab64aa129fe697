"""Cold start: how long each client takes until it could begin to work, in a process of its own.

vdirsyncer says which version it is, which imports what it works with; of all others it is the imports.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks.cost import of_command
from benchmarks.environment import PYTHON, VDIRSYNCER

if TYPE_CHECKING:
    from benchmarks.cost import Cost

LIBRARIES = (
    "from calsync.cli import main; import calsync.app, calsync_graph, calsync_exchange_ews, calsync_flowfact"
)
COMMANDS = {
    "calsync": [sys.executable, "-c", LIBRARIES],
    "bare loop": [sys.executable, "-c", "import aiohttp"],
    "exchangelib": [sys.executable, "-W", "ignore", "-c", "import exchangelib"],
    "msgraph-sdk": [PYTHON, "-c", "import msgraph"],
    "O365": [PYTHON, "-c", "import O365"],
    "vdirsyncer": [VDIRSYNCER, "--version"],
}


def start() -> dict[str, Cost]:
    """Start each client once."""
    return {name: of_command(command)[1] for name, command in COMMANDS.items()}
