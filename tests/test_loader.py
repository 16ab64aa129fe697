"""Plugins: found by manifest, imported only when named, and whatever is wrong names the plugin."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import PluginError, reason
from calsync.loader import KINDS, Plugin, Plugins
from calsync.loader.details import details
from calsync.loader.discovery import GROUP, in_folder
from calsync.loader.importing import TRACE
from calsync.loader.manifest import fits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RULE = """
from calsync.hookspecs import hookimpl
from calsync.ports import RuleSpec

@hookimpl
def calsync_rules():
    return [RuleSpec(name="{name}", schema={{}}, build=lambda options: None)]
"""
COMMAND = """
import click
from calsync.hookspecs import hookimpl

@hookimpl
def calsync_commands(cli):
    cli.add_command(click.Command("{name}", callback=lambda: 7))
"""


def unopened(path: Path, connection: str) -> Any:
    """Stands for the way to a connection where no command is run."""
    raise AssertionError(path, connection)


def manifest(domain: str, **provides: list[str]) -> dict[str, Any]:
    return {
        "domain": domain,
        "name": domain.title(),
        "version": "1.2",
        "kind": "rules",
        "documentation": "https://example.org",
        "capabilities": [],
        "requires_calsync": "0.1",
        "provides": {"providers": [], "rules": [], "commands": []} | provides,
    }


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Callable[..., Plugin]]:
    """Return a function that writes a plugin into a folder and finds it there."""
    before = set(sys.modules)

    def write(module: str, code: str, **provides: list[str]) -> Plugin:
        folder = tmp_path / module
        folder.mkdir()
        (folder / "__init__.py").write_text(code)
        (folder / "manifest.json").write_text(json.dumps(manifest(module, **provides)))
        return next(one for one in in_folder(tmp_path) if isinstance(one, Plugin) and one.module == module)

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_what_a_plugin_provides_is_known_without_importing_it(
    plugin: Callable[..., Plugin], tmp_path: Path
) -> None:
    found = plugin("wants_attention", "raise SystemExit", rules=["shout"], commands=["call"])
    assert found.manifest.version == "1.2"
    assert found.origin == str(tmp_path / "wants_attention")
    assert [found.provides(kind) for kind in KINDS] == [frozenset(), {"shout"}, {"call"}]
    plugins = Plugins([found])
    assert plugins.names("rules") == {"shout"}
    assert plugins.load([], []).rules == {}


def test_only_the_plugins_that_are_named_are_imported(plugin: Callable[..., Plugin]) -> None:
    wanted = plugin("wanted", RULE.format(name="one"), rules=["one"])
    other = plugin("other", "raise SystemExit", rules=["two"])
    loaded = Plugins([wanted, other]).load(["nobody"], ["one", "nobody"])
    assert list(loaded.rules) == ["one"]
    assert loaded.versions == {"one": "1.2"}
    assert loaded.providers == {}
    assert "other" not in sys.modules


def test_a_plugin_of_several_modules_is_imported_once(plugin: Callable[..., Plugin], tmp_path: Path) -> None:
    found = plugin("in_parts", "from in_parts.rule import calsync_rules", rules=["one"])
    (tmp_path / "in_parts" / "rule.py").write_text(RULE.format(name="one"))
    plugins = Plugins([found])
    assert list(plugins.load([], ["one"]).rules) == ["one"]
    module = sys.modules["in_parts"]
    plugins.load([], ["one"])
    assert sys.modules["in_parts"] is module
    assert str(tmp_path) not in sys.path


def test_a_command_imports_only_its_own_plugin(plugin: Callable[..., Plugin]) -> None:
    one = plugin("commander", COMMAND.format(name="one"), commands=["one"])
    two = plugin("sleeper", "raise SystemExit", commands=["two"])
    command = Plugins([one, two]).command("one", unopened)
    assert command.callback is not None
    assert command.callback() == 7


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_exists_twice_names_both_plugins(plugin: Callable[..., Plugin], kind: str) -> None:
    one, two = plugin("one", "", **{kind: ["same"]}), plugin("two", "", **{kind: ["same"]})
    with pytest.raises(PluginError, match=rf"^{kind[:-1]} same exists twice: one \(.*\) and two \("):
        Plugins([one, two])


def test_a_plugin_that_exists_twice_names_both_places(plugin: Callable[..., Plugin]) -> None:
    found = plugin("one", "")
    with pytest.raises(PluginError, match=r"^plugin one exists twice: one \(.*\) and one \("):
        Plugins([found, found])


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import nowhere_at_all", "cannot be imported (ModuleNotFoundError: No module named 'nowhere_at_all')"),
        ("1 +", "cannot be imported (SyntaxError"),
        ("raise SystemExit(0)", "cannot be imported (SystemExit: 0)"),
        (
            "from calsync.hookspecs import hookimpl\n@hookimpl\ndef calsync_rules(): raise SystemExit\n",
            "failed while handing over its rules (SystemExit",
        ),
        (
            "from calsync.hookspecs import hookimpl\n@hookimpl\ndef calsync_rulez(): ...\n",
            "has a wrong hook (PluginValidationError: unknown hook 'calsync_rulez'",
        ),
        (
            "from calsync.hookspecs import hookimpl\n@hookimpl\ndef calsync_rules(wrong): ...\n",
            "has a wrong hook (PluginValidationError",
        ),
        (
            "from calsync.hookspecs import hookimpl\n@hookimpl\ndef calsync_rules(): return 1 / 0\n",
            "failed while handing over its rules (ZeroDivisionError: division by zero)",
        ),
        ("", ": its manifest promises rules one, it has none"),
        (RULE.format(name="two"), ": its manifest promises rules one, it has two"),
    ],
)
def test_a_broken_plugin_is_named(plugin: Callable[..., Plugin], tmp_path: Path, code: str, expected: str) -> None:
    plugins = Plugins([plugin("broken", code, rules=["one"])])
    with pytest.raises(PluginError) as caught:
        plugins.load([], ["one"])
    assert str(caught.value).startswith(f"plugin broken ({tmp_path / 'broken'})")
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", "its manifest promises commands one, it has none"),
        (
            "from calsync.hookspecs import hookimpl\n@hookimpl\ndef calsync_commands(cli): return 1 / 0\n",
            "failed while adding its commands (ZeroDivisionError",
        ),
    ],
)
def test_a_broken_command_names_its_plugin(plugin: Callable[..., Plugin], code: str, expected: str) -> None:
    plugins = Plugins([plugin("broken", code, commands=["one"])])
    with pytest.raises(PluginError) as caught:
        plugins.command("one", unopened)
    assert str(caught.value).startswith("plugin broken (")
    assert expected in str(caught.value)


def test_a_plugin_that_failed_once_leaves_nothing_behind(plugin: Callable[..., Plugin]) -> None:
    plugins = Plugins([plugin("broken", "1 / 0", rules=["one"])])
    for _ in range(2):
        with pytest.raises(PluginError, match="ZeroDivisionError"):
            plugins.load([], ["one"])


def test_a_folder_with_the_name_of_an_installed_package_is_refused(plugin: Callable[..., Plugin]) -> None:
    plugins = Plugins([plugin("calsync", RULE.format(name="one"), rules=["one"])])
    with pytest.raises(PluginError, match="has the name of an installed package; rename it"):
        plugins.load([], ["one"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "is no JSON"),
        ("[]", "expected a dictionary"),
        (json.dumps(manifest("x") | {"provides": {}}), "required key not provided"),
        (json.dumps(manifest("x", rules=[""])), "length of value must be at least 1"),
        (json.dumps(manifest("x") | {"colour": "red"}), "extra keys not allowed"),
    ],
)
def test_a_wrong_manifest_is_named(
    plugin: Callable[..., Plugin], tmp_path: Path, text: str, expected: str
) -> None:
    plugin("broken", "")
    path = tmp_path / "broken" / "manifest.json"
    path.write_text(text)
    [said] = Plugins.find([tmp_path]).broken
    assert said.startswith(str(path))
    assert expected in said


def test_a_package_without_manifest_is_named(tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "__init__.py").write_text("")
    [said] = Plugins.find([tmp_path]).broken
    assert said.endswith("bare/manifest.json cannot be read (No such file or directory)")


def test_a_broken_plugin_is_in_nobodys_way_but_where_a_name_is_missing_it_is_the_reason(
    plugin: Callable[..., Plugin], tmp_path: Path
) -> None:
    plugin("good_one", RULE.format(name="shout"), rules=["shout"])
    plugin("broken", "", rules=["cry"])
    (tmp_path / "broken" / "manifest.json").write_text("{")
    plugins = Plugins.find([tmp_path])
    assert list(plugins.load([], ["shout"]).rules) == ["shout"]
    for names in (([], ["cry"]), (["cry"], ["shout"])):
        with pytest.raises(PluginError, match=r"broken/manifest.json is no JSON"):
            plugins.load(*names)


def test_other_folders_and_files_are_no_plugins(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "single.py").write_text("")
    assert list(in_folder(tmp_path)) == []
    assert list(in_folder(tmp_path / "nowhere")) == []


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that installs a distribution `thirdparty` 3.4 with one entry point."""

    def install(entry_point: str) -> None:
        info = tmp_path / "thirdparty-3.4.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: thirdparty\nVersion: 3.4\n")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{entry_point}\n")
        monkeypatch.syspath_prepend(tmp_path)

    return install


