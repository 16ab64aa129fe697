"""The desk: everything that people do with calsync, in one place that pages and commands are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from calsync.desk.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calsync.config import AccountConfig
    from calsync.desk.access import Access
    from calsync.desk.audit import Audit
    from calsync.desk.checks import Checks
    from calsync.desk.people import People
    from calsync.desk.self_service import OwnMailboxes
    from calsync.desk.setup import Setup
    from calsync.desk.showing import Showing
    from calsync.desk.steering import Steering
    from calsync.people import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Its parts."""

    people: People
    access: Access
    showing: Showing
    steering: Steering
    own: OwnMailboxes
    checks: Checks
    audit: Audit
    accounts: Callable[[], Mapping[str, AccountConfig]]
    """Returns the accounts that are served, by name; they change when the configuration does."""
    everybodys: Setup = field(repr=False)
    """What `setup` gives to those who may."""
    reread: Callable[[], object] = field(repr=False)
    """Has the configuration read anew."""

    def setup(self, person: Person) -> Setup:
        """Return the setting up, of which the audit tells what this person changes.

        Raises Refused, administrators_only.
        """
        _expect_administrator(person)
        return self.everybodys.noted(partial(self.audit.note, person))

    def reload(self, person: Person) -> None:
        """Have the configuration read anew, as SIGHUP does. Raises Refused, administrators_only."""
        _expect_administrator(person)
        self.reread()


def _expect_administrator(person: Person) -> None:
    if not person.administrator:
        raise Refused("administrators_only")
