"""A client that nobody here wrote sees in Radicale what calsync put there, and the same bytes each time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import icalendar

from calsync.sync.model import Draft, Event
from calsync.testing.contract.case import DRAFT, MARKER, STAMP, listen, observed
from calsync.testing.contract.values import TEXTS, WHENS
from calsync.values import replace
from calsync_sandbox.sandbox import Sandbox
from demo import at, calsync, configured, times
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


class Witness:
    """vdirsyncer, which keeps a folder of files the same as one calendar of a server."""

    def __init__(self, folder: Path, server: DavServer, path: str) -> None:
        name = path.rstrip("/").rpartition("/")[2]
        self._files = folder / "files" / name
        self._files.mkdir(parents=True)
        self._configuration = folder / "vdirsyncer"
        told = {"folder": folder, "name": name, "user": USER, "password": PASSWORD}
        self._configuration.write_text(CONFIGURATION.format(url=f"{server.url}/{USER}/", **told))
        vdirsyncer(self._configuration, "discover")

    def sees(self) -> dict[str, bytes]:
        """Sync, and return the files, each a server's event."""
        vdirsyncer(self._configuration, "sync")
        return {path.name: path.read_bytes() for path in self._files.glob("*.ics")}


def subjects(files: dict[str, bytes]) -> list[str]:
    """Return what another library reads in the files: nothing of it is the provider's."""
    events = (icalendar.Calendar.from_ical(text).walk("VEVENT") for text in files.values())
    return sorted(str(event["SUMMARY"]) for [event] in events)


async def test_vdirsyncer_sees_the_same_bytes_three_times(servers: dict[str, DavServer], tmp_path: Path) -> None:
    async with opened(servers["radicale"]) as tried:
        ids = await put(tried)
        token = (await listen(tried.calendar)).token
        witness = Witness(tmp_path, tried.person.server, tried.person.path)
        on_the_server = {event_id: (await tried.person.text(event_id)).encode() for event_id in ids}
        seen = [witness.sees() for _ in range(3)]
        assert seen[0] == seen[1] == seen[2]
        assert seen[0] == {name: text.replace(b"\r\n", b"\n") for name, text in on_the_server.items()}
        told_since = await listen(tried.calendar, token)
        assert (told_since.observations, told_since.removed) == ({}, set())


async def test_what_calsync_synced_from_exchange_is_the_same_for_vdirsyncer_run_after_run(
    servers: dict[str, DavServer], tmp_path: Path
) -> None:
    """Its public command line puts the events there, and touches none of them again."""
    async with opened(servers["radicale"]) as tried, Sandbox() as sandbox:
        outlook = sandbox.add_person("anna@example.de", first="Anna", last="Beispiel")
        named = {f"Aus Outlook, der {number}. Ümlaut": 2 * number for number in range(6)}
        for subject, hours in named.items():
            outlook.mailbox.create({"subject": subject, **times(hours), "isAllDay": False})
        own = await tried.person.create(Event(summary="Aus Radicale", when=at(30), description=""))
        kept = await tried.person.text(own)
        configuration = configured(tmp_path, tried.person, sandbox)
        witness = Witness(tmp_path, tried.person.server, tried.person.path)
        seen = []
        for _ in range(3):
            await calsync(configuration, "sync")
            seen.append(witness.sees())
        assert seen[0] == seen[1] == seen[2]
        assert subjects(seen[0]) == sorted([*named, "Aus Radicale"])
        assert await tried.person.text(own) == kept
        assert sorted(one["subject"] for one in outlook.mailbox.events.values()) == subjects(seen[0])
        assert sandbox.mails.count == 0
