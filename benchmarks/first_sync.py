"""Time a first sync against a bare loop that sends the same requests.

The sandbox's servers run in a process of their own. `calsync sync` imports a real calendar into FLOWFACT; then the
requests that arrived are sent once more, in the same order, with the same concurrency and one session, each
answer read and decoded and nothing stored. The sync's seconds are those that it tells itself, from its sign-in to
its end; `command` has the start of Python and all imports besides. The requests are sent once more to the same
servers, as their ids and tokens mean nothing to others.
Run: python benchmarks/first_sync.py [--rounds 3] [CALENDAR.ics]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

import calsync
from calsync_sandbox.sandbox import Account, Sandbox

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

CALENDAR = Path(__file__).resolve().parents[2] / "shared" / "data" / "calendars" / "google_long_history.ics"
CONCURRENCY = 4
SKIPPED_HEADERS = frozenset({"content-length", "host"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("calendar", nargs="?", type=Path, default=CALENDAR)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(f"calsync {calsync.__version__}, Python {platform.python_version()}, {platform.machine()}")
    print(f"first sync of {arguments.calendar.name}; seconds, medians of {arguments.rounds}")
    rounds = [_round(arguments.calendar) for _ in range(arguments.rounds)]
    for row in rounds:
        print("  " + ", ".join(f"{name} {value:.2f}" for name, value in row.items()))
    medians = {name: statistics.median(row[name] for row in rounds) for name in rounds[0]}
    print(f"sync {medians['sync']:.2f} s, bare loop {medians['bare loop']:.2f} s: {medians['ratio']:.2f} times")


def _round(calendar: Path) -> dict[str, float]:
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, calendar))
    server.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            ours.send(folder)
            configuration = ours.recv()
            started = time.perf_counter()
            result = _sync(configuration)
            whole = time.perf_counter() - started
        ours.send("requests")
        requests = ours.recv()
        bare = asyncio.run(_send(requests))
    finally:
        ours.send("stop")
        server.join(timeout=30)
    created = result["accounts"]["anna"]["left"]["created"]
    return {
        "created": created,
        "requests": len(requests),
        "requests per event": len(requests) / max(1, created),
        "command": whole,
        "sync": result["seconds"],
        "bare loop": bare,
        "ratio": result["seconds"] / bare,
    }


def _sync(configuration: str) -> Any:
    command = [sys.executable, "-m", "calsync", "sync", "-c", configuration, "--json"]
    done = subprocess.run(command, capture_output=True, check=True)
    return json.loads(done.stdout)


async def _send(requests: list[tuple[str, str, dict[str, str], bytes]]) -> float:
    """Send the requests with CONCURRENCY workers that take the next one in order; return the seconds."""
    waiting = iter(requests)
    started = time.perf_counter()

    async def work(session: aiohttp.ClientSession) -> None:
        for method, url, headers, body in waiting:
            async with session.request(
                method, URL(url, encoded=True), headers=headers, data=body or None
            ) as answer:
                text = await answer.read()
                if text and "json" in answer.content_type:
                    json.loads(text)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONCURRENCY)) as session:
        await asyncio.gather(*(work(session) for _ in range(CONCURRENCY)))
    return time.perf_counter() - started


def _serve(pipe: Connection, calendar: Path) -> None:
    """Run the sandbox in this process: answer a folder with a configuration, "requests" with what arrived."""
    asyncio.run(_serve_until_told(pipe, calendar))


async def _serve_until_told(pipe: Connection, calendar: Path) -> None:
    loop = asyncio.get_running_loop()
    async with Sandbox() as sandbox:
        anna = sandbox.add_person("anna@example.de", first="Anna", last="Beispiel")
        sandbox.import_calendar(calendar, anna)
        while (message := await loop.run_in_executor(None, pipe.recv)) != "stop":
            if message == "requests":
                pipe.send(_recorded(sandbox))
            else:
                path = sandbox.write_configuration(Path(message), [Account(name="anna", person=anna)])
                pipe.send(str(path))


def _recorded(sandbox: Sandbox) -> list[tuple[str, str, dict[str, str], bytes]]:
    servers = (sandbox.flowfact, sandbox.graph)
    recorded = [(request.started, server.url, request) for server in servers for request in server.requests]
    recorded.sort(key=lambda entry: entry[0])
    return [
        (
            request.method,
            str(URL(url + request.path).with_query(request.query)),
            {name: value for name, value in request.headers.items() if name not in SKIPPED_HEADERS},
            request.body,
        )
        for _, url, request in recorded
    ]


if __name__ == "__main__":
    main()
