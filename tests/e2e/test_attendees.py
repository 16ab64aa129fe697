"""Somebody invites people in Outlook: calsync writes no more there, mails nobody, and goes on when they are gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

GUEST = "gast@kunde.example"
HOUR = int(timedelta(hours=1).total_seconds() * 1000)
BROKEN_RULE = """
from calsync.hookspecs import hookimpl
from calsync.ports import RuleSpec
from calsync.sync.rules import Rule


class Broken(Rule):
    name = "attendee_blessing"

    def guard(self, write):
        return None


@hookimpl
def calsync_rules():
    return [RuleSpec(name="attendee_blessing", schema={}, build=lambda options: Broken())]
"""


def blocked(result: Any) -> dict[str, int]:
    return {message.reason: message.count for message in result.messages if message.kind.value == "block"}


@pytest.mark.parametrize("direction", ["both", "left_to_right"])
async def test_writes_are_blocked_until_the_attendees_are_gone(world: Any, direction: str) -> None:
    world.configure(direction)
    moved, noted, deleted = (world.appointment(name, hours=n) for n, name in enumerate(("A", "B", "C")))
    await world.settle()
    for name in ("A", "B", "C"):
        world.anna.mailbox.add_attendee(world.in_outlook(name)["id"], GUEST)
    await world.settle()
    start, end = (moved[name]["values"][0] + HOUR * 5 for name in ("start_date", "end_date"))
    world.patch(moved, start_date=start, end_date=end)
    world.patch(noted, message="Leiter bereitstellen")
    world.delete(deleted)
    before = dict(world.anna.mailbox.events)
    result = await world.settle()
    assert blocked(result) == {"has_attendees": 3}
    assert result.right.blocked == 3
    assert dict(world.anna.mailbox.events) == before
    assert world.sandbox.graph.sent("PATCH") == world.sandbox.graph.sent("DELETE") == []
    world.anna.mailbox.edit(world.in_outlook("B")["id"], {"subject": "B mit Gutachter"})
    assert blocked(await world.settle()) == {"has_attendees": 3}
    expected = ["B mit Gutachter"] if direction == "both" else ["B"]
    assert world.sandbox.flowfact.entities[noted["id"]]["subject"]["values"] == expected
    for name in ("A", "B mit Gutachter", "C"):
        world.anna.mailbox.remove_attendees(world.in_outlook(name)["id"])
    assert blocked(await world.settle()) == {}
    subjects = {event["subject"] for event in world.anna.mailbox.events.values()}
    assert "C" not in subjects
    assert "Leiter bereitstellen" in world.in_outlook("B mit Gutachter")["body"]["content"]
    verdict = world.sandbox.judge(world.anna, direction=direction)
    assert verdict.converged or direction == "left_to_right", verdict.differences
    assert world.sandbox.mails.sent == []


@pytest.mark.parametrize(
    "rules", [["series_skip"], ["attendee_blessing"], ["attendee_blessing", "attendee_stripping"]]
)
async def test_without_the_rule_or_with_a_broken_one_nobody_is_mailed(world: Any, rules: list[str]) -> None:
    name = f"blessing_{abs(hash(tuple(rules)))}"  # a package is imported once in a process
    folder = world.folder / "plugins" / name
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(BROKEN_RULE, "utf-8")
    provides = '{"providers": [], "rules": ["attendee_blessing"], "commands": []}'
    about = (
        '"domain": "DOMAIN", "name": "b", "version": "1", "kind": "rules", "documentation": "", "capabilities": []'
    )
    (folder / "manifest.json").write_text(f'{{{about.replace("DOMAIN", name)}, "provides": {provides}}}', "utf-8")
    entity = world.appointment()
    await world.settle()
    world.anna.mailbox.add_attendee(world.in_outlook()["id"], GUEST)
    await world.settle()
    world.configure(rules=rules)
    text = world.configuration.read_text("utf-8")
    world.configuration.write_text(f"{text}plugin_dirs: [{folder.parent}]\n", "utf-8")
    world.patch(entity, message="neu")
    before = world.in_outlook()
    await world.sync()
    world.delete(entity)
    await world.sync()
    assert world.in_outlook() == before
    assert world.sandbox.mails.sent == []


async def test_a_meeting_that_somebody_else_organises_is_never_written(world: Any) -> None:
    organizer = {"emailAddress": {"address": "chef@example.de", "name": "Chef"}}
    invited = world.event("Quartalsrunde", organizer=organizer, isOrganizer=False)
    await world.settle()
    world.patch(world.in_flowfact("Quartalsrunde"), message="meine Notiz")
    result = await world.settle()
    assert sum(blocked(result).values()) == 1
    assert world.anna.mailbox.events[invited["id"]]["body"] == invited["body"]
