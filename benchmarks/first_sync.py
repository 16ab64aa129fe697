"""A first sync, which imports a whole calendar into FLOWFACT, and a bare loop with the same requests.

The sync's seconds are those that it tells itself, from its sign-in to its end; its CPU has the start of Python and
all imports besides. The bare loop asks the same servers, as their ids and tokens mean nothing to others.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.bare_loop import send
from benchmarks.cost import alone, of_command
from benchmarks.sandbox_process import SandboxProcess
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.cost import Cost
    from benchmarks.sandbox_process import Fill
    from calsync_sandbox.configuration import Exchange
    from calsync_sandbox.sandbox import Person, Sandbox


@dataclass(frozen=True, slots=True)
class FirstSync:
    """One first sync."""

    sync: Cost
    bare_loop: Cost
    created: int
    requests: int


def first_sync(exchange: Exchange, fill: Fill, latency: float = 0.0) -> FirstSync:
    """Import a calendar of an Exchange into an empty FLOWFACT, in a sandbox of its own.

    Its servers do nothing for `latency` seconds after each request has arrived.
    """
    with SandboxProcess(exchange, fill) as sandbox:
        sandbox.ask(_slow_down, latency)
        result, sync = synced(sandbox, ["-m", "calsync"])
        requests = sandbox.requests()
        bare_loop = alone(send, requests)
    return FirstSync(sync, bare_loop, result["accounts"]["anna"]["left"]["created"], len(requests))


def synced(sandbox: SandboxProcess, program: Sequence[str]) -> tuple[dict[str, Any], Cost]:
    """Sync the sandbox's account once with an empty store; `program` is what Python runs as calsync."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, *program, "sync", "-c", sandbox.write_configuration(folder), "--json"]
        printed, cost = of_command(command)
    result: dict[str, Any] = json.loads(printed)
    return result, replace(cost, wall=result["seconds"])


def _slow_down(sandbox: Sandbox, _anna: Person, latency: float) -> None:
    for server in sandbox.servers:
        server.latency = latency
