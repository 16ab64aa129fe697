"""The store's statements in PostgreSQL's words. Nothing else knows that the two differ.

Tests have a real server prepare every statement that there is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STATEMENTS = 4096
"""So many are kept in their new words: more than there are, one for each number of rows written at once."""
WORDS = (
    # Lists are given as JSON. It stays `json`: an event's text may hold \u0000, which `jsonb` refuses.
    (re.compile(r"json_each\(([^()]*)\)"), r"json_array_elements_text(CAST(\1 AS json))"),
    (re.compile(r"json_extract\(([\w.]+), '\$\[(\d)\]'\)"), r"(CAST(\1 AS json) ->> \2)"),
    # An index holds it as it stands in the text, which need not be JSON as PostgreSQL takes it.
    (
        re.compile(r"CASE WHEN json_valid\(([\w.]+)\) THEN json_extract\(\1, '\$\.event\.uid'\) END"),
        r"""substring(\1 FROM '"uid":"(([^"\\\\]|\\\\.)*)"')""",
    ),
    # Of a boolean, its type and its value are the same word.
    (re.compile(r"json_(?:extract|type)\(([\w.]+), '\$\.(\w+)\.(\w+)'\)"), r"(CAST(\1 AS json) #>> '{\2,\3}')"),
    (re.compile(r"\binstr\("), "strpos("),
    # SQLite joins in the order in which the tables stand, if told so; PostgreSQL knows how many rows there are.
    (re.compile(r"CROSS JOIN (?=\w+ ON )"), "JOIN "),
)
"""What is searched for, and what stands in its place."""
NAMED = re.compile(r"(?<![:\w]):([a-z_]+)")
UNNAMED = re.compile(r"\?")


@dataclass(frozen=True, slots=True)
class Translated:
    """A statement with the placeholders that the server itself knows, `$1`, `$2`."""

    text: bytes
    names: Sequence[str]
    """The values' names in their order; none where they are given in it."""

    def ordered(self, values: Mapping[str, Any] | Sequence[Any]) -> Sequence[Any]:
        """Return a statement's values in their order."""
        return [values[name] for name in self.names] if self.names else list(values)  # type: ignore[call-overload]


@lru_cache(STATEMENTS)
def translated(sql: str) -> Translated:
    """Return a statement of this package for PostgreSQL."""
    for found, instead in WORDS:
        sql = found.sub(instead, sql)
    names = list(dict.fromkeys(NAMED.findall(sql)))
    sql = NAMED.sub(lambda name: f"${names.index(name[1]) + 1}", sql)
    numbers = count(1)
    sql = UNNAMED.sub(lambda _: f"${next(numbers)}", sql)
    return Translated(sql.encode(), names)
