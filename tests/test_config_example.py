"""config.example.yaml is valid, complete, and says the defaults that are in force."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import voluptuous as vol

from calsync.config import Config, parse, validate
from calsync.config.schema import ACCOUNT, DISCOVER, SERVICE, TOP, WEB, WINDOW
from calsync.loader import Loaded, Plugins

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EXAMPLE = Path(__file__).parent.parent / "config.example.yaml"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the example with made-up secrets beside it."""
    names = re.findall(r"!secret (\w+)$", EXAMPLE.read_text("utf-8"), re.MULTILINE)
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text("".join(f'{name}: "made-up-for-the-test"\n' for name in names))
    secrets.chmod(0o600)
    return Path(shutil.copy(EXAMPLE, tmp_path))


@pytest.fixture
def loaded(copy: Path) -> Loaded:
    document = parse(copy)
    return Plugins.find(document.plugin_dirs).load(document.providers, document.rules)


@pytest.fixture
def config(copy: Path, loaded: Loaded) -> Config:
    return validate(parse(copy), loaded.providers, loaded.rules)


def schemas(loaded: Loaded) -> Iterator[Mapping[Any, Any]]:
    yield from (TOP, SERVICE, ACCOUNT, DISCOVER, WEB, WINDOW)
    for provider in loaded.providers.values():
        yield from (provider.connection_schema, provider.calendar_schema)
    yield from (rule.schema for rule in loaded.rules.values())


def keys(schema: Any) -> Iterator[str]:
    """Yield every key that a schema spells out, at any depth."""
    if isinstance(schema, vol.All | vol.Any):
        for validator in schema.validators:
            yield from keys(validator)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            yield str(key)
            yield from keys(value)


def test_the_example_is_valid(config: Config) -> None:
    assert list(config.accounts) == ["anna"]
    assert [rule.name for rule in config.rules] == [
        "series_skip",
        "attendee_stripping",
        "private_mask",
        "reminder_once",
    ]
    assert {connection.provider for connection in config.connections.values()} == {"flowfact", "graph"}


def test_every_key_there_is_stands_in_it(loaded: Loaded) -> None:
    written = set(re.findall(r"(\w+):", EXAMPLE.read_text("utf-8")))
    assert {key for schema in schemas(loaded) for key in keys(schema)} - written == set()


def test_what_it_gives_for_optional_keys_is_the_default(config: Config, loaded: Loaded) -> None:
    given: list[tuple[Mapping[Any, Any], Mapping[str, Any]]] = [
        *((loaded.providers[one.provider].connection_schema, one.settings) for one in config.connections.values()),
        *((loaded.rules[rule.name].schema, rule.options) for rule in config.rules),
        *((schema, parse(EXAMPLE, {}).values[section]) for schema, section in [(SERVICE, "service")]),
        (ACCOUNT, parse(EXAMPLE, {}).values["accounts"]["anna"]),
        (WINDOW, parse(EXAMPLE, {}).values["accounts"]["anna"]["window"]),
    ]
    for schema, values in given:
        for key in schema:
            plain = isinstance(key, vol.Optional) and not isinstance(key.default, vol.Undefined)
            if plain and key.default() not in ({}, []):
                assert values[str(key)] == key.default(), key


def test_the_other_rules_are_valid_as_they_are_shown(copy: Path) -> None:
    copy.write_text(
        copy.read_text("utf-8").replace("  # - only_types", "  - only_types").replace("  # - copy", "  - copy")
    )
    document = parse(copy)
    loaded = Plugins.find(document.plugin_dirs).load(document.providers, document.rules)
    rules = {rule.name: rule.options for rule in validate(document, loaded.providers, loaded.rules).rules}
    assert rules["only_types"] == {"include": ["viewing", "notary"]}
    assert rules["copy_location"] == {}


def test_discovery_is_valid_as_it_is_shown(copy: Path, loaded: Loaded) -> None:
    head, shown = copy.read_text("utf-8").split("  # discover:\n")
    copy.write_text(head + "  discover:\n" + re.sub(r"(?m)^  # ", "  ", shown), "utf-8")
    discover = validate(parse(copy), loaded.providers, loaded.rules).discover
    assert discover is not None
    assert (discover.include, len(discover.exclude)) == (("*",), 2)


def test_the_pages_are_valid_as_they_are_shown(copy: Path, loaded: Loaded) -> None:
    head, shown = copy.read_text("utf-8").split("# web:\n")
    section, rest = shown.split("\n\n", 1)
    copy.write_text(f"{head}web:\n" + re.sub(r"(?m)^# ", "", section) + f"\n\n{rest}", "utf-8")
    web = validate(parse(copy), loaded.providers, loaded.rules).web
    assert web is not None
    assert web.sign_in is not None
    assert web.self_service is not None


def test_a_flowfact_that_is_mapped_as_the_example_says_is_mapped_as_by_default(
    copy: Path, config: Config, loaded: Loaded
) -> None:
    """The field names are the provider's own defaults, so that uncommenting nothing changes nothing."""
    from calsync_flowfact.config import settings_of

    spec = loaded.providers["flowfact"]
    least = vol.Schema(spec.connection_schema)({"api_token": "made-up-for-the-test"})
    assert settings_of(config.connections["flowfact"].settings) == settings_of(least)
    assert copy.read_text("utf-8") == EXAMPLE.read_text("utf-8")
