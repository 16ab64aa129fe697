"""Reading a calendar of an Exchange Server: calsync, exchangelib, and a bare loop with calsync's requests.

Each reads in a fresh process that has imported what it needs, has signed in and has opened the calendar: neither
is counted. exchangelib is asked for the fields that calsync reads, of the events in calsync's window.
"""

from __future__ import annotations

import asyncio
import random
import sys
import warnings
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import voluptuous as vol

from benchmarks.bare_loop import send
from benchmarks.calendars import window
from benchmarks.cost import Cost, alone, measured
from calsync.http import HttpFactory
from calsync.ports import CalendarRequest, Host, SystemClock
from calsync_exchange_ews import PROVIDER
from calsync_exchange_ews.feed import ON_THE_WAY
from calsync_exchange_ews.items import MARKER_NAME, MARKER_SET
from calsync_exchange_ews.requests import READ_FIELDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.sandbox_process import Place, SandboxProcess
    from calsync.ports import Calendar

VIEW = timedelta(days=60)
"""Of one view of exchangelib: of 5,000 events it holds 700, and a server gives no more than 1,000 at once."""


def read(sandbox: SandboxProcess, events: int, _number: int) -> dict[str, Cost]:
    """Let each contender read the calendar once. Raises RuntimeError for one that misses events."""
    place = sandbox.place()
    found, ours = alone(_calsync, place)
    _check("calsync", found, events)
    requests = [request for request in sandbox.requests(since=ours.began) if request.server == "exchange_ews"]
    bare = alone(send, requests)
    ours.requests = bare.requests = len(requests)
    found, theirs = alone(_exchangelib, place)
    _check("exchangelib", found, events)
    theirs.requests = len(sandbox.requests(since=theirs.began))
    return {"calsync": ours, "bare loop": bare, "exchangelib": theirs}


def _check(who: str, found: int, events: int) -> None:
    if found != events:
        raise RuntimeError(f"{who} has read {found} events of {events}")


def _calsync(place: Place) -> tuple[int, Cost]:
    return asyncio.run(_read(place))


async def _read(place: Place) -> tuple[int, Cost]:
    async with opened(place) as calendar:
        ids: set[str] = set()
        with measured() as cost:
            async for page in calendar.changes(None, window()):
                ids.update(seen.id for seen in page.observations)
    return len(ids), cost


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[Calendar]:
    """Sign in with calsync's provider, and open the calendar."""
    clock = SystemClock()
    settings = {"url": place.url, "auth": "basic", "username": place.username, "password": place.password}
    options = vol.Schema(PROVIDER.connection_schema)({**settings, "impersonate": True})
    host = Host(connection="exchange", clock=clock, random=random.Random(1), http=HttpFactory(clock))  # noqa: S311
    provider = PROVIDER.open(options, host)
    await provider.login()
    wanted = CalendarRequest(
        account="anna", settings={"mailbox": place.mailbox}, timezone=ZoneInfo("Europe/Berlin")
    )
    try:
        yield await provider.open(wanted)
    finally:
        await provider.close()


def _exchangelib(place: Place) -> tuple[int, Cost]:
    account, fields = exchangelib_account(place)
    calendar, xl = account.calendar, sys.modules["exchangelib"]
    ids: set[str] = set()
    with measured() as cost:
        span = window()
        start = span.start
        while start < span.end:
            view = calendar.view(start=_instant(xl, start), end=_instant(xl, min(start + VIEW, span.end)))
            ids.update(item.id for item in view.only(*fields) if isinstance(item, xl.CalendarItem))
            start += VIEW
    xl.close_connections()
    return len(ids), cost


def exchangelib_account(place: Place) -> tuple[Any, list[str]]:
    """Sign in with exchangelib; return the account, and its names of the fields that calsync reads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import exchangelib as xl  # noqa: PLC0415 - the other contenders' processes need not load it
        from exchangelib.version import EXCHANGE_2019, Version  # noqa: PLC0415

    class Marker(xl.ExtendedProperty):  # type: ignore[misc]
        property_set_id, property_name, property_type = MARKER_SET, MARKER_NAME, "String"

    xl.CalendarItem.register("marker", Marker)
    configuration = xl.Configuration(
        service_endpoint=place.url,
        credentials=xl.Credentials(place.username, place.password),
        auth_type=xl.BASIC,
        version=Version(build=EXCHANGE_2019),
        max_connections=ON_THE_WAY,
    )
    account = xl.Account(place.mailbox, config=configuration, autodiscover=False, access_type=xl.IMPERSONATION)
    return account, [*_fields(xl.CalendarItem), "marker"]


def _fields(kind: Any) -> list[str]:
    """Return exchangelib's names of the fields that calsync reads."""
    names = {field.field_uri: field.name for field in kind.FIELDS if hasattr(field, "field_uri")}
    return [names[uri] for uri in READ_FIELDS]


def _instant(xl: Any, when: Any) -> Any:
    return xl.EWSDateTime.from_datetime(when.replace(tzinfo=xl.UTC))
