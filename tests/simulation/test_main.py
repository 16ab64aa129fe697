"""What `python -m tests.simulation` makes of the histories that it plays."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

from tests.simulation import __main__ as simulation
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
