"""Whose lease may be ended at once, and whose must run out."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from calsync import holder
from calsync.holder import is_dead, this_process

if TYPE_CHECKING:
    from pathlib import Path


def of_the_dead() -> str:
    """Return the holder that a process was which has ended."""
    name = "import random; from calsync.holder import this_process; print(this_process(random.Random()))"
    command = [sys.executable, "-c", name]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60)  # noqa: S603 - our own
    return done.stdout.strip()


def test_this_process_lives() -> None:
    assert not is_dead(this_process(random.Random(1)))


def test_no_two_processes_have_one_name() -> None:
    source = random.Random(1)
    assert this_process(source) != this_process(source)


def test_a_process_that_ended_on_this_machine_is_dead() -> None:
    assert is_dead(of_the_dead())


def test_a_process_of_another_machine_may_live() -> None:
    assert not is_dead(f"another-{of_the_dead()}")


@pytest.mark.parametrize("place", ["BOOT", "NUMBERING"])
def test_a_process_of_another_container_or_boot_may_live(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    """Containers may have one host name, and number their processes apart."""
    dead = of_the_dead()
    (tmp_path / "other").write_text("other", encoding="ascii")
    monkeypatch.setattr(holder, place, tmp_path / "other")
    assert not is_dead(dead)


def test_where_there_are_no_namespaces_the_machine_is_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dead = of_the_dead().rsplit("/", 2)
    monkeypatch.setattr(holder, "BOOT", tmp_path / "missing")
    here = this_process(random.Random(1)).rsplit("/", 2)[0]
    assert is_dead("/".join([here, *dead[1:]]))


@pytest.mark.parametrize("form", ["", "test", "{here}/no number/0", "{here}/1"])
def test_a_holder_of_another_form_may_live(form: str) -> None:
    here = this_process(random.Random(1)).rsplit("/", 2)[0]
    assert not is_dead(form.format(here=here))


def test_a_process_of_another_user_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, signal: int) -> None:
        raise PermissionError

    dead = of_the_dead()
    monkeypatch.setattr(os, "kill", refuse)
    assert not is_dead(dead)