def test_an_installed_plugin_is_found_without_touching_calsync(
    plugin: Callable[..., Plugin], distribution: Callable[[str], None]
) -> None:
    plugin("third_party", RULE.format(name="theirs"), rules=["theirs"])
    distribution("theirs = third_party")
    plugins = Plugins.find()
    [found] = [one for one in plugins.found if one.manifest.domain == "third_party"]
    assert found.origin == "thirdparty 3.4"
    assert "third_party" not in sys.modules
    assert list(plugins.load([], ["theirs"]).rules) == ["theirs"]


@pytest.mark.parametrize("module", ["not_there", "json.decoder", "this"])
def test_an_entry_point_without_package_names_its_distribution(
    distribution: Callable[[str], None], module: str
) -> None:
    distribution(f"theirs = {module}")
    assert Plugins.find().broken == (f"plugin theirs of thirdparty 3.4: there is no top-level package {module}",)


def bundled() -> list[str]:
    return [entry.value for entry in entry_points(group=GROUP) if entry.dist and entry.dist.name == "calsync"]


@pytest.mark.parametrize("module", bundled())
def test_each_bundled_manifest_says_what_the_plugin_hands_over(module: str) -> None:
    [found] = [plugin for plugin in Plugins.find().found if plugin.module == module]
    plugins = Plugins([found])
    loaded = plugins.load(found.provides("providers"), found.provides("rules"))
    assert set(loaded.providers) == found.provides("providers")
    assert set(loaded.rules) == found.provides("rules")
    for name in found.provides("commands"):
        assert plugins.command(name, unopened).name == name


