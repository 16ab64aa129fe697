"""`calsync conformance caldav` on both servers: among somebody's events, which it leaves alone."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from calsync.testing.contract.case import EVENT, WINDOW
from tests.person import opened
from tests.servers import PASSWORD, USER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import CaldavUnderTest
    from tests.servers import DavServer

CONFIGURATION = """
service: {{store: "sqlite:///{folder}/calsync.db"}}
connections:
  dav: {{provider: caldav, url: "{url}/", username: {user}, password: !secret dav}}
  m365: {{provider: graph, tenant_id: example.de, client_id: "1", client_secret: "1"}}
accounts:
  tried:
    left: {{connection: dav, calendar: "{calendar}"}}
    right: {{connection: m365, mailbox: nobody@example.de}}
    timezone: Europe/Berlin
"""


def configured(tried: CaldavUnderTest, folder: Path) -> Path:
    told = {"url": tried.person.server.url, "user": USER, "calendar": tried.person.path, "folder": folder}
    text = CONFIGURATION.format(**told)
    (folder / "calsync.yaml").write_text(text)
    (folder / "secrets.yaml").touch(mode=0o600)
    (folder / "secrets.yaml").write_text(f"dav: {PASSWORD}\n")
    return folder / "calsync.yaml"


def conformance(path: Path, *options: str) -> tuple[int, Any, str]:
    command = [sys.executable, "-m", "calsync", "conformance", "caldav", "-c", str(path), "--json", *options]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert finished.stdout, finished.stderr
    return finished.returncode, json.loads(finished.stdout), finished.stderr


async def test_every_promise_is_kept_and_nothing_stays(server: DavServer, tmp_path: Path) -> None:
    async with opened(server) as tried:
        theirs = [await tried.person.create(EVENT) for _ in range(3)]
        before = {event_id: await tried.person.text(event_id) for event_id in theirs}
        code, found, said = conformance(configured(tried, tmp_path), "--writes-to", "tried.left")
        failed = [one for one in found["promises"] if one["result"] == "fail"]
        assert (failed, code) == ([], 0), said
        assert found["passed"] > 60
        assert found["left_behind"] == []
        assert all(one["detail"] for one in found["promises"] if one["result"] == "not supported")
        assert "writes made-up events" in said
        told = [page async for page in tried.calendar.changes(None, WINDOW)]
        assert {seen.id for page in told for seen in page.observations} == set(theirs)
        assert {event_id: await tried.person.text(event_id) for event_id in theirs} == before
