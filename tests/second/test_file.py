"""The second file on the disk: for its owner only, changed by one at a time, whole after a crash."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from calsync.errors import ConfigError, Retry
from calsync.second import Kept, SecondFile
from calsync.vault import FileVault, lock, vault_folder

if TYPE_CHECKING:
    from pathlib import Path

KEY = b"k" * 32
OLD, NEW = "old-canary", "new-canary"
CHANGE = """
import os, sys
from pathlib import Path
from calsync.second import SecondFile

left = int(sys.argv[2])

def counted(call):
    def one(*arguments, **more):
        global left
        if left == 0:
            os._exit(9)
        left -= 1
        return call(*arguments, **more)
    return one

file = SecondFile(Path(sys.argv[1]), b"k" * 32)
for name in ("open", "fsync", "unlink", "replace", "rename"):
    setattr(os, name, counted(getattr(os, name)))
with file.changing() as draft:
    draft.connections["post"] = {"provider": "mail", "password": file.keep("post", "password", "new-canary")}
"""
"""Ends without a word before the call to the system of this number."""
COUNTER = """
import sys
from pathlib import Path
from calsync.second import SecondFile
from calsync.vault import lock

lock.PATIENCE_SECONDS = 60  # who has just let go is the first to ask again
file = SecondFile(Path(sys.argv[1]), b"k" * 32)
for number in range(25):
    with file.changing() as draft:
        draft.accounts[f"{sys.argv[2]}-{number}"] = {"left": {}}
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "calsync.db"


@pytest.fixture
def file(store: Path) -> SecondFile:
    return SecondFile(store, KEY)


def put(file: SecondFile, password: str) -> None:
    with file.changing() as draft:
        draft.connections["post"] = {"provider": "mail", "password": file.keep("post", "password", password)}


def password(file: SecondFile) -> str | None:
    document = file.read()
    assert document is not None
    assert document.problems == ()
    found: str = document.values["connections"]["post"]["password"]
    return found


def kept(store: Path) -> list[str]:
    folder = store.with_name("calsync.db.vault")
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_there_is_none_at_first(file: SecondFile) -> None:
    assert file.read() is None


def test_what_was_written_is_read_with_its_secrets_hidden(file: SecondFile) -> None:
    put(file, OLD)
    assert password(file) == OLD
    document = file.read()
    assert document is not None
    assert OLD in document.hidden


def test_it_is_for_its_owner_only_and_no_secret_is_in_it(file: SecondFile, tmp_path: Path) -> None:
    put(file, OLD)
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert "password: !kept 'password-" in file.path.read_text("utf-8")
    lying = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(lying) > 2
    assert [path for path in lying if OLD.encode() in path.read_bytes()] == []


def test_another_value_takes_another_name_and_the_former_is_removed(file: SecondFile, store: Path) -> None:
    put(file, OLD)
    before = kept(store)
    put(file, NEW)
    assert password(file) == NEW
    assert len(kept(store)) == 1
    assert kept(store) != before


