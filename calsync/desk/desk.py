"""The desk: everything that people do with calsync, in one place that pages and commands are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calsync.config import AccountConfig
    from calsync.desk.access import Access
    from calsync.desk.people import People


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Its parts."""

    people: People
    access: Access
    accounts: Callable[[], Mapping[str, AccountConfig]]
    """Returns the accounts that are served, by name; they change when the configuration does."""
