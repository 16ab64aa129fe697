"""`calsync rotate-key`: another key for what connections keep, while no service runs."""

from __future__ import annotations

import base64
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from calsync.cli import run
from calsync.errors import LoginError
from calsync.vault import FileVault

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = b"o" * 32, b"n" * 32
CANARY = "refresh-token-canary"
HOLD = """
import asyncio, sys
from pathlib import Path
from calsync.store import SqliteStore

async def main():
    store = await SqliteStore.open(Path(sys.argv[1]))
    print("open", flush=True)
    sys.stdin.read()
    await store.close()

asyncio.run(main())
"""


def written(key: bytes) -> str:
    return base64.b64encode(key).decode()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    config = tmp_path / "calsync.yaml"
    config.write_text(
        f"service: {{store: sqlite:///{tmp_path}/calsync.db, key: !env CALSYNC_KEY}}\nconnections: {{}}\n"
    )
    return config


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "new.key"
    file.write_text(written(NEW) + "\n")
    file.chmod(0o600)
    return file


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CALSYNC_KEY", written(OLD))
    folder = tmp_path / "calsync.db.vault"
    FileVault(folder, "m365", OLD).write("tokens", CANARY)
    return folder


def test_what_is_kept_is_under_the_new_key(
    config: Path, key_file: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["rotate-key", "-c", str(config), "--new-key", str(key_file)]) == 0
    assert "write it at service.key" in capsys.readouterr().out
    assert FileVault(kept, "m365", NEW).read("tokens") == CANARY
    with pytest.raises(LoginError):
        FileVault(kept, "m365", OLD).read("tokens")


def test_a_key_from_the_environment(config: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXT", written(NEW))
    assert run(["rotate-key", "-c", str(config), "--new-key-env", "NEXT"]) == 0
    assert FileVault(kept, "m365", NEW).read("tokens") == CANARY


def test_it_is_refused_while_somebody_works_on_the_store(
    config: Path, key_file: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = [sys.executable, "-c", HOLD, str(config.parent / "calsync.db")]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:  # noqa: S603 - of this file
        assert holder.stdout is not None
        holder.stdout.readline()
        assert run(["rotate-key", "-c", str(config), "--new-key", str(key_file)]) == 1
        holder.communicate(b"")
    assert "another calsync has it open; stop it" in capsys.readouterr().err
    assert FileVault(kept, "m365", OLD).read("tokens") == CANARY


def test_what_is_wrong_with_the_key_is_told_without_it(
    config: Path, key_file: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["rotate-key", "-c", str(config)]
    key_file.chmod(0o640)
    assert run([*command, "--new-key", str(key_file)]) == 2
    assert "can be read by others" in capsys.readouterr().err
    key_file.write_text("too-short-canary")
    key_file.chmod(0o600)
    assert run([*command, "--new-key", str(key_file)]) == 2
    told = capsys.readouterr().err
    assert "the new key must be 32 random bytes" in told
    assert "canary" not in told
    assert run([*command, "--new-key-env", "NOWHERE"]) == 2
    assert run(command) == 2
    assert FileVault(kept, "m365", OLD).read("tokens") == CANARY
