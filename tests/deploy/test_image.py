"""The image: what stands in its Dockerfile, and its steps, carried out here in an empty directory by nobody.

Docker itself is not needed, and the image is not built: what is tried are the commands that Docker would run.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calsync.ports import SystemClock
from tests.deploy.dockerfile import PATH, ROOT, Stage, command, stages
from tests.e2e.conftest import World, world_at
from tests.free_port import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

NOBODY = 65534
INSTALLED = "/opt/calsync"
SECONDS = 60


@pytest.fixture(scope="module")
def build() -> Stage:
    return stages(PATH.read_text("utf-8"))[0]


@pytest.fixture(scope="module")
def image() -> Stage:
    return stages(PATH.read_text("utf-8"))[1]


def test_both_stages_have_the_python_of_the_lock_file(build: Stage, image: Stage) -> None:
    assert {build.base.split()[0], image.base} == {"python:3.11-slim-bookworm"}


def test_it_runs_as_nobody_in_particular(image: Stage) -> None:
    user, _, group = image.one("USER").partition(":")
    assert int(user) >= 10_000
    assert int(group) >= 10_000
    last_root = max(number for number, (name, _) in enumerate(image.steps) if name in {"RUN", "COPY"})
    assert last_root < image.steps.index(("USER", image.one("USER")))


def test_it_writes_to_its_volume_only(image: Stage) -> None:
    assert image.one("VOLUME") == image.one("WORKDIR") == "/var/lib/calsync"
    assert image.one("ENV") == "PYTHONDONTWRITEBYTECODE=1"
    assert image.one("COPY") == f"--from=build {INSTALLED} {INSTALLED}"


def test_no_secret_and_nothing_unpinned_goes_into_it(build: Stage, image: Stage) -> None:
    assert build.one("COPY").split()[:-1] == ["deploy/requirements.txt", "dist/calsync-*.whl"]
    installs = [step for step in build.all("RUN") if "pip install" in step]
    assert [("--require-hashes" in step) or ("--no-index" in step) for step in installs] == [True, True]
    assert not any(name in {"ADD", "ARG"} for stage in (build, image) for name, _ in stage.steps)


def test_nothing_else_is_sent_to_the_builder(build: Stage) -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = [rule.removeprefix("!") for rule in rules[1:]]
    assert all(rule.startswith("!") for rule in rules[1:])
    workers = ROOT / "deploy" / "workers" / "Dockerfile"
    copied = [*build.all("COPY"), *stages(workers.read_text("utf-8"))[0].all("COPY")]
    assert sorted(allowed) == sorted(name for step in copied for name in step.split()[:-1])
    assert not any(
        fnmatch(name, rule) for rule in allowed for name in ("secrets.yaml", "calsync.yaml", ".git/config")
    )


def test_what_is_pinned_for_it_is_what_is_tested() -> None:
    files = ("requirements-dev.txt", "deploy/workers/requirements.txt", "deploy/requirements.txt")
    tested, with_workers, shipped = (_pins(ROOT / name) for name in files)
    assert shipped.items() < with_workers.items() < tested.items()
    assert "procrastinate" in with_workers
    assert not {"procrastinate", "psycopg"} & shipped.keys()


def _pins(path: Path) -> dict[str, str]:
    lines = path.read_text("utf-8").splitlines()
    return dict(line.removesuffix(" \\").split("==", 1) for line in lines if "==" in line and line[0].isalnum())


def as_nobody(arguments: Sequence[str]) -> list[str]:
    """Return a command that somebody without any right carries out, where this is not such a one already."""
    if os.geteuid() != 0:
        return list(arguments)
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs", *arguments]


def give(folder: Path, owner: int = NOBODY) -> None:
    """Let a folder with all that is in it belong to somebody else."""
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.lchown(path, owner, owner)


def changed(folder: Path) -> dict[Path, int]:
    """Return when each thing in a folder was changed last."""
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def empty() -> Iterator[Path]:
    """Return a directory that everybody may enter."""
    folder = Path(tempfile.mkdtemp(prefix="calsync-image-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def installed(build: Stage, empty: Path) -> Path:
    """Carry out the build's steps, and return where calsync is then; nobody can write there any more."""
    wheel = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(empty / "dist")]
    subprocess.run(wheel, cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - as `make wheel` does
    work, opt = empty / "build", empty / "opt"
    for folder in (work, opt):
        folder.mkdir()
    shutil.copy(ROOT / "deploy" / "requirements.txt", work)
    for found in (empty / "dist").glob("calsync-*.whl"):
        shutil.copy(found, work)
    give(work)
    give(opt)
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(work),
        **{name: value for name, value in os.environ.items() if name.startswith("PIP_")},
    }
    for step in build.all("RUN"):
        shell = ["/bin/sh", "-ec", step.replace(INSTALLED, str(opt / "calsync"))]
        ended = subprocess.run(  # noqa: S603 - the Dockerfile's own steps
            as_nobody(shell),
            cwd=work,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert ended.returncode == 0, f"{step}\n{ended.stderr}"
    give(opt, 0)
    return opt / "calsync"


@pytest.fixture
async def live(empty: Path) -> AsyncIterator[World]:
    folder = empty / "state"
    folder.mkdir()
    async for world in world_at(SystemClock(), folder):
        yield world


async def test_its_steps_make_a_calsync_that_works(image: Stage, installed: Path, live: World) -> None:
    port = free_port()
    live.rewrite("poll_seconds: 2", f'poll_seconds: 1\n  listen: "127.0.0.1:{port}"')
    live.rewrite("connections:", "web: {}\nconnections:")
    live.appointment()
    live.event("Teamrunde", hours=2)
    give(live.folder)

    def here(arguments: Sequence[str]) -> list[str]:
        text = shlex.join(arguments).replace(INSTALLED, str(installed)).replace("8765", str(port))
        return shlex.split(text.replace("/etc/calsync/calsync.yaml", str(live.configuration)))

    start = here([*command(image.one("ENTRYPOINT")), *command(image.one("CMD"))])
    name, _, value = image.one("ENV").partition("=")
    before = changed(installed)
    process = await asyncio.create_subprocess_exec(
        *as_nobody(start), cwd=live.folder, env={name: value}, stderr=asyncio.subprocess.PIPE
    )
    await live.until(lambda: len(live.sandbox.flowfact.entities) == 2 and len(live.anna.mailbox.events) == 2)
    health = here(command(image.one("HEALTHCHECK")))
    checked = await asyncio.create_subprocess_exec(*as_nobody(health), env={"http_proxy": "http://127.0.0.1:9"})
    assert await asyncio.wait_for(checked.wait(), SECONDS) == 0
    process.terminate()
    _, errors = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 0, errors
    assert errors.startswith(b'{"at": ')
    ill = await asyncio.create_subprocess_exec(*as_nobody(health), stderr=asyncio.subprocess.DEVNULL)
    assert await asyncio.wait_for(ill.wait(), SECONDS) != 0
    assert changed(installed) == before
    live.expect_no_mail()
