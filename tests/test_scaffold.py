"""What `calsync new` writes into an empty folder passes its tests, its linter and its type checker at once."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import voluptuous as vol
import yaml

from calsync.cli import run
from calsync.errors import ConfigError
from calsync.loader import Plugins
from calsync.loader.details import details
from calsync.loader.quality import RULES
from calsync.scaffold import write

ROOT = Path(__file__).parent.parent
PYTEST = ["pytest", "-q", "-p", "no:cacheprovider"]


def played(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a module in the folder, as if the package in it was installed."""
    paths = os.pathsep.join([str(folder), str(ROOT), str(ROOT / "plugins")])
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("kind", ["provider", "rule"])
def test_a_new_package_passes_from_the_first_minute(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["new", kind, "my_crm2", "--in", str(tmp_path)]) == 0
    folder = tmp_path / "calsync-my-crm2"
    assert str(folder / "README.md") in capsys.readouterr().out
    for command in (
        PYTEST,
        ["ruff", "check", "--no-cache"],
        ["ruff", "format", "--check"],
        ["mypy", "--no-incremental"],
    ):
        finished = played(folder, *command)
        assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.parametrize("kind", ["provider", "rule"])
def test_calsync_loads_what_was_written_and_no_other_name_is_left_in_it(kind: str, tmp_path: Path) -> None:
    name = f"crm_{kind}"
    write(kind, name, tmp_path)  # type: ignore[arg-type] # a parameter
    folder = tmp_path / f"calsync-crm-{kind}"
    texts = [path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()]
    assert not any("acme" in text.lower() or "@calsync@" in text for text in texts)
    [found] = [one for one in Plugins.find([folder]).found if one.manifest.domain == name]
    loaded = Plugins([found]).load(found.provides("providers"), found.provides("rules"))
    assert {**loaded.providers, **loaded.rules}.keys() == {name}


def test_the_readme_of_a_rule_configures_what_its_schema_takes(tmp_path: Path) -> None:
    write("rule", "my_rule", tmp_path)
    folder = tmp_path / "calsync-my-rule"
    [shown] = re.findall(r"```yaml\n(.*?)```", (folder / "README.md").read_text("utf-8"), re.DOTALL)
    [options] = [rule["my_rule"] for rule in yaml.safe_load(shown)["rules"] if "my_rule" in rule]
    [found] = [one for one in Plugins.find([folder]).found if one.manifest.domain == "my_rule"]
    assert vol.Schema(Plugins([found]).load([], ["my_rule"]).rules["my_rule"].schema)(options) == options


def test_a_new_provider_says_what_is_still_to_do(tmp_path: Path) -> None:
    write("provider", "crm", tmp_path)
    [found] = [one for one in Plugins.find([tmp_path / "calsync-crm"]).found if one.manifest.domain == "crm"]
    quality = details(found).quality
    assert quality is not None
    assert quality.level == "bronze"
    assert {name for name in RULES if quality.is_open(name)} >= {"real_server", "checks", "tells_deletes"}


@pytest.mark.parametrize("name", ["", "Crm", "my-crm", "1a", "a__b", "class", "../x", "graph"])
def test_a_name_that_is_none_or_taken_writes_nothing(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        write("provider", name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path: Path) -> None:
    write("rule", "crm", tmp_path)
    with pytest.raises(ConfigError, match="exists already"):
        write("provider", "crm", tmp_path)


def test_the_manifest_names_the_calsync_that_wrote_it(tmp_path: Path) -> None:
    write("rule", "crm", tmp_path)
    manifest = json.loads((tmp_path / "calsync-crm" / "calsync_crm" / "manifest.json").read_text())
    assert manifest["requires_calsync"] == "0.1"
