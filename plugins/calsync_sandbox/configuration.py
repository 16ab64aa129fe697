"""The configuration that a user would write for the sandbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Exchange = Literal["graph", "exchange_ews"]
"""The providers of Outlook's side."""
SignIn = Literal["application", "delegated"]
"""Who signs in to Graph: the application itself, or a person on whose behalf it works."""
CONNECTIONS: dict[Exchange, str] = {"graph": "m365", "exchange_ews": "exchange"}
"""The name of each one's connection."""
PAST_DAYS = 90
FUTURE_DAYS = 365
POLL_SECONDS = 2
RULES: tuple[Any, ...] = (
    "series_skip",
    "attendee_stripping",
    "private_mask",
    {"reminder_once": {"minutes_before": 15}},
)


class Secret(str):
    """The name of a secret, written with its tag."""

    __slots__ = ()


def write_configuration(folder: Path, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> Path:
    """Write calsync.yaml and its secrets, which only their owner can read; return the configuration's path."""
    folder.mkdir(parents=True, exist_ok=True)
    secret_file = folder / "secrets.yaml"
    secret_file.touch(mode=0o600)
    lines = (f"{name}: {json.dumps(value)}\n" for name, value in secrets.items())
    secret_file.write_text("".join(lines), "utf-8")
    configuration = folder / "calsync.yaml"
    configuration.write_text(_block(settings, 0), "utf-8")
    return configuration


def _block(value: Mapping[str, Any] | Sequence[Any], depth: int) -> str:
    """Write a mapping or a list as an indented block; single values as JSON, which is YAML."""
    indent = "  " * depth
    if isinstance(value, dict):
        return "".join(f"{indent}{key}:{_value(inner, depth + 1)}" for key, inner in value.items())
    return "".join(f"{indent}-{_value(inner, depth + 1)}" for inner in value)


def _value(value: Any, depth: int) -> str:
    if isinstance(value, dict | list) and value:
        return "\n" + _block(value, depth)
    if isinstance(value, Secret):
        return f" !secret {value}\n"
    return f" {json.dumps(value, ensure_ascii=False)}\n"
