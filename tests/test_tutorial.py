"""Who follows only the guides, from an empty folder, ends with a provider that keeps its promises, or a rule."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.lent import environment, lend

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
ADD_A_PROVIDER = ROOT / "docs" / "tutorials" / "add-a-provider.md"
ADD_A_RULE = ROOT / "docs" / "how-to" / "add-a-rule.md"
BLOCK = re.compile(r"^```(?P<kind>\w+)(?: file=(?P<file>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
INSTALLS = re.compile(r"pip install '\./(calsync-[\w.-]+\.whl)\[testing\]'")


class Block(NamedTuple):
    kind: str
    file: str | None
    text: str


def blocks(guide: Path) -> list[Block]:
    return [
        Block(found["kind"], found["file"], found["text"]) for found in BLOCK.finditer(guide.read_text("utf-8"))
    ]


class Reader:
    """Does what the tutorial says, in a folder and an environment of its own, with calsync's wheel installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = folder / "environment"
        self._packages = environment(self.environment)
        self.here = folder / "empty"
        self.here.mkdir()

    def installs(self, wheel: Path) -> None:
        """Install it with its extra `testing`; what that needs is lent in the place of a registry."""
        self.does(f"pip install --quiet --no-deps --no-index {wheel}")
        lend(self._packages, "calsync", "testing")

    def does(self, line: str) -> str:
        """Carry out one line of a shell; `cd` holds for the next ones."""
        if line.startswith("cd "):
            self.here /= line.removeprefix("cd ")
            return ""
        finished = subprocess.run(  # noqa: S602 - the tutorial's own words
            line, shell=True, cwd=self.here, env=self.env(), capture_output=True, text=True, check=False
        )
        assert finished.returncode == 0, f"{line}\n{finished.stdout}{finished.stderr}"
        return finished.stdout

    def env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
        return {**kept, "PATH": f"{self.environment / 'bin'}{os.pathsep}{os.environ['PATH']}"}

    def edits(self, file: str, text: str) -> None:
        """Put new words in the place of old ones: `old -> new`, line by line."""
        path = self.here / file
        for line in text.splitlines():
            old, new = line.split(" -> ")
            assert old in path.read_text("utf-8"), (file, old)
            path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Have `python -m tests.server` run in another window."""
        program = self.environment / "bin" / "python"
        process = subprocess.Popen(  # noqa: S603
            [str(program), "-m", "tests.server"], cwd=self.here, env=self.env(), stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        try:
            assert "listens at" in process.stdout.readline()
            yield
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    command = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "--target",
        "wheel",
        "--directory",
        str(tmp_path / "dist"),
    ]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)  # noqa: S603
    [built] = (tmp_path / "dist").glob("*.whl")
    return built


def follow(guide: Path, reader: Reader, wheel: Path) -> dict[str, str]:
    """Do what a guide says, word by word; return what each line of a shell said."""
    said: dict[str, str] = {}
    for block in blocks(guide):
        if block.kind == "text" and block.file is not None:
            reader.edits(block.file, block.text)
            if block.file == "tests/server.py":  # "Run the tests: they fail"
                with pytest.raises(AssertionError, match=r"FAILED|ERROR"):
                    reader.does("python -m pytest -q -x")
        elif block.file is not None:
            (reader.here / block.file).write_text(block.text, "utf-8")
        for line in block.text.splitlines() if block.kind == "sh" else ():
            if installs := INSTALLS.fullmatch(line):
                assert installs[1] == wheel.name
                reader.installs(wheel)
            elif "calsync.yaml" in line and (reader.here / "tests" / "server.py").exists():
                with reader.serving():
                    said[line] = reader.does(line)
            else:
                said[line] = reader.does(line)
    return said


def test_who_follows_the_tutorial_ends_with_a_provider_that_keeps_its_promises(
    tmp_path: Path, wheel: Path
) -> None:
    said = follow(ADD_A_PROVIDER, Reader(tmp_path), wheel)
    assert "marina" in said["calsync plugins"]
    assert "quality: bronze" in said["calsync plugins --verbose"].partition("marina 0.1.0")[2]
    *lines, total = said["calsync conformance marina -c calsync.yaml --writes-to tried.left"].splitlines()
    promises = [line for line in lines if line.startswith(("pass ", "fail ", "not supported "))]
    assert total.startswith(f"passed: {sum(line.startswith('pass') for line in promises)}, failed: 0, ")
    assert sum(line.startswith("pass") for line in promises) > 60


def test_who_adds_a_rule_ends_with_one_that_a_configuration_takes(tmp_path: Path, wheel: Path) -> None:
    reader = Reader(tmp_path)
    said = follow(ADD_A_RULE, reader, wheel)
    assert "4 passed" in said["python -m pytest -q"]
    [told] = [part for part in said["calsync plugins --verbose"].split("\n\n") if "whole_days 0.1.0" in part]
    assert "hooks: calsync_rules" in told.partition("whole_days 0.1.0")[2].splitlines()[1]
    assert "anna" in said["calsync status -c calsync.yaml"]
    wrong = reader.here / "calsync.yaml"
    wrong.write_text(wrong.read_text("utf-8").replace("most: 14", "most: much"), "utf-8")
    with pytest.raises(AssertionError, match=r"whole_days.*most"):
        reader.does("calsync status -c calsync.yaml")
