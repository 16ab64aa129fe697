"""What is known of a tenant since somebody probed it, and how long that is believed.

The public record leaves open what a server takes and does. Without a probe calsync goes the careful way; what a
probe has seen saves requests, or changes how something is written. It is forgotten when it may not be true any
more: the address, the schemas or the fields are others now, or it is older than `BELIEVED`.
"""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from math import inf
from typing import TYPE_CHECKING, Any

from calsync.values import replace

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

    def filled(self, before: Habits) -> Habits:
        """Return these answers, and the former ones to what was not asked now, or not told.

        A largest page is none of them: None says that no page was cut.
        """
        names = [one.name for one in fields(self) if one.name != "page_size" and getattr(self, one.name) is None]
        return replace(self, **{name: getattr(before, name) for name in names})

    @property
    def sound(self) -> bool:
        """Whether each answer is one that a probe could have given: they come from a file."""
        flags = (getattr(self, one.name) for one in fields(self) if one.name not in ("page_size", "search_lag"))
        size, lag = self.page_size, self.search_lag
        return (
            all(isinstance(flag, bool | None) for flag in flags)
            and (size is None or (isinstance(size, int) and not isinstance(size, bool) and size > 0))
            and (lag is None or (isinstance(lag, int | float) and not isinstance(lag, bool) and 0 <= lag < inf))
        )

    @property
    def tells_changes(self) -> bool:
        """Whether changes can be read, as far as is known. Where they cannot, everything is read each time."""
        return self.sorts is not False and self.modified_moves is not False


NOTHING_KNOWN = Habits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """A probe's result."""

    habits: Habits
    at: datetime
    """When the oldest of its answers was given."""


def about(base_url: str, schemas: tuple[str, str], properties: Mapping[str, Any], mapping: str) -> str:
    """Return what a probe's result is about; another text makes it stale. The fields count with their types.

    `mapping` says which of them are which: what was found out about one is not true of another.
    """
    kinds = sorted(
        f"{name}:{one.get('type') if isinstance(one, dict) else one}" for name, one in properties.items()
    )
    return f"{base_url} {' '.join(schemas)} {zlib.crc32(chr(10).join([*kinds, mapping]).encode()):08x}"


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
        at = datetime.fromisoformat(content["at"])
        return Probed(habits=habits, at=at) if habits.sound and at.tzinfo else None
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
