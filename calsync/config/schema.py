"""voluptuous, with its messages put into words that help, and the checks of calsync's own keys."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

import voluptuous as vol

from calsync.config.addresses import address, network, public_url, server_url
from calsync.config.store import absolute, store
from calsync.errors import ConfigError
from calsync.options import one_of, suggestion, text, whole
from calsync.sync.model import Direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""Names of connections and accounts stand in markers and logs, so they are short and plain."""

KEY_BYTES = 32

PLAIN = {
    "expected str": "must be text",
    "expected int": "must be a whole number",
    "expected float": "must be a number",
    "expected bool": "must be true or false",
    "expected dict": "must hold `key: value` lines",
    "expected a dictionary": "must hold `key: value` lines",
    "expected list": "must be a list",
    "expected a list": "must be a list",
    "required key not provided": "is missing",
    "not a valid value": "is not a valid value",
}


def direction(value: Any) -> Direction:
    """Accept a direction's word."""
    return Direction(one_of(Direction)(value))


def zone(value: Any) -> ZoneInfo:
    """Accept the IANA name of a time zone."""
    try:
        return ZoneInfo(value)
    except (TypeError, AttributeError):
        near = ""
    except (KeyError, ValueError, OSError):
        near = suggestion(value, available_timezones())
    raise vol.Invalid(f"must be a time zone like Europe/Berlin{near}")


def key(value: Any) -> bytes:
    """Accept a key for AES-256."""
    try:
        decoded = base64.b64decode(value, validate=True)
    except (ValueError, TypeError):
        decoded = b""
    if len(decoded) == KEY_BYTES:
        return decoded
    raise vol.Invalid(
        f"must be {KEY_BYTES} random bytes in base64, as `openssl rand -base64 {KEY_BYTES}` makes them"
    )


def new_key(value: str) -> bytes:
    """Return a key as `service.key` has it. Raises ConfigError, which does not show it."""
    try:
        return key(value)
    except vol.Invalid as error:
        raise ConfigError([f"the new key {error.error_message}"]) from None


def pattern(value: Any) -> str:
    """Accept a pattern of addresses. Its case does not count."""
    if isinstance(value, str) and value and not any(character.isspace() for character in value):
        return value.casefold()
    raise vol.Invalid("must be an e-mail address, or a part of one with * for the rest")


SERVICE = {
    vol.Required("store"): store,
    vol.Optional("store_password"): text(r"[^\r\n]+", "the password of the database's user"),
    vol.Optional("beside"): absolute,
    vol.Optional("poll_seconds", default=60): whole(1, 86_400),
    vol.Optional("key"): key,
    vol.Optional("public_url"): public_url,
    vol.Optional("listen", default="127.0.0.1:8765"): address,
}
WINDOW = {
    vol.Optional("past_days", default=90): whole(0, 3_650),
    vol.Optional("future_days", default=365): whole(1, 3_650),
}
ACCOUNT = {
    vol.Required("left"): dict,
    vol.Required("right"): dict,
    vol.Optional("direction", default=Direction.BOTH.value): direction,
    vol.Required("timezone"): zone,
    vol.Optional("window", default=dict): WINDOW,
    vol.Optional("policy", default="right"): one_of(["right", "left", "newest", "hold"]),
    vol.Optional("on_target_edit", default="keep"): one_of(["keep", "restore"]),
    vol.Optional("first_sync", default="run"): one_of(["run", "ask"]),
}
DISCOVER = {
    **ACCOUNT,
    vol.Optional("include", default=["*"]): [pattern],
    vol.Optional("exclude", default=list): [pattern],
}
WEB = {
    vol.Optional("sign_in"): {
        # People are known by their tenant's id, so neither its domain nor `common` can stand for it.
        vol.Required("tenant_id"): text(
            r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", "the directory's id"
        ),
        vol.Required("client_id"): text(r"[A-Za-z0-9-]+", "the application's (client's) id"),
        vol.Required("client_secret"): text(r"\S+", "the secret's value, without blanks"),
        vol.Optional("authority_url", default="https://login.microsoftonline.com"): server_url,
    },
    vol.Optional("self_service"): {
        vol.Required("left"): {vol.Required("connection"): str},
        vol.Required("right"): {vol.Required("connection"): str},
    },
    vol.Optional("metrics_token"): text(r"[!-~]{16,}", "at least 16 letters, digits and signs, without blanks"),
    vol.Optional("trusted_proxy"): network,
}
TOP = {
    vol.Required("service"): SERVICE,
    vol.Required("connections"): dict,
    vol.Optional("rules", default=list): list,
    vol.Optional("accounts", default=dict): dict,
    vol.Optional("web"): dict,
    vol.Optional("plugin_dirs", default=list): [str],
}

_UNCHECKED = re.compile(
    r"insecure|(?:^|_)(?:no_)?(?:verify|verification|ssl|tls)(?:$|_)|check_(?:cert|host)", re.IGNORECASE
)
"""Keys with which other programs let anybody pass for the server."""
ALWAYS_CHECKED = (
    "there is no such key: a server's certificate is always checked, with TLS 1.2 or later. Give the file of your "
    "own certificate authority as `ca_file` (provider exchange_ews), or add it to those that this machine trusts"
)


def leaves(error: vol.Invalid) -> Sequence[vol.Invalid]:
    """Return the single problems of an error."""
    return tuple(error.errors) if isinstance(error, vol.MultipleInvalid) else (error,)


def message(error: vol.Invalid, schema: Any, value: Any) -> str:
    """Return what is wrong with `value`, the thing at the error's path, which `schema` (of the whole) refused."""
    text = error.error_message
    if text == "extra keys not allowed":
        if _UNCHECKED.search(str(error.path[-1])):
            return ALWAYS_CHECKED
        return f"unknown key{suggestion(error.path[-1], known_keys(schema, error.path[:-1]))}"
    if text == "expected str" and isinstance(value, int | float):
        return "must be text; write it in quotes"
    if value is None and text.startswith("expected"):
        return f"is empty; it {PLAIN.get(text, text)}"
    return PLAIN.get(text, text)


def known_keys(schema: Any, path: Sequence[Any]) -> frozenset[str]:
    """Return the keys that a schema knows at a path, as far as they are spelt out in it."""
    level = [schema]
    for part in path:
        level = [child for known in _mappings(level) for key, child in known.items() if _name(key) in {part, None}]
    return frozenset(name for known in _mappings(level) for key in known if (name := _name(key)))


def _mappings(schemas: Iterable[Any]) -> Iterable[dict[Any, Any]]:
    for schema in schemas:
        if isinstance(schema, vol.Schema):
            yield from _mappings([schema.schema])
        elif isinstance(schema, vol.All | vol.Any):
            yield from _mappings(schema.validators)
        elif isinstance(schema, dict):
            yield schema


def _name(key: Any) -> str | None:
    """Return a schema key's word; None for one that stands for any word, as `str` does."""
    word = key.schema if isinstance(key, vol.Marker) else key
    return word if isinstance(word, str) else None
