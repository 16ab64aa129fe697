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


def made() -> Iterator[tuple[str, ast.Call]]:
    """Yield where providers make findings."""
    for path in sorted(PLUGINS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding":
                yield f"{path.parent.name}/{path.name}:{node.lineno}", node


def test_every_finding_has_a_german_text() -> None:
    found = list(made())
    assert {"calsync_exchange_ews", "calsync_flowfact", "calsync_graph"} <= {
        place.partition("/")[0] for place, _ in found
    }
    alone = [place for place, call in found if len([*call.args, *call.keywords]) != len(("severity", "en", "de"))]
    assert alone == []


@pytest.mark.parametrize("german", [None, "abgelaufen"])
def test_a_finding_is_said_of_a_connection_in_both_languages(german: str | None) -> None:
    found = Finding("error", "expired", german).of("mail")
    assert (found.severity, found.said("en")) == ("error", "connection mail: expired")
    assert found.said("de") == f"connection mail: {german or 'expired'}"
