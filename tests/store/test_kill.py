"""kill -9 loses nothing that was acknowledged, and leaves nothing by half."""

import asyncio
import itertools
import random
import sys
from datetime import UTC, datetime
from pathlib import Path

from calsync.store import SqliteStore

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
ACKNOWLEDGED = 10_000
LONGEST_LIFE = ACKNOWLEDGED // 5

WRITER = """
import asyncio, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from calsync.records import Tombstone
from calsync.store import SqliteStore
from calsync.sync.model import Side

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)

async def main(path, kill):
    store = await SqliteStore.open(Path(path))
    lease = await store.acquire("anna", "writer", NOW, timedelta(minutes=1))
    for number in range(1_000_000):
        async with store.transaction(lease) as transaction:
            for side in Side:
                event_id = f"{kill}-{number}"
                transaction.put_tombstones([Tombstone(side=side, event_id=event_id, revision=None, at=NOW)])
        print(event_id, flush=True)

asyncio.run(main(sys.argv[1], sys.argv[2]))
"""


async def acknowledged_before_a_kill(path: Path, kill: int, commits: int) -> list[str]:
    """Run a writer until it has acknowledged so many commits, kill it, and return all that it acknowledged."""
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(path), str(kill), stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout is not None
    lines = [await writer.stdout.readline() for _ in range(commits)]
    writer.kill()
    rest = await writer.stdout.read()
    await writer.wait()
    return [line.decode().strip() for line in [*lines, *rest.splitlines(keepends=True)] if line.endswith(b"\n")]


async def test_no_acknowledged_commit_is_lost(path: Path) -> None:
    chance = random.Random(2026)
    acknowledged: set[str] = set()
    for kill in itertools.count():
        acknowledged |= set(await acknowledged_before_a_kill(path, kill, chance.randint(1, LONGEST_LIFE)))
        store = await SqliteStore.open(path)
        kept = list((await store.load("anna", NOW)).tombstones)
        await store.close()
        left = {event_id for side, event_id in kept if side == "left"}
        right = {event_id for side, event_id in kept if side == "right"}
        assert left == right
        assert acknowledged <= left
        assert len(left - acknowledged) <= kill + 1
        if len(acknowledged) >= ACKNOWLEDGED:
            return
