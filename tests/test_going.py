"""What is to go still works for one release, and says who uses it and what takes its place."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from calsync import ports
from calsync.going import following, going

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USES = "from moved_here import Hours\n"


@pytest.fixture
def moved() -> Iterator[ModuleType]:
    """A module of calsync's, as it were, that has given a name up."""
    module = ModuleType("moved_here")
    module.__getattr__ = going("moved_here", {"Hours": "calsync.ports.Clock"})  # type: ignore[method-assign]
    sys.modules["moved_here"] = module
    yield module
    del sys.modules["moved_here"]


def test_an_old_name_leads_to_what_took_its_place_and_names_who_uses_it(
    moved: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    plugin = {"__name__": "calsync_acme.calendar"}
    said = (
        "calsync_acme.calendar uses moved_here.Hours, which is calsync.ports.Clock now;"
        f" in calsync {following()} the old name is gone"
    )
    with pytest.warns(DeprecationWarning, match=r"calsync_acme\.calendar") as warned:
        exec(compile(USES, "calsync_acme/calendar.py", "exec"), plugin)  # noqa: S102 - a plugin's own line
    assert plugin["Hours"] is ports.Clock  # type: ignore[comparison-overlap] # it was put there
    assert [(str(one.message), one.filename) for one in warned] == [(said, "calsync_acme/calendar.py")]
    assert caplog.record_tuples == [("calsync.plugins", logging.WARNING, said)]


def test_a_name_that_never_was_is_none(moved: ModuleType) -> None:
    with pytest.raises(AttributeError, match="module 'moved_here' has no attribute 'Days'"):
        _ = moved.Days


@pytest.mark.parametrize(("version", "next_one"), [("0.1.0", "0.2"), ("0.9.4", "0.10"), ("1.4.0", "2")])
def test_what_is_announced_goes_with_the_next_version_that_may_break_a_plugin(version: str, next_one: str) -> None:
    assert following(version) == next_one


CONFIGURATION = """
service: {{store: "sqlite:///{folder}/calsync.db"}}
plugin_dirs: [plugins]
connections:
  one: {{provider: of_old}}
accounts:
  anna: {{left: {{connection: one}}, right: {{connection: one}}, timezone: Europe/Berlin}}
"""
PLUGIN = """
from calsync.hookspecs import hookimpl
from calsync.ports import ProviderSpec

@hookimpl
def calsync_providers():
    return [ProviderSpec(name="of_old", connection_schema={}, calendar_schema={}, open=lambda *_: 1 / 0)]
"""
MANIFEST = {
    "domain": "of_old",
    "name": "Of old",
    "version": "1",
    "kind": "provider",
    "documentation": "README.md",
    "capabilities": [],
    "provides": {"providers": ["of_old"], "rules": [], "commands": []},
}


def test_an_operator_is_told_what_the_next_calsync_will_not_take(tmp_path: Path) -> None:
    (tmp_path / "plugins" / "of_old").mkdir(parents=True)
    (tmp_path / "plugins" / "of_old" / "__init__.py").write_text(PLUGIN)
    (tmp_path / "plugins" / "of_old" / "manifest.json").write_text(json.dumps(MANIFEST))
    (tmp_path / "calsync.yaml").write_text(CONFIGURATION.format(folder=tmp_path))
    command = [sys.executable, "-m", "calsync", "sync", "-c", str(tmp_path / "calsync.yaml")]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert f"plugin of_old ({tmp_path / 'plugins' / 'of_old'}): its manifest does not say" in finished.stderr
    assert f"calsync {following()} will refuse it" in finished.stderr
