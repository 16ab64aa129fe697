"""An account belongs to two calendars: another one in the place of one of them is not compared with its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.errors import AccountError
from calsync.testing import MemoryCalendar

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.engine.conftest import World


@pytest.mark.parametrize("write", [True, False])
async def test_another_calendar_stops_the_account_and_nothing_is_deleted(
    world: World, meeting: Event, write: bool
) -> None:
    world.left.user_create(meeting)
    await world.settle()
    known, world.right = world.right, MemoryCalendar("other", now=world.clock.now)
    writes = len(world.left.writes())
    for _ in range(3):
        with pytest.raises(AccountError, match="anna: its right calendar is not the one that was synced so far"):
            await world.run(write=write)
    assert world.right.calls == []
    assert len(world.left.writes()) == writes
    world.right = known
    await world.settle()
    assert [one.summary for one in world.left.events().values()] == [meeting.summary]


async def test_a_side_that_was_read_before_calendars_were_remembered_takes_the_one_it_is_given(
    world: World, meeting: Event
) -> None:
    await world.run()
    forget = "UPDATE side SET calendar = NULL"
    await world.store._writer.write(lambda database: database.execute(forget))
    world.right = MemoryCalendar("other", now=world.clock.now)
    world.left.user_create(meeting)
    await world.settle()
    assert len(world.right.events()) == 1
