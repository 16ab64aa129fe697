"""Somebody invites people in Outlook: calsync writes there no more, mails nobody, and goes on without them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from calsync.results import AccountResult
    from calsync_sandbox.judge import Direction
    from tests.e2e.conftest import World

GUEST = "gast@kunde.example"
ORGANIZER = {"emailAddress": {"address": "chef@example.de", "name": "Chef"}}
RULE = """
from calsync.hookspecs import hookimpl
from calsync.ports import RuleSpec
from calsync.sync.rules import ALLOW, Rule


class OwnRule(Rule):
    name = "{name}"

    def guard(self, write):
        {body}


@hookimpl
def calsync_rules():
    return [RuleSpec(name="{name}", schema={{}}, build=lambda options: OwnRule())]
"""


def blocked(result: AccountResult) -> dict[str, int]:
    return {message.reason: message.count for message in result.messages if message.kind == "block"}


@pytest.mark.parametrize("direction", ["both", "left_to_right"])
async def test_writes_are_blocked_until_the_attendees_are_gone(world: World, direction: Direction) -> None:
    world.configure(direction)
    moved, noted, deleted = (world.appointment(name, hours=n) for n, name in enumerate("ABC"))
    await world.settle()
    for name in "ABC":
        world.anna.mailbox.add_attendee(world.in_outlook(name)["id"], GUEST)
    await world.settle()
    world.move(moved, 5)
    world.patch(noted, message="Leiter bereitstellen")
    world.delete(deleted)
    await expect_blocked(world)
    for name in "ABC":
        world.anna.mailbox.remove_attendees(world.in_outlook(name)["id"])
    result = await world.settle()
    assert result.right.blocked == 0
    assert result.messages == ()
    assert "Leiter bereitstellen" in world.in_outlook("B")["body"]["content"]
    world.expect_converged(2, direction=direction)


async def expect_blocked(world: World) -> None:
    """Sync: the three writes are blocked and Outlook is not asked to change a thing."""
    before = dict(world.anna.mailbox.events)
    world.clear()
    for _ in range(2):
        result = await world.sync()
        assert blocked(result) == {"has_attendees": 3}
        assert result.right.blocked == 3
    assert world.anna.mailbox.events == before
    assert world.writes() == []
    world.expect_no_mail()


@pytest.mark.parametrize("direction", ["both", "left_to_right"])
async def test_later_edits_in_outlook_still_reach_flowfact_in_both(world: World, direction: Direction) -> None:
    world.configure(direction)
    entity = world.appointment()
    await world.settle()
    event = world.anna.mailbox.add_attendee(world.in_outlook()["id"], GUEST)
    world.patch(entity, message="Leiter bereitstellen")
    await world.settle()
    world.anna.mailbox.edit(event["id"], {"subject": "Besichtigung mit Gutachter"})
    assert blocked(await world.settle()) == {"has_attendees": 1}
    there = {"both": "Besichtigung mit Gutachter", "left_to_right": "Besichtigung"}[direction]
    assert world.in_flowfact(there)["message"]["values"] == ["Leiter bereitstellen"]
    world.expect_no_mail()


@pytest.mark.parametrize(
    ("name", "body"), [("attendee_raiser", "raise ValueError(write)"), ("attendee_allower", "return ALLOW")]
)
@pytest.mark.parametrize("instead", [True, False], ids=["instead", "before"])
async def test_a_broken_rule_mails_nobody(world: World, name: str, body: str, instead: bool) -> None:
    entity = world.appointment()
    await world.settle()
    before = world.anna.mailbox.add_attendee(world.in_outlook()["id"], GUEST)
    await world.settle()
    plugin = f"{name}_{instead}".lower()  # a package is imported once in a process
    folder = write_plugin(world.folder / "plugins", plugin, name, RULE.format(name=name, body=body))
    world.configure(rules=[name] if instead else [name, "attendee_stripping"])
    world.rewrite("connections:", f'plugin_dirs: ["{folder}"]\nconnections:')
    await expect_untouched(world, entity, before)


async def test_without_the_rule_nobody_is_mailed(world: World) -> None:
    entity = world.appointment()
    await world.settle()
    before = world.anna.mailbox.add_attendee(world.in_outlook()["id"], GUEST)
    await world.settle()
    world.configure(rules=["series_skip"])
    await expect_untouched(world, entity, before)


async def expect_untouched(world: World, entity: dict[str, Any], before: dict[str, Any]) -> None:
    """Edit and then delete in FLOWFACT: the event in Outlook stays as it was, and nobody hears of it."""
    world.clear()
    world.patch(entity, message="neu")
    edited = await world.sync()
    world.delete(entity)
    deleted = await world.sync()
    assert edited.right.blocked + edited.right.held == deleted.right.blocked + deleted.right.held == 1
    assert world.in_outlook() == before
    assert world.graph_writes() == []
    world.expect_no_mail()


async def test_a_meeting_that_somebody_else_organises_is_never_written(world: World) -> None:
    invited = world.event("Quartalsrunde", organizer=ORGANIZER, isOrganizer=False)
    await world.settle()
    world.patch(world.in_flowfact("Quartalsrunde"), message="meine Notiz")
    assert blocked(await world.settle()) == {"not_organised_here": 1}
    assert world.anna.mailbox.events[invited["id"]] == invited


async def test_the_command_says_in_both_languages_what_to_do(live: World) -> None:
    entity = live.appointment()
    await live.settle()
    live.anna.mailbox.add_attendee(live.in_outlook()["id"], GUEST)
    live.patch(entity, message="neu")
    ended = await live.command("sync", "--json")
    assert (ended.code, ended.errors) == (0, "")
    account = json.loads(ended.output)["accounts"]["anna"]
    assert account["right"]["blocked"] == 1
    (message,) = account["messages"]
    assert (message["operation"], message["side"], message["reason"]) == ("block", "right", "has_attendees")
    assert "do not use attendees with two-way sync, or choose one direction" in message["en"]
    assert "Verwenden Sie bei beidseitiger Synchronisation keine Teilnehmer, oder wählen Sie" in message["de"]


def write_plugin(folder: Path, plugin: str, rule: str, code: str) -> Path:
    """Write a plugin that hands over one rule; return the folder that the configuration is to name."""
    manifest = {
        "domain": plugin,
        "name": plugin,
        "version": "1",
        "kind": "rules",
        "documentation": "",
        "capabilities": [],
        "requires_calsync": "0.1",
        "provides": {"providers": [], "rules": [rule], "commands": []},
    }
    (folder / plugin).mkdir(parents=True)
    (folder / plugin / "__init__.py").write_text(code, "utf-8")
    (folder / plugin / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return folder
