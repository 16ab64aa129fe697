"""The README's table says what `make bench` has found, kept or missed."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import readme
from benchmarks.figures import Figure, Measured, as_json

FOUND: dict[str, Any] = {
    "machine": {
        "processor": "a processor",
        "cpus": 2,
        "load": 0.5,
        "python": "3.11.7",
        "versions": {"calsync": "1", "aiohttp": "3"},
    },
    "rounds": 3,
    "seconds": {"reading": 60.0, "importing": 120.0},
    **as_json(
        [
            Figure(name="reading, time", calsync=[1, 2, 3], other=[2, 2, 2], least=[1, 1, 1], bound=1.3),
            Figure(name="no promise", calsync=[1], other=[1], least=[1]),
        ],
        [
            Measured("pairs", [100, 300, 200], "", 150, at_least=True),
            Measured("memory", [20.5], "KB", 15.0),
            Measured("nobody promised", [1], "s"),
        ],
        [],
    ),
}


def test_each_figure_that_is_promised_is_a_row_beside_its_bound_and_its_lower_bound() -> None:
    table = readme.readme_table(FOUND).splitlines()
    assert table[0] == "`make bench` took 3.0 minutes, with 3 rounds, on 2 cores of a processor, load 0.5;"
    assert table[1] == "Python 3.11.7, calsync 1, aiohttp 3:"
    assert table[-3:] == [
        "| reading, time | 1.00 | 0.50 to 1.50 | at most 1.30 | 0.50 |",
        "| pairs | 200 | 100 to 300 | at least 150 |  |",
        "| memory | 20.50 KB | 20.50 to 20.50 | at most 15.00 KB, **missed** |  |",
    ]


def test_only_the_table_is_written_anew() -> None:
    before = f"# calsync\n{readme.BEGIN}\nold\n{readme.END}\nthe rest\n"
    after = readme.written(before, FOUND)
    assert after.startswith(f"# calsync\n{readme.BEGIN}\n\n`make bench` took")
    assert after.endswith(f"|\n\n{readme.END}\nthe rest\n")
    assert readme.written(after, FOUND) == after


def test_a_readme_without_a_place_for_it_is_left_as_it_is() -> None:
    with pytest.raises(ValueError, match="no place for a table"):
        readme.written("# calsync\n", FOUND)


def test_the_readme_has_a_place_for_it() -> None:
    assert readme.written(readme.README.read_text("utf-8"), FOUND)
