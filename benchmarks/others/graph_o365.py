"""Reads a calendar of Graph with O365: its view, in the largest pages that the library asks for.

Arguments: Graph's address, an access token, the mailbox, the window's start and end.
"""

from __future__ import annotations

import sys

import requests
from O365 import Account, MSGraphProtocol
from O365.utils.token import MemoryTokenBackend

from benchmarks.cost import Cost, measured
from benchmarks.others.printing import tell


def read(url: str, token: str, mailbox: str, start: str, end: str) -> tuple[int, Cost]:
    class Sandbox(MSGraphProtocol):  # type: ignore[misc]
        _protocol_url = f"{url}/"

    protocol = Sandbox(default_resource=f"users/{mailbox}", timezone="UTC")
    account = Account(
        ("client", "secret"),
        protocol=protocol,
        auth_flow_type="credentials",
        tenant_id="tenant",
        token_backend=MemoryTokenBackend(),
        main_resource=f"users/{mailbox}",
    )
    account.con.session = requests.Session()  # signed in: the token is given
    account.con.session.headers["Authorization"] = f"Bearer {token}"
    with measured() as cost:
        calendar = account.schedule().get_default_calendar()
        found = calendar.get_events(limit=None, batch=999, start_recurring=start, end_recurring=end)
        ids = {event.object_id for event in found}
    return len(ids), cost


tell(*read(*sys.argv[1:]))
