"""An Exchange Server that refuses, or answers nonsense: a clear finding, nothing written, nothing lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.app import App
from calsync.ports import SystemClock
from calsync_sandbox.ews.certificate import make_certificate
from calsync_sandbox.ews.server import PATH
from calsync_sandbox.faults import Fault
from tests.e2e.conftest import World, world_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from calsync.testing import FakeClock
    from calsync_sandbox.ews.spoiling import Spoilt


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[World]:
    async for world in world_at(SystemClock(), tmp_path, "exchange_ews"):
        yield world


@pytest.fixture
async def world(clock: FakeClock, tmp_path: Path) -> AsyncIterator[World]:
    async for world in world_at(clock, tmp_path, "exchange_ews"):
        yield world


async def wrong_password(live: World) -> None:
    path = live.folder / "secrets.yaml"
    path.write_text(path.read_text("utf-8").replace(live.sandbox.service.password, "abgelaufen"), "utf-8")


async def nobody_vouches_for_it(live: World) -> None:
    live.rewrite(live.sandbox.ews.ews_url, live.sandbox.ews.tls_url)


async def of_another_host(live: World) -> None:
    await certified(live, address="127.0.0.9")


async def expired(live: World) -> None:
    await certified(live, days=-1)


async def certified(live: World, **how: str | int) -> None:
    """Let calsync use the server with another certificate, which it is told to trust."""
    (live.folder / "tls").mkdir()
    made = make_certificate(live.folder / "tls", **how)  # type: ignore[arg-type]
    port = await live.sandbox.ews.listen(made.context)
    live.rewrite(live.sandbox.ews.ews_url, f"https://127.0.0.1:{port}{PATH}")
    live.rewrite("impersonate: true", f'impersonate: true\n    ca_file: "{made.authority}"')


async def elsewhere(live: World) -> None:
    away = {"Location": "https://owa.example/EWS/Exchange.asmx"}
    live.sandbox.ews.faults.add(Fault(status=302, headers=away, times=None))


@pytest.mark.parametrize(
    ("breaks", "told", "code"),
    [
        (wrong_password, "connection exchange: Exchange refuses the sign-in (401); it is not tried again", 2),
        (elsewhere, "connection exchange: Exchange sends calsync to another address (302)", 2),
        (nobody_vouches_for_it, "its certificate is not trusted", 1),
        (of_another_host, "its certificate is not trusted", 1),
        (expired, "its certificate is not trusted", 1),
    ],
)
async def test_a_server_that_cannot_be_used_is_told_and_nothing_is_written(
    live: World, breaks: Callable[[World], Awaitable[None]], told: str, code: int
) -> None:
    live.appointment()
    live.event("Teamrunde", hours=2)
    await breaks(live)
    ended = await live.command("sync")
    assert told in ended.errors
    assert "Traceback" not in ended.errors
    assert ended.code == code
    assert live.flowfact_writes() == []
    assert live.sandbox.ews.writes() == 0
    shown = [each for each in live.sandbox.ews.requests if "authorization" in each.headers]
    if breaks is wrong_password:
        assert len(shown) == 1, "each further try might lock the account"
    elif breaks is not elsewhere:
        assert shown == []
    live.sandbox.ews.faults.clear()
    live.configure()
    await live.settle()
    live.expect_converged(2)


@pytest.mark.parametrize("how", ["cut", "short", "doctype", "forbidden"])
async def test_an_invitation_that_spoils_an_answer_stops_nobody(world: World, how: Spoilt) -> None:
    for number in range(20):
        world.event(f"Termin {number}", hours=number)
    world.appointment("Aus FLOWFACT")
    await world.settle()
    world.sandbox.ews.switches.spoilt = {"Einladung": how}
    bad = world.event("Einladung", hours=30)
    for number in range(20, 40):
        world.event(f"Termin {number}", hours=number)
    async with App.open(world.configuration, clock=world.clock) as app:
        for _ in range(4):
            result = (await app.sync(None)).accounts["anna"]
    assert result.ok, result.error
    subjects = {one["subject"]["values"][0] for one in world.sandbox.flowfact.entities.values()}
    assert {f"Termin {number}" for number in range(40)} <= subjects
    assert ("Einladung" in subjects) is (how == "forbidden")
    world.expect_no_mail()
    world.sandbox.ews.switches.spoilt = {}
    world.anna.mailbox.edit(bad["id"], {"body": {"contentType": "text", "content": "neu"}})
    await world.settle()
    world.expect_converged(42)


@pytest.mark.parametrize(
    "operation", ["SyncFolderItems", "FindItem", "GetItem", "CreateItem", "UpdateItem", "DeleteItem"]
)
async def test_an_answer_that_breaks_off_loses_nothing(world: World, clock: FakeClock, operation: str) -> None:
    for number in range(3):
        world.event(f"Termin {number}", hours=number)
        world.appointment(f"Besichtigung {number}", hours=10 + number)
    await world.settle()
    clock.advance(60)
    world.patch(world.in_flowfact("Besichtigung 0"), message="neu")
    world.delete(world.in_flowfact("Besichtigung 1"))
    for number in (3, 4):
        world.appointment(f"Besichtigung {number}", hours=10 + number)
    world.anna.mailbox.edit(world.in_outlook("Termin 0")["id"], {"subject": "Termin, neu"})
    cut = Fault(path=f"/{operation}$", status=200, body=b"<s:Envelope xmlns:s='http://sch", after_commit=True)
    world.sandbox.ews.faults.add(cut)
    await world.sync_all()
    await world.settle()
    world.expect_converged(7)
