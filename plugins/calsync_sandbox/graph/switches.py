"""What Microsoft's documentation leaves open or contradicts, and what goes wrong on real tenants, as switches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from calsync_sandbox.mailbox.switches import MailboxSwitches


@dataclass(slots=True, kw_only=True)
class GraphSwitches(MailboxSwitches):
    """How one Graph server and its mailboxes behave; may be changed while it runs."""

    if_match: bool = True
    """Honour If-Match: 412 for another version."""
    deleted_get: Literal["not_found", "found", "forbidden"] = "not_found"
    """GET of a deleted event by its immutable id: 404, 200 out of Deleted Items, or 403."""
    calendar_delta: bool = True
    """`calendars/{id}/calendarView/delta` is answered (documented for beta only)."""
    delta_text_body: bool = True
    """The delta feed honours `outlook.body-content-type`."""
    delta_day_limit: bool = True
    """The limit of 1825 days holds for delta as it does for calendarView."""
    removed_ids: Literal["immutable", "default"] = "immutable"
    """The form of the ids of `@removed` entities for a client that asked for immutable ids."""
    series_change_removes: bool = True
    """A single event that becomes a series is told as `@removed` under its old id."""
    max_page_size: int = 1000
    empty_pages: bool = False
    """Every delta round begins with a page without entities."""
    delta_repeats: bool = False
    """The first entity of a round is told again at its end."""
    delta_replays: int = 0
    """How many changes before its token an incremental round tells again."""
    delta_lag: float = 0.0
    """Seconds that a change takes to show up on delta."""
    false_removed: set[str] = field(default_factory=set)
    """Immutable ids of present events that the next round calls `@removed`, once."""
    endless_pages: bool = False
    """nextLinks change for ever, the page does not (msgraph-sdk-dotnet issue 3070)."""
    later_pages: tuple[int, str] | None = None
    """Status and error code that every page of a delta round is answered with, except its first one."""
    foreign_next_link: str | None = None
    """Scheme, host and port that nextLinks point to instead of this server."""
    foreign_delta_link: str | None = None
    """The same for deltaLinks."""
    concurrency_limit: int | None = 4
    """Concurrent requests; the next one is answered 429."""
    concurrency_scope: Literal["mailbox", "application"] = "mailbox"
    """Whether they are counted per mailbox or over all of them: Microsoft says both."""
    retry_after: int | None = 1
    """Seconds in the Retry-After header of that 429; None: no header."""
    rate_limit: int | None = None
    """Requests to a mailbox in any `rate_window` seconds, the parts of a batch one by one; others get 429 and
    count too. None: no limit."""
    rate_window: float = 600.0
    subscription_minutes: int = 10_080
    """The longest life of a subscription; older pages of Microsoft say 4,230."""
    refuse_duplicate_subscription: bool = False
    """A second subscription of one resource by one client is answered 409: documented, but seen not to be so."""
    notification_delay: float = 0.0
    """Seconds by which notifications are late; those of this time are told together."""
    notification_copies: int = 1
    """How often each notification is told; 0: all are lost."""
