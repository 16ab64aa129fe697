"""What calsync wrote is undone by the installed command, on the real wire: shown first, then done once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import World

MANY = 500


async def test_a_run_of_five_hundred_writes_is_undone(live: World) -> None:
    for number in range(MANY):
        live.event(f"Termin {number}", hours=number)
    live.appointment("Besichtigung")
    assert (await live.command("sync")).code == 0
    assert len(live.sandbox.flowfact.entities) == MANY + 1
    (latest,) = json.loads((await live.command("activity", "anna", "--json")).output)["activity"][:1]
    run = ("--account", "anna", "--run", str(latest["run"]))
    seen = await live.command("undo", *run, "--json")
    plan = json.loads(seen.output)
    assert (seen.code, plan["done"], plan["anew"]) == (0, False, False)
    assert len(plan["operations"]) == MANY + 1
    live.clear()
    done = await live.command("undo", *run, "--confirm", plan["hash"], "--json")
    assert (done.code, done.errors) == (0, "")
    counts = json.loads(done.output)
    assert (counts["left"]["deleted"], counts["right"]["deleted"]) == (MANY, 1)
    live.clear()
    assert (await live.command("sync")).code == 0
    assert live.writes() == []
    assert live.subjects() == (["Besichtigung"], sorted(f"Termin {number}" for number in range(MANY)))
    live.expect_no_mail()


async def test_a_write_is_named_by_its_number(live: World) -> None:
    live.event("Besichtigung")
    assert (await live.command("sync")).code == 0
    live.anna.mailbox.edit(live.in_outlook()["id"], {"subject": "Notartermin"})
    assert (await live.command("sync")).code == 0
    assert live.subjects()[0] == ["Notartermin"]
    latest = json.loads((await live.command("activity", "anna", "--json")).output)["activity"][0]
    number = str(latest["number"])
    shown = await live.command("undo", number)
    assert (shown.code, live.subjects()[0]) == (0, ["Notartermin"])
    assert "--confirm " in shown.output
    plan_hash = shown.output.rpartition("--confirm ")[2].strip()
    assert (await live.command("undo", number, "--confirm", plan_hash)).code == 0
    assert live.subjects() == (["Besichtigung"], ["Notartermin"])
    live.clear()
    assert (await live.command("sync")).code == 0
    assert live.writes() == []
    audit = live.stored("SELECT account, what FROM audit")
    assert [tuple(row) for row in audit] == [("anna", "undone")]
    live.expect_no_mail()


async def test_what_somebody_edited_meanwhile_is_not_undone(live: World) -> None:
    live.event("Besichtigung")
    assert (await live.command("sync")).code == 0
    latest = json.loads((await live.command("activity", "anna", "--json")).output)["activity"][0]
    number = str(latest["number"])
    plan = json.loads((await live.command("undo", number, "--json")).output)
    live.patch(live.in_flowfact(), subject="von Hand")
    refused = await live.command("undo", number, "--confirm", plan["hash"])
    assert refused.code == 1
    assert "look at it again" in refused.errors
    assert live.subjects() == (["von Hand"], ["Besichtigung"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("77",), "are not known, or too old"),
        (("--account", "anna"), "Give numbers of writes"),
        (("1", "--account", "anna", "--run", "1"), "Give numbers of writes"),
        (("--account", "berta", "--run", "1"), "there is no account"),
    ],
)
async def test_what_cannot_be_meant_is_told(live: World, arguments: tuple[str, ...], told: str) -> None:
    found = await live.command("undo", *arguments)
    assert found.code == 2
    assert told in found.errors
