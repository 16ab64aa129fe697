"""The run numbers beside the store outlive it, and cost no other account anything."""

from pathlib import Path

import pytest

from calsync.errors import StoreError
from calsync.records import Runs
from calsync.store import FileRuns, MemoryRuns
from calsync.store.files import create


@pytest.fixture(params=["file", "memory"])
def runs(request: pytest.FixtureRequest, tmp_path: Path) -> Runs:
    return FileRuns(tmp_path / "calsync.db.runs") if request.param == "file" else MemoryRuns()


async def test_an_account_that_never_ran_has_number_zero(runs: Runs) -> None:
    assert await runs.get("anna") == 0


async def test_each_account_has_its_own_number_and_it_only_rises(runs: Runs) -> None:
    for account, number in (("anna", 1), ("böse umlaute", 7), ("anna", 2), ("an", 4), ("umlaute", 9), ("anna", 1)):
        await runs.put(account, number)
    assert [await runs.get(account) for account in ("anna", "böse umlaute", "an", "umlaute")] == [2, 7, 4, 9]


async def test_the_file_is_readable_by_its_owner_only_and_by_people(tmp_path: Path) -> None:
    runs = FileRuns(tmp_path / "runs")
    await runs.put("anna", 12)
    await runs.put("bert", 3)
    assert (tmp_path / "runs").read_text() == "000000000012 anna\n000000000003 bert\n"
    assert (tmp_path / "runs").stat().st_mode & 0o777 == 0o600
    assert await runs.all() == {"anna": 12, "bert": 3}


async def test_the_first_runs_of_two_accounts_make_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "runs"

    def create_later(created: Path) -> None:
        path.write_bytes(b"000000000001 bert\n")
        create(created)

    monkeypatch.setattr("calsync.store.runs.create", create_later)
    runs = FileRuns(path)
    await runs.put("anna", 1)
    assert await runs.all() == {"anna": 1, "bert": 1}


@pytest.mark.parametrize("rest", [b"0000", b"000000000009 ann", b"nonsense\n", b"\xff\xfe\n"])
async def test_what_a_crash_left_half_written_counts_for_nothing(tmp_path: Path, rest: bytes) -> None:
    path = tmp_path / "runs"
    path.write_bytes(b"000000000005 bert\n" + rest)
    runs = FileRuns(path)
    assert await runs.get("anna") == 0
    await runs.put("anna", 1)
    await runs.put("bert", 6)
    assert (await runs.get("anna"), await runs.get("bert")) == (1, 6)


async def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="its folder must exist"):
        await FileRuns(tmp_path / "missing" / "runs").put("anna", 1)


async def test_a_file_that_cannot_be_read_is_no_number_zero(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        await FileRuns(tmp_path).get("anna")
