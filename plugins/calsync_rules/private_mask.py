"""What is private on one side shows on the other only that the time is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import voluptuous as vol

from calsync.sync.model import normal_line
from calsync.sync.rules import Rule
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.sync.model import Event, Field

MASKED: frozenset[Field] = frozenset({"summary", "description"})


def one_line(value: Any) -> str:
    """Accept a text that a summary can show."""
    if isinstance(value, str) and normal_line(value):
        return normal_line(value)
    raise vol.Invalid("must be a text that is not empty")


SCHEMA: dict[Any, Any] = {vol.Optional("text", default="Privat"): one_line}


class PrivateMask(Rule):
    """Shows a private event's copy with a fixed summary and without notes."""

    name = "private_mask"

    def __init__(self, text: str) -> None:
        self.text = text

    def project(self, event: Event) -> Event:
        return replace(event, summary=self.text, description="") if event.private else event

    def alters(self, event: Event) -> frozenset[Field]:
        """Take charge of both texts, also where they look the same by chance."""
        return MASKED if event.private else frozenset()


def build(options: Mapping[str, Any]) -> PrivateMask:
    """Build the rule from options that `SCHEMA` accepted."""
    return PrivateMask(options["text"])
