"""The unit for systemd: systemd understands it, and it takes from calsync what calsync does not need."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from calsync.cli import commands
from calsync.cli.failures import USAGE
from calsync.cli.stopping import GRACE_SECONDS
from calsync.watchdog import STATUS

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
PROGRAM = "/opt/calsync/bin/calsync"
MOST_EXPOSED = 12
"""In tenths: systemd counts from 0 (nothing can be reached) to 100 (all rights). A plain service has 96."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="SYSTEMD-ANALYZE IS NOT THERE: install Debian's package systemd",
)


@pytest.fixture(params=UNITS, ids=lambda path: path.name)
def written(request: pytest.FixtureRequest) -> Path:
    """Return each unit that there is."""
    path: Path = request.param
    return path


def settings(written: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in written.read_text("utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


@pytest.fixture
def unit(tmp_path: Path, written: Path) -> Path:
    """Return the unit with a program that is on this machine."""
    here = tmp_path / written.name
    here.write_text(written.read_text("utf-8").replace(PROGRAM, sys.executable), "utf-8")
    return here


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments


@needs_systemd
def test_systemd_understands_all_of_it(unit: Path) -> None:
    verified = analyze("verify", unit)
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


@needs_systemd
def test_systemd_would_say_so_where_it_does_not(unit: Path) -> None:
    unit.write_text(unit.read_text("utf-8").replace("Type=notify", "Type=notifies"), "utf-8")
    assert "Failed to parse service type" in analyze("verify", unit).stderr


@needs_systemd
def test_little_is_left_that_calsync_could_do(unit: Path) -> None:
    judged = analyze("security", "--no-pager", "--offline=yes", f"--threshold={MOST_EXPOSED}", unit)
    assert judged.returncode == 0, judged.stdout


@needs_systemd
@pytest.mark.parametrize("taken", ["User=calsync", "CapabilityBoundingSet=", "SystemCallFilter=@system-service"])
def test_a_unit_that_leaves_more_is_noticed(unit: Path, taken: str) -> None:
    unit.write_text(unit.read_text("utf-8").replace(f"{taken}\n", ""), "utf-8")
    judged = analyze("security", "--no-pager", "--offline=yes", f"--threshold={MOST_EXPOSED}", unit)
    assert judged.returncode != 0


def test_it_starts_a_command_that_there_is(written: Path) -> None:
    (command,) = settings(written)["ExecStart"]
    program, name, *options = command.split()
    assert (program, name) == (PROGRAM, "worker" if "worker" in written.name else "run")
    assert getattr(commands, name).make_context(name, options).params["path"] == Path("/etc/calsync/calsync.yaml")


def test_each_credential_is_a_secret_of_the_example(written: Path) -> None:
    wanted = set(re.findall(r"!secret (\w+)", (ROOT / "config.example.yaml").read_text("utf-8")))
    for credential in settings(written)["LoadCredential"]:
        name, _, path = credential.partition(":")
        assert name in wanted
        assert path == f"/etc/calsync/credentials/{name}"


def test_what_a_person_must_mend_is_not_tried_again_and_again(written: Path) -> None:
    assert settings(written)["RestartPreventExitStatus"] == [str(USAGE)]
    assert settings(written)["Restart"] == ["on-failure"]
    assert STATUS not in {0, USAGE}


def test_a_stop_may_take_as_long_as_calsync_needs(written: Path) -> None:
    (seconds,) = settings(written)["TimeoutStopSec"]
    assert int(seconds) > GRACE_SECONDS


def test_it_lets_calsync_read_the_boot_id_by_which_dead_processes_are_known(written: Path) -> None:
    assert "ProcSubset" not in settings(written)
