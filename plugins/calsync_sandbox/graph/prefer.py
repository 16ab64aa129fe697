"""The Prefer header: how a client wants times, bodies, ids and pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from calsync_sandbox.mailbox.zones import zone

_PREFERENCE = re.compile(r'([A-Za-z.-]+)\s*=\s*(?:"([^"]*)"|([^,;"\s]+))')
_HONOURED = {"idtype", "odata.maxpagesize", "outlook.timezone", "outlook.body-content-type"}


@dataclass(frozen=True, slots=True)
class Prefer:
    """What was asked for; the defaults are Graph's own."""

    timezone: str = "UTC"
    text: bool = False
    immutable: bool = False
    page_size: int | None = None
    applied: str = ""
    """The value of Preference-Applied."""


@lru_cache(maxsize=256)
def read_prefer(header: str) -> Prefer:
    """Read the header's values, joined by commas. Unknown preferences are ignored.

    Raises MailboxError 400 for an unknown time zone.
    """
    given = {name.lower(): quoted or plain for name, quoted, plain in _PREFERENCE.findall(header)}
    timezone = given.get("outlook.timezone") or "UTC"
    zone(timezone)
    size = given.get("odata.maxpagesize", "")
    return Prefer(
        timezone=timezone,
        text=given.get("outlook.body-content-type", "").lower() == "text",
        immutable=given.get("idtype", "").lower() == "immutableid",
        page_size=max(1, int(size)) if size.isdigit() else None,
        applied=", ".join(f'{name}="{value}"' for name, value in given.items() if name in _HONOURED),
    )
