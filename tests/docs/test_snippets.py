"""Each configuration in the documentation is valid, its code runs, and no block is of a kind that nobody tries."""

from __future__ import annotations

import base64
import json
import os
import re
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import yaml
from psycopg.conninfo import make_conninfo

from calsync.config import parse, validate
from calsync.config.schema import TOP
from calsync.loader import Plugins
from extension import MADE, figures
from tests.docs.blocks import ROOT, snippets

if TYPE_CHECKING:
    from pathlib import Path

    from tests.postgresql import Server

SECTIONS = {str(key) for key in TOP}
TRIED = {"console", "json", "python", "sh", "sql", "yaml"}
"""Here, and in test_shell.py."""
BUILT = {"{eval-rst}", "{literalinclude}", "{made}", "{toctree}"}
"""By `make docs`."""
NOT_RUN = {
    "ini": "tests/deploy/test_systemd.py lets systemd read it",
    "mermaid": "a picture",
    "nginx": "there is no nginx here; tests/web/test_doorbells.py and test_origins.py have a proxy of their own",
    "powershell": "it needs a tenant of Microsoft 365, or an Exchange Server",
    "": "what a program prints; the commands in it are understood by test_shell.py",
    "text": "what a program prints, or what a guide edits",
}
OF_THE_EXAMPLE = "examples/calsync-caldav/README.md"
"""Its own tests try its configuration: calsync does not know its provider."""


def test_each_block_is_of_a_kind_that_is_tried_or_named() -> None:
    assert {one.language for one in snippets()} <= TRIED | BUILT | set(NOT_RUN)


def test_what_is_made_is_known() -> None:
    made = re.findall(r"^```{made} (\w+)", "\n".join(_pages()), re.MULTILINE)
    assert set(made) == set(MADE)


def _pages() -> list[str]:
    return [page.read_text("utf-8") for page in (ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize(
    "code", [pytest.param(one.text, id=one.place) for one in snippets("python") if one.file is None]
)
def test_code_runs(code: str) -> None:
    exec(compile(code, "documentation", "exec"), {"__name__": "documentation"})  # noqa: S102 - our own


@pytest.mark.parametrize("text", [pytest.param(one.text, id=one.place) for one in snippets("json")])
def test_an_answer_is_a_problem_as_the_api_tells_it(text: str) -> None:
    told = json.loads(text)
    assert told["type"].startswith("urn:calsync:problem:")
    assert set(told) <= {"type", "title", "status", "detail", "keys"}


def test_a_database_is_made_as_it_is_said(postgresql: Server) -> None:
    [said] = [one.text for one in snippets("sql")]
    own = f"agency_{os.getpid()}"  # the server's own user has the name that is said
    with psycopg.connect(postgresql.conninfo, autocommit=True) as connection:
        for statement in said.replace(" calsync", f" {own}").split(";\n"):
            connection.execute(statement.encode())
    with psycopg.connect(make_conninfo(postgresql.conninfo, user=own, dbname=own)) as connection:
        connection.execute("CREATE TABLE own (id integer)")
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)


class _Loader(yaml.SafeLoader):
    """Reads secrets as texts that any key takes."""


KEY = base64.b64encode(b"k" * 32).decode()
_Loader.add_constructor("!secret", lambda loader, node: KEY)
_Loader.add_constructor("!env", lambda loader, node: KEY)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(one.text, id=one.place)
        for one in snippets("yaml")
        if one.file is None and one.page != OF_THE_EXAMPLE
    ],
)
def test_a_configuration_is_valid(text: str, tmp_path: Path) -> None:
    shown = yaml.load(text, _Loader)  # noqa: S506 - it is a SafeLoader
    if shown.keys() & PROMETHEUS:
        assert unknown_figures(text) == set()
        return
    if not shown.keys() & SECTIONS:
        assert set(shown) <= _keys(), "neither sections of the configuration, nor keys of it, nor secrets"
        return
    whole = yaml.load((ROOT / "config.example.yaml").read_text("utf-8"), _Loader)  # noqa: S506
    file = tmp_path / "calsync.yaml"
    file.write_text(yaml.safe_dump(_over(whole, shown)), "utf-8")
    document = parse(file)
    loaded = Plugins.find(document.plugin_dirs).load(document.providers, document.rules)
    validate(document, loaded.providers, loaded.rules)


PROMETHEUS = {"scrape_configs", "groups"}


def unknown_figures(text: str) -> set[str]:
    """Return the figures that Prometheus is told to look at, and that calsync does not have."""
    known = {sample.name for family in figures.families() for sample in family.samples}
    return set(re.findall(r"\bcalsync_[a-z_]+", text)) - known


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
