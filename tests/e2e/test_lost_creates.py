"""A create in FLOWFACT whose answer is lost: looked for until the search must show it, and only then repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calsync.app import App
from calsync_sandbox.faults import Fault
from tests.e2e.conftest import value

if TYPE_CHECKING:
    from calsync.testing import FakeClock
    from tests.e2e.conftest import World

LAG, OVERLAP, STEP = 100, 120, 20
CREATES = "/entity-service/schemas/appointments"


@pytest.mark.parametrize(
    ("fault", "answers"),
    [(Fault(drop=True), "id"), (Fault(status=500), "entity"), (Fault(status=408), "quoted_id")],
    ids=["drop", "500", "408"],
)
@pytest.mark.parametrize("carried_out", [True, False])
async def test_it_is_settled_by_the_search_behind_its_lag_before_it_is_created_again(
    world: World, clock: FakeClock, fault: Fault, answers: Any, carried_out: bool
) -> None:
    server = world.sandbox.flowfact
    server.switches.search_lag, server.switches.create_response = LAG, answers
    world.event("Besichtigung")
    lost = Fault(method="POST", path=CREATES, status=fault.status, drop=fault.drop, after_commit=carried_out)
    server.faults.add(lost)
    for seconds in range(0, 4 * OVERLAP, STEP):
        await world.sync_all()
        creates = len(server.sent("POST", CREATES))
        assert creates == 1 or (not carried_out and seconds >= OVERLAP)
        clock.advance(STEP)
    assert len(server.sent("POST", CREATES)) == (1 if carried_out else 2)
    markers = [value(one, "calsync_marker") for one in server.entities.values()]
    assert len(markers) == 1
    assert markers[0]
    await world.settle()
    world.expect_converged(1)


async def test_without_a_marker_what_was_read_a_while_ago_proves_nothing(world: World, clock: FakeClock) -> None:
    """One reading of the tenant answers for a poll's time: it may be from before the lag was over."""
    world.without_marker()
    world.rewrite("poll_seconds: 2", f"poll_seconds: {LAG}")
    server = world.sandbox.flowfact
    server.switches.search_lag = LAG + 10
    world.event("Besichtigung")
    async with App.open(world.configuration, clock=clock) as app:
        await app.sync(None)
        world.event("Notartermin", hours=3)
        clock.advance(LAG)
        server.faults.add(Fault(method="POST", path=CREATES, status=500, after_commit=True))
        for _ in range(0, 4 * OVERLAP, STEP):
            await app.sync(None)
            clock.advance(STEP)
    assert len(server.sent("POST", CREATES)) == 2
    await world.settle()
    world.expect_converged(2)
