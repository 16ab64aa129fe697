"""What a connection and an account's side may say, and the settings that follow from it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from calsync.errors import ConfigError
from calsync.http import checked_url
from calsync.options import flag, one_of, text, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def own_settings(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a person's own connection takes over of an operator's: the server, which nobody else chooses."""
    taken = ("url", "auth", "max_channels", "streaming", "ca_file")
    settings = {key: options[key] for key in taken if key in options}
    return {**settings, "auth": "auto"} if settings.get("auth") == "bearer" else settings


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


def _password(value: Any) -> str:
    """Accept any text: blanks may belong to a password."""
    if isinstance(value, str) and value:
        return value
    raise vol.Invalid("must be the password")


CONNECTION_SCHEMA: Mapping[Any, Any] = {
    vol.Required("url"): text(r"https?://[^/\s]+/\S+", "the address of Exchange.asmx"),
    vol.Optional("auth", default="auto"): one_of(SCHEMES),
    vol.Optional("username"): text(r".+", "a user, as DOMAIN\\user or user@domain"),
    vol.Optional("password"): _password,
    vol.Optional("tenant_id"): text(r"[A-Za-z0-9][A-Za-z0-9.-]*", "the directory's (tenant's) id or domain"),
    vol.Optional("client_id"): text(r"[A-Za-z0-9-]+", "the application's (client's) id"),
    vol.Optional("client_secret"): text(r"\S+", "the secret's value, without blanks"),
    vol.Optional("authority_url", default=AUTHORITY_URL): text(
        r"https?://[^/\s]+/?", "an https address without a path"
    ),
    vol.Optional("impersonate", default=False): flag,
    vol.Optional("meetings", default="block"): one_of(("block", "silent")),
    # Exchange 2013 and later answers 27 requests of a user at once, and counts all programs.
    vol.Optional("max_channels", default=2): whole(1, 8),
    vol.Optional("streaming", default=False): flag,
    vol.Optional("ca_file"): text(r".+", "the path of a file with certificates in PEM form"),
}
CALENDAR_SCHEMA: Mapping[Any, Any] = {
    vol.Required("mailbox"): text(r"\S+@\S+", "the mailbox's e-mail address"),
    vol.Optional("calendar"): text(r".+", "the name or the id of a calendar in that mailbox"),
}
