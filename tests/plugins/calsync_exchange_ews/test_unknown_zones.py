"""A server that does not know the account's zone, or refuses to have one set."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from calsync.sync.model import AllDay
from calsync.testing.contract.case import DRAFT, MARKER, observed
from calsync.values import replace
from tests.plugins.calsync_exchange_ews.test_contract import ExchangeUnderTest, opened

if TYPE_CHECKING:
    from calsync.sync.model import When

BERLIN = "W. Europe Standard Time"
WHOLE = AllDay(date(2026, 3, 29), date(2026, 3, 30))
"""The clocks change that day."""


def asked(under_test: ExchangeUnderTest, operation: str) -> int:
    bodies = [each.body for each in under_test.server.requests]
    return sum(f"<m:{operation}".encode() in body for body in bodies)


@pytest.mark.parametrize("when", [DRAFT.when, WHOLE])
@pytest.mark.parametrize("auth", ["ntlm", "auto"])
async def test_a_server_that_does_not_know_the_zone_is_written_to_in_utc(when: When, auth: str) -> None:
    async with opened({"auth": auth}, {"unknown_zones": frozenset({BERLIN})}) as under_test:
        calendar = under_test.calendar
        written = await calendar.create(replace(DRAFT, when=when), MARKER)
        seen = await observed(calendar, written.id)
        assert seen.event.when == when
        later = AllDay(date(2026, 10, 25), date(2026, 10, 27)) if when == WHOLE else WHOLE
        await calendar.update(seen, {"when": later}, "")
        assert (await observed(calendar, written.id)).event.when == later
        zones = [one for one in await under_test.provider.check_calendar(calendar) if "zone" in one.message]
        assert [one.severity for one in zones] == ["warning"]
        refused = [each for each in under_test.server.requests if each.status == 500]
        assert len(refused) == 1, "its context is asked about once"


@pytest.mark.parametrize("switches", [{"zones_refused": True}, {"unknown_zones": frozenset({BERLIN})}])
async def test_a_refusal_of_zones_costs_one_write_not_each(switches: dict[str, object]) -> None:
    async with opened({"auth": "ntlm"}, switches) as under_test:
        created = [await under_test.calendar.create(DRAFT, f"{MARKER}{number}") for number in range(3)]
        assert asked(under_test, "CreateItem") <= 4
        before = asked(under_test, "UpdateItem")
        for each in created:
            seen = await observed(under_test.calendar, each.id)
            await under_test.calendar.update(seen, {"when": WHOLE}, "")
            assert (await observed(under_test.calendar, each.id)).event.when == WHOLE
        # One more, for the zones; one more, to find out whether versions are heeded.
        assert asked(under_test, "UpdateItem") - before <= 5
