"""Somebody who follows only the tutorial, from an empty folder, ends with a provider that keeps its promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
TUTORIAL = ROOT / "docs" / "tutorials" / "add-a-provider.md"
BLOCK = re.compile(r"^```(?P<kind>\w+)(?: file=(?P<file>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
INSTALLS_CALSYNC = "pip install 'calsync[testing]'"


class Block(NamedTuple):
    kind: str
    file: str | None
    text: str


def blocks() -> list[Block]:
    return [
        Block(found["kind"], found["file"], found["text"]) for found in BLOCK.finditer(TUTORIAL.read_text("utf-8"))
    ]


class Reader:
    """Does what the tutorial says, in a folder and an environment of its own, with calsync's wheel installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = folder / "environment"
        venv.create(self.environment, with_pip=True)
        # What calsync needs is lent from the tests' environment: no registry is asked.
        lent = [path for path in sys.path if path.endswith("site-packages")]
        [own] = (self.environment / "lib").glob("python*/site-packages")
        (own / "lent.pth").write_text("".join(f"{path}\n" for path in lent))
        self.here = folder / "empty"
        self.here.mkdir()

    def installs(self, wheel: Path) -> None:
        self.does(f"pip install --quiet --no-deps --no-index --force-reinstall {wheel}")

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
        """Write a file, or put new words in the place of old ones: `old -> new`, line by line."""
        path = self.here / file
        if file.endswith(".yaml"):
            path.write_text(text, "utf-8")
            return
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


def test_who_follows_it_ends_with_a_provider_that_keeps_its_promises(tmp_path: Path, wheel: Path) -> None:
    reader, said = Reader(tmp_path), dict[str, str]()
    reader.installs(wheel)
    for block in blocks():
        if block.file is not None:
            reader.edits(block.file, block.text)
            if block.file == "tests/server.py":  # "Run the tests: they fail"
                with pytest.raises(AssertionError, match=r"FAILED|ERROR"):
                    reader.does("python -m pytest -q -x")
            continue
        for line in block.text.splitlines():
            if line == INSTALLS_CALSYNC:
                continue
            if "calsync.yaml" in line:
                with reader.serving():
                    said[line] = reader.does(line)
            else:
                said[line] = reader.does(line)
    assert "marina" in said["calsync plugins"]
    *lines, total = said["calsync conformance marina -c calsync.yaml --writes-to tried.left"].splitlines()
    promises = [line for line in lines if line.startswith(("pass ", "fail ", "not supported "))]
    assert total.startswith(f"passed: {sum(line.startswith('pass') for line in promises)}, failed: 0, ")
    assert sum(line.startswith("pass") for line in promises) > 60
