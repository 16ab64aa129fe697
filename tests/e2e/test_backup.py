"""The store is backed up, put back days later, and nothing is doubled, lost or mailed because of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import World


def counted(world: World) -> tuple[int, int]:
    return len(world.sandbox.flowfact.entities), len(world.anna.mailbox.events)


async def planned(world: World) -> dict[str, Any]:
    ended = await world.command("plan", "--json")
    assert (ended.code, ended.errors) == (0, "")
    account: dict[str, Any] = json.loads(ended.output)["accounts"]["anna"]
    return account


async def backed_up(world: World) -> Path:
    ended = await world.command("backup")
    assert (ended.code, ended.errors) == (0, "")
    (path,) = world.folder.glob("calsync-*Z.db")
    assert ended.output == f"{path}\n"
    assert re.fullmatch(r"calsync-\d{8}T\d{6}Z\.db", path.name)
    assert path.stat().st_mode & 0o777 == 0o600
    return path


async def a_week_of_work(world: World) -> None:
    """Create, edit and delete on both sides, all of it synced."""
    world.rewrite("overlap_seconds: 120", "overlap_seconds: 1")
    for number in range(8):
        world.appointment(f"Besichtigung {number}", hours=3 * number)
        world.event(f"Rückruf {number}", hours=3 * number + 1)
    await world.settle()


async def more_work(world: World) -> None:
    world.appointment("Notar", hours=50)
    world.event("Arzt", hours=51, sensitivity="private")
    world.event("Teamrunde", hours=52)
    world.patch(world.in_flowfact("Besichtigung 0"), subject="Besichtigung Altbau")
    world.anna.mailbox.edit(world.in_outlook("Rückruf 0")["id"], {"subject": "Rückruf Meier"})
    world.delete(world.in_flowfact("Besichtigung 1"))
    world.anna.mailbox.delete(world.in_outlook("Rückruf 1")["id"])
    await world.settle()


async def test_a_backup_that_is_put_back_writes_nothing_until_its_plan_is_confirmed(live: World) -> None:
    await a_week_of_work(live)
    saved = await backed_up(live)
    await more_work(live)
    live.patch(live.in_flowfact("Besichtigung 2"), subject="Besichtigung Neubau")  # nobody has synced these
    live.appointment("Schlüsselübergabe", hours=60)
    live.delete(live.in_flowfact("Besichtigung 3"))
    restored = await live.command("restore", str(saved))
    assert (restored.code, restored.errors) == (0, "")
    assert "is kept as" in restored.output
    live.clear()
    before = counted(live)
    for _ in range(3):
        await live.sync()
    assert live.writes() == []
    account = await planned(live)
    held = sorted((one["operation"], one["reason"], one["wanted"]) for one in account["operations"])
    assert held == [("hold", "rebuild", kind) for kind in ("create", "delete", "update")]
    assert account["rebuild"] == "restored"
    wrong = await live.command("confirm", "anna", "0000000000000000")
    assert (wrong.code, live.writes()) == (1, [])
    assert account["hash"] in wrong.output
    confirmed = await live.command("confirm", "anna", account["hash"])
    assert (confirmed.code, confirmed.errors) == (0, "")
    assert live.writes() == []
    await live.settle()
    assert len(live.writes()) == 3
    assert counted(live) == before
    live.expect_converged(17)
    live.expect_no_mail()


async def test_a_database_that_somebody_copies_back_is_noticed(live: World) -> None:
    await a_week_of_work(live)
    saved = await backed_up(live)
    await more_work(live)
    store = live.folder / "calsync.db"
    store.write_bytes(saved.read_bytes())
    before = counted(live)
    live.clear()
    await live.sync()
    account = await planned(live)
    assert (account["rebuild"], account["operations"]) == ("behind", [])
    assert (await live.command("confirm", "anna", account["hash"])).code == 0
    await live.settle()
    assert live.writes() == []
    assert counted(live) == before


async def test_a_store_that_is_lost_is_built_anew_from_the_markers(live: World) -> None:
    await a_week_of_work(live)
    await more_work(live)
    (live.folder / "calsync.db").unlink()
    before = counted(live)
    live.clear()
    await live.sync()
    account = await planned(live)
    assert account["operations"] == []
    assert (await live.command("confirm", "anna", account["hash"])).code == 0
    await live.settle()
    assert live.writes() == []
    assert counted(live) == before


async def test_nothing_is_restored_while_the_service_runs(live: World) -> None:
    live.appointment()
    await live.settle()
    saved = await backed_up(live)
    service = await live.start("run")
    live.clear()
    await live.until(lambda: live.sandbox.graph.requests)
    refused = await live.command("restore", str(saved))
    assert (refused.code, refused.output) == (1, "")
    assert "stop it, then restore again" in refused.errors
    service.terminate()
    await service.communicate()
    assert (await live.command("restore", str(saved))).code == 0
