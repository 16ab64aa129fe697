"""What `python -m tests.simulation` makes of the histories that it plays."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from tests.simulation import __main__ as simulation
from tests.simulation.history import play
from tests.simulation.mutants import MUTANTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


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


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (("decision: update decided", "decision: hold changed_often"), "0 broke an invariant"),
        (("decision: update by chance",), "stands in no table: decision: update by chance"),
        (("undo: skip by chance",), "stands in no table: undo: skip by chance"),
    ],
)
def test_what_is_decided_stands_in_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], seen: Sequence[str], said: str
) -> None:
    def plays(task: object) -> tuple[int, list[str], Counter[str], Counter[str]]:
        del task
        return 0, [], Counter(), Counter(seen)

    pool = SimpleNamespace(imap_unordered=lambda _, tasks, **__: map(plays, tasks))
    monkeypatch.setattr(simulation, "Pool", lambda *_, **__: nullcontext(pool))
    assert simulation._many(0, 1, 1, (), None) is (said != "0 broke an invariant")
    assert said in capsys.readouterr().out
