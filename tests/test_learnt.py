from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from calsync.errors import StoreError
from calsync.learnt import FileLearnt

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_written_is_read_by_another(tmp_path: Path) -> None:
    path = tmp_path / "calsync.db.flowfact.learnt"
    assert FileLearnt(path).read() == {}
    FileLearnt(path).write({"a": [1, None, "ä"]})
    FileLearnt(path).write({"b": True})
    assert FileLearnt(path).read() == {"b": True}
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000])
def test_a_broken_file_reads_as_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "learnt"
    path.write_bytes(content)
    assert FileLearnt(path).read() == {}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_named: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)  # the mode of a folder would not keep root out
    with pytest.raises(StoreError, match="cannot be written"):
        FileLearnt(tmp_path / "learnt").write({})


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="its folder must exist"):
        FileLearnt(tmp_path / "none" / "learnt").write({})
