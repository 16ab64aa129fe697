"""A client that nobody here wrote sees in Radicale what calsync put there, and the same bytes each time."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from calsync.sync.model import Draft
from calsync.testing.contract.case import DRAFT, MARKER, STAMP, listen, observed
from calsync.testing.contract.values import TEXTS, WHENS
from tests.person import opened
from tests.servers import PASSWORD, USER, DavServer

if TYPE_CHECKING:
    from tests.person import CaldavUnderTest

CONFIGURATION = """
[general]
status_path = "{folder}/status"
[pair calendars]
a = "server"
b = "files"
collections = ["{name}"]
[storage server]
type = "caldav"
url = "{url}"
username = "{user}"
password = "{password}"
[storage files]
type = "filesystem"
path = "{folder}/files"
fileext = ".ics"
"""


async def put(tried: CaldavUnderTest) -> list[str]:
    """Let calsync create events of all kinds, and edit one."""
    drafts = [replace(DRAFT, when=when, summary=name) for name, when in WHENS.items()]
    drafts += [Draft(summary=text, when=DRAFT.when, description=text, reminder=None) for text in TEXTS.values()]
    ids = [(await tried.calendar.create(draft, f"{MARKER}{number}")).id for number, draft in enumerate(drafts)]
    await tried.calendar.update(await observed(tried.calendar, ids[0]), {"summary": "Geändert"}, STAMP)
    return ids


def vdirsyncer(configuration: Path, *command: str) -> None:
    program = Path(sys.executable).parent / "vdirsyncer"
    finished = subprocess.run(  # noqa: S603
        [str(program), "-c", str(configuration), *command],
        capture_output=True,
        text=True,
        input="y\n",
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


async def test_vdirsyncer_sees_the_same_bytes_three_times(servers: dict[str, DavServer], tmp_path: Path) -> None:
    async with opened(servers["radicale"]) as tried:
        ids = await put(tried)
        token = (await listen(tried.calendar)).token
        name = tried.person.path.rstrip("/").rpartition("/")[2]
        files = tmp_path / "files" / name
        files.mkdir(parents=True)
        configuration = tmp_path / "config"
        told = {"folder": tmp_path, "name": name, "user": USER, "password": PASSWORD}
        configuration.write_text(CONFIGURATION.format(url=f"{tried.person.server.url}/{USER}/", **told))
        vdirsyncer(configuration, "discover")
        on_the_server = {event_id: (await tried.person.text(event_id)).encode() for event_id in ids}
        seen = []
        for _ in range(3):
            vdirsyncer(configuration, "sync")
            seen.append({path.name: path.read_bytes() for path in files.glob("*.ics")})
        assert seen[0] == seen[1] == seen[2]
        assert seen[0] == {name: text.replace(b"\r\n", b"\n") for name, text in on_the_server.items()}
        told_since = await listen(tried.calendar, token)
        assert (told_since.observations, told_since.removed) == ({}, set())
