"""Discovery goes on for as long as the service runs, whatever is in its way, and is made where it matters."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calsync.config import Config
from calsync.config.model import Address, DiscoverConfig, Service
from calsync.discoveries import Discoveries, finds_others
from calsync.errors import Retry, StoreError
from calsync.sync.model import Side
from calsync.testing import FakeClock
from calsync.values import replace
from tests.test_discovery import account

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping

    from calsync.config.model import AccountConfig

ANNA = account("anna", {"id": "1"}, {"mailbox": "anna@example.de"})
BERT = account("u-1", {"id": "2"}, {"mailbox": "bert@example.de"})


class Roster:
    """Discovers Bert, unless a test is in the way."""

    def __init__(self) -> None:
        self.written = {"anna": ANNA}
        self.error: Exception | None = None
        self.going = asyncio.Event()
        self.going.set()
        self.calls: asyncio.Queue[None] = asyncio.Queue()

    async def discover_aloud(self) -> Mapping[str, AccountConfig]:
        self.calls.put_nowait(None)
        await self.going.wait()
        if self.error is not None:
            raise self.error
        return {"u-1": BERT}

    async def try_open_found(self, names: Collection[str]) -> dict[str, str]:
        return dict.fromkeys(names, "opened")


class Served:
    """Serves whatever it is told to."""

    def __init__(self) -> None:
        self.configs: dict[str, AccountConfig] = {"anna": ANNA}
        self.changing = asyncio.Lock()
        self.opened: dict[str, Any] = {}
        self.error: Exception | None = None

    async def part_with(self, wanted: Mapping[str, AccountConfig]) -> int:
        gone = [name for name, one in self.configs.items() if wanted.get(name) != one]
        for name in gone:
            del self.configs[name]
        return len(gone)

    async def begin(self, accounts: Mapping[str, AccountConfig], found: Mapping[str, Any]) -> int:
        if self.error is not None:
            raise self.error
        self.configs |= accounts
        self.opened |= found
        return len(accounts)


class Scene:
    def __init__(self) -> None:
        self.clock, self.roster, self.served = FakeClock(), Roster(), Served()
        self.released: list[str] = []
        self.discoveries = Discoveries(self.served, self.roster, self, self.clock)  # type: ignore[arg-type]
        self.task: asyncio.Task[None]

    def release(self, name: str) -> None:
        self.released.append(name)

    def start(self, failed: Exception | None = None) -> None:
        self.task = asyncio.create_task(self.discoveries.run(failed))

    async def called(self) -> None:
        await asyncio.wait_for(self.roster.calls.get(), 20)

    async def until_served(self, *names: str) -> None:
        async with asyncio.timeout(20):
            while self.served.configs.keys() != set(names):  # noqa: ASYNC110 - no event tells of it
                await asyncio.sleep(0)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    scene = Scene()
    yield scene
    scene.task.cancel()
    await asyncio.gather(scene.task, return_exceptions=True)


async def test_who_is_found_is_served_with_what_was_opened(scene: Scene) -> None:
    scene.start()
    scene.discoveries.configured(anew=True)
    await scene.until_served("anna", "u-1")
    assert scene.served.opened == {"u-1": "opened"}


async def test_discovery_is_tried_again_less_and_less_often_until_it_succeeds(scene: Scene) -> None:
    began = scene.clock.now()
    scene.roster.error = Retry("unreachable")
    scene.start(Retry("unreachable"))
    for seconds in (60, 180, 420):
        await scene.clock.until_sleeping()
        if seconds == 420:
            scene.roster.error = None
        scene.clock.advance(seconds - (scene.clock.now() - began).total_seconds() - 1)
        await asyncio.sleep(0)
        assert scene.roster.calls.empty()
        scene.clock.advance(1)
        await scene.called()
    await scene.until_served("anna", "u-1")
    assert scene.clock.sleepers == 0


@pytest.mark.parametrize("error", [ValueError("a plugin's bug: frau.schmidt@example.de"), Retry("unreachable")])
async def test_no_error_ends_discovery_for_good(
    scene: Scene, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "calsync.discovery")
    scene.roster.error = error
    scene.start()
    scene.discoveries.configured(anew=True)
    await scene.called()
    await scene.clock.until_sleeping()
    assert [one.levelno for one in caplog.records] == [logging.WARNING]
    assert "schmidt" not in caplog.text
    scene.roster.error = None
    scene.clock.advance(60)
    await scene.until_served("anna", "u-1")


async def test_accounts_that_could_not_be_taken_over_are_tried_again(scene: Scene) -> None:
    scene.served.error = StoreError("the disk is full")
    scene.start()
    scene.discoveries.configured(anew=True)
    await scene.clock.until_sleeping()
    scene.served.error = None
    scene.clock.advance(60)
    await scene.until_served("anna", "u-1")


async def test_who_asks_does_not_wait_for_the_next_try(scene: Scene) -> None:
    scene.start(Retry("unreachable"))
    await scene.clock.until_sleeping()
    scene.discoveries.configured(anew=True)
    await scene.until_served("anna", "u-1")


async def test_what_the_configuration_before_finds_is_not_served(scene: Scene) -> None:
    scene.roster.going.clear()
    scene.start()
    scene.discoveries.configured(anew=False)
    await asyncio.sleep(0)
    assert scene.roster.calls.empty()
    scene.discoveries.configured(anew=True)
    await scene.called()
    scene.discoveries.configured(anew=False)
    scene.roster.going.set()
    await scene.called()
    assert scene.released == ["u-1"]
    await scene.until_served("anna", "u-1")


OTHER = account("carla", {"id": "3"}, {"mailbox": "carla@example.de"})
OWN = replace(OTHER, right=replace(OTHER.right, connection="own-0123456789ab"))
APART = replace(OWN, left=replace(OWN.left, connection="own-ba9876543210"))


def configured(*accounts: AccountConfig, discovers: bool = True, **discover: Any) -> Config:
    return Config(
        web=None,
        path=Path("calsync.yaml"),
        service=Service(store=Path("calsync.db"), poll_seconds=60, listen=Address(host="127.0.0.1", port=1)),
        connections={},
        rules=(),
        accounts={one.name: one for one in accounts},
        discover=DiscoverConfig(
            account=account("discover", {}, {}),
            lists=Side.LEFT,
            person_key="id",
            address_key="mailbox",
            **{"include": ("*",), "exclude": (), **discover},
        )
        if discovers
        else None,
        plugin_dirs=(),
    )


@pytest.mark.parametrize(
    ("before", "after", "stale", "others"),
    [
        (configured(ANNA), configured(ANNA), set(), False),
        (configured(ANNA), configured(ANNA), {"other"}, False),
        (configured(ANNA), configured(ANNA), {"mail"}, True),
        (configured(ANNA), configured(ANNA, exclude=("bert@*",)), set(), True),
        (configured(ANNA, discovers=False), configured(ANNA), set(), True),
        (configured(ANNA), configured(ANNA, discovers=False), {"mail"}, False),
        (configured(ANNA), configured(ANNA, OTHER), set(), True),
        (configured(ANNA, OTHER), configured(ANNA), set(), True),
        (configured(ANNA), configured(ANNA, OWN), set(), False),
        (configured(ANNA, OWN), configured(ANNA), set(), True),
        (configured(ANNA, APART), configured(ANNA), set(), False),
    ],
)
def test_others_are_discovered_only_where_what_has_changed_may_matter(
    before: Config, after: Config, stale: set[str], others: bool
) -> None:
    assert finds_others(before, after, stale) is others
