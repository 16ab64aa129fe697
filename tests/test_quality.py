"""The quality scale: the level follows from the rules; the bundled files are as honest as can be seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calsync.errors import PluginError
from calsync.loader import Plugin, Plugins
from calsync.loader.details import details, place
from calsync.loader.quality import LEVELS, RULES, Quality, read_quality
from calsync.testing.contract import CalendarContract

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent.parent
TESTS = {path.parent.name: path for path in (ROOT / "tests" / "plugins").glob("*/test_contract.py")}
ALL: Mapping[str, str | Mapping[str, str]] = dict.fromkeys(RULES, "done")


def providers() -> list[Plugin]:
    return [
        plugin
        for plugin in Plugins.find().found
        if plugin.origin.startswith("calsync ") and plugin.provides("providers")
    ]


def without(level: str) -> Quality:
    name = next(name for name, rule in RULES.items() if rule.level == level)
    return Quality({**ALL, name: {"todo": "later"}})


def test_the_level_is_the_highest_one_whose_rules_are_all_kept() -> None:
    assert Quality(ALL).level == "platinum"
    assert [without(level).level for level in LEVELS] == [None, "bronze", "silver", "gold"]


def test_what_does_not_apply_is_in_no_ones_way() -> None:
    assert Quality({**ALL, "rings": {"exempt": "there is no doorbell"}}).level == "platinum"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("no JSON", "is no JSON"),
        (json.dumps({**ALL, "reads": "perhaps"}), "quality.json"),
        (json.dumps({**ALL, "reads": {"todo": ""}}), "quality.json"),
        (json.dumps(dict.fromkeys(list(RULES)[1:], "done")), "required key not provided @ data\\['reads'\\]"),
        (json.dumps({**ALL, "shines": "done"}), "extra keys not allowed @ data\\['shines'\\]"),
    ],
)
def test_a_file_that_answers_otherwise_is_named(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "quality.json").write_text(content)
    with pytest.raises(PluginError, match=said):
        read_quality(tmp_path)


def test_who_says_nothing_has_no_level(tmp_path: Path) -> None:
    assert read_quality(tmp_path) is None


@pytest.mark.parametrize("plugin", providers(), ids=lambda plugin: plugin.manifest.domain)
def test_what_a_bundled_provider_says_of_itself_is_so_where_that_can_be_seen(plugin: Plugin) -> None:
    about, folder = details(plugin), place(plugin)
    assert about.problem is None
    assert about.quality is not None
    kept = {name for name in RULES if about.quality.answers[name] == "done"}
    [spec] = Plugins([plugin]).load(plugin.provides("providers"), []).providers.values()
    source = "".join(path.read_text("utf-8") for path in folder.rglob("*.py"))
    tests = "".join(path.read_text("utf-8") for path in TESTS[plugin.module].parent.glob("*.py"))
    seen = {
        "reads": "(CalendarContract)" in tests,
        "follows_changes": "(CalendarContract)" in tests,
        "writes": "(CalendarContract)" in tests,
        "survives_faults": "(TroubleContract)" in tests or "(CalendarContract)" in tests,
        "says_what_it_needs": (ROOT / plugin.manifest.documentation).is_file() and bool(spec.connection_schema),
        "speaks_german": bool(spec.form),
        "checks": "async def check_calendar" in source,
        "tells_deletes": "Elsewhere()" in source,
        "rules_can_look": "also_read(" in source,
        "rings": "def listen(self, ring" in source,
        "typed": (folder / "py.typed").is_file(),
    }
    assert [name for name, is_so in seen.items() if name in kept and not is_so] == []


def test_the_scale_is_documented_with_what_shows_each_rule() -> None:
    text = (ROOT / "docs" / "reference" / "quality.md").read_text("utf-8")
    for name, rule in RULES.items():
        suite = f"the suite of promises: {', '.join(rule.groups)}"
        assert f"| `{name}` | {rule.sentence} | {suite if rule.groups else OWN} |" in text


OWN = "the provider's own tests"


def test_what_the_suite_shows_are_parts_of_it() -> None:
    parts = {part.__name__.removesuffix("Contract").lower() for part in CalendarContract.__bases__}
    shown = {group for rule in RULES.values() for group in rule.groups}
    assert shown <= parts
    assert parts - shown == {"picking"}  # whether calendars can be picked is a matter of comfort
