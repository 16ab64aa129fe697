"""Another key: all values are under it, none is lost by a crash, and the old key then opens nothing."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from calsync.errors import LoginError, Retry, StoreError
from calsync.vault import FileVault, lock, reseal

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW, THIRD = b"o" * 32, b"n" * 32, b"t" * 32
VALUES = {
    ("m365", "tokens"): "canary-one",
    ("m365.b", "tokens"): "canary-two",
    ("ews", "password-1"): "canary-three",
}
ROTATE = """
import os, sys
from pathlib import Path
from calsync.vault import reseal

left = int(sys.argv[2])

def counted(call):
    def one(*arguments, **more):
        global left
        if left == 0:
            os._exit(9)
        left -= 1
        return call(*arguments, **more)
    return one

for name in ("open", "fsync", "unlink", "replace", "rename"):
    setattr(os, name, counted(getattr(os, name)))
list(reseal(Path(sys.argv[1]), b"o" * 32, b"n" * 32))
"""
"""Ends without a word before the call to the system of this number."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "calsync.db.vault"
    for (connection, field), text in VALUES.items():
        FileVault(folder, connection, OLD).write(field, text)
    return folder


def read(folder: Path, key: bytes) -> dict[tuple[str, str], str | None]:
    return {(connection, field): FileVault(folder, connection, key).read(field) for connection, field in VALUES}


def test_all_values_are_under_the_new_key(folder: Path) -> None:
    assert sorted(reseal(folder, OLD, NEW)) == sorted(VALUES)
    assert read(folder, NEW) == VALUES
    for connection, field in VALUES:
        with pytest.raises(LoginError, match="another key"):
            FileVault(folder, connection, OLD).read(field)


def test_a_crash_between_any_two_steps_loses_nothing(folder: Path) -> None:
    for step in range(1000):
        program = [sys.executable, "-c", ROTATE, str(folder), str(step)]
        ended = subprocess.run(program, check=False).returncode  # noqa: S603 - a program of this file
        if ended == 0:
            break
        assert ended == 9
        assert sum(reads(folder, key) for key in (OLD, NEW)) == (2 if (folder / ".rotation").exists() else 1)
        list(reseal(folder, OLD, NEW))
        assert read(folder, NEW) == VALUES
        assert not (folder / ".rotation").exists()
        list(reseal(folder, NEW, OLD))
    assert step > 10
    assert read(folder, NEW) == VALUES


def reads(folder: Path, key: bytes) -> bool:
    try:
        return read(folder, key) == VALUES
    except LoginError:
        return False


def interrupt(folder: Path) -> None:
    """Stop between two values."""
    next(iter(reseal(folder, OLD, NEW)))


@pytest.mark.parametrize("key", [OLD, NEW])
def test_while_it_goes_on_either_key_reads_and_writes(folder: Path, key: bytes) -> None:
    interrupt(folder)
    assert read(folder, key) == VALUES
    FileVault(folder, "m365", key).write("tokens", "later")
    assert sorted(reseal(folder, key, NEW)) == sorted(VALUES)
    assert read(folder, NEW) == {**VALUES, ("m365", "tokens"): "later"}


def test_a_change_to_a_third_key_does_not_begin_before_the_first_has_ended(folder: Path) -> None:
    interrupt(folder)
    with pytest.raises(StoreError, match="finish that one first"):
        list(reseal(folder, OLD, THIRD))


def test_what_no_key_opens_is_named_and_nothing_is_lost(folder: Path) -> None:
    FileVault(folder, "m365", THIRD).write("tokens", "lost")
    with pytest.raises(StoreError, match=r"m365\.tokens cannot be decrypted.*another key.*remove it"):
        list(reseal(folder, OLD, NEW))
    (folder / "m365.tokens").unlink()
    list(reseal(folder, OLD, NEW))
    assert FileVault(folder, "ews", NEW).read("password-1") == "canary-three"


def test_a_value_in_use_is_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "PATIENCE_SECONDS", 0)
    with FileVault(folder, "m365", OLD).alone("tokens"), pytest.raises(Retry, match="another calsync uses it"):
        list(reseal(folder, OLD, NEW))
    assert read(folder, OLD) == VALUES


def test_nothing_kept_is_nothing_to_do(tmp_path: Path) -> None:
    assert list(reseal(tmp_path / "calsync.db.vault", OLD, NEW)) == []


def test_neither_key_lies_in_the_clear(folder: Path) -> None:
    interrupt(folder)
    content = (folder / ".rotation").read_bytes()
    assert (folder / ".rotation").stat().st_mode & 0o777 == 0o600
    assert all(key.hex().encode() not in content and key not in content for key in (OLD, NEW))
