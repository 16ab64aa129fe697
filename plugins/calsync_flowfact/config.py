"""What a connection and an account's side may say, and the settings that follow from it.

No field name of a tenant's appointments is public, so every one of them can be configured. The defaults are the
names of the calendar-sync service's transfer object (`POST calendar-sync-service/appointment`); whether a tenant
has them is checked at login.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from calsync.options import one_of, text, whole
from calsync.sync.model import also_read
from calsync.values import replace
from calsync_flowfact.habits import NOTHING_KNOWN, Habits, about

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from calsync.sync.model import Need

CODEC_VERSION = 2
"""Rises when the code reads the same entity into other values."""
NUMERIC = frozenset({"epoch_ms", "epoch_s"})
INSTANT = ("epoch_ms", "epoch_s", "iso", "iso_local", "german_local")
BASE_URL = "https://api.{stage}.cloudios.{account}.cloud"
STAGES = {"production": "flowfact-prod", "staging": "flowfact-prod", "development": "flowfact-dev"}


FROM_TIMES = frozenset({"whole_days", "date"})
"""The ways to tell an all-day appointment that need no field: start and end themselves say so."""
YES_NO = ("bool", "list")
WRITTEN_FLAGS = frozenset({"all_day"})
"""The values of yes and no that calsync writes; the others are only read."""


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Which FLOWFACT field holds a value, and in which form. Without a field the value is not mapped."""

    field: str | None
    codec: str
    values: tuple[str, ...] = ()
    """Of the codec `list`: the field's values that mean yes; the first one is written."""
    otherwise: str | None = None
    """Of the codec `list`: the value that is written for no, None where no is no value."""


CODECS: Mapping[str, Sequence[str]] = {
    "summary": ("text",),
    "description": ("text", "html"),
    "start": INSTANT,
    "end": INSTANT,
    "all_day": (*YES_NO, *sorted(FROM_TIMES)),
    "owner": ("user_id",),
    "attendee_count": ("count",),
    "marker": ("text",),
    "reminder": INSTANT,
    "series": YES_NO,
    "private": YES_NO,
    "location": ("text",),
    "types": ("value",),
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
    "location": None,
    "types": None,
}
FOR_RULES: frozenset[Need] = frozenset({"location", "types"})
"""The values that are read, and written, only where a rule needs them."""
PROFILES: Mapping[str, Mapping[str, str | None]] = {"dto": DEFAULTS, "none": dict.fromkeys(DEFAULTS)}
"""The field of a value that the configuration does not name."""
CLEARED: tuple[tuple[str, ...], tuple[str, ...]] = ((), ("",))
"""The `values` that may clear a text: none at all, or an empty text."""
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
    other_empty_values: tuple[str, ...]
    """Those of the other strategy, for a server that ignores the first."""
    max_concurrency: int
    timeout: float
    all_day_end: str
    """When an all-day appointment ends: `exclusive`, `inclusive` or `last_minute`, as `times` explains."""
    all_day_zone: str
    """Whose midnights its days begin at: `account` (the account's zone) or `utc`."""
    on_native_sync: str
    """What happens to an account whose calendar FLOWFACT syncs itself: refuse, warn or ignore."""
    fields: Mapping[str, FieldMap]
    habits: Habits = NOTHING_KNOWN
    """What a probe has found out; nothing until somebody has made one."""

    def knowing(self, habits: Habits) -> Settings:
        """Return the settings for a tenant of these habits."""
        return replace(
            self,
            habits=habits,
            page_size=min(self.page_size, habits.page_size or self.page_size),
            empty_values=("",) if habits.clears is False else self.empty_values,
            other_empty_values=() if habits.clears is False else self.other_empty_values,
        )

    def needing(self, needs: Collection[Need]) -> Settings:
        """Return the settings of an account whose rules need these values: others of the kind are not mapped."""
        unneeded: dict[str, FieldMap] = {
            key: replace(self.fields[key], field=None) for key in FOR_RULES.difference(needs)
        }
        return replace(self, fields={**self.fields, **unneeded})

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
    def stores_days(self) -> bool:
        """Whether an all-day appointment can be stored."""
        return self.name("all_day") is not None or self.fields["all_day"].codec in FROM_TIMES

    @property
    def index_is_group(self) -> bool:
        """Whether a search answers entities of several schemas."""
        return self.schema != self.write_schema

    @property
    def fetched(self) -> list[str]:
        """The parts of an entity that are asked for: what is mapped, and nothing else about anybody."""
        return ["id", "_metadata", *sorted({one.field for one in self.fields.values() if one.field})]

    @property
    def also_read(self) -> int:
        """Return what `Capabilities.also_read` is to be with these settings."""
        mapped = sorted(key for key in FOR_RULES if self.name(key))
        return also_read(mapped, repr([self.fields[key] for key in mapped]))

    def mapping_version(self, zone: str) -> int:
        """Return a number that differs where the same entity would be read into other values."""
        keys = ("summary", "description", "start", "end", "all_day", "private")
        parts = [zone, self.all_day_end, self.all_day_zone, *(repr(self.fields[key]) for key in keys)]
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
        empty_values=CLEARED[options["clear_strategy"] == "empty_string"],
        other_empty_values=CLEARED[options["clear_strategy"] != "empty_string"],
        max_concurrency=options["max_concurrency"],
        timeout=float(options["timeout"]),
        all_day_end=options["all_day_end"],
        all_day_zone=options["all_day_zone"],
        on_native_sync=options["on_native_sync"],
        fields=_field_maps(options["fields"]),
    )


