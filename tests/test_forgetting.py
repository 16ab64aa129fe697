"""What the ledger kept of an account is forgotten after a month, whether its runs come to that or not (S12)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import calsync.forgetting
from tests.house import MEETING, House
from tests.serving import serving

if TYPE_CHECKING:
    from calsync.app import App

MONTH = timedelta(days=30)
"""As long as what calsync wrote can be undone."""


async def kept(app: App) -> list[str]:
    """Return what the ledger still tells of anna's account."""
    found = (await app.export("anna", None))["store"]
    return [row["kind"] for row in found.get("ledger", [])]


async def copied_and_switched_off(house: House, app: App) -> None:
    await app.sync(None)
    house.calendar("anna-crm").user_create(MEETING)
    await app.sync(None)
    async with app.desk() as accounts:
        await accounts.switch("anna", "Chefin", on=False)


@pytest.mark.parametrize("gone", [False, True])
async def test_a_sync_forgets_for_those_that_it_does_not_run(house: House, gone: bool) -> None:
    """`gone`: nobody configures it any more; else it is switched off."""
    async with house.open() as app:
        await copied_and_switched_off(house, app)
    if gone:
        file = house.folder / "calsync.yaml"
        text = file.read_text("utf-8")
        file.write_text(text[: text.index("  anna:")] + text[text.index("  berta:") :], "utf-8")
    async with house.open() as app:
        house.clock.advance((MONTH - timedelta(hours=1)).total_seconds())
        await app.sync(None)
        assert await kept(app) == ["create"]
        house.clock.advance(7200)
        await app.sync(None)
        assert await kept(app) == []


async def test_the_service_forgets_while_it_runs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calsync.forgetting, "FORGET_SECONDS", 0.01)
    async with serving(house, monkeypatch) as served, house.open() as app:
        await copied_and_switched_off(house, app)
        assert await kept(app) == ["create"]
        house.clock.advance((MONTH + timedelta(hours=1)).total_seconds())
        async with asyncio.timeout(20):
            while await kept(app):  # noqa: ASYNC110 - what is waited for is in the store, not in a task
                await asyncio.sleep(0.01)
        assert not served.task.done()
