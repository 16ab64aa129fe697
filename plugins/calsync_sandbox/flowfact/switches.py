"""What the public sources leave open about the real servers: each open question is a switch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(kw_only=True)
class Switches:
    """May be changed while the server runs; each request reads them anew."""

    create_response: Literal["id", "quoted_id", "entity"] = "id"
    """What a create answers: the bare id as text, the id as a JSON string, or the stored entity."""
    patch_response: Literal["entity", "empty"] = "entity"
    search_lag: float = 0.0
    """Seconds until a search sees a write. A read by id sees it at once."""
    strict_fields: Literal["reject", "ignore"] = "reject"
    """What happens to a field that the schema does not name."""
    empty_values: Literal["clear", "ignore"] = "clear"
    """Whether a patch with `{"values": []}` empties the field or leaves it as it was."""
    metadata_filter: Literal["ok", "400"] = "ok"
    """Whether a search may have conditions on `_metadata`; it may always sort by it."""
    max_page_size: int = 1000
    """A larger page is cut to this, and the answer's `size` says so."""
    max_window: int = 10_000
    """A search does not reach entries behind this offset: 400."""
    trash_in_search: bool = False
    last_modified_on_create: bool = False
    """False: `lastModified...` is missing until the first patch."""
    modified_moves: bool = True
    """False: a patch moves `_metadata.timestamp` only, and `lastModified...` stays as it was."""
    sorts: Literal["ok", "ignore"] = "ok"
    """Whether a search heeds its sorts, or answers in the order of the store."""
    missing_first: bool = False
    """Where a sort puts entities without a value, whatever its direction: in front, or at the end."""
    ignores_offset: bool = False
    """True: each page of a search begins at its beginning."""
    hidden: frozenset[str] = frozenset()
    """Ids of entities that the API user may not see: a search leaves them out, any other request gets 403."""
    timestamp_moves: bool = False
    """False: `_metadata.timestamp` stays the time of creation."""
    token_seconds: float = 1800.0
    """How long a session lasts."""
    unauthorized_status: Literal[401, 403] = 401
    rights: frozenset[str] = frozenset({"create", "UPDATE", "DELETE", "trash"})
    """What the API user may do besides reading; the rest is 403. `hasaccess` tells of UPDATE and DELETE."""
    version_prefix: Literal["", "stable", "latest"] | None = None
    """The only tag that may follow a service's name; None: none, `stable` and `latest` alike."""
    rate_limit: int | None = None
    """Requests in any `rate_window` seconds; further ones get 429 with Retry-After. None: no limit."""
    rate_window: float = 1.0
