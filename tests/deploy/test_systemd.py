"""The unit for systemd: systemd understands it, and it takes from calsync what calsync does not need."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calsync.cli import commands
from calsync.cli.failures import USAGE
from calsync.cli.stopping import GRACE_SECONDS
from calsync.watchdog import STATUS
from tests.docs.blocks import snippets

if TYPE_CHECKING:
    from collections.abc import Callable

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
def test_systemd_understands_what_the_guide_has_an_operator_add(unit: Path) -> None:
    [added] = [one.text for one in snippets("ini")]
    (unit.parent / f"{unit.name}.d").mkdir()
    own = unit.parent / f"{unit.name}.d" / "override.conf"
    own.write_text(added, "utf-8")
    assert analyze("verify", unit).stderr == ""
    own.write_text(added.replace("LoadCredential=service_key", "LoadCredential=/service_key"), "utf-8")
    assert "override.conf" in analyze("verify", unit).stderr


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


@pytest.fixture
def asked(tmp_path: Path) -> Callable[..., list[str]]:
    """Return what calsync's command asks of `systemd-run`, which is one that tells its arguments here."""
    (tmp_path / "systemd-run").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', "utf-8")
    (tmp_path / "systemd-run").chmod(0o755)
    (tmp_path / "credentials").mkdir()
    command = (ROOT / "deploy" / "systemd" / "calsync").read_text("utf-8")
    here = tmp_path / "calsync"
    here.write_text(command.replace("/etc/calsync/credentials", f"{tmp_path}/credentials"), "utf-8")

    def ask(*arguments: str) -> list[str]:
        environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        command = ["/bin/sh", str(here), *arguments]
        told = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)  # noqa: S603 - our own
        return told.stdout.splitlines()

    return ask


def test_a_command_has_the_services_user_and_secrets(tmp_path: Path, asked: Callable[..., list[str]]) -> None:
    secrets = [tmp_path / "credentials" / name for name in ("flowfact_token", "service_key")]
    for path in secrets:
        path.write_text("secret", "utf-8")
    said = asked("undo", "--account", "Sabine Schäfer")
    begins = said.index(PROGRAM)
    assert said[begins:] == [PROGRAM, "undo", "--account", "Sabine Schäfer"]
    assert "--uid=calsync" in said[:begins]
    assert {word for word in said[:begins] if "LoadCredential" in word} == {
        f"--property=LoadCredential={path.name}:{path}" for path in secrets
    }


def test_a_command_without_credentials_asks_for_none(asked: Callable[..., list[str]]) -> None:
    assert [word for word in asked("status") if "LoadCredential" in word] == []
