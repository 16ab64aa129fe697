"""Two accounts of one tenant do not see each other, and a wrong user stops everything before a write."""

from __future__ import annotations

from typing import Any

from calsync_sandbox.sandbox import Account


async def test_each_account_imports_for_its_own_user(world: Any) -> None:
    kai = world.sandbox.add_person("kai@example.de", first="Kai", last="Kollege")
    accounts = [Account(name="anna", person=world.anna), Account(name="kai", person=kai)]
    world.configure(accounts=accounts)
    world.event("Annas Termin")
    world.appointment("Annas Besichtigung", hours=2)
    times = {name: world.in_outlook("Annas Termin")[name] for name in ("start", "end")}
    kai.mailbox.create({"subject": "Kais Termin", **times})
    await world.settle()
    owners = {
        one["subject"]["values"][0]: one["assignee"]["values"] for one in world.sandbox.flowfact.entities.values()
    }
    assert owners == {
        "Annas Termin": [world.anna.user["id"]],
        "Annas Besichtigung": [world.anna.user["id"]],
        "Kais Termin": [kai.user["id"]],
    }
    assert {event["subject"] for event in world.anna.mailbox.events.values()} == {
        "Annas Termin",
        "Annas Besichtigung",
    }
    assert {event["subject"] for event in kai.mailbox.events.values()} == {"Kais Termin"}


async def test_an_unknown_user_is_exit_2_before_anything_is_written(world: Any) -> None:
    world.event()
    text = world.configuration.read_text("utf-8")
    for wrong in (text.replace('user: "anna', 'user: "ana'), text.replace('mailbox: "anna', 'mailbox: "ana')):
        world.configuration.write_text(wrong, "utf-8")
        code, _, errors = await world.command("sync", "-c", str(world.configuration))
        assert code == 2
        assert len(errors.splitlines()) == 1
        assert "Traceback" not in errors
    assert world.changing_requests() == []
