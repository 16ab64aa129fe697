"""What the documentation has people type is run here, or understood, or named with the reason why not."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml

from calsync.cli import cli
from tests.docs.blocks import ROOT, snippets, typed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLLOWED = {"docs/tutorials/add-a-provider.md", "docs/how-to/add-a-rule.md"}
"""tests/test_tutorial.py does what they say, line by line."""
NOT_RUN = {
    "apt": "as `install`",
    "cd": "as `git`",
    "chown": "as `install`",
    "cp": "it copies the example, which tests/test_config_example.py reads",
    "curl": "tests/e2e/test_api.py asks the same of the pages, with a token of its own",
    "docker": "there is no Docker here; tests/deploy/test_image.py carries out the image's own steps",
    "git": "it fetches what is there already",
    "install": "it needs a system with systemd, and root; tests/deploy/test_systemd.py reads the unit",
    "pip": "it asks an index; tests/deploy/test_image.py installs the wheel in the same way",
    "python3": "an environment of its own: tests/test_tutorial.py and tests/deploy/test_image.py make one",
    "shred": "it destroys a file",
    "systemctl": "as `install`",
    "useradd": "as `install`",
}
RUN = {"openssl", "umask", "echo"}
"""Carried out below, in a folder of their own."""
AS_ANOTHER = re.compile(r"(?:sudo|runuser -u \S+ --) ")
"""Who types a command for another user of the machine."""
KNOWN = re.compile(rf"(?:sudo |\S*/)?(?:calsync|make|{'|'.join(NOT_RUN)}) ")
TARGETS = re.compile(r"^([a-z-]+):", re.MULTILINE)


def commands() -> Iterator[Any]:
    """Yield each simple command that people type, without those of the guides that are followed.

    In a block without a language it stands among what programs print, so only known ones are told from that.
    """
    for one in snippets("sh", "console", ""):
        for line in typed(one) if one.page not in FOLLOWED else ():
            if one.language or KNOWN.match(line):
                for words in simple(line):
                    yield pytest.param(one.page, words, id=f"{one.place} {' '.join(words)[:50]}")


def simple(line: str) -> Iterator[list[str]]:
    """Yield the simple commands of a line: what stands between `&&`, `;`, `|` and parentheses."""
    lexer = shlex.shlex(AS_ANOTHER.sub("", line), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if word in {"&&", ";", "|", "(", ")"}:
            yield from [words] if words else []
            words = []
        else:
            words.append(word)
    yield from [words] if words else []


def program(words: list[str]) -> str:
    return words[0].rpartition("/")[2]


@pytest.mark.parametrize(("page", "words"), list(commands()))
def test_a_command_is_understood_or_named(page: str, words: list[str]) -> None:
    name = program(words)
    if name == "calsync":
        understood(words[1:])
    elif name == "make":
        makefile = (ROOT / page).parent / "Makefile" if page.startswith("examples") else ROOT / "Makefile"
        assert words[1] in TARGETS.findall(makefile.read_text("utf-8"))
    elif words[:2] == ["python", "-m"]:
        assert find_spec(words[2]) is not None
        options = {word for word in words[3:] if word.startswith("--")}
        told = (ROOT / words[2].replace(".", "/") / "__main__.py").read_text("utf-8")
        assert [option for option in options if f'"{option}"' not in told] == []
    elif "=" not in words[0]:  # a variable
        assert name in RUN | set(NOT_RUN), "run it below, or say why it cannot be run"


def understood(words: list[str]) -> None:
    """Let calsync's own command line read a command to its end."""
    context = cli.make_context("calsync", list(words), resilient_parsing=False)
    while isinstance(context.command, click.Group):
        name, command, rest = context.command.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        context = command.make_context(name, rest, parent=context)


def test_what_is_named_is_typed_somewhere() -> None:
    names = {program(param.values[1]) for param in commands()}
    assert set(NOT_RUN) - names == set()


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("\n".join(typed(one)), id=one.place)
        for one in snippets("sh", "console")
        if "<" not in one.text
    ],
)
def test_a_shell_takes_it(script: str) -> None:
    checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)  # noqa: S607
    assert (checked.returncode, checked.stderr) == (0, "")


def lines_with(*words: str) -> list[str]:
    """Return the lines that have any of these words and may be run, each once."""
    found = [line for one in snippets("sh", "console") for line in typed(one)]
    may = [line for line in found if program(next(simple(line))) not in NOT_RUN]
    return sorted({line for line in may if any(word in line.split() or f"({word}" in line for word in words)})


def carried_out(line: str, folder: Path) -> str:
    """Run a line in a folder that stands for /etc/calsync."""
    line = line.replace("/etc/calsync/", f"{folder}/")
    finished = subprocess.run(["bash", "-ec", line], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603, S607
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.mark.skipif(shutil.which("openssl") is None, reason="OPENSSL IS NOT THERE")
def test_keys_and_certificates_are_made_as_it_is_said(tmp_path: Path) -> None:
    lines = lines_with("openssl", "umask")
    assert len(lines) == 4
    for line in lines:
        said = carried_out(line, tmp_path)
        if line.startswith("openssl rand"):
            assert len(said.strip()) == 44
    secrets = tmp_path / "secrets.yaml"
    assert len(yaml.safe_load(secrets.read_text("utf-8"))["service_key"]) == 44
    assert [path.stat().st_mode & 0o077 for path in (secrets, tmp_path / "new.key", tmp_path / "m365.key")] == [
        0
    ] * 3
    assert "BEGIN CERTIFICATE" in (tmp_path / "m365.crt").read_text("utf-8")
