"""Held deletes and conflicts are shown and decided by the installed commands; the next run carries them out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import World

MANY = 7


@pytest.mark.parametrize(("choice", "left"), [("release", 0), ("keep", MANY)])
async def test_held_deletes_are_decided_at_once(live: World, choice: str, left: int) -> None:
    for number in range(MANY):
        live.event(f"Termin {number}", hours=number)
    assert (await live.command("sync")).code == 0
    for event in list(live.anna.mailbox.events.values()):
        live.anna.mailbox.delete(event["id"])
    assert (await live.command("sync")).code == 0
    assert len(live.sandbox.flowfact.entities) == MANY
    shown = await live.command("holds", "anna", "--json")
    cases = json.loads(shown.output)["accounts"]["anna"]["cases"]
    assert {(case["reason"], case["side"], case["gone"]) for case in cases} == {("brake_deletes", "left", "right")}
    assert len(cases) == MANY
    live.clear()
    decided = await live.command("decide", "anna", "--all-deletes", choice)
    assert (decided.code, decided.errors) == (0, "")
    assert live.writes() == []
    assert (await live.command("sync")).code == 0
    assert json.loads((await live.command("holds", "--json")).output)["accounts"]["anna"]["cases"] == []
    live.clear()
    assert (await live.command("sync")).code == 0
    assert live.writes() == []
    assert len(live.sandbox.flowfact.entities) == left
    live.expect_no_mail()


async def test_a_conflict_is_decided_by_its_name(live: World) -> None:
    live.rewrite("    direction: ", "    policy: hold\n    direction: ")
    live.event("Besichtigung")
    assert (await live.command("sync")).code == 0
    event = live.in_outlook()
    explained = await live.command("explain", "anna", event["id"], "--json")
    told = json.loads(explained.output)["explanation"]["en"]
    assert told.startswith(
        "“Besichtigung” is in FLOWFACT and in Outlook: calsync copied it from Outlook to FLOWFACT on "
    )
    live.patch(live.in_flowfact(), subject="links")
    live.anna.mailbox.edit(event["id"], {"subject": "rechts"})
    assert (await live.command("sync")).code == 0
    (case,) = json.loads((await live.command("holds", "--json")).output)["accounts"]["anna"]["cases"]
    assert (case["left"]["summary"], case["right"]["summary"]) == ("links", "rechts")
    assert (await live.command("decide", "anna", case["case"], "left")).code == 0
    assert (await live.command("sync")).code == 0
    assert live.in_outlook("links")["id"] == event["id"]
    live.expect_converged(1)
    live.expect_no_mail()
