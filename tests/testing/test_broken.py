"""The suite sees a calendar that breaks a promise: each of its tests fails for one that breaks it."""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any

import pytest

from calsync.testing.contract import CalendarContract, UnderTest, listening
from calsync.testing.contract.listening import ListeningContract
from calsync.testing.contract.picking import PickingContract
from calsync.testing.contract.trouble import TroubleContract
from calsync.testing.contract.values import ValuesContract
from tests.testing.broken import beside, feed, reading, trouble, values, writing
from tests.testing.distant import Distant, DistantUnderTest
from tests.testing.under_test import MemoryUnderTest, Zoned, ZonedUnderTest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from calsync.testing import MemoryCalendar

SUITE = CalendarContract()
BROKEN = [row for part in (feed, reading, writing, values, trouble, beside) for row in part.BROKEN]


def cases(promise: str) -> Iterator[Mapping[str, Any]]:
    """Yield what a test is asked with: nothing, or each of its parameters, or the one that is named."""
    name, _, wanted = promise.rstrip("]").partition("[")
    marks = [
        mark for mark in getattr(getattr(CalendarContract, name), "pytestmark", ()) if mark.name == "parametrize"
    ]
    if not marks:
        assert not wanted, f"{name} has no parameter"
        yield {}
        return
    [mark] = marks
    argument, given = mark.args[0], list(mark.args[1])
    names = [str(one) for one in mark.kwargs.get("ids", given)]
    assert not wanted or wanted in names, f"{name} is not played with {wanted}"
    yield from ({argument: value} for one, value in zip(names, given, strict=True) if wanted in {"", one})


async def seen(under_test: UnderTest, promise: str, given: Mapping[str, Any]) -> bool:
    """Play one test, and tell whether it fails."""
    try:
        await getattr(SUITE, promise.partition("[")[0])(under_test, **given)
    except (Exception, pytest.fail.Exception):  # noqa: BLE001 - each of them is a test that fails
        return True
    except pytest.skip.Exception:
        return False
    return False


def opened(broken: Callable[[], UnderTest | MemoryCalendar]) -> UnderTest:
    made = broken()
    return made if isinstance(made, UnderTest) else MemoryUnderTest(made)


@pytest.mark.parametrize(("broken", "promise"), BROKEN)
async def test_a_broken_promise_is_seen(
    broken: Callable[[], UnderTest | MemoryCalendar], promise: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "PATIENCE", 0.05)
    assert [given for given in cases(promise) if await seen(opened(broken), promise, given)]


def test_each_promise_has_somebody_who_breaks_it() -> None:
    promises = {name for name in dir(CalendarContract) if name.startswith("test_")}
    assert len(promises) > 60
    assert promises - {promise.partition("[")[0] for _, promise in BROKEN} == set()


def test_a_promise_asks_for_the_calendar_and_what_it_is_played_with() -> None:
    for name in dir(CalendarContract):
        if name.startswith("test_"):
            asked = set(signature(getattr(SUITE, name)).parameters)
            assert {frozenset(given) for given in cases(name)} == {frozenset(asked - {"calendar_under_test"})}


class TestOverAWire(TroubleContract):
    """Who tells trouble as it should be told keeps every promise about it."""

    @pytest.fixture
    def calendar_under_test(self) -> UnderTest:
        return DistantUnderTest(Distant())


class TestWithZones(ValuesContract):
    @pytest.fixture
    def calendar_under_test(self) -> UnderTest:
        return ZonedUnderTest(Zoned())


class TestWithADoorbell(ListeningContract):
    @pytest.fixture
    def calendar_under_test(self) -> UnderTest:
        return MemoryUnderTest(beside.Ringing())


class TestWithTwoCalendars(PickingContract):
    @pytest.fixture
    def calendar_under_test(self) -> UnderTest:
        return beside.listing()()
