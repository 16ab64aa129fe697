"""The kit's fixtures are there for every pytest run, and cost one that does not use them nothing."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
MODULE = "calsync.pytest_plugin"
TEST = """
async def test_it(calsync_clock, calsync_calendar, calsync_host):
    from calsync.sync.model import Draft, Timed
    start = calsync_clock.now()
    written = await calsync_calendar.create(
        Draft(summary="x", when=Timed(start, start), description="", reminder=None), "marker"
    )
    assert calsync_calendar.events()[written.id].created == start
    assert calsync_host.http.requests() == {}
"""


def test_the_fixtures_work_in_a_project_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TEST)
    options = ["-q", "-p", "no:cacheprovider", "--disable-plugin-autoload", "-p", "pytest_asyncio.plugin"]
    command = [sys.executable, "-m", "pytest", *options, "-p", MODULE, "-o", "asyncio_mode=auto"]
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    assert finished.returncode == 0, finished.stdout
    assert "1 passed" in finished.stdout


def test_loading_it_imports_nothing_else_of_calsync() -> None:
    code = f"import sys, pytest; before = set(sys.modules); import {MODULE}; print(*(set(sys.modules) - before))"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert set(finished.stdout.split()) == {"calsync", MODULE}


def test_pytest_finds_it_by_its_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"calsync": MODULE}
