"""`calsync run` takes over another configuration on SIGHUP, and discovers anew who has an account."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import TYPE_CHECKING

from calsync.app import App
from calsync.running import Running
from calsync_sandbox.sandbox import Account
from tests.e2e.conftest import logged, stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.e2e.conftest import World


def owners(world: World) -> dict[str, list[str]]:
    """Return whose each appointment in FLOWFACT is, by subject."""
    entities = world.sandbox.flowfact.entities.values()
    return {one["subject"]["values"][0]: one["assignee"]["values"] for one in entities}


async def test_sighup_adds_an_account_and_a_wrong_configuration_changes_nothing(live: World) -> None:
    live.rewrite("poll_seconds: 2", "poll_seconds: 1")
    live.event("Annas Termin")
    process = await live.start("run")
    await live.until(lambda: "Annas Termin" in owners(live))
    live.configuration.write_text(live.configuration.read_text("utf-8") + "\nnonsense: 1\n", "utf-8")
    process.send_signal(signal.SIGHUP)
    log = await logged(process, "the configuration is not taken over")
    live.event("noch einer", hours=2)
    await live.until(lambda: "noch einer" in owners(live))
    kai = live.sandbox.add_person("kai@example.de", first="Kai", last="Kollege")
    event = live.in_outlook("Annas Termin")
    kai.mailbox.create({"subject": "Kais Termin", "start": event["start"], "end": event["end"]})
    live.configure(accounts=[Account(name="anna", person=live.anna), Account(name="kai", person=kai)])
    live.rewrite("poll_seconds: 2", "poll_seconds: 1")
    process.send_signal(signal.SIGHUP)
    await live.until(lambda: "Kais Termin" in owners(live))
    found = await stopped(process, log)
    assert found.code == 0
    assert "Traceback" not in found.errors
    assert found.errors.count("the configuration is not taken over") == 1
    assert "nonsense" in found.errors
    assert found.errors.count("the configuration was read anew: 0 accounts left or changed, 1 began") == 1


async def passing(world: World, condition: Callable[[], object]) -> None:
    """Let time pass until something has come about."""
    async with asyncio.timeout(60):
        while not condition():
            world.clock.advance(5)  # type: ignore[attr-defined] # a FakeClock
            await asyncio.sleep(0.01)


async def test_a_change_on_the_pages_discovers_nobody_where_it_does_not_matter(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "calsync")
    world.sandbox.add_person("bert@example.de", first="Bert", last="Beispiel")
    written = [Account(name="anna", person=world.anna)]
    world.configuration = world.sandbox.write_configuration(world.folder, written, discover={})
    started: list[Running] = []
    serve = Running.serve

    async def noted(running: Running, *events: asyncio.Event) -> None:
        started.append(running)
        await serve(running, *events)

    def told(line: str) -> int:
        return sum(line in message for message in caplog.messages)

    monkeypatch.setattr(Running, "serve", noted)
    stop, reload = asyncio.Event(), asyncio.Event()
    async with App.open(world.configuration, clock=world.clock) as app:
        task = asyncio.create_task(app.run(stop, reload))
        await world.until(lambda: told("discovered 1 accounts") and "anna" in started[0].served.configs)
        world.rewrite("poll_seconds: 2", "poll_seconds: 3")
        started[0].changed()
        await world.until(lambda: told("the configuration was read anew: 0 accounts left or changed, 0 began"))
        world.rewrite("poll_seconds: 3", "poll_seconds: 2")
        reload.set()
        await world.until(
            lambda: told("the configuration was read anew: 0 accounts left or changed, 0 began") == 2
        )
        await world.until(lambda: told("discovered 1 accounts") > 1)
        stop.set()
        await task
    assert told("discovered 1 accounts") == 2


async def test_who_is_discovered_is_found_anew_with_each_reload(world: World) -> None:
    bert = world.sandbox.add_person("bert@example.de", first="Bert", last="Beispiel")
    cora = world.sandbox.add_person("cora@example.de", first="Cora", last="Neu")
    cora.user["active"] = False  # type: ignore[index] # the sandbox's own dictionary
    written = [Account(name="anna", person=world.anna)]

    def configure(accounts: list[Account]) -> None:
        world.configuration = world.sandbox.write_configuration(world.folder, accounts, discover={})

    configure(written)
    names = {"anna": "anna", "bert": str(bert.user["id"]), "cora": str(cora.user["id"])}
    stop, reload = asyncio.Event(), asyncio.Event()
    async with App.open(world.configuration, clock=world.clock) as app:
        task = asyncio.create_task(app.run(stop, reload))
        await world.until(lambda: bool(app.discovered))
        world.event("Vorlage")
        event = world.in_outlook("Vorlage")
        for person, subject in ((bert, "Berts Termin"), (cora, "Coras Termin")):
            person.mailbox.create({"subject": subject, "start": event["start"], "end": event["end"]})
        await passing(world, lambda: "Berts Termin" in owners(world))
        assert "Coras Termin" not in owners(world)
        cora.user["active"] = True  # type: ignore[index] # as above
        reload.set()
        await passing(world, lambda: "Coras Termin" in owners(world))
        # Bert is written down under a name of his own: the account that was discovered gives way.
        configure([*written, Account(name="chef", person=bert)])
        reload.set()
        await passing(world, lambda: world.stored("SELECT name FROM account WHERE name = 'chef'"))
        await passing(
            world, lambda: {one.reason for one in app.discovered if one.account == names["bert"]} != {None}
        )
        stop.set()
        await task
    assert sorted(owners(world)) == ["Berts Termin", "Coras Termin", "Vorlage"]
    assert len(bert.mailbox.events) == len(cora.mailbox.events) == 1
