"""The quality scale of providers: what a plugin says of itself in its `quality.json`, rule by rule.

The level is not claimed but follows from the rules: a plugin has the highest one whose rules, and those of all
levels below, are kept or do not apply.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import voluptuous as vol

from calsync.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LEVELS = ("bronze", "silver", "gold", "platinum")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the scale."""

    level: str
    sentence: str
    groups: tuple[str, ...] = ()
    """The promises of the suite that show it, where they do."""


RULES: Mapping[str, Rule] = {
    "reads": Rule("bronze", "What is in a calendar is read, whole and as it is stored.", ("reading", "values")),
    "follows_changes": Rule("bronze", "Listings and changes are complete, and a lost token is told.", ("feed",)),
    "writes": Rule(
        "bronze", "Writes store what they were given, and nothing over an edit.", ("writing", "limits")
    ),
    "mails_nobody": Rule("bronze", "No write can mail anybody; where it might, it is refused."),
    "says_what_it_needs": Rule(
        "bronze", "Settings are validated by a schema, and it is documented how to connect."
    ),
    "survives_faults": Rule("silver", "Lost, late and refused answers never write twice or delete.", ("trouble",)),
    "tells_refusals_apart": Rule("silver", "What a refusal means is decided by code, with a test for each."),
    "checks": Rule("silver", "`calsync check` tells a wrong password, a missing right and a read-only calendar."),
    "speaks_german": Rule("gold", "What people read on pages is there in English and German."),
    "tells_deletes": Rule("gold", "A deleted event is told from one that moved to another calendar."),
    "conditional_writes": Rule("gold", "The server refuses a write to an event that has changed meanwhile."),
    "rules_can_look": Rule("gold", "Locations, and types where there are any, are read for rules.", ("needs",)),
    "real_server": Rule("platinum", "It was proven on a real server, not only on one that was written for it."),
    "other_clients": Rule("platinum", "A client that nobody here wrote sees what calsync wrote."),
    "rings": Rule(
        "platinum", "A doorbell wakes an account, so that changes arrive within seconds.", ("listening",)
    ),
    "typed": Rule("platinum", "It is strictly typed, and says so (`py.typed`)."),
}
SCHEMA = vol.Schema(
    {
        name: vol.Any("done", {vol.Required(vol.Any("todo", "exempt")): vol.All(str, vol.Length(min=1))})
        for name in RULES
    },
    required=True,
)


@dataclass(frozen=True, slots=True)
class Quality:
    """What a plugin says of itself."""

    answers: Mapping[str, str | Mapping[str, str]]
    """By rule: `done`, or why it is still to do (`todo`), or why it does not apply (`exempt`)."""

    @property
    def level(self) -> str | None:
        """Return the level that is reached, None for none."""
        reached = None
        for level in LEVELS:
            if any(self.is_open(name) for name, rule in RULES.items() if rule.level == level):
                return reached
            reached = level
        return reached

    def is_open(self, name: str) -> bool:
        return self.answers[name] != "done" and "exempt" not in self.answers[name]


def read_quality(folder: Path) -> Quality | None:
    """Return what the plugin in `folder` says, None where it says nothing. Raises PluginError with the path."""
    path = folder / "quality.json"
    try:
        return Quality(SCHEMA(json.loads(path.read_text("utf-8"))))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PluginError(f"{path} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise PluginError(f"{path} is no JSON ({error})") from error
    except vol.Invalid as error:
        raise PluginError(f"{path}: {error}") from error
