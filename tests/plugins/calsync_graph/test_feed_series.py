"""A series in the change feed is told once a round, as its master."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from calsync_sandbox.graph.errors import GraphError
from tests.plugins.calsync_graph.listening import SERIES, WEEKLY, WINDOW, listen

if TYPE_CHECKING:
    from calsync.ports import Calendar
    from calsync_sandbox.graph import GraphServer
    from calsync_sandbox.graph.calls import Reply
    from calsync_sandbox.graph.routing import Request
    from calsync_sandbox.mailbox import Mailbox


@pytest.mark.usefixtures("small_pages")
async def test_a_series_is_told_once_a_round_as_its_master(
    calendar: Calendar, mailbox: Mailbox, server: GraphServer
) -> None:
    master = mailbox.create({**SERIES, "recurrence": WEEKLY})["id"]
    told = await listen(calendar)
    assert [seen.id for page in told.pages for seen in page.observations] == [master]
    event = told.observations[master].event
    assert (event.series, event.summary) == (True, "Jour fixe")
    assert WINDOW.holds(event.when)
    assert len(server.sent("GET", master)) == 1


async def test_masters_are_read_in_one_request(calendar: Calendar, mailbox: Mailbox, server: GraphServer) -> None:
    masters = {mailbox.create({**SERIES, "recurrence": WEEKLY})["id"] for _ in range(3)}
    assert set((await listen(calendar)).observations) == masters
    assert len(server.sent("POST", "$batch")) == 1


@pytest.mark.parametrize("series", [1, 2])
async def test_a_master_that_may_not_be_read_does_not_stop_the_round(
    calendar: Calendar, mailbox: Mailbox, server: GraphServer, outlook: dict[str, Any], series: int
) -> None:
    masters = [mailbox.create({**SERIES, "recurrence": WEEKLY})["id"] for _ in range(series)]
    single = mailbox.create(outlook)["id"]
    denied = GraphError(403, "ErrorAccessDenied", "Access is denied.")
    answer = server._carry_out

    def carry_out(asked: Request) -> Reply:
        if masters[0] in unquote(asked.path):
            raise denied
        return answer(asked)

    server._carry_out = carry_out  # type: ignore[method-assign]
    told = await listen(calendar)
    assert set(told.observations) == {single, *masters}
    assert told.observations[masters[0]].event.series
    assert told.pages[-1].complete


async def test_a_changed_occurrence_is_told_as_its_series(calendar: Calendar, mailbox: Mailbox) -> None:
    master = mailbox.create({**SERIES, "recurrence": WEEKLY})["id"]
    token = (await listen(calendar)).token
    occurrence = mailbox.occurrence_id(master, datetime(2026, 3, 17, tzinfo=UTC).date())
    mailbox.edit(occurrence, {"subject": "Verlegt"})
    told = await listen(calendar, token)
    assert list(told.observations) == [master]
    assert told.observations[master].event.series


async def test_an_exception_without_its_master_is_told_as_a_series(calendar: Calendar, mailbox: Mailbox) -> None:
    exception = mailbox.create(
        {**SERIES, "seriesMasterId": "elsewhere", "originalStart": "2026-03-10T09:00:00Z", "subject": "Einzeln"}
    )
    told = await listen(calendar)
    (seen,) = told.observations.values()
    assert (seen.id, seen.revision) == (exception["seriesMasterId"], None)
    assert (seen.event.series, seen.event.summary) == (True, "Einzeln")


@pytest.mark.parametrize("removes", [True, False])
async def test_a_single_event_that_becomes_a_series_is_no_tombstone(
    calendar: Calendar, mailbox: Mailbox, server: GraphServer, outlook: dict[str, Any], removes: bool
) -> None:
    server.switches.series_change_removes = removes
    event_id = mailbox.create(outlook)["id"]
    token = (await listen(calendar)).token
    mailbox.edit(event_id, {"recurrence": WEEKLY})
    told = await listen(calendar, token)
    assert told.removed == []
    assert told.observations[event_id].event.series
    mailbox.edit(event_id, {"recurrence": None})
    back = (await listen(calendar, told.token)).observations[event_id]
    assert not back.event.series
