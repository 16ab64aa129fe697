"""Where the clients are installed that calsync is compared with (`make bench` does it, by hash)."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[1])
BIN = Path(ROOT) / ".venv-clients" / "bin"
PYTHON = str(BIN / "python")
VDIRSYNCER = str(BIN / "vdirsyncer")
PACKAGES = ("msgraph-sdk", "O365", "vdirsyncer", "radicale")
_VERSIONS = "from importlib.metadata import version; import sys; print(*map(version, sys.argv[1:]))"


def versions() -> dict[str, str]:
    """Return the versions of what is compared. Raises FileNotFoundError where it is not installed."""
    printed = subprocess.run([PYTHON, "-c", _VERSIONS, *PACKAGES], stdout=subprocess.PIPE, check=True, text=True)
    return dict(zip(PACKAGES, printed.stdout.split(), strict=True))
