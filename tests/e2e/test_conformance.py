"""`calsync conformance` shows that the bundled providers keep their promises, among somebody's own events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from calsync.ports import SystemClock
from tests.e2e.conftest import world_at

if TYPE_CHECKING:
    from pathlib import Path

    from calsync_sandbox.configuration import Exchange


@pytest.mark.parametrize(
    ("provider", "exchange", "calendar"),
    [
        ("flowfact", "graph", "anna.left"),
        ("graph", "graph", "anna.right"),
        ("exchange_ews", "exchange_ews", "anna.right"),
    ],
)
async def test_a_bundled_provider_keeps_every_promise(
    provider: str, exchange: Exchange, calendar: str, tmp_path: Path
) -> None:
    async for world in world_at(SystemClock(), tmp_path, exchange):
        world.appointment("Ihr eigener Termin")
        world.event("Ihr eigenes Ereignis")
        before = world.subjects()
        ended = await world.command("conformance", provider, "--writes-to", calendar, "--json")
        found: dict[str, Any] = json.loads(ended.output)
        assert [one for one in found["promises"] if one["result"] == "fail"] == [], ended.errors
        assert (ended.code, found["left_behind"]) == (0, [])
        assert found["passed"] > 80
        assert all(one["detail"] for one in found["promises"] if one["result"] == "not supported")
        assert world.subjects() == before
        assert world.sandbox.mails.count == 0
