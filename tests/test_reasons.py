from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calsync.reasons import NAMED, REASONS, UNKNOWN, known, sentence
from calsync.sync.model import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EVERY = {**REASONS, **NAMED}
ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("reason", EVERY)
def test_each_reason_has_a_whole_sentence_in_both_languages(reason: str) -> None:
    for text in EVERY[reason]:
        assert text.strip() == text
        assert text[0].isupper()
        assert text.endswith(".")
        assert "  " not in text
    assert EVERY[reason].en != EVERY[reason].de


@pytest.mark.parametrize("reason", EVERY)
def test_german_has_umlauts_and_says_sie(reason: str) -> None:
    german = EVERY[reason].de
    assert not re.search(r"\b(fuer|ueber|aender\w*|loesch\w*|koennt\w*|gehoer\w*)\b", german, re.IGNORECASE)
    assert not re.search(r"\b(du|dein|deine|dir|dich)\b", german, re.IGNORECASE)


def test_attendees_come_with_the_manuals_advice() -> None:
    assert "do not use attendees with two-way sync, or choose one direction" in sentence("has_attendees")
    assert "Verwenden Sie bei beidseitiger Synchronisation keine Teilnehmer" in sentence("has_attendees", "de")


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_rules_name_stands_in_its_sentence(language: str) -> None:
    assert "private_mask" in sentence("rule_failed:private_mask", "de" if language == "de" else "en")
    assert known("rule_failed:private_mask")


@pytest.mark.parametrize("what", [*FIELDS, "create"])
def test_a_loop_names_what_is_written_in_the_words_of_its_user(what: str) -> None:
    assert known(f"loop:{what}")
    assert what not in sentence(f"loop:{what}", "de")


def test_an_unknown_reason_can_still_be_read() -> None:
    assert sentence("too_early") == UNKNOWN.en.format(name="too early")
    assert sentence("too_early", "de") == UNKNOWN.de.format(name="too early")
    assert not known("too_early")
    assert not known("rule_failed")


def test_every_reason_that_the_core_the_engine_and_the_bundled_rules_give_is_known() -> None:
    folders = [ROOT / "calsync" / "sync", ROOT / "calsync" / "engine", ROOT / "plugins" / "calsync_rules"]
    trees = [ast.parse(path.read_text("utf-8")) for folder in folders for path in folder.glob("*.py")]
    positions = {name: place for tree in trees for name, place in _takes_reason(tree)}
    constants = {name: word for tree in trees for name, word in _constants(tree)}
    words = {word for tree in trees for given in _given(tree, positions) for word in _words(given, constants)}
    assert words >= {
        "new",
        "conflict",
        "has_attendees",
        "series",
        "ambiguous",
        "online_meeting",
        "attendees_unknown",
    }
    assert {word for word in words if not known(word)} == set()


def _takes_reason(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield each function and class with a parameter or field `reason`, and its position."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args if argument.arg != "self"]
        else:
            fields = [field for field in node.body if isinstance(field, ast.AnnAssign)]
            names = [field.target.id for field in fields if isinstance(field.target, ast.Name)]
        if "reason" in names:
            yield node.name, names.index("reason")


def _given(tree: ast.Module, positions: Mapping[str, int]) -> Iterator[ast.expr]:
    """Yield the expressions that become a reason: arguments, assignments, what some functions return or yield."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "reason")
            place = positions.get(getattr(node.func, "id", getattr(node.func, "attr", "")))
            yield from node.args[place : place + 1] if place is not None else ()
        elif isinstance(node, ast.Assign) and any("reason" in ast.unparse(target) for target in node.targets):
            yield node.value
        elif isinstance(node, ast.FunctionDef) and node.name == "_left_behind":
            yield from (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Yield) and inner.value)
        elif isinstance(node, ast.FunctionDef) and node.name in {"admit", "refusal", "may_mail"}:
            yield from (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return) and inner.value)


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names of a module for single words."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def _words(expression: ast.expr, constants: Mapping[str, ast.expr]) -> Iterator[str]:
    names = [node.id for node in ast.walk(expression) if isinstance(node, ast.Name)]
    named = [constants[name] for name in names if name in constants]
    for node in [*ast.walk(expression), *named]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch("[a-z_]+", node.value):
            yield node.value
