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
from extension import configuration, figures, names, routes
from extension.surface import listed
from tests.test_config_example import keys, schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = Path(__file__).parent.parent.parent / "docs" / "reference"


def described_modules() -> dict[str, str]:
    """Return the modules whose names the reference tells, each with how: `names`, or only what it `promises`."""
    pages = [page.read_text("utf-8") for page in sorted(REFERENCE.glob("*.md"))]
    made = [found for page in pages for found in MADE.findall(page)]
    return {module: how for how, modules in made for module in modules.split()}


MADE = re.compile(r"^```{made} (names|promises) (.*)$", re.MULTILINE)


def undescribed(module: str) -> Iterator[str]:
    """Yield the public names of a module, and of its classes, that say nothing of themselves."""
    found = import_module(module)
    told = names.promised(found) | (names.offered(found) if described_modules()[module] == "names" else {})
    for name, value in told.items():
        if not names.said(found, name, value):
            yield f"{module}.{name}"
        if inspect.isclass(value):
            for inner, member in vars(value).items():
                function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                if (
                    not inner.startswith("_")
                    and inspect.isfunction(function)
                    and function.__name__ == inner  # and no default of a field
                    and not inspect.getdoc(getattr(value, inner))
                ):
                    yield f"{module}.{name}.{inner}"


@pytest.mark.parametrize("module", described_modules())
def test_every_name_that_is_offered_says_what_it_is(module: str) -> None:
    assert list(undescribed(module)) == []


def test_all_that_plugins_may_import_is_described_on_some_page() -> None:
    assert set(listed()) == set(described_modules())
    hooks = [module for module, how in described_modules().items() if how == "names"]
    assert hooks == ["calsync.hookspecs", "calsync.ports", "calsync.errors"]


def test_a_field_and_a_constant_are_told_with_what_is_said_of_them() -> None:
    made = names.made("calsync.ports")
    assert "* `token: str | None = None`: Stored together with this page: reading goes on behind it." in made
    assert (
        "### `NOTHING_NEW`\n\n```python\nNOTHING_NEW = ''\n```\n\nThe reason of a ring that wakes nobody" in made
    )
    assert "### `FIELDS`" in names.promises("calsync.sync.model")
    assert "### `PATIENCE`\n\n```python\nPATIENCE = timedelta(seconds=30)\n```\n\nHow long" in names.promises(
        "calsync.http"
    )


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


def test_every_figure_is_there() -> None:
    made = figures.made()
    assert made.count("\n| `calsync_") > 15
    assert "| `calsync_requests_total` | counter | `status`, `system` |" in made
