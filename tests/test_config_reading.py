"""Reading the file: YAML, lines, secrets. Every problem is one clear line."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from calsync.config import parse
from calsync.config.reading import LineLoader, loaded
from calsync.errors import ConfigError

if TYPE_CHECKING:
    from calsync.config import Document

EXAMPLE = Path(__file__).parent.parent / "config.example.yaml"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "calsync.yaml"


def problem(file: Path, text: str | bytes) -> str:
    """Write a file that cannot be read, and return the one line about it without the file's name."""
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        parse(file)
    [line] = caught.value.problems
    assert line.startswith(str(file))
    assert "\n" not in line
    return line.removeprefix(str(file))


def told(document: Document) -> list[tuple[int, tuple[str | int, ...], str]]:
    return [(problem.line, problem.key, problem.text) for problem in document.problems]


def read(file: Path, text: str, environ: dict[str, str] | None = None) -> Document:
    file.write_text(text, "utf-8")
    return parse(file, environ or {})


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        parse(tmp_path / "none.yaml")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        parse(tmp_path)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_an_empty_file(file: Path, text: str) -> None:
    assert "the file is empty" in problem(file, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("service:\n\tstore: x\n", ":2: a tab stands"),
        ("service:\n  store: [x\n", ":3: this is no valid YAML: while parsing a flow sequence"),
        ("service: {a: 1\n}}\n", ":2: this is no valid YAML"),
        ("a: 1\n---\nb: 2\n", ":2: this is no valid YAML: expected a single document"),
        ("a: *nowhere\n", ":1: this is no valid YAML: found undefined alias"),
        ("a: 1\nb: \x07\n", ":2: the character U+0007 is not allowed here"),
        (b"a: 1\nb: \xff\n", ":2: the file is no UTF-8 text"),
        ("- a\n", ":1: the file must hold `key: value` lines"),
        ("hello\n", ":1: the file must hold `key: value` lines"),
    ],
)
def test_a_file_that_is_no_yaml_mapping(file: Path, text: str | bytes, expected: str) -> None:
    assert problem(file, text).startswith(expected)


def test_lines_are_kept_for_keys_and_list_entries(file: Path) -> None:
    document = read(file, "a: 1\nb:\n  c:\n    - x\n    - {d: 2}\n")
    assert document.values == {"a": 1, "b": {"c": ["x", {"d": 2}]}}
    assert document.lines["b", "c", 1, "d"] == 5
    assert document.lines["b", "c", 0] == 4
    assert document.lines["b", "c"] == 3


def test_a_byte_order_mark_is_no_part_of_the_first_key(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert parse(file).values == {"a": 1}


def test_duplicate_keys_are_told_with_both_lines(file: Path) -> None:
    document = read(file, "a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert told(document) == [
        (3, ("a",), "stands in line 1 already; keep one of the two"),
        (2, ("b", "c"), "stands in line 2 already; keep one of the two"),
    ]


@pytest.mark.parametrize("word", ["on", "off", "yes", "no", "Yes", "true"])
def test_a_key_that_yaml_reads_as_a_truth_value_is_refused(file: Path, word: str) -> None:
    [(line, key, text)] = told(read(file, f"a:\n  {word}: 1\n"))
    assert (line, key) == (2, ("a", word))
    assert text == f'YAML reads it as true or false; write it in quotes: "{word}"'
    assert read(file, f'a:\n  "{word}": 1\n').problems == ()


@pytest.mark.parametrize("word", ["365", "null", "1.5", "[a]"])
def test_a_key_that_is_no_text_is_refused(file: Path, word: str) -> None:
    [(_, _, text)] = told(read(file, f"{word}: 1\n"))
    assert text.startswith("a key must be text; write it in quotes")


def test_what_is_merged_in_gives_way_to_a_mappings_own_keys(file: Path) -> None:
    document = read(file, "a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\nc: {<<: *a}\nd: *a\n")
    assert document.values["b"] == {"x": 1, "y": 3}
    assert document.values["c"] == document.values["d"] == {"x": 1, "y": 2}
    assert document.problems == ()


def test_a_merged_mapping_may_be_used_twice(file: Path) -> None:
    document = read(file, "a: &a {x: 1}\nb: &b\n  <<: *a\n  x: 2\nc: *b\n")
    assert document.values["c"] == {"x": 2}
    assert document.problems == ()


def test_an_alias_that_contains_itself_is_refused(file: Path) -> None:
    [(line, key, text)] = told(read(file, "a: &a\n  b: *a\n"))
    assert (line, key, text) == (2, ("a", "b"), "contains itself")


def test_an_unknown_tag_and_an_impossible_date_are_told(file: Path) -> None:
    document = read(file, "a: !secrt x\nb: 2026-02-30\nc: !!python/object:os.system {}\n")
    known_tags = "the tag {} does not belong here; there are !secret NAME and !env NAME"
    assert [(line, text.split(" (")[0]) for line, _, text in told(document)] == [
        (1, known_tags.format("!secrt")),
        (2, "cannot be read"),
        (3, known_tags.format("tag:yaml.org,2002:python/object:os.system")),
    ]


def test_names_are_collected_and_wrong_shapes_ignored(file: Path) -> None:
    connections = "connections:\n  a: {provider: x}\n  b: 1\n  c: {provider: [1]}\n"
    document = read(file, f"{connections}rules: [r, {{s: 1}}, 5]\nplugin_dirs: [p, 7]\n")
    assert document.providers == {"x"}
    assert document.rules == {"r", "s"}
    assert document.plugin_dirs == (file.parent / "p",)


@pytest.mark.parametrize("text", ["connections: 1\nrules: x\nplugin_dirs: {}\n", "a: 1\n"])
def test_no_names_are_found_where_there_are_none(file: Path, text: str) -> None:
    document = read(file, text)
    assert not document.providers
    assert not document.rules
    assert not document.plugin_dirs


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without libyaml")
def test_both_parsers_read_the_same_in_the_same_lines() -> None:
    text = EXAMPLE.read_text("utf-8")
    hidden = {"!secret": lambda name, _: f"secret {name}", "!env": lambda name, _: f"env {name}"}
    slow, (fast, values) = LineLoader(text, hidden), loaded(text, hidden)
    assert values == slow.read()
    assert type(fast) is not LineLoader
    assert (fast.lines, fast.problems, fast.hidden) == (slow.lines, slow.problems, slow.hidden)


def test_what_has_read_a_document_is_gone_with_it() -> None:
    gc.disable()  # a cycle would stay until it is found, and with it every node of the file
    try:
        reader, _ = loaded("a: [1, 2]\n", {})
        gone = weakref.ref(reader)
        del reader
        assert gone() is None
    finally:
        gc.enable()
