"""Real CalDAV servers that nobody here wrote, each in a process and a folder of its own, on loopback."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection, socket
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

USER, PASSWORD = "anna", "made-up"
PATIENCE = 30.0
"""Seconds within which a server has to listen."""


@dataclass(frozen=True)
class DavServer:
    """A server that runs."""

    name: str
    url: str
    home: str
    """The path of the user's calendars."""
    folder: Path


def free_port() -> int:
    with socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def radicale(folder: Path, port: int | None = None) -> Iterator[DavServer]:
    """Run a Radicale with one user."""
    port = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    users = folder / "users"
    users.write_text(f"{USER}:{PASSWORD}\n")
    options = {
        "server-hosts": f"127.0.0.1:{port}",
        "auth-type": "htpasswd",
        "auth-htpasswd-filename": str(users),
        "auth-htpasswd-encryption": "plain",
        "auth-delay": "0",
        "storage-filesystem-folder": str(folder / "collections"),
        "logging-level": "warning",
    }
    command = ["radicale", "--config", "", *(f"--{name}={value}" for name, value in options.items())]
    with _running(command, port, folder):
        yield DavServer("radicale", f"http://127.0.0.1:{port}", f"/{USER}/", folder)


@contextmanager
def xandikos(folder: Path, port: int | None = None) -> Iterator[DavServer]:
    """Run a Xandikos, which asks nobody for a password."""
    port = port or free_port()
    options = ["-l", "127.0.0.1", "-p", str(port), "--current-user-principal", f"/{USER}/", "--defaults"]
    with _running(["xandikos", "serve", "-d", str(folder / "dav"), *options], port, folder):
        made = f"http://127.0.0.1:{port}/{USER}/calendars/calendar/"  # by --defaults
        urlopen(Request(made, method="DELETE")).close()
        yield DavServer("xandikos", f"http://127.0.0.1:{port}", f"/{USER}/calendars/", folder)


@contextmanager
def _running(command: Sequence[str], port: int, folder: Path) -> Iterator[None]:
    """Run a program of the tests' own environment until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    program, *rest = command
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", program, *rest] if program != "xandikos" else [str(_script(program)), *rest],
            stdout=log,
            stderr=log,
        )
    try:
        _wait(process, port, folder / "log")
        yield
    finally:
        process.terminate()
        process.wait()


def _script(name: str) -> Path:
    return Path(sys.executable).parent / name


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the server does not listen; it said: {log.read_text()}")