def test_finding_and_listing_import_no_plugin() -> None:
    code = "import sys; from calsync.loader import Plugins; Plugins.find(); print(*sys.modules)"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert not set(finished.stdout.split()) & set(bundled())


def test_a_plugin_hands_over_its_providers(plugin: Callable[..., Plugin]) -> None:
    code = """
from calsync.hookspecs import hookimpl
from calsync.ports import ProviderSpec

@hookimpl
def calsync_providers():
    return [ProviderSpec(name="crm", connection_schema={}, calendar_schema={}, open=lambda settings, host: None)]
"""
    plugins = Plugins([plugin("crm_plugin", code, providers=["crm"])])
    assert plugins.load(["crm"], []).providers["crm"].name == "crm"


@pytest.mark.parametrize(
    ("required", "present", "good"),
    [
        ("0.1", "0.1.0", True),
        ("0.1.2", "0.1.1", False),
        ("0.1", "0.1.7", True),
        ("0.1", "0.2.0", False),
        ("0.2", "0.1.9", False),
        ("1.2", "1.10.0", True),
        ("1.2", "1.1.9", False),
        ("1.2", "2.0.0", False),
    ],
)
def test_a_plugin_fits_a_calsync_that_has_all_it_was_written_for(required: str, present: str, good: bool) -> None:
    assert fits(required, present) is good


