"""A FLOWFACT whose search does not show what changed: edits still arrive, as everything is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import World

COUNT = 5


@pytest.mark.parametrize(
    ("switches", "probed"),
    [
        ({"sorts": "ignore"}, False),
        ({"missing_first": True}, False),
        ({"missing_first": True, "metadata_filter": "400"}, False),
        ({"missing_first": True}, True),
        ({"modified_moves": False}, True),
    ],
)
async def test_whatever_happens_in_flowfact_arrives(live: World, switches: dict[str, Any], probed: bool) -> None:
    for name, value in switches.items():
        setattr(live.sandbox.flowfact.switches, name, value)
    for number in range(COUNT):
        live.appointment(f"Termin {number}", hours=number)
    if probed:
        ended = await live.command("flowfact", "probe", "flowfact", "--write-test")
        assert ended.code == 1, ended.output
    await live.settle()
    live.patch(live.in_flowfact("Termin 2"), subject="Verlegt")
    live.delete(live.in_flowfact("Termin 0"))
    live.appointment("Neu", hours=9)
    await live.settle()
    live.expect_converged(COUNT)
    assert live.in_outlook("Verlegt")
    live.clear()
    await live.sync()
    assert live.writes() == []
