"""Rights in FLOWFACT change: what the API user may not see any more was not deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.conftest import World

COUNT = 12


async def test_what_vanishes_by_rights_is_deleted_nowhere(world: World) -> None:
    for number in range(COUNT):
        world.appointment(f"Termin {number}", hours=number)
    await world.settle()
    world.expect_converged(COUNT)
    flowfact = world.sandbox.flowfact
    before = dict(flowfact.entities)
    for hidden in (1, COUNT):
        flowfact.switches.hidden = frozenset(list(before)[:hidden])
        for _ in range(4):
            world.clear()
            await world.sync()
            assert world.writes() == []
            assert len(flowfact.sent(path_contains="/authenticate")) <= 1
    assert flowfact.entities == before
    assert len(world.anna.mailbox.events) == COUNT
    flowfact.switches.hidden = frozenset()
    await world.settle()
    world.expect_converged(COUNT)
