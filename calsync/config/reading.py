"""YAML that remembers lines, and refuses what YAML lets pass silently.

PyYAML's own loader keeps the last of two equal keys, and reads the keys `on`, `off`, `yes` and `no` as truth
values (YAML 1.1, https://yaml.org/type/bool.html). Both would be a setting that silently does not hold.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import yaml

from calsync.config.problems import KeyPath, Problem
from calsync.config.secret import Unresolved

if TYPE_CHECKING:
    from collections.abc import Mapping

Hidden = Callable[[str, KeyPath], str]
"""Returns the value that a name at a place stands for, or raises Unresolved."""

MERGE_TAG = "tag:yaml.org,2002:merge"
TEXT_TAG = "tag:yaml.org,2002:str"
BOOL_TAG = "tag:yaml.org,2002:bool"
COLLECTION_TAGS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


class LineLoader(yaml.SafeLoader):
    """Reads one document into plain values. After `read`: `lines`, `problems` and `hidden`."""

    def __init__(self, text: str, hidden: Mapping[str, Hidden]) -> None:
        """Begin to read. Raises yaml.reader.ReaderError for a character that YAML does not allow.

        `hidden`: by tag, what returns the values of its names.
        """
        super().__init__(text)
        self._hidden = hidden
        self._inside: list[yaml.Node] = []
        self._merged: set[int] = set()
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[Problem] = []
        self.hidden: set[str] = set()
        """The values that stand behind such tags."""

    def read(self) -> Any:
        """Return the document's value. Raises yaml.MarkedYAMLError for a file that is no YAML."""
        try:
            node = self.get_single_node()
            return None if node is None else self._value(node, ())
        finally:
            # Its next step is a method of its own, a cycle: the nodes would stay until garbage is found.
            yaml.parser.Parser.dispose(self)

    def _value(self, node: yaml.Node, at: KeyPath) -> Any:
        self.lines.setdefault(at, node.start_mark.line + 1)
        if node in self._inside:
            self.problems.append(Problem(self.lines[at], at, "contains itself"))
            return None
        self._inside.append(node)
        try:
            return self._plain(node, at)
        finally:
            self._inside.pop()

    def _plain(self, node: yaml.Node, at: KeyPath) -> Any:
        if not isinstance(node, yaml.ScalarNode) and node.tag not in COLLECTION_TAGS:
            self._tell_tag(node, at)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(child, (*at, number)) for number, child in enumerate(node.value)]
        return self._scalar(node, at)

    def _mapping(self, node: yaml.MappingNode, at: KeyPath) -> dict[str, Any]:
        self._merge(node, at)
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, at)
            if key is None:
                continue
            self.lines[*at, key] = key_node.start_mark.line + 1
            result[key] = self._value(value_node, (*at, key))
        return result

    def _merge(self, node: yaml.MappingNode, at: KeyPath) -> None:
        """Take in what `<<` names, once for each node; the node's own keys win."""
        if id(node) in self._merged:
            return
        self._merged.add(id(node))
        self._refuse_duplicates(node, at)
        self.flatten_mapping(node)

    def _refuse_duplicates(self, node: yaml.MappingNode, at: KeyPath) -> None:
        first: dict[str, int] = {}
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == MERGE_TAG:
                continue
            line = key_node.start_mark.line + 1
            if key_node.value in first:
                text = f"stands in line {first[key_node.value]} already; keep one of the two"
                self._tell(key_node, (*at, key_node.value), text)
            first.setdefault(key_node.value, line)

    def _key(self, node: yaml.Node, at: KeyPath) -> str | None:
        if isinstance(node, yaml.ScalarNode) and node.tag == TEXT_TAG:
            return sys.intern(str(node.value))  # thousands of accounts have the same keys
        word = str(node.value) if isinstance(node, yaml.ScalarNode) else "this key"
        why = "YAML reads it as true or false" if node.tag == BOOL_TAG else "a key must be text"
        self._tell(node, (*at, word), f'{why}; write it in quotes: "{word}"')
        return None

    def _scalar(self, node: yaml.Node, at: KeyPath) -> Any:
        try:
            if node.tag in self._hidden:
                value = self._hidden[node.tag](str(node.value), at)
                self.hidden.add(value)
                return value
            return self.construct_object(node)
        except Unresolved as error:
            self._tell(node, at, str(error))
        except yaml.constructor.ConstructorError:
            self._tell_tag(node, at)
        except ValueError as error:
            self._tell(node, at, f"cannot be read ({error}); write it in quotes if it is text")
        return None

    def _tell_tag(self, node: yaml.Node, at: KeyPath) -> None:
        known = [f"{tag} NAME" for tag in self._hidden]
        there = f"{'are' if len(known) > 1 else 'is'} {' and '.join(known)}"
        self._tell(node, at, f"the tag {node.tag} does not belong here; there {there}")

    def _tell(self, node: yaml.Node, at: KeyPath, text: str) -> None:
        self.problems.append(Problem(node.start_mark.line + 1, at, text))


class _FastLoader(*([yaml.CSafeLoader] if yaml.__with_libyaml__ else []), LineLoader):  # type: ignore[misc] # mypy wants bases by name
    """The same with libyaml's parser, where PyYAML was built with it: a third of the time."""

    def __init__(self, text: str, hidden: Mapping[str, Hidden]) -> None:
        LineLoader.__init__(self, text, hidden)
        if yaml.__with_libyaml__:
            yaml.CSafeLoader.__init__(self, text)


def loaded(text: str, hidden: Mapping[str, Hidden]) -> tuple[LineLoader, Any]:
    """Return what has read a document, and its value. Raises as `LineLoader` does.

    What libyaml refuses is read once more by PyYAML's own parser: it takes some of that, and has better words.
    """
    with suppress(yaml.MarkedYAMLError):
        fast = _FastLoader(text, hidden)
        return fast, fast.read()
    loader = LineLoader(text, hidden)
    return loader, loader.read()


def syntax_problem(error: yaml.MarkedYAMLError | yaml.reader.ReaderError, text: str) -> Problem:
    """Say in one line what PyYAML says in five."""
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return Problem(line, (), f"the character U+{ord(text[error.position]):04X} is not allowed here")
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    if "'\\t'" in (error.problem or ""):
        return Problem(line, (), "a tab stands where YAML allows only spaces; indent with spaces")
    context = f"{error.context}, " if error.context else ""
    return Problem(line, (), f"this is no valid YAML: {context}{error.problem}")
