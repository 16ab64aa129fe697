"""What a connection and an account's side may say, and the settings that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from calsync.errors import ConfigError
from calsync.http import checked_url
from calsync.options import one_of, text, whole
from calsync.signin import Certificate
from calsync_graph.clouds import CLOUDS, Cloud

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A validated connection."""

    connection: str
    """The connection's name, for messages."""
    tenant_id: str
    client_id: str
    credential: str | Certificate | None = field(repr=False)
    """What the application signs in with; None where a person does on its behalf."""
    authority_url: str
    graph_url: str
    max_concurrency: int
    mailbox_outside_scope: str | None = None
    """A mailbox that the application must not be able to read, for the check to try."""


def settings_of(options: Mapping[str, Any], connection: str) -> Settings:
    """Return the settings of a connection that `CONNECTION_SCHEMA` has validated. Raises ConfigError."""
    cloud = _cloud(options, connection)
    return Settings(
        connection=connection,
        tenant_id=options["tenant_id"],
        client_id=options["client_id"],
        credential=_credential(options, connection),
        authority_url=cloud.authority_url,
        graph_url=cloud.graph_url,
        max_concurrency=options["max_concurrency"],
        mailbox_outside_scope=options.get("mailbox_outside_scope"),
    )


def own_settings(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a person's own connection takes over of an operator's: the application and its tenant."""
    taken = ("tenant_id", "client_id", "cloud", "authority_url", "graph_url", "max_concurrency")
    return {"sign_in": "delegated", **{key: options[key] for key in taken if key in options}}


def _cloud(options: Mapping[str, Any], connection: str) -> Cloud:
    """Return the cloud that is named, or that the two addresses make; by default the global one."""
    urls = {name: options[name].rstrip("/") for name in ("authority_url", "graph_url") if name in options}
    for url in urls.values():
        checked_url(url, connection)
    if not urls:
        return CLOUDS[options.get("cloud", "global")]
    if "cloud" in options or len(urls) == 1:
        raise ConfigError([f"connection {connection}: give cloud, or authority_url and graph_url"])
    return Cloud(**urls)


def _credential(options: Mapping[str, Any], connection: str) -> str | Certificate | None:
    """Return what the app signs in with. Of secret and certificate the schema refuses both, this function none."""
    if options["sign_in"] == "delegated":
        if "client_secret" in options or "certificate" in options:
            raise ConfigError(
                [f"connection {connection}: `sign_in: delegated` needs no client_secret or certificate"]
            )
        return None
    if "client_secret" in options:
        return str(options["client_secret"])
    if "certificate" not in options:
        raise ConfigError([f"connection {connection}: give client_secret or certificate"])
    certificate = Certificate(**options["certificate"])
    if certificate.public_certificate is None and certificate.thumbprint is None:
        raise ConfigError([f"connection {connection}: the certificate needs public_certificate or thumbprint"])
    return certificate


_URL = text(r"https?://[^/\s]+/?", "an https address without a path")
_PATH = text(r".+", "the path of a PEM file")
_MAILBOX = text(r"\S+@\S+", "the mailbox's e-mail address")
CONNECTION_SCHEMA: Mapping[Any, Any] = {
    vol.Required("tenant_id"): text(r"[A-Za-z0-9][A-Za-z0-9.-]*", "the directory's (tenant's) id or domain"),
    vol.Required("client_id"): text(r"[A-Za-z0-9-]+", "the application's (client's) id"),
    vol.Optional("sign_in", default="application"): one_of(("application", "delegated")),
    vol.Exclusive("client_secret", "credential", msg="give client_secret or certificate, not both"): text(
        r"\S+", "the secret's value, without blanks"
    ),
    vol.Exclusive("certificate", "credential", msg="give client_secret or certificate, not both"): {
        vol.Required("private_key"): _PATH,
        vol.Exclusive("public_certificate", "certificate", msg="give public_certificate or thumbprint"): _PATH,
        vol.Exclusive("thumbprint", "certificate", msg="give public_certificate or thumbprint"): text(
            r"[0-9A-Fa-f]{40}", "40 hexadecimal digits"
        ),
    },
    vol.Optional("cloud"): one_of(CLOUDS),
    vol.Optional("authority_url"): _URL,
    vol.Optional("graph_url"): _URL,
    vol.Optional("mailbox_outside_scope"): _MAILBOX,
    # Exchange Online answers up to 4 requests of an app at once.
    vol.Optional("max_concurrency", default=3): whole(1, 16),
}
CALENDAR_SCHEMA: Mapping[Any, Any] = {
    vol.Required("mailbox"): _MAILBOX,
    vol.Optional("calendar"): text(r".+", "the name or the id of a calendar in that mailbox"),
}
