"""What the command line says, it says in both languages."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import calsync.cli
from calsync.cli.words import shown
from calsync.sync.model import Timed

if TYPE_CHECKING:
    from collections.abc import Iterator


def tables() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what commands have in both languages."""
    for module in pkgutil.iter_modules(calsync.cli.__path__, "calsync.cli."):
        for name, found in vars(importlib.import_module(module.name)).items():
            if isinstance(found, Mapping) and found.keys() & {"en", "de"}:
                yield f"{module.name}.{name}", found


def test_every_word_is_there_in_both_languages() -> None:
    found = list(tables())
    assert len(found) > 10
    for name, table in found:
        assert table.keys() == {"en", "de"}, name
        assert type(table["en"]) is type(table["de"]), name
        if isinstance(table["en"], Mapping):
            assert table["en"].keys() == table["de"].keys(), name


def test_a_span_names_its_second_day_where_it_has_one() -> None:
    begin = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
    assert shown(Timed(begin, begin + timedelta(hours=1)), "de") == "2026-03-02 22:00 - 23:00 UTC"
    assert shown(Timed(begin, begin + timedelta(hours=3)), "de") == "2026-03-02 22:00 - 2026-03-03 01:00 UTC"
    assert shown("", "de") == "(leer)"
