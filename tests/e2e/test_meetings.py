"""Somebody invites people to a linked appointment on an Exchange Server: `meetings` decides, nobody is mailed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.conftest import World, value, world_at
from tests.e2e.test_attendees import GUEST, ORGANIZER, blocked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from calsync.testing import FakeClock


@pytest.fixture(params=[False, True], ids=["exchange", "another make"])
async def world(request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path) -> AsyncIterator[World]:
    async for world in world_at(clock, tmp_path, "exchange_ews"):
        if request.param:
            world.sandbox.ews.switches.become_another_make()
        yield world


async def invited(world: World, meetings: str) -> dict[str, dict[str, Any]]:
    """Link three appointments, and let Anna invite somebody to each; return them as FLOWFACT has them."""
    world.rewrite("impersonate: true", f'impersonate: true\n    meetings: "{meetings}"')
    found = {name: world.appointment(name, hours=hours) for hours, name in enumerate("ABC")}
    await world.settle()
    for name in "ABC":
        world.anna.mailbox.add_attendee(world.in_outlook(name)["id"], GUEST)
    await world.settle()
    return found


def change(world: World, found: dict[str, dict[str, Any]]) -> None:
    """Move one in FLOWFACT, write notes to another, delete the third."""
    world.move(found["A"], 5)
    world.patch(found["B"], message="Leiter bereitstellen")
    world.delete(found["C"])


async def test_by_default_meetings_are_not_written(world: World) -> None:
    found = await invited(world, "block")
    before = dict(world.anna.mailbox.events)
    change(world, found)
    for _ in range(2):
        assert blocked(await world.sync()) == {"has_attendees": 3}
    assert world.anna.mailbox.events == before
    world.expect_no_mail()


async def test_one_s_own_meetings_are_written_silently_where_that_is_wanted(world: World) -> None:
    found = await invited(world, "silent")
    world.event("Quartalsrunde", hours=7, organizer=ORGANIZER, isOrganizer=False)
    await world.settle()
    change(world, found)
    world.patch(world.in_flowfact("Quartalsrunde"), message="meine Notiz")
    assert blocked(await world.settle()) == {"not_organised_here": 1}
    assert [one["subject"] for one in world.anna.mailbox.deleted.values()] == ["C"]
    assert "Leiter" in world.in_outlook("B")["body"]["content"]
    assert "Notiz" not in world.in_outlook("Quartalsrunde")["body"]["content"]
    assert all(world.in_outlook(name)["attendees"] for name in "AB"), "they stay invited"
    start = value(world.in_flowfact("A"), "start_date")
    assert start == int((world.at(5)).timestamp() * 1000)
    world.anna.mailbox.edit(world.in_outlook("A")["id"], {"subject": "A, in Outlook"})
    await world.settle()
    assert world.in_flowfact("A, in Outlook")
    world.expect_no_mail()
