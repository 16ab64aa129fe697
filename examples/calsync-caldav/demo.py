"""Watch calsync keep a calendar in Radicale and one in Exchange the same: `make demo`, on this machine alone.

The Exchange is calsync's sandbox, Radicale is the real one, and calsync is driven by its public command line.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from calsync.sync.model import Event, Timed
from calsync_sandbox.sandbox import Sandbox
from tests.person import Person as DavPerson
from tests.servers import PASSWORD, USER, DavServer, radicale

if TYPE_CHECKING:
    from calsync_sandbox.sandbox import Person as OutlookPerson

CONFIGURATION = """
service:
  store: sqlite:///{folder}/calsync.db
connections:
  radicale: {{provider: caldav, url: "{dav}/", username: {user}, password: !secret dav_password}}
  m365:
    provider: graph
    tenant_id: {sandbox.tenant_id}
    client_id: {sandbox.client_id}
    client_secret: !secret m365_secret
    graph_url: "{sandbox.graph.url}"
    authority_url: "{sandbox.authority.url}"
rules: [series_skip, attendee_stripping, private_mask, {{reminder_once: {{minutes_before: 15}}}}]
accounts:
  anna:
    left: {{connection: radicale, calendar: {calendar}}}
    right: {{connection: m365, mailbox: anna@example.de}}
    direction: both
    timezone: Europe/Berlin
"""
SECRETS = "dav_password: {password}\nm365_secret: {secret}\n"
TOMORROW = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)


def at(hours: int) -> Timed:
    return Timed(TOMORROW + timedelta(hours=hours), TOMORROW + timedelta(hours=hours + 1))


def times(hours: int) -> dict[str, dict[str, str]]:
    """Return the same as Exchange stores it."""
    when = at(hours)
    return {
        name: {"dateTime": f"{instant:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}
        for name, instant in (("start", when.start), ("end", when.end))
    }


def configured(folder: Path, dav: DavPerson, sandbox: Sandbox) -> Path:
    """Write what an operator would write, and return where."""
    told = {"folder": folder, "dav": dav.server.url, "user": USER, "sandbox": sandbox, "calendar": dav.path}
    configuration = folder / "calsync.yaml"
    configuration.write_text(CONFIGURATION.format(**told), "utf-8")
    secrets = folder / "secrets.yaml"
    secrets.touch(mode=0o600)
    secrets.write_text(SECRETS.format(password=PASSWORD, secret=sandbox.client_secret), "utf-8")
    return configuration


async def calsync(configuration: Path, command: str) -> Any:
    """Run a command of calsync and return its JSON."""
    arguments = ["-m", "calsync", command, "-c", str(configuration), "--json"]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"calsync {command} ended with exit code {process.returncode}: {output.decode()}")
    return json.loads(output)


async def subjects(outlook: OutlookPerson, dav: DavPerson) -> tuple[list[str], list[str]]:
    """Return what people read in Outlook and in Radicale."""
    listed = await dav.asked("PROPFIND", dav.path, Depth="1")
    ids = {part.partition("<")[0].rpartition("/")[2] for part in listed.split("<href>")[1:]}
    found = [str((await dav.stored(event_id)).get("SUMMARY", "")) for event_id in ids if event_id.endswith(".ics")]
    return sorted(event["subject"] for event in outlook.mailbox.events.values()), sorted(found)


async def play(sandbox: Sandbox, outlook: OutlookPerson, dav: DavPerson, configuration: Path) -> bool:
    """Let people work on both sides; return whether each change arrived."""
    made = await dav.create(
        Event(summary="Besichtigung Gartenstraße 5", when=at(0), description="Schlüssel mitnehmen")
    )
    outlook.mailbox.create({"subject": "Notartermin Kaufvertrag", **times(3), "isAllDay": False})
    scenes: list[tuple[str, list[str]]] = [
        ("created on both sides", ["Besichtigung Gartenstraße 5", "Notartermin Kaufvertrag"]),
        ("edited in Radicale", ["Besichtigung verschoben", "Notartermin Kaufvertrag"]),
        ("edited in Outlook", ["Besichtigung verschoben", "Notartermin 10 Uhr"]),
        ("deleted in Radicale", ["Notartermin 10 Uhr"]),
    ]
    good = True
    for number, (what, expected) in enumerate(scenes):
        if number == 1:
            await dav.edit(made, {"SUMMARY": "Besichtigung verschoben"})
        elif number == 2:  # noqa: PLR2004 - the third scene
            [found] = [one for one in outlook.mailbox.events.values() if one["subject"].startswith("Notar")]
            outlook.mailbox.edit(found["id"], {"subject": "Notartermin 10 Uhr"})
        elif number == 3:  # noqa: PLR2004
            await dav.delete(made)
        began = time.monotonic()
        for _ in range(4):  # a delete is proven twice, and one of two events at once is many
            await calsync(configuration, "sync")
            arrived = await subjects(outlook, dav) == (expected, expected)
            if arrived:
                break
        good = good and arrived
        print(f"  {'✓' if arrived else '✗'} {what:<24}{time.monotonic() - began:5.1f} s  {', '.join(expected)}")  # noqa: T201
    print(f"invitations sent: {sandbox.mails.count}\nconverged: {'yes' if good else 'no'}")  # noqa: T201
    return good and sandbox.mails.count == 0


async def demo(server: DavServer, folder: Path) -> bool:
    signed = {"Authorization": aiohttp.encode_basic_auth(USER, PASSWORD)}
    async with Sandbox() as sandbox, aiohttp.ClientSession(headers=signed) as client:
        outlook = sandbox.add_person("anna@example.de", first="Anna", last="Beispiel")
        dav = DavPerson(client, server, f"{server.home}termine/")
        await dav.make_calendar()
        configuration = configured(folder, dav, sandbox)
        print(f"Radicale at {server.url}{dav.path}, Exchange at {sandbox.graph.url}")  # noqa: T201
        await calsync(configuration, "check")
        return await play(sandbox, outlook, dav, configuration)


def main() -> int:
    with (
        tempfile.TemporaryDirectory(prefix="calsync-caldav-") as folder,
        radicale(Path(folder) / "radicale") as server,
    ):
        return 0 if asyncio.run(demo(server, Path(folder))) else 1


if __name__ == "__main__":
    sys.exit(main())
