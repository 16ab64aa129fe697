"""Following a calendar of an Exchange Server that was read before: calsync, exchangelib, and a bare loop.

Once nothing has changed, once some events have. Each client goes on from where it was, in a fresh process that has
signed in: SyncFolderItems, and of what has changed the fields that calsync reads.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from benchmarks.bare_loop import send
from benchmarks.calendars import window
from benchmarks.cost import Cost, alone, measured
from benchmarks.reading import exchangelib_account, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.sandbox_process import Place, SandboxProcess
    from calsync_sandbox.sandbox import Person, Sandbox

    Follow = Callable[[Place, str | None], tuple[int, Cost, str | None]]


def begin(sandbox: SandboxProcess) -> dict[str, str | None]:
    """Let each contender read the calendar, and return from where it goes on."""
    return {name: alone(client, sandbox.place(), None)[2] for name, client in _clients().items()}


def follow(sandbox: SandboxProcess, known: Mapping[str, str | None], changes: int) -> dict[str, Cost]:
    """Let each contender follow so many changes, of the same events. Raises RuntimeError where one misses some."""
    place, costs = sandbox.place(), {}
    if changes:
        sandbox.ask(_edit, changes)
    for name, client in _clients().items():
        found, cost, _ = alone(client, place, known[name])
        if found != changes:
            raise RuntimeError(f"{name} was told of {found} changes instead of {changes}")
        requests = [one for one in sandbox.requests(since=cost.began) if one.server == "exchange_ews"]
        cost.requests = len(requests)
        costs[name] = cost
        if name == "calsync":
            costs["bare loop"] = alone(send, requests)
            costs["bare loop"].requests = len(requests)
    return costs


def _clients() -> dict[str, Follow]:
    return {"calsync": _calsync, "exchangelib": _exchangelib}


def _edit(_sandbox: Sandbox, anna: Person, changes: int) -> None:
    ids = sorted(anna.mailbox.events)
    for event_id in ids[:: len(ids) // changes][:changes]:
        subject = anna.mailbox.events[event_id]["subject"]
        anna.mailbox.edit(event_id, {"subject": f"{subject}, verlegt"[-200:]})


def _calsync(place: Place, token: str | None) -> tuple[int, Cost, str | None]:
    return asyncio.run(_followed(place, token))


async def _followed(place: Place, token: str | None) -> tuple[int, Cost, str | None]:
    async with opened(place) as calendar:
        ids: set[str] = set()
        with measured() as cost:
            async for page in calendar.changes(token, window()):
                ids.update(seen.id for seen in page.observations)
                token = page.token or token
    return len(ids), cost, token


def _exchangelib(place: Place, state: str | None) -> tuple[int, Cost, str | None]:
    account, fields = exchangelib_account(place)
    calendar = account.calendar
    calendar.root  # noqa: B018 - it looks its folders up at first: it is open now, as calsync's calendar is
    with measured() as cost:
        told = [item for _, item in calendar.sync_items(sync_state=state, only_fields=["subject"])]
        found = list(account.fetch(told, only_fields=fields)) if state is not None and told else told
    return len({item.id for item in found}), cost, calendar.item_sync_state
