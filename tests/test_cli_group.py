"""Which commands there are: calsync's own and those of plugins, of which none is imported without need."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from calsync.cli import group, run
from calsync.errors import PluginError
from calsync.loader import Plugin, Plugins
from calsync.loader.manifest import Manifest

if TYPE_CHECKING:
    from tests.fake_app import Printed

COMMANDS = ("backup", "check", "confirm", "demo", "plan", "plugins", "restore", "run", "sync")


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_lists_every_command(capsys: Printed, arguments: list[str]) -> None:
    assert run(arguments) == 0
    printed = capsys.readouterr().out
    assert all(f"  {name} " in printed for name in COMMANDS)


def test_plugins_lists_the_bundled_ones(capsys: Printed) -> None:
    assert run(["plugins"]) == 0
    assert (
        "rules: attendee_stripping, copy_location, only_types, private_mask, reminder_once, series_skip"
        in capsys.readouterr().out
    )
    assert run(["plugins", "--json"]) == 0
    plugins = json.loads(capsys.readouterr().out)["plugins"]
    assert {plugin["name"] for plugin in plugins} >= {"flowfact", "graph", "rules", "sandbox"}


def test_a_plugin_that_cannot_say_what_it_is_is_told_beside_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.setattr(Plugins, "find", lambda: Plugins([plugin("good")], ["acme/manifest.json is no JSON"]))
    assert run(["plugins"]) == 0
    printed = capsys.readouterr()
    assert "good " in printed.out
    assert printed.err == "calsync: not listed: acme/manifest.json is no JSON\n"
    assert run(["plugins", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["broken"] == ["acme/manifest.json is no JSON"]


def plugin(module: str, *commands: str) -> Plugin:
    manifest = Manifest(
        domain=module,
        name="A plugin",
        version="1",
        kind="tool",
        documentation="",
        providers=frozenset(),
        rules=frozenset(),
        commands=frozenset(commands),
    )
    return Plugin(manifest=manifest, module=module, origin="test")


def found(monkeypatch: pytest.MonkeyPatch, *plugins: Plugin) -> click.Group:
    """Return a fresh group that finds only these plugins."""
    monkeypatch.setattr(Plugins, "find", lambda: Plugins(plugins))
    return group.PluginGroup(commands={"sync": click.Command("sync")})


def test_a_plugins_command_is_listed_from_its_manifest(monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    top = found(monkeypatch, plugin("not_there", "wave", "sync"))
    top.main(["--help"], standalone_mode=False)
    printed = capsys.readouterr().out
    assert "wave  (plugin not_there) A plugin" in printed
    assert printed.count("sync") == 1


def test_a_plugins_command_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    top = found(monkeypatch, plugin("waving", "wave"))
    monkeypatch.setattr(Plugins, "command", lambda _, name, opened: click.Command(name, callback=lambda: 7))
    assert top.main(["wave"], standalone_mode=False) == 7


def test_a_broken_plugin_costs_only_its_own_commands(monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    def broken() -> Plugins:
        raise PluginError("manifest.json is no JSON")

    top = found(monkeypatch)
    monkeypatch.setattr(Plugins, "find", broken)
    top.main(["--help"], standalone_mode=False)
    printed = capsys.readouterr()
    assert "sync" in printed.out
    assert printed.err == "calsync: manifest.json is no JSON\n"


def calsync_in_a_process(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "imported"),
    [
        (["--help"], set()),
        (["plugins"], set()),
        (["sync", "--help"], set()),
        (["demo", "--help"], {"calsync_sandbox"}),
    ],
)
def test_a_command_imports_only_its_own_plugin(arguments: list[str], imported: set[str]) -> None:
    code = f"import sys; from calsync.cli import run; code = run({arguments}); print(*sys.modules); sys.exit(code)"
    finished = calsync_in_a_process(code)
    assert finished.returncode == 0, finished.stderr
    modules = set(finished.stdout.splitlines()[-1].split())
    plugins = {"calsync_flowfact", "calsync_graph", "calsync_rules", "calsync_sandbox"}
    assert modules & plugins == imported
    assert "calsync.app" not in modules