def test_a_plugin_for_another_calsync_is_not_imported_and_named(
    plugin: Callable[..., Plugin], tmp_path: Path
) -> None:
    plugin("of_tomorrow", "raise SystemExit", rules=["shout"])
    path = tmp_path / "of_tomorrow" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"requires_calsync": "9.1"}))
    plugins = Plugins.find([tmp_path])
    with pytest.raises(PluginError, match=r"plugin of_tomorrow .* was written for calsync 9\.1, and this is"):
        plugins.load([], ["shout"])


def test_a_required_version_that_is_none_names_the_file(plugin: Callable[..., Plugin], tmp_path: Path) -> None:
    plugin("unclear", "", rules=["shout"])
    path = tmp_path / "unclear" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"requires_calsync": ">=1"}))
    [said] = Plugins.find([tmp_path]).broken
    assert "manifest.json: must be a version of calsync" in said


def test_a_plugin_that_does_not_say_for_which_calsync_it_is_still_works_and_warns(
    plugin: Callable[..., Plugin], tmp_path: Path
) -> None:
    plugin("of_old", RULE.format(name="shout"), rules=["shout"])
    path = tmp_path / "of_old" / "manifest.json"
    content = json.loads(path.read_text())
    del content["requires_calsync"]
    path.write_text(json.dumps(content))
    with pytest.warns(DeprecationWarning, match=r"plugin of_old .*does not say `requires_calsync`"):
        loaded = Plugins.find([tmp_path]).load([], ["shout"])
    assert list(loaded.rules) == ["shout"]


def test_a_bug_in_a_library_names_the_plugin_that_called_it(plugin: Callable[..., Plugin]) -> None:
    reads = "def read(options):\n    import json\n    return json.loads('{')\n"
    code = reads + RULE.format(name="shout").replace("lambda options: None", "read")
    loaded = Plugins([plugin("acme_rules", code, rules=["shout"])]).load([], ["shout"])
    with pytest.raises(ValueError, match="Expecting property name") as caught:
        loaded.rules["shout"].build({})
    said = reason(caught.value)
    assert said.startswith("a bug, JSONDecodeError in ")
    assert said.endswith(", called by the plugin acme_rules")


def test_looking_closely_tells_hooks_and_what_is_in_the_way(plugin: Callable[..., Plugin]) -> None:
    good = details(plugin("good_one", RULE.format(name="shout"), rules=["shout"]))
    assert (list(good.hooks), good.quality, good.problem) == (["calsync_rules"], None, None)
    broken = details(plugin("broken_one", "raise RuntimeError('no')", rules=["cry"]))
    assert broken.hooks == ()
    assert "plugin broken_one" in str(broken.problem)
    assert "RuntimeError: no" in str(broken.problem)


def test_each_call_of_a_hook_can_be_told(
    plugin: Callable[..., Plugin], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = plugin("traced", RULE.format(name="shout"), rules=["shout"])
    Plugins([found]).load([], ["shout"])
    assert capsys.readouterr().err == ""
    monkeypatch.setenv(TRACE, "1")
    Plugins([found]).load([], ["shout"])
    assert "hook calsync_rules asks traced\n" in (said := capsys.readouterr().err)
    assert "hook calsync_rules got 1 answers\n" in said
    bad = plugin(
        "trips",
        "from calsync.hookspecs import hookimpl\n@hookimpl\ndef calsync_rules():\n    1 / 0\n",
        rules=["x"],
    )
    with pytest.raises(PluginError, match="plugin trips"):
        Plugins([bad]).load([], ["x"])
    assert "hook calsync_rules failed (ZeroDivisionError)\n" in capsys.readouterr().err
