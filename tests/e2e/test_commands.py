"""The commands as other programs rely on them: what they print, and that `plan` writes nothing anywhere."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from calsync.engine.carry import CHUNK
from calsync_sandbox.seed import seed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Ended, World

COUNTS = {"created", "updated", "deleted", "linked", "held", "blocked", "failed"}


def folder_bytes(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return name -> time of the last change and bytes, of all files."""
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}


def printed(ended: Ended) -> dict[str, Any]:
    """Return the one JSON object of a command that succeeded and printed nothing else."""
    assert (ended.code, ended.errors) == (0, "")
    found: dict[str, Any] = json.loads(ended.output)
    assert ended.output.count("\n") == 1
    return found


async def test_plan_without_a_store_writes_nothing_and_tells_what_a_sync_then_does(live: World) -> None:
    now = datetime.fromtimestamp(live.sandbox.now(), UTC)
    seed(live.sandbox.flowfact, live.anna.user, live.anna.mailbox, now)
    before = folder_bytes(live.folder)
    assert before.keys() == {"calsync.yaml", "secrets.yaml"}
    account = printed(await live.command("plan", "--json"))["accounts"]["anna"]
    again = printed(await live.command("plan", "--json", "--account", "anna"))["accounts"]["anna"]
    assert folder_bytes(live.folder) == before
    assert live.writes() == []
    assert isinstance(account["hash"], str)
    assert account == again
    assert all(one.keys() >= {"operation", "side", "reason", "fields"} for one in account["operations"])
    done = (await live.sync_all()).accounts["anna"]
    for side, counts in (("left", done.left), ("right", done.right)):
        kinds = [one["operation"] for one in account["operations"] if one["side"] == side]
        sums = (counts.created, counts.updated, counts.deleted, counts.linked, sum(counts.skipped.values()))
        assert sums == tuple(map(kinds.count, ("create", "update", "delete", "link", "skip")))


async def test_plan_with_a_store_leaves_every_byte_of_it(live: World) -> None:
    entity = live.appointment()
    await live.settle()
    live.patch(entity, message="neu", subject="Zweitbesichtigung")
    live.clear()
    before = folder_bytes(live.folder)
    account = printed(await live.command("plan", "--json"))["accounts"]["anna"]
    text = await live.command("plan")
    assert folder_bytes(live.folder) == before
    assert live.writes() == []
    (operation,) = account["operations"]
    wanted = {"operation": "update", "side": "right", "reason": "changed", "fields": ["summary", "description"]}
    assert operation.items() >= wanted.items()
    assert (text.code, text.errors) == (0, "")
    assert account["hash"] in text.output
    assert live.in_outlook()


async def test_plan_after_a_kill_leaves_what_the_dead_process_left(live: World) -> None:
    for number in range(2 * CHUNK + 50):
        live.event(f"Rückruf {number}", hours=number)
    process = await live.start("sync")
    live.at_request(30, process.kill)
    await process.communicate()
    before = folder_bytes(live.folder)
    assert before.keys() >= {"calsync.db", "calsync.db-wal"}
    live.clear()
    account = printed(await live.command("plan", "--json"))["accounts"]["anna"]
    assert {one["operation"] for one in account["operations"]} == {"create"}
    after = folder_bytes(live.folder)
    for left in (before, after):
        del left["calsync.db-shm"]  # memory that SQLite's processes share, not a part of the database
    assert after == before
    assert live.writes() == []


async def test_sync(live: World) -> None:
    live.appointment()
    live.event("Teamrunde", hours=2, isAllDay=False)
    found = printed(await live.command("sync", "--json"))
    assert found.keys() >= {"seconds", "requests", "accounts"}
    assert isinstance(found["seconds"], float)
    assert found["requests"].keys() == {"flowfact", "m365"}
    assert found["requests"]["flowfact"] == len(live.sandbox.flowfact.requests)
    assert found["requests"]["m365"] == len(live.sandbox.graph.requests)
    account = found["accounts"]["anna"]
    assert (account["ok"], account["error"]) == (True, None)
    for side in ("left", "right"):
        counts = dict(account[side])
        assert counts.pop("skipped") == {}
        assert counts == dict.fromkeys(COUNTS, 0) | {"created": 1}


async def test_sync_tells_of_a_value_that_lost(live: World) -> None:
    entity = live.appointment()
    await live.settle()
    event = live.in_outlook()

    def both_edit(number: int) -> None:
        live.patch(entity, subject=f"FLOWFACT {number}")
        live.anna.mailbox.edit(event["id"], {"subject": f"Outlook {number}"})

    both_edit(1)
    (message,) = printed(await live.command("sync", "--json"))["accounts"]["anna"]["messages"]
    wanted = {"operation": "update", "side": "left", "reason": "overruled", "count": 1, "done": True}
    assert message.items() >= wanted.items()
    assert live.in_flowfact("Outlook 1")
    both_edit(2)
    text = await live.command("sync")
    assert "  left: 1 noted. " in text.output
    assert live.in_flowfact("Outlook 2")


async def test_check(live: World) -> None:
    found = printed(await live.command("check", "--json"))
    assert found["ok"] is True
    warnings = [one["message"] for one in found["findings"] if one["severity"] != "ok"]
    for told in (
        "FLOWFACT shows no appointment that the mapping could be held against",
        "FLOWFACT does not tell whether the API user may change or delete or create",
        "not proven that the application opens no other mailboxes",
        "not proven that Microsoft Graph refuses to write to an event that has changed",
    ):
        assert sum(told in warning for warning in warnings) == 1, told
    assert len(warnings) == 4
    assert {one["scope"] for one in found["findings"]} == {
        "connection flowfact",
        "connection m365",
        "account anna",
    }
    assert live.writes() == []
    assert not (live.folder / "calsync.db").exists()


async def test_plugins() -> None:
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-m", "calsync", "plugins", "--json"]
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    output, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    provided = {one["name"]: one["provides"] for one in json.loads(output)["plugins"]}
    assert provided["flowfact"]["providers"] == ["flowfact"]
    assert provided["graph"]["providers"] == ["graph"]
    assert provided["rules"]["rules"] == [
        "attendee_stripping",
        "copy_location",
        "only_types",
        "private_mask",
        "reminder_once",
        "series_skip",
    ]
    assert provided["sandbox"]["commands"] == ["demo"]


async def test_an_account_that_does_not_exist(live: World) -> None:
    ended = await live.command("sync", "--account", "ana")
    assert (ended.code, ended.output) == (2, "")
    assert ended.errors.endswith("there is no account 'ana'; accounts are: anna\n")
    assert live.sandbox.flowfact.requests == []
