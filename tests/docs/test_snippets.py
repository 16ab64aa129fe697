"""What the documentation tells people to type is understood, and each configuration in it is valid."""

from __future__ import annotations

import base64
import re
import shlex
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import pytest
import yaml

from calsync.cli import cli
from calsync.config import parse, validate
from calsync.config.schema import TOP
from calsync.loader import Plugins

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SECTIONS = {str(key) for key in TOP}


class Snippet(NamedTuple):
    """A block of a page."""

    place: str
    language: str
    text: str


def snippets() -> Iterator[Snippet]:
    for page in PAGES:
        text = page.read_text("utf-8")
        for block in BLOCK.finditer(text):
            line = text[: block.start()].count("\n") + 1
            place = f"{page.relative_to(ROOT)}:{line}"
            yield Snippet(place, block[2], textwrap.dedent(block[3]))


def commands() -> Iterator[Any]:
    for one in snippets():
        for line in one.text.splitlines() if one.language in {"", "console"} else ():
            command = line.removeprefix("$ ")
            if command.startswith("calsync "):
                yield pytest.param(command, id=f"{one.place} {command[:50]}")


def configurations() -> Iterator[Any]:
    for one in snippets():
        if one.language == "yaml":
            yield pytest.param(one.text, id=one.place)


class _Loader(yaml.SafeLoader):
    """Reads secrets as texts that any key takes."""


KEY = base64.b64encode(b"k" * 32).decode()
_Loader.add_constructor("!secret", lambda loader, node: KEY)
_Loader.add_constructor("!env", lambda loader, node: KEY)


@pytest.mark.parametrize("line", list(commands()))
def test_a_command_is_understood(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    context = cli.make_context("calsync", words, resilient_parsing=False)
    while isinstance(context.command, click.Group):
        name, command, rest = context.command.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        context = command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("text", list(configurations()))
def test_a_configuration_is_valid(text: str, tmp_path: Path) -> None:
    shown = yaml.load(text, _Loader)  # noqa: S506 - it is a SafeLoader
    if not shown.keys() & SECTIONS:
        assert set(shown) <= _keys(), "neither sections of the configuration, nor keys of it, nor secrets"
        return
    whole = yaml.load((ROOT / "config.example.yaml").read_text("utf-8"), _Loader)  # noqa: S506
    file = tmp_path / "calsync.yaml"
    file.write_text(yaml.safe_dump(_over(whole, shown)), "utf-8")
    document = parse(file)
    loaded = Plugins.find(document.plugin_dirs).load(document.providers, document.rules)
    validate(document, loaded.providers, loaded.rules)


def _over(below: Any, above: Any) -> Any:
    """Return what a snippet says, and for all else what the example says; a connection is its own."""
    if not isinstance(below, dict) or not isinstance(above, dict) or "provider" in above:
        return above
    if not above:
        return below
    return {
        key: _over(below[key], above[key]) if key in below and key in above else {**above, **below}[key]
        for key in {**below, **above}
    }


def _keys() -> set[str]:
    """Return every word that stands as a key, or as the name of a secret, in the example."""
    example = (ROOT / "config.example.yaml").read_text("utf-8")
    return set(re.findall(r"(\w+):", example)) | set(re.findall(r"!secret (\w+)", example))
