"""What `python -m tests.simulation` makes of the histories that it plays."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

from tests.simulation import __main__ as simulation
from tests.simulation.history import play
from tests.simulation.mutants import MUTANTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


def test_a_history_that_breaks_an_invariant_by_itself_has_not_caught_a_mutant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = False

    @contextmanager
    def mutant() -> Iterator[None]:
        nonlocal broken
        broken = True
        yield
        broken = False

    def play(seed: int, _: tuple[str, ...]) -> SimpleNamespace:
        found = {0: ["by itself"], 2: ["by the mutant"] if broken else []}
        return SimpleNamespace(violations=found.get(seed, []), excuses=Counter(), mix=Counter())

    monkeypatch.setattr(simulation, "play", play)
    monkeypatch.setitem(MUTANTS, "mutant", mutant)
    assert simulation._hunt(("mutant", 2, ())) == ("mutant", None, "")
    assert simulation._hunt(("mutant", 3, ())) == ("mutant", 3, "by the mutant")


def test_what_a_process_remembers_of_the_store_changes_no_history() -> None:
    for seed in (0, 6):
        command = [sys.executable, "-m", "tests.simulation", "--seed", str(seed)]
        shown = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - this very module
        assert shown.stdout == f"seed {seed}: {play(seed).hash}\n"
