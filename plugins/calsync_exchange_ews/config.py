"""What a connection and an account's side may say, and the settings that follow from it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from calsync.errors import ConfigError
from calsync.http import checked_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

AUTHORITY_URL = "https://login.microsoftonline.com"
CLOUD = re.compile(r"(?:^|\.)(?:office365\.com|office\.com|outlook\.com|office365\.us|partner\.outlook\.cn)$")
"""Hosts of Microsoft 365, which shuts Exchange Web Services down (last tenants on 2027-04-01)."""
SCHEMES = ("auto", "basic", "ntlm", "negotiate", "bearer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What signs in instead of a user, with hybrid modern authentication."""

    tenant_id: str
    client_id: str
    client_secret: str = field(repr=False)
    authority_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A validated connection."""

    connection: str
    """The connection's name, for messages."""
    url: str
    host: str
    auth: str
    username: str = ""
    password: str = field(default="", repr=False)
    application: Application | None = None
    impersonate: bool
    silent: bool
    """Meetings that the mailbox organises are written, without telling anybody."""
    max_channels: int
    streaming: bool
    """One more connection is kept open, over which the server tells of changes."""
    ca_file: str | None


def settings_of(options: Mapping[str, Any], connection: str) -> Settings:
    """Return the settings of a connection that `CONNECTION_SCHEMA` has validated. Raises ConfigError."""
    host = (checked_url(options["url"], connection).host or "").lower().rstrip(".")
    if CLOUD.search(host):
        raise ConfigError(
            [f"connection {connection}: {host} is Microsoft 365: use `provider: graph` for it, not exchange_ews"]
        )
    application = _application(options, connection) if options["auth"] == "bearer" else None
    if application is None and not (options.get("username") and options.get("password")):
        raise ConfigError([f"connection {connection}: give username and password"])
    return Settings(
        connection=connection,
        url=options["url"],
        host=host,
        auth=options["auth"],
        username=options.get("username", ""),
        password=options.get("password", ""),
        application=application,
        impersonate=options["impersonate"],
        silent=options["meetings"] == "silent",
        max_channels=options["max_channels"],
        streaming=options["streaming"],
        ca_file=options.get("ca_file"),
    )


def _application(options: Mapping[str, Any], connection: str) -> Application:
    missing = [key for key in ("tenant_id", "client_id", "client_secret") if not options.get(key)]
    if missing:
        raise ConfigError([f"connection {connection}: `auth: bearer` needs {', '.join(missing)}"])
    checked_url(options["authority_url"], connection)
    return Application(
        tenant_id=options["tenant_id"],
        client_id=options["client_id"],
        client_secret=options["client_secret"],
        authority_url=options["authority_url"].rstrip("/"),
    )


def _text(pattern: str, description: str) -> Callable[[Any], str]:
    """Accept text of this form. A refused value is not repeated: it may be a secret."""
    wanted = re.compile(pattern)

    def check(value: Any) -> str:
        if isinstance(value, str) and wanted.fullmatch(value.strip()):
            return value.strip()
        raise vol.Invalid(f"must be {description}")

    return check


def _choice(*words: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if isinstance(value, str) and value in words:
            return value
        raise vol.Invalid(f"must be one of {', '.join(words)}")

    return check


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise vol.Invalid("must be true or false")


def _password(value: Any) -> str:
    """Accept any text: blanks may belong to a password."""
    if isinstance(value, str) and value:
        return value
    raise vol.Invalid("must be the password")


def _channels(value: Any) -> int:
    """Accept 1 to 8. Exchange 2013 and later answers 27 requests of a user at once, and counts all programs."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 8:  # noqa: PLR2004 - said above
        return value
    raise vol.Invalid("must be a whole number from 1 to 8")


CONNECTION_SCHEMA: Mapping[Any, Any] = {
    vol.Required("url"): _text(r"https?://[^/\s]+/\S+", "the address of Exchange.asmx"),
    vol.Optional("auth", default="auto"): _choice(*SCHEMES),
    vol.Optional("username"): _text(r".+", "a user, as DOMAIN\\user or user@domain"),
    vol.Optional("password"): _password,
    vol.Optional("tenant_id"): _text(r"[A-Za-z0-9][A-Za-z0-9.-]*", "the directory's (tenant's) id or domain"),
    vol.Optional("client_id"): _text(r"[A-Za-z0-9-]+", "the application's (client's) id"),
    vol.Optional("client_secret"): _text(r"\S+", "the secret's value, without blanks"),
    vol.Optional("authority_url", default=AUTHORITY_URL): _text(
        r"https?://[^/\s]+/?", "an https address without a path"
    ),
    vol.Optional("impersonate", default=False): _flag,
    vol.Optional("meetings", default="block"): _choice("block", "silent"),
    vol.Optional("max_channels", default=2): _channels,
    vol.Optional("streaming", default=False): _flag,
    vol.Optional("ca_file"): _text(r".+", "the path of a file with certificates in PEM form"),
}
CALENDAR_SCHEMA: Mapping[Any, Any] = {
    vol.Required("mailbox"): _text(r"\S+@\S+", "the mailbox's e-mail address"),
    vol.Optional("calendar"): _text(r".+", "the name or the id of a calendar in that mailbox"),
}
