"""A PostgreSQL server of the machine's own programs, for tests: on a socket in a folder, while they run."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOT_THERE = "POSTGRESQL IS NOT THERE, its store is not tested or measured: install Debian's `postgresql`"
REQUIRED = os.environ.get("CALSYNC_POSTGRESQL") == "required"
PLACES = "/usr/lib/postgresql/*/bin"
"""Where Debian keeps them, each version by itself and in nobody's PATH."""
NOBODY = "nobody"
"""Whom the server runs as where the tests are run by root, whom it refuses."""
FAST = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB", "max_connections": "60"}
DURABLE = {"max_connections": "60"}
"""All else as it is installed: what is committed is on the disk."""
SECONDS = 60
_numbers = count()


def programs() -> Path | None:
    """Return the folder of the server's programs."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    return max((path.parent for path in Path("/").glob(f"{PLACES[1:]}/initdb")), default=None)


class NotThere(Exception):  # noqa: N818 - what happened
    """The machine has no such server."""


class Server:
    """A cluster of its own. Everybody who reaches the socket may do anything."""

    def __init__(self, folder: Path, programs: Path, settings: Mapping[str, str]) -> None:
        self._folder = folder
        self._settings = settings
        self._programs = programs
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._as = {"user": NOBODY, "group": None, "extra_groups": []}
            shutil.chown(folder, NOBODY)

    @property
    def conninfo(self) -> str:
        return f"host={self._folder} user=calsync dbname=postgres"

    def make(self) -> None:
        self._run("initdb", "-D", self._data, "-U", "calsync", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")

    def start(self) -> None:
        settings = " ".join(f"-c {name}={value}" for name, value in self._settings.items())
        options = f"-k {self._folder} -c listen_addresses= {settings}"
        log = self._folder / "log"
        self._run("pg_ctl", "start", "-w", "-t", str(SECONDS), "-D", self._data, "-l", str(log), "-o", options)

    def stop(self) -> None:
        """End it at once, as a machine does that is switched off."""
        self._run("pg_ctl", "stop", "-w", "-t", str(SECONDS), "-m", "immediate", "-D", self._data)

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - the machine's own
            [self._programs / name, *arguments],
            check=False,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if name == "initdb" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT if name == "initdb" else subprocess.DEVNULL,
            text=True,
            **self._as,
        )
        if done.returncode:
            log = self._folder / "log"
            raise RuntimeError(f"{name}: {done.stdout or ''}{log.read_text() if log.exists() else ''}")


@contextmanager
def server(settings: Mapping[str, str] = FAST) -> Iterator[Server]:
    """Let a server run. Raises NotThere."""
    found = programs()
    if found is None:
        raise NotThere(NOT_THERE)
    # Not where pytest keeps its folders: those belong to one user, and a socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="calsync-pg-"))
    try:
        cluster = Server(folder, found, settings)
        cluster.make()
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(conninfo: str) -> str:
    """Make a database for this process, and return how to connect to it."""
    name = f"process_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    return make_conninfo(conninfo, dbname=name)
