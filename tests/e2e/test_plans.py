"""A plan is kept, approved and applied with the installed command line, against real servers."""

from __future__ import annotations

import json
from stat import S_IMODE
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.conftest import World


async def test_a_plan_is_kept_approved_and_applied_or_refused(live: World) -> None:
    entity = live.appointment()
    await live.settle()
    live.patch(entity, subject="Zweitbesichtigung")
    live.clear()
    path = live.folder / "plan.json"
    kept = await live.command("plan", "anna", "--out", str(path))
    assert (kept.code, kept.errors) == (0, "")
    assert live.writes() == []
    assert S_IMODE(path.stat().st_mode) == 0o600
    (line,) = json.loads(path.read_text())["accounts"]["anna"]["lines"]
    assert [(one["field"], one["new"]) for one in line["changes"]] == [("summary", "Zweitbesichtigung")]

    live.patch(entity, subject="Notartermin")
    refused = await live.command("sync", "--plan", str(path))
    assert refused.code == 1
    assert "Notartermin" in refused.output
    assert "the plan is not as it was approved (1 changed); nothing was written" in refused.errors
    assert live.writes() == []

    again = await live.command("plan", "anna", "--out", str(path))
    assert again.code == 2
    assert "is there already" in again.errors
    path.unlink()
    assert (await live.command("plan", "anna", "--out", str(path))).code == 0
    done = await live.command("sync", "--plan", str(path), "--json")
    assert (done.code, done.errors) == (0, "")
    assert json.loads(done.output)["accounts"]["anna"]["right"]["updated"] == 1
    assert len(live.writes()) == 1
    assert "(1 gone); nothing was written" in (await live.command("sync", "--plan", str(path))).errors