def test_a_change_that_raises_changes_nothing_and_leaves_nothing(file: SecondFile, store: Path) -> None:
    put(file, OLD)
    before = file.path.read_bytes(), kept(store)

    def refuse() -> None:
        with file.changing() as draft:
            draft.connections["post"]["password"] = file.keep("post", "password", NEW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        refuse()
    assert (file.path.read_bytes(), kept(store)) == before


def test_a_crash_between_any_two_steps_leaves_the_old_one_or_the_new_one(file: SecondFile, store: Path) -> None:
    for step in range(1000):
        put(file, OLD)
        program = [sys.executable, "-c", CHANGE, str(store), str(step)]
        ended = subprocess.run(program, check=False).returncode  # noqa: S603 - a program of this file
        assert password(file) in ({NEW} if ended == 0 else {OLD, NEW})
        if ended == 0:
            break
        assert ended == 9
    assert step > 10
    with file.changing():
        pass
    assert len(kept(store)) == 1


async def test_two_processes_change_it_one_after_the_other(file: SecondFile, store: Path) -> None:
    both = [subprocess.Popen([sys.executable, "-c", COUNTER, str(store), name]) for name in "ab"]  # noqa: S603, ASYNC220
    assert [one.wait() for one in both] == [0, 0]
    document = file.read()
    assert document is not None
    assert len(document.values["accounts"]) == 50


def test_one_that_does_not_let_go_is_not_waited_for_for_ever(
    file: SecondFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "PATIENCE_SECONDS", 0)
    with file.changing(), pytest.raises(Retry, match="another calsync changes it"), file.changing():
        pytest.fail("two change it")


@pytest.mark.parametrize("content", ["a: [", "- 1", "service: {}", "accounts: 1", "accounts: {anna: 1}"])
def test_one_that_a_person_has_spoilt_is_never_written_over(file: SecondFile, content: str) -> None:
    file.path.write_text(content)
    with pytest.raises(ConfigError, match="mend it"), file.changing():
        pytest.fail("it would be lost")
    assert file.path.read_text("utf-8") == content


def test_another_key_costs_the_secrets_only(file: SecondFile, store: Path) -> None:
    put(file, OLD)
    document = SecondFile(store, b"o" * 32).read()
    assert document is not None
    assert [problem.text for problem in document.problems] == [
        "it cannot be decrypted with service.key; enter it again"
    ]
    without = SecondFile(store, None).read()
    assert without is not None
    assert "service.key is missing" in without.problems[0].text
    with pytest.raises(ConfigError, match=r"give service\.key"):
        SecondFile(store, None).keep("post", "password", OLD)


def test_a_secret_belongs_to_one_connection_and_one_field(file: SecondFile, store: Path) -> None:
    put(file, OLD)
    with file.changing() as draft:
        name = draft.connections["post"]["password"]
        draft.connections["other"] = {"provider": "mail", "password": name}
        file.keep("other", "password", NEW)
    folder = store.with_name("calsync.db.vault")
    (folder / f"post.{name.name}").rename(folder / f"other.{name.name}")
    document = file.read()
    assert document is not None
    assert [(one.key[1], one.text) for one in document.problems] == [
        ("post", "its value is gone; enter it again"),
        ("other", "it cannot be decrypted with service.key; enter it again"),
    ]


def test_what_a_provider_keeps_is_no_secret_of_the_file(file: SecondFile, store: Path) -> None:
    FileVault(store.with_name("calsync.db.vault"), "post", KEY).write("tokens", OLD)
    put(file, OLD)
    assert "post.tokens" in kept(store)
    with file.changing() as draft:
        draft.connections["post"]["password"] = Kept("tokens")
    document = file.read()
    assert document is not None
    assert [problem.text for problem in document.problems] == ["no secret belongs here"]
    file.forget("post")
    assert kept(store) == []


def own(file: SecondFile, account: str, connection: str, left: str = "flowfact") -> None:
    """Let somebody have connected the own mailbox, with a password and a sign-in."""
    with file.changing() as draft:
        kept = file.keep(connection, "password", OLD)
        draft.connections[connection] = {"provider": "mail", "password": kept}
        draft.accounts[account] = {"left": {"connection": left}, "right": {"connection": connection}}
    file.take_over(connection, {"tokens": OLD})


def test_an_account_goes_with_the_connection_that_was_made_for_it(file: SecondFile, store: Path) -> None:
    own(file, "anna", "own-0123456789ab")
    own(file, "ben", "own-ba9876543210")
    put(file, NEW)
    assert set(file.drop_account("anna")) == {"own-0123456789ab"}
    draft = file.draft()
    assert (list(draft.accounts), list(draft.connections)) == (["ben"], ["own-ba9876543210", "post"])
    kept = [path.name for path in vault_folder(store).iterdir() if not path.name.startswith(".")]
    assert not any(name.startswith("own-0123456789ab") for name in kept)
    assert len([name for name in kept if name.startswith("own-ba9876543210")]) == 2
    assert file.drop_account("anna") == ()


def test_a_connection_that_others_use_or_that_was_set_up_stays(file: SecondFile) -> None:
    own(file, "anna", "own-0123456789ab")
    own(file, "ben", "own-0123456789ab")
    own(file, "carl", "post")
    assert set(file.drop_account("anna")) == set(file.drop_account("carl")) == set()
    assert set(file.draft().connections) == {"own-0123456789ab", "post"}


def test_without_a_file_nothing_is_made(file: SecondFile) -> None:
    assert file.drop_account("anna") == ()
    assert not file.path.exists()
