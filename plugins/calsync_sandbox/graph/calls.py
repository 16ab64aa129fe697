"""A request and its answer, whether they came alone or in a batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync_sandbox.graph.face import Face
    from calsync_sandbox.graph.prefer import Prefer
    from calsync_sandbox.mailbox import Mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to one mailbox."""

    face: Face
    query: Mapping[str, str]
    prefer: Prefer
    if_match: str | None
    body: Any
    """Decoded JSON; None without a body."""
    link: str
    """The absolute address of this request, without its query."""
    base: str
    """The absolute address of the mailbox."""
    calendar: str | None = None
    """The id of the calendar that the path names; None for the mailbox's own paths."""
    event_id: str = ""
    """The event's id in the path, as the client wrote it."""

    @property
    def mailbox(self) -> Mailbox:
        return self.face.mailbox

    @property
    def home(self) -> str:
        """Return the calendar that the request is about: the primary one unless the path names another."""
        return self.calendar or self.mailbox.store.primary


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `shape` is what the metadata calls the body (`[event]`: a page); None: not described there."""

    status: int
    body: Any = None
    shape: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