def about_of(settings: Settings, properties: Mapping[str, Any]) -> str:
    """Return what a probe of this connection is about, as `habits` compares it."""
    mapping = "\n".join(f"{key}: {settings.fields[key]!r}" for key in CODECS if key not in FOR_RULES)
    return about(settings.base_url, (settings.schema, settings.write_schema), properties, mapping)


def _field_maps(given: Mapping[str, Any]) -> dict[str, FieldMap]:
    names = PROFILES[given.get("profile", "dto")]
    return {key: _field_map(given.get(key, {}), names[key], CODECS[key][0]) for key in CODECS}


def _field_map(given: Mapping[str, Any], name: str | None, codec: str) -> FieldMap:
    codec = given.get("codec", codec)
    return FieldMap(
        field=None if codec in FROM_TIMES else given.get("field", name),
        codec=codec,
        values=tuple(given.get("values", ())),
        otherwise=given.get("otherwise"),
    )


_NAME = text(r"[A-Za-z][A-Za-z0-9_-]*", "the name of a field, letters, digits, dash and underscore")
_SCHEMA = text(r"[A-Za-z0-9][A-Za-z0-9_.-]*", "the name or the id of a schema")


_LISTED = text(r"\S(.*\S)?", "a value of the list, as FLOWFACT stores it")


def may_share(key: str, other: str) -> bool:
    """Tell whether one field may hold both values: a type that says yes or no as well. Neither is written."""
    return {key, other} in ({"types", "private"}, {"types", "series"})


def _field_schema(key: str) -> Any:
    name = _NAME if key in REQUIRED else vol.Maybe(_NAME)
    keys = {vol.Optional("field"): name, vol.Optional("codec"): one_of(CODECS[key])}
    if "list" not in CODECS[key]:
        return keys
    listed = {vol.Optional("values"): vol.All([_LISTED], vol.Length(min=1))}
    return vol.All(keys | listed | {vol.Optional("otherwise"): _LISTED}, _answers)


def _answers(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse keys of one codec with another one: they would say something that is not done."""
    codec = given.get("codec")
    if (codec == "list") != ("values" in given) or ("otherwise" in given and codec != "list"):
        raise vol.Invalid("the codec list needs `values`; no other codec has `values` or `otherwise`")
    if codec in FROM_TIMES and given.get("field"):
        raise vol.Invalid(f"the codec {codec} has no field: start and end tell")
    return given


def _consistent(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse fields that do not go together.

    One field for two values: each write of one would destroy the other. Days as dates: they need times as text.
    """
    maps = _field_maps(fields)
    twice = sorted(
        {
            one.field
            for (key, one), (other, two) in combinations(maps.items(), 2)
            if one.field and one.field == two.field and not may_share(key, other)
        }
    )
    if twice:
        raise vol.Invalid(f"name {', '.join(twice)} for more than one value")
    missing = sorted(key for key in REQUIRED if maps[key].field is None)
    if missing:
        raise vol.Invalid(f"name a field for {', '.join(missing)}")
    if maps["all_day"].codec == "date" and {maps["start"].codec, maps["end"].codec} & NUMERIC:
        raise vol.Invalid("all_day: the codec date needs start and end as text: iso, iso_local or german_local")
    return fields


CONNECTION_SCHEMA: Mapping[Any, Any] = {
    vol.Required("api_token"): text(
        r"[!-~]+", "the API token from Einstellungen > Tools & Integration > API-Zugänge, without blanks"
    ),
    vol.Exclusive("base_url", "server", msg="give base_url or stage, not both"): text(
        r"https?://\S+", "an https address"
    ),
    vol.Exclusive("stage", "server", msg="give base_url or stage, not both"): one_of(tuple(STAGES)),
    vol.Optional("path_prefix", default=""): one_of(("", "stable", "latest")),
    vol.Optional("schema", default="appointments"): _SCHEMA,
    vol.Optional("write_schema"): _SCHEMA,
    vol.Optional("page_size", default=100): whole(1, 1000),
    vol.Optional("overlap_seconds", default=120): whole(0, 3600),
    vol.Optional("clear_strategy", default="empty_values"): one_of(("empty_values", "empty_string")),
    vol.Optional("max_concurrency", default=4): whole(1, 32),
    vol.Optional("timeout", default=30): whole(1, 600),
    vol.Optional("all_day_end", default="exclusive"): one_of(("exclusive", "inclusive", "last_minute")),
    vol.Optional("all_day_zone", default="account"): one_of(("account", "utc")),
    vol.Optional("on_native_sync", default="refuse"): one_of(("refuse", "warn", "ignore")),
    vol.Optional("fields", default=dict): vol.All(
        {
            vol.Optional("profile"): one_of(tuple(PROFILES)),
            **{vol.Optional(key): _field_schema(key) for key in CODECS},
        },
        _consistent,
    ),
}
CALENDAR_SCHEMA: Mapping[Any, Any] = {
    vol.Exclusive("user", "user", msg="give user or user_id, not both"): text(r"\S+@\S+", "an e-mail address"),
    vol.Exclusive("user_id", "user", msg="give user or user_id, not both"): text(r"[!-~]+", "a user's id"),
}
