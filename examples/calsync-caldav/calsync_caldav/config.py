"""What a connection and an account's side may say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import voluptuous as vol

from calsync.options import text, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECTION_SCHEMA: Mapping[Any, Any] = {
    vol.Required("url"): text(
        r"https?://\S+", "the address of the server's DAV, as https://cloud.example.de/dav/"
    ),
    vol.Required("username"): text(r"[^:\s]+", "a name to sign in with, without a colon"),
    vol.Required("password"): text(r"\S.*", "the password, or better one that is made for calsync alone"),
    vol.Optional("ca_file"): text(r".+", "the path of a PEM file"),
    vol.Optional("max_concurrency", default=4): whole(1, 16),
    vol.Optional("page_size", default=50): whole(1, 500),
}
CALENDAR_SCHEMA: Mapping[Any, Any] = {
    vol.Optional("calendar"): text(r".+", "the path or the name of one of the user's calendars"),
}
