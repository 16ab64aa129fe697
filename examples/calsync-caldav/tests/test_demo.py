"""The demo comes true, through calsync's own command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent.parent


def test_the_demo_converges_and_mails_nobody() -> None:
    finished = subprocess.run(
        [sys.executable, "demo.py"], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=300
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stdout.splitlines()[-2:] == ["invitations sent: 0", "converged: yes"]
