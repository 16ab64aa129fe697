"""Whose lease may be ended at once, and whose must run out."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys

import pytest

from calsync.holder import is_dead, this_process


def _pid_of_the_dead() -> int:
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    return int(done.stdout)


def test_this_process_lives() -> None:
    assert not is_dead(this_process(random.Random(1)))


def test_no_two_processes_have_one_name() -> None:
    source = random.Random(1)
    assert this_process(source) != this_process(source)


def test_a_process_that_ended_on_this_machine_is_dead() -> None:
    assert is_dead(f"{socket.gethostname()}/{_pid_of_the_dead()}/0")


def test_a_process_of_another_machine_may_live() -> None:
    assert not is_dead(f"another-{socket.gethostname()}/{_pid_of_the_dead()}/0")


@pytest.mark.parametrize("holder", ["", "test", f"{socket.gethostname()}/no number/0"])
def test_a_holder_of_another_form_may_live(holder: str) -> None:
    assert not is_dead(holder)


def test_a_process_of_another_user_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert not is_dead(f"{socket.gethostname()}/1/0")
