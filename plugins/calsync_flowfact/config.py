"""What a connection and an account's side may say, and the settings that follow from it.

No field name of a tenant's appointments is public, so every one of them can be configured. The defaults are the
names of the calendar-sync service's transfer object (`POST calendar-sync-service/appointment`); whether a tenant
has them is checked at login.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import voluptuous as vol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

CODEC_VERSION = 2
"""Rises when the code reads the same entity into other values."""
NUMERIC = frozenset({"epoch_ms", "epoch_s"})
INSTANT = ("epoch_ms", "epoch_s", "iso", "iso_local")
BASE_URL = "https://api.{stage}.cloudios.{account}.cloud"
STAGES = {"production": "flowfact-prod", "staging": "flowfact-prod", "development": "flowfact-dev"}


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Which FLOWFACT field holds a value, and in which form. Without a field the value is not mapped."""

    field: str | None
    codec: str


CODECS: Mapping[str, Sequence[str]] = {
    "summary": ("text",),
    "description": ("text", "html"),
    "start": INSTANT,
    "end": INSTANT,
    "all_day": ("bool",),
    "owner": ("user_id",),
    "attendee_count": ("count",),
    "marker": ("text",),
    "reminder": INSTANT,
    "series": ("bool",),
    "private": ("bool",),
}
"""The codecs that each mapped value may have, the default first."""
DEFAULTS: Mapping[str, str | None] = {
    "summary": "subject",
    "description": "message",
    "start": "start_date",
    "end": "end_date",
    "all_day": "isFullDayAppointment",
    "owner": "assignee",
    "attendee_count": "participants",
    "marker": None,
    "reminder": None,
    "series": None,
    "private": None,
}
REQUIRED = frozenset({"summary", "start", "end", "owner"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A validated connection."""

    api_token: str
    base_url: str
    path_prefix: str
    schema: str
    """The search index: a schema's name, or a group's."""
    write_schema: str
    """The schema in which appointments are created."""
    page_size: int
    overlap: int
    """Milliseconds by which the search may lag behind a write."""
    empty_values: tuple[str, ...]
    """The `values` that clear a text field."""
    max_concurrency: int
    timeout: float
    all_day_end_inclusive: bool
    fields: Mapping[str, FieldMap]

    def name(self, key: str) -> str | None:
        """Return the FLOWFACT field of a value, None where it is not mapped."""
        return self.fields[key].field

    def required(self, key: str) -> str:
        """Return the FLOWFACT field of a value that is always mapped."""
        name = self.fields[key].field
        if name is None:
            raise KeyError(key)
        return name

    @property
    def index_is_group(self) -> bool:
        """Whether a search answers entities of several schemas."""
        return self.schema != self.write_schema

    @property
    def fetched(self) -> list[str]:
        """The parts of an entity that are asked for: what is mapped, and nothing else about anybody."""
        return ["id", "_metadata", *sorted({one.field for one in self.fields.values() if one.field})]

    def mapping_version(self, zone: str) -> int:
        """Return a number that differs where the same entity would be read into other values."""
        keys = ("summary", "description", "start", "end", "all_day", "private")
        parts = [zone, str(self.all_day_end_inclusive), *(repr(self.fields[key]) for key in keys)]
        return (CODEC_VERSION << 32) + zlib.crc32("\n".join(parts).encode())


def settings_of(options: Mapping[str, Any]) -> Settings:
    """Return the settings of a connection that `CONNECTION_SCHEMA` has validated."""
    stage = options.get("stage", "production")
    return Settings(
        api_token=options["api_token"],
        base_url=options.get("base_url", BASE_URL.format(stage=stage, account=STAGES[stage])),
        path_prefix=options["path_prefix"],
        schema=options["schema"],
        write_schema=options.get("write_schema", options["schema"]),
        page_size=options["page_size"],
        overlap=options["overlap_seconds"] * 1000,
        empty_values=() if options["clear_strategy"] == "empty_values" else ("",),
        max_concurrency=options["max_concurrency"],
        timeout=float(options["timeout"]),
        all_day_end_inclusive=options["all_day_end"] == "inclusive",
        fields={key: _field_map(key, options["fields"].get(key, {})) for key in CODECS},
    )


def _field_map(key: str, given: Mapping[str, Any]) -> FieldMap:
    return FieldMap(given.get("field", DEFAULTS[key]), given.get("codec", CODECS[key][0]))


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise vol.Invalid(f"must be a whole number from {low} to {high}")

    return check


def _one_of(words: Sequence[str]) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if isinstance(value, str) and value in words:
            return value
        known = ", ".join(word or "an empty text" for word in words)
        raise vol.Invalid(f"must be one of {known}")

    return check


def _word(pattern: str, description: str) -> Callable[[Any], str]:
    """Accept text without blanks. A refused value is not repeated: it may be a secret."""
    wanted = re.compile(pattern)

    def check(value: Any) -> str:
        if isinstance(value, str) and wanted.fullmatch(value.strip()):
            return value.strip()
        raise vol.Invalid(f"must be {description}")

    return check


_NAME = _word(r"[A-Za-z][A-Za-z0-9_-]*", "the name of a field, letters, digits, dash and underscore")
_SCHEMA = _word(r"[A-Za-z0-9][A-Za-z0-9_.-]*", "the name or the id of a schema")


def _field_schema(key: str) -> Mapping[Any, Any]:
    name = _NAME if key in REQUIRED else vol.Maybe(_NAME)
    return {vol.Optional("field"): name, vol.Optional("codec"): _one_of(CODECS[key])}


def _distinct(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse one FLOWFACT field for two values: each write of one would destroy the other."""
    used = Counter(name for key in CODECS if (name := _field_map(key, fields.get(key, {})).field))
    twice = sorted(name for name, times in used.items() if times > 1)
    if twice:
        raise vol.Invalid(f"name {', '.join(twice)} for more than one value")
    return fields


CONNECTION_SCHEMA: Mapping[Any, Any] = {
    vol.Required("api_token"): _word(r"[!-~]+", "the API token from Einstellungen > API-Zugänge, without blanks"),
    vol.Exclusive("base_url", "server", msg="give base_url or stage, not both"): _word(
        r"https?://\S+", "an https address"
    ),
    vol.Exclusive("stage", "server", msg="give base_url or stage, not both"): _one_of(tuple(STAGES)),
    vol.Optional("path_prefix", default=""): _one_of(("", "stable", "latest")),
    vol.Optional("schema", default="appointments"): _SCHEMA,
    vol.Optional("write_schema"): _SCHEMA,
    vol.Optional("page_size", default=100): _whole(1, 1000),
    vol.Optional("overlap_seconds", default=120): _whole(0, 3600),
    vol.Optional("clear_strategy", default="empty_values"): _one_of(("empty_values", "empty_string")),
    vol.Optional("max_concurrency", default=4): _whole(1, 32),
    vol.Optional("timeout", default=30): _whole(1, 600),
    vol.Optional("all_day_end", default="exclusive"): _one_of(("exclusive", "inclusive")),
    vol.Optional("fields", default=dict): vol.All(
        {vol.Optional(key): _field_schema(key) for key in CODECS}, _distinct
    ),
}
CALENDAR_SCHEMA: Mapping[Any, Any] = {
    vol.Exclusive("user", "user", msg="give user or user_id, not both"): _word(r"\S+@\S+", "an e-mail address"),
    vol.Exclusive("user_id", "user", msg="give user or user_id, not both"): _word(r"[!-~]+", "a user's id"),
}
