"""What providers find is said in English and in German, as people read it on the pages."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calsync.ports import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

PLUGINS = Path(__file__).parents[2] / "plugins"
MAKERS = {"Finding", "ok", "warning", "problem", "unknown"}
"""What makes a finding, or an answer of FLOWFACT's probe: of a word, English and German."""


def made() -> Iterator[tuple[str, ast.Call]]:
    """Yield where providers make findings."""
    for path in sorted(PLUGINS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
                yield f"{path.parent.name}/{path.name}:{node.lineno}", node


def test_every_finding_has_a_german_text() -> None:
    found = list(made())
    assert {"calsync_exchange_ews", "calsync_flowfact", "calsync_graph"} <= {
        place.partition("/")[0] for place, _ in found
    }
    alone = [place for place, call in found if len([*call.args, *call.keywords]) != len(("severity", "en", "de"))]
    assert alone == []


def text_of(node: ast.expr) -> str | None:
    """Return what a text begins with; None where it begins with a value."""
    if isinstance(node, ast.JoinedStr):
        node = node.values[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def test_a_german_text_begins_as_a_sentence_does() -> None:
    """It stands by itself on a page, or behind a colon: there it begins so, too. Names stay as they are."""
    begins = [(place, text_of(call.args[2])) for place, call in made() if len(call.args) > 2]
    small = [(place, text) for place, text in begins if text and text[0].islower()]
    assert [place for place, text in small if not text.startswith(("mailbox_outside_scope ", "fields."))] == []


@pytest.mark.parametrize("german", [None, "Abgelaufen"])
def test_a_finding_is_said_of_a_connection_in_both_languages(german: str | None) -> None:
    alone = Finding("error", "expired", german)
    found = alone.of("mail")
    assert (found.severity, found.said("en")) == ("error", "connection mail: expired")
    assert found.said("de") == ("Verbindung mail: Abgelaufen" if german else "connection mail: expired")
    assert found.beside("mail") == alone
