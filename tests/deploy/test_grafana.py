"""The dashboard names no figure, label or word that calsync does not have."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from calsync.metrics import RESULTS
from calsync.service import State
from extension.figures import families

ROOT = Path(__file__).parents[2]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "calsync.json").read_text("utf-8"))
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
GUIDE = (ROOT / "docs" / "how-to" / "run-as-a-service.md").read_text("utf-8")
NAME = re.compile(r"\bcalsync_[a-z_]+")


@pytest.fixture(scope="module")
def figures() -> dict[str, set[str]]:
    """Return the names of all figures of a service at work, each with its labels."""
    found: dict[str, set[str]] = {}
    for sample in (sample for family in families() for sample in family.samples):
        found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_what_a_panel_asks_for_is_there(figures: dict[str, set[str]], expression: str) -> None:
    names = NAME.findall(expression)
    assert names
    for name in names:
        assert name in figures
    labels = set().union(*(figures[name] for name in names)) | {"job"}
    grouped = [word for words in re.findall(r"by \(([^)]*)\)", expression) for word in re.split(r",\s*", words)]
    matched = re.findall(r"[{,](\w+)=", expression)
    assert {*grouped, *matched} <= labels


def test_the_words_that_a_panel_looks_for_are_calsync_s() -> None:
    asked = dict.fromkeys(re.findall(r'(state|result)="(\w+)"', " ".join(EXPRESSIONS)))
    assert asked
    words = {"state": {state.value for state in State}, "result": {*RESULTS.values(), "ok", "bug"}}
    assert all(word in words[label] for label, word in asked)


def test_a_legend_names_a_label_by_which_it_was_grouped() -> None:
    for target in (target for panel in DASHBOARD["panels"] for target in panel["targets"]):
        for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
            assert re.search(rf"by \([^)]*\b{label}\b", target["expr"])


def test_panels_do_not_lie_on_each_other() -> None:
    cells = Counter(
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    )
    assert max(cells.values()) == 1
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_the_guide_names_each_figure_and_no_other(figures: dict[str, set[str]]) -> None:
    ends = ("_bucket", "_sum", "_count", "_created")
    own = {name for name in figures if not name.endswith(ends) and not name.startswith("calsync_process_")}
    own |= {name.removesuffix("_bucket") for name in figures if name.endswith("_bucket")}
    named = {
        name.removesuffix("_bucket") for name in NAME.findall(GUIDE) if not name.startswith("calsync_process_")
    }
    assert named == own
