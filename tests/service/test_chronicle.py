"""Kept is a run that wrote, that fails for the first time, or that works again; an idle one costs nothing."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

import pytest

from calsync.engine import Report
from calsync.errors import Busy, LoginError, Lost, Retry, StoreError, SwitchedOff
from calsync.history import History, RunRecord, Unsynced
from calsync.service import Chronicle
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from calsync.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime


class Kept(History):
    def __init__(self) -> None:
        self.runs: list[RunRecord] = []
        self.unsynced: list[Mapping[tuple[Side, str], Unsynced]] = []
        self.among: AbstractSet[tuple[Side, str]] | None = None
        self.full = False

    async def last(self, account: str) -> RunRecord | None:
        del account
        return self.runs[-1] if self.runs else None

    async def add(self, account: str, record: RunRecord) -> None:
        del account
        if self.full:
            raise StoreError("the disk is full")
        self.runs.append(record)

    async def put_unsynced(
        self,
        account: str,
        found: Mapping[tuple[Side, str], Unsynced],
        now: datetime,
        among: AbstractSet[tuple[Side, str]] | None = None,
    ) -> None:
        del account, now
        self.unsynced.append(dict(found))
        self.among = among

    def told(self) -> list[tuple[int, str | None]]:
        return [(record.number, record.error_class) for record in self.runs]


class Runs:
    """Lets an account run as a test says."""

    def __init__(self) -> None:
        self.kept = Kept()
        self.clock = FakeClock()
        self.chronicle = Chronicle(self.kept, self.clock)
        self.number = 0

    async def run(self, error: Exception | None = None, *, created: int = 0, failed: int = 0) -> Report:
        self.number += 1
        report = Report(number=self.number)
        with nullcontext() if error is None else suppress(type(error)):
            async with self.chronicle.of("anna", report):
                self.clock.advance(2)
                report.counts[Side.RIGHT].created = created
                report.counts[Side.RIGHT].failed = failed
                if error is not None:
                    raise error
        return report


@pytest.fixture
def runs() -> Runs:
    return Runs()


async def test_an_idle_run_is_not_kept(runs: Runs) -> None:
    await runs.run()
    await runs.run()
    assert runs.kept.runs == []


async def test_a_run_that_wrote_is_kept_with_its_time(runs: Runs) -> None:
    began = runs.clock.now()
    await runs.run(created=2)
    (record,) = runs.kept.runs
    assert (record.number, record.sides[Side.RIGHT].created, record.error) == (1, 2, None)
    assert (record.began, record.ended) == (began, runs.clock.now())


async def test_the_first_failure_and_the_recovery_are_kept_and_what_is_between_is_not(runs: Runs) -> None:
    for error in (Retry("down"), Retry("still down"), LoginError("wrong password"), LoginError("wrong password")):
        await runs.run(error, failed=3)
    await runs.run()
    await runs.run()
    assert runs.kept.told() == [(1, "Retry"), (3, "LoginError"), (5, None)]
    assert runs.kept.runs[0].error == "down"


async def test_an_outage_is_one_failure_however_it_shows(runs: Runs) -> None:
    for error in (Retry("cannot reach it"), Lost("no answer"), Retry("cannot reach it"), Lost("no answer")):
        await runs.run(error)
    assert runs.kept.told() == [(1, "Retry")]


async def test_a_failing_run_that_wrote_is_kept(runs: Runs) -> None:
    await runs.run(Retry("down"))
    await runs.run(Retry("down"), created=1)
    assert runs.kept.told() == [(1, "Retry"), (2, "Retry")]


async def test_an_event_that_fails_in_a_good_run_is_kept(runs: Runs) -> None:
    await runs.run(failed=1)
    assert runs.kept.told() == [(1, None)]


async def test_another_process_goes_on_where_the_last_one_stopped(runs: Runs) -> None:
    await runs.run(Retry("down"))
    runs.chronicle = Chronicle(runs.kept, runs.clock)
    await runs.run(Retry("down"))
    await runs.run()
    assert runs.kept.told() == [(1, "Retry"), (3, None)]


async def test_to_be_switched_off_is_no_failure_and_no_recovery(runs: Runs) -> None:
    await runs.run(SwitchedOff("off"))
    await runs.run(Retry("down"))
    await runs.run(SwitchedOff("off"))
    assert runs.kept.told() == [(2, "Retry")]
    await runs.run(SwitchedOff("off"), created=1)
    assert runs.kept.told() == [(2, "Retry"), (4, None)]


async def test_a_store_that_keeps_nothing_fails_no_run(runs: Runs, caplog: pytest.LogCaptureFixture) -> None:
    runs.kept.full = True
    await runs.run(created=1)
    assert "account anna: what its run came to is not kept: the disk is full" in caplog.text


async def test_what_is_left_out_is_written_only_where_it_is_different(runs: Runs) -> None:
    found: list[dict[tuple[Side, str], Unsynced] | None] = [
        {(Side.LEFT, "l1"): Unsynced(Kind.SKIP, "series")},
        {(Side.LEFT, "l1"): Unsynced(Kind.SKIP, "series")},
        None,
        {},
    ]
    for number, each in enumerate(found, 1):
        report = Report(number=number, unsynced=each)
        async with runs.chronicle.of("anna", report):
            pass
    assert runs.kept.unsynced == [found[0], {}]


async def test_what_a_run_leaves_out_of_some_events_is_written_among_these(runs: Runs) -> None:
    """Then nobody knows by a run's word alone whether the next one tells of another account."""
    left_out = {(Side.LEFT, "l1"): Unsynced(Kind.SKIP, "series")}
    among = frozenset({(Side.LEFT, "l1"), (Side.LEFT, "l2")})
    for number, report in enumerate((Report(), Report(among=among), Report()), 1):
        report.number, report.unsynced = number, left_out
        async with runs.chronicle.of("anna", report):
            pass
        assert runs.kept.among == report.among
    assert runs.kept.unsynced == [left_out] * 3


async def test_what_another_process_has_kept_meanwhile_counts(runs: Runs) -> None:
    left_out: dict[tuple[Side, str], Unsynced] = {(Side.LEFT, "l1"): Unsynced(Kind.SKIP, "series")}
    async with runs.chronicle.of("anna", Report(number=1, unsynced=left_out)):
        pass
    other = Chronicle(runs.kept, runs.clock)
    with pytest.raises(Retry):
        async with other.of("anna", Report(number=2, unsynced={})):
            raise Retry("down")
    async with runs.chronicle.of("anna", Report(number=3, unsynced=left_out)):
        pass
    assert runs.kept.told() == [(2, "Retry"), (3, None)]
    assert runs.kept.unsynced == [left_out, {}, left_out]


async def test_a_run_that_is_left_to_another_process_is_no_failure(runs: Runs) -> None:
    await runs.run(Busy("another process is working on it"))
    assert runs.kept.told() == []
