"""Checks values against voluptuous schemas and collects what is wrong with a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from calsync.config.problems import KeyPath, Problem, line_of
from calsync.config.schema import NAME, leaves, message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.config.document import Document


class Checker:
    """The problems of one document, the ones found while it was read included."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems = list(document.problems)
        self._told = {problem.key for problem in document.problems}
        self._schemas: dict[int, vol.Schema] = {}
        """Compiled, by the identity of what each one holds: most are of thousands of accounts."""

    def tell(self, at: KeyPath, text: str) -> None:
        """Add a problem. A value that could not be read has told its own already."""
        if at not in self._told:
            self.problems.append(Problem(self.line(at), at, text))

    def line(self, at: KeyPath) -> int:
        return line_of(self.document.lines, at)

    def check(self, schema: Any, value: Any, at: KeyPath) -> Any:
        """Return the value as a schema makes it, or None after telling what is wrong with it."""
        try:
            return self._compiled(schema)(value)
        except vol.Invalid as error:
            for leaf in leaves(error):
                path = [part if isinstance(part, int) else str(part) for part in leaf.path if not _virtual(part)]
                self.tell((*at, *path), message(leaf, schema, _value_at(value, path)))
        return None

    def _compiled(self, schema: Any) -> vol.Schema:
        if id(schema) not in self._schemas:
            self._schemas[id(schema)] = vol.Schema(schema)
        return self._schemas[id(schema)]

    def named(self, section: str) -> Iterator[tuple[str, Mapping[str, Any], KeyPath]]:
        """Yield name, value and place of each entry of a section that is a mapping of mappings."""
        entries = self.document.values.get(section)
        for name, value in entries.items() if isinstance(entries, Mapping) else ():
            at = (section, name)
            if not NAME.fullmatch(name):
                self.tell(at, "a name is made of letters a to z, digits, dot, dash and underscore (at most 64)")
            if isinstance(value, Mapping):
                yield name, value, at
            else:
                self.tell(at, "must hold `key: value` lines")


def _virtual(part: object) -> bool:
    """Tell whether a part of an error's path names a group of keys instead of a key."""
    return isinstance(part, vol.VirtualPathComponent)


def _value_at(value: Any, path: Sequence[str | int]) -> Any:
    """Return the value at a path, or an ellipsis where there is none."""
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return ...
    return value
