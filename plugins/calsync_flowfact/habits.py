"""What is known of a tenant since somebody probed it, and how long that is believed.

The public record leaves open what a server takes and does. Without a probe calsync goes the careful way; what a
probe has seen saves requests, or changes how something is written. It is forgotten when it may not be true any
more: the address, the schemas or the fields are others now, or it is older than `BELIEVED`.
"""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

BELIEVED = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Answers of one tenant; None where nobody knows."""

    ranges: bool | None = None
    """Whether a search by range finds exactly what overlaps it, in the unit of the configured codec."""
    sorts: bool | None = None
    """Whether a search sorts by the times of creation and modification, with what has none at the end."""
    trash_in_search: bool | None = None
    """Whether a search finds deleted appointments, too."""
    page_size: int | None = None
    """The largest page of a search that was seen to be cut; None where none was."""
    clears: bool | None = None
    """Whether a patch with no values empties a field. Known after a write only, as all below."""
    modified_moves: bool | None = None
    """Whether a patch moves the time of modification."""
    marker_found: bool | None = None
    """Whether a search by the marker's field finds what was just created."""
    search_lag: float | None = None
    """Seconds until a search saw a write."""

    @property
    def tells_changes(self) -> bool:
        """Whether changes can be read, as far as is known. Where they cannot, everything is read each time."""
        return self.sorts is not False and self.modified_moves is not False


NOTHING_KNOWN = Habits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """A probe's result, and when it was made."""

    habits: Habits
    at: datetime


def about(base_url: str, schemas: tuple[str, str], properties: Mapping[str, Any]) -> str:
    """Return what a probe's result is about; another text makes it stale. The fields count with their types."""
    kinds = sorted(
        f"{name}:{one.get('type') if isinstance(one, dict) else one}" for name, one in properties.items()
    )
    return f"{base_url} {' '.join(schemas)} {zlib.crc32(chr(10).join(kinds).encode()):08x}"


def to_keep(probed: Probed, subject: str) -> Mapping[str, Any]:
    """Return a probe's result as JSON."""
    return {"about": subject, "at": probed.at.isoformat(), "habits": asdict(probed.habits)}


def kept(content: Mapping[str, Any], subject: str) -> Probed | None:
    """Return a probe's result that is about this tenant as it is now, None for none. It may be too old."""
    names = {one.name for one in fields(Habits)}
    try:
        if content["about"] != subject:
            return None
        habits = Habits(**{name: value for name, value in content["habits"].items() if name in names})
        return Probed(habits=habits, at=datetime.fromisoformat(content["at"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
