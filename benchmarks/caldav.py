"""vdirsyncer keeps two calendars of a Radicale the same: the first sync, one without changes, and one with some.

Both come from the package registries. Radicale runs in a process of its own, as its own documentation starts it.
vdirsyncer is the command that users type, with the start of Python.
"""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.calendars import NOTES, TITLES, window
from benchmarks.cost import of_command
from benchmarks.environment import PYTHON, VDIRSYNCER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.cost import Cost

PATIENCE = 30.0
SERVER = """[server]
hosts = 127.0.0.1:{port}
[auth]
type = none
[storage]
filesystem_folder = {folder}
[logging]
level = info
"""
CLIENT = """[general]
status_path = "{folder}/status"
[pair anna]
a = "left"
b = "right"
collections = null
conflict_resolution = "b wins"
[storage left]
type = "caldav"
url = "http://127.0.0.1:{port}/anna/left/"
username = "anna"
password = "anna"
[storage right]
type = "caldav"
url = "http://127.0.0.1:{port}/anna/right/"
username = "anna"
password = "anna"
"""
EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//benchmark//EN
BEGIN:VEVENT
UID:{number}@example.de
DTSTAMP:20260101T000000Z
DTSTART:{start:%Y%m%dT%H%M%SZ}
DURATION:PT1H
SUMMARY:{summary}
DESCRIPTION:{notes}
END:VEVENT
END:VCALENDAR
"""


def synced_by_vdirsyncer(events: int, changes: int) -> dict[str, Cost]:
    """Sync so many events into an empty calendar, then nothing, then so many changes. Raises RuntimeError."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        left, right = (_collection(folder / "collections", side) for side in ("left", "right"))
        for number in range(events):
            _write(left, number, events, "")
        with _radicale(folder) as port:
            settings = folder / "vdirsyncer.conf"
            settings.write_text(CLIENT.format(folder=folder, port=port), "utf-8")
            of_command([VDIRSYNCER, "-v", "ERROR", "-c", str(settings), "discover"])
            costs = {"first sync": _synced(folder, settings), "no change": _synced(folder, settings)}
            for number in range(changes):
                _write(left, number, events, "verlegt: ")
            costs["1 % changed"] = _synced(folder, settings)
        copies = [copy.read_text("utf-8") for copy in right.glob("*.ics")]
        if len(copies) != events or sum("verlegt" in copy for copy in copies) != changes:
            raise RuntimeError("vdirsyncer has not made the two calendars the same")
    return costs


def _synced(folder: Path, settings: Path) -> Cost:
    before = _requests(folder)
    _, cost = of_command([VDIRSYNCER, "-v", "ERROR", "-c", str(settings), "sync"])
    cost.requests = _requests(folder) - before
    return cost


def _requests(folder: Path) -> int:
    return (folder / "radicale.log").read_text("utf-8").count(" request for ")


def _collection(root: Path, name: str) -> Path:
    collection = root / "collection-root" / "anna" / name
    collection.mkdir(parents=True)
    (collection / ".Radicale.props").write_text('{"tag": "VCALENDAR"}', "utf-8")
    return collection


def _write(collection: Path, number: int, events: int, before: str) -> None:
    span = window()
    start = span.start + (span.end - span.start) / events * number
    summary = f"{before}{TITLES[number % len(TITLES)]} {number}"
    notes = NOTES.format(number=number).replace(",", "\\,").replace(";", "\\;").replace("\n", "\\n")
    text = EVENT.format(number=number, start=start, summary=summary, notes=notes).replace("\n", "\r\n")
    (collection / f"{number}.ics").write_bytes(text.encode())


@contextmanager
def _radicale(folder: Path) -> Iterator[int]:
    """Run Radicale from entering to leaving; give its port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    settings = folder / "radicale.conf"
    settings.write_text(SERVER.format(port=port, folder=folder / "collections"), "utf-8")
    command = [PYTHON, "-m", "radicale", "-C", str(settings)]
    with (folder / "radicale.log").open("wb") as log, subprocess.Popen(command, stderr=log, stdout=log) as server:
        try:
            _until_it_listens(port)
            yield port
        finally:
            server.terminate()


def _until_it_listens(port: int) -> None:
    over = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/.web/"):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            if time.monotonic() > over:
                raise
            time.sleep(0.1)
