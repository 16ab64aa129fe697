"""What plugins and programs may use is described: each name, each key, each route, each command."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from calsync.cli import cli
from calsync.loader import Plugins
from extension import configuration, names, routes
from tests.test_config_example import keys, schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = Path(__file__).parent.parent.parent / "docs" / "reference"


def described_modules() -> list[str]:
    made = re.findall(r"^```{made} names (.*)$", (REFERENCE / "hooks.md").read_text("utf-8"), re.MULTILINE)
    return [module for line in made for module in line.split()]


def undescribed(module: str) -> Iterator[str]:
    """Yield the public names of a module, and of its classes, that say nothing of themselves."""
    for name, value in names.offered(import_module(module)).items():
        if not value.__doc__:
            yield f"{module}.{name}"
        if inspect.isclass(value):
            for inner, member in vars(value).items():
                function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                if (
                    not inner.startswith("_")
                    and inspect.isfunction(function)
                    and not inspect.getdoc(getattr(value, inner))
                ):
                    yield f"{module}.{name}.{inner}"


@pytest.mark.parametrize("module", described_modules())
def test_every_name_that_is_offered_says_what_it_is(module: str) -> None:
    assert list(undescribed(module)) == []


def test_hooks_ports_and_errors_are_what_is_described() -> None:
    assert described_modules() == ["calsync.hookspecs", "calsync.ports", "calsync.errors"]


def test_every_key_of_the_configuration_is_there() -> None:
    plugins = Plugins.find()
    loaded = plugins.load(plugins.names("providers"), plugins.names("rules"))
    made = set(re.findall(r"^\| `(?:[\w.]+\.)?(\w+)` \|", configuration.made(), re.MULTILINE))
    assert {key for schema in schemas(loaded) for key in keys(schema)} - made == set()


def test_every_route_is_there_with_what_it_answers() -> None:
    made = routes.made()
    shapes = set(re.findall(r"`([A-Z]\w+)`", made))
    assert made.count("\n\n### `GET ") + made.count("\n\n### `PUT ") > 10
    assert [shape for shape in shapes if f"### `{shape}`" not in made] == []


def test_every_command_says_what_it_does() -> None:
    assert [name for name, command in all_commands(cli) if not (command.help or command.short_help)] == []


def all_commands(group: click.Group) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command: Any = group.get_command(context, name)
        yield name, command
        if isinstance(command, click.Group):
            yield from all_commands(command)
