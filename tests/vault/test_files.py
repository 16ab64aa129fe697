"""What connections keep: encrypted, for the owner only, old or new after a crash, one writer at a time."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from calsync.errors import LoginError, Retry, StoreError
from calsync.vault import FileVault, lock

if TYPE_CHECKING:
    from pathlib import Path

KEY = b"k" * 32
CANARY = "refresh-token-canary"
WRITER = """
import sys
from pathlib import Path
from calsync.vault import FileVault

vault = FileVault(Path(sys.argv[1]), "m365", b"k" * 32)
for number in range(1_000_000):
    vault.write("tokens", f"{number} " + "x" * 20_000)
    print(number, flush=True)
"""
COUNTER = """
import sys
from pathlib import Path
from calsync.vault import FileVault, lock

lock.PATIENCE_SECONDS = 60  # who has just let go is the first to ask again
vault = FileVault(Path(sys.argv[1]), "m365", b"k" * 32)
for _ in range(100):
    with vault.alone("tokens"):
        vault.write("tokens", str(int(vault.read("tokens") or 0) + 1))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "calsync.db.vault"


@pytest.fixture
def vault(folder: Path) -> FileVault:
    return FileVault(folder, "m365", KEY)


def test_what_was_written_last_is_read(vault: FileVault) -> None:
    assert vault.read("tokens") is None
    for text in ("first", CANARY):
        vault.write("tokens", text)
        assert vault.read("tokens") == text


def test_only_the_owner_reads_it_and_no_secret_is_in_it(vault: FileVault, folder: Path) -> None:
    with vault.alone("tokens"):
        vault.write("tokens", CANARY)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "m365.tokens": 0o600,
        ".m365.tokens.lock": 0o600,
    }
    assert all(CANARY.encode() not in path.read_bytes() for path in folder.iterdir())


def test_swapped_files_do_not_decrypt(vault: FileVault, folder: Path) -> None:
    vault.write("tokens", CANARY)
    (folder / "m365.tokens").rename(folder / "exchange.tokens")
    with pytest.raises(
        LoginError, match=r"exchange\.tokens cannot be decrypted.*calsync login exchange"
    ) as refused:
        FileVault(folder, "exchange", KEY).read("tokens")
    assert CANARY not in str(refused.value)


def test_another_key_is_told(vault: FileVault, folder: Path) -> None:
    vault.write("tokens", CANARY)
    other = FileVault(folder, "m365", b"o" * 32)
    with pytest.raises(LoginError, match="another key"):
        other.read("tokens")
    other.write("tokens", "new")  # who signs in again needs no old key
    assert other.read("tokens") == "new"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        FileVault(tmp_path / "file", "m365", KEY).write("tokens", CANARY)


async def test_a_kill_leaves_the_old_one_or_the_new_one(vault: FileVault, folder: Path) -> None:
    chance = random.Random(2026)
    for _ in range(20):
        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER, str(folder), stdout=asyncio.subprocess.PIPE
        )
        assert writer.stdout is not None
        for _ in range(chance.randint(1, 20)):
            await writer.stdout.readline()
        writer.kill()
        rest = await writer.stdout.read()
        await writer.wait()
        number, _, filling = (vault.read("tokens") or "").partition(" ")
        assert filling == "x" * 20_000
        acknowledged = [line for line in rest.decode().splitlines(keepends=True) if line.endswith("\n")]
        assert not acknowledged or int(number) >= int(acknowledged[-1])


def test_what_a_kill_left_behind_is_no_obstacle(vault: FileVault, folder: Path) -> None:
    vault.write("tokens", "old")
    (folder / ".m365.tokens.part").write_text("half")
    assert vault.read("tokens") == "old"
    vault.write("tokens", "new")
    assert vault.read("tokens") == "new"


async def test_two_processes_write_one_after_the_other(vault: FileVault, folder: Path) -> None:
    arguments = [sys.executable, "-c", COUNTER, str(folder)]
    both = [await asyncio.create_subprocess_exec(*arguments) for _ in range(2)]
    assert [await one.wait() for one in both] == [0, 0]
    assert vault.read("tokens") == "200"


def test_one_that_does_not_let_go_is_not_waited_for_for_ever(
    vault: FileVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "PATIENCE_SECONDS", 0)
    with vault.alone("tokens"), pytest.raises(Retry, match="does not end"), vault.alone("tokens"):
        pytest.fail("two hold it")
    with vault.alone("tokens"):
        pass


def test_the_lock_of_a_dead_process_is_free(vault: FileVault, folder: Path) -> None:
    dying = f"""
import os, sys
from pathlib import Path
from calsync.vault import FileVault
FileVault(Path({str(folder)!r}), "m365", b"k" * 32).alone("tokens").__enter__()
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", dying], check=True)  # noqa: S603 - a program of this file
    with vault.alone("tokens"):
        vault.write("tokens", "new")
