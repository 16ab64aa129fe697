"""The desk: everything that people do with calsync, in one place that pages and commands are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from calsync.desk.refused import expect_administrator

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from calsync.config import AccountConfig, Config
    from calsync.desk.access import Access
    from calsync.desk.audit import Audit
    from calsync.desk.checks import Checks
    from calsync.desk.explain import Explaining
    from calsync.desk.members import Members
    from calsync.desk.own_sign_ins import OwnSignIns
    from calsync.desk.people import People
    from calsync.desk.self_service import OwnMailboxes
    from calsync.desk.setup import Setup
    from calsync.desk.showing import Showing
    from calsync.desk.steering import Steering
    from calsync.engine import Report
    from calsync.loader import Loaded
    from calsync.people import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Its parts."""

    people: People
    access: Access
    showing: Showing
    explaining: Explaining
    steering: Steering
    own: OwnMailboxes
    own_sign_ins: OwnSignIns
    members: Members
    checks: Checks
    audit: Audit
    accounts: Callable[[], Mapping[str, AccountConfig]]
    """Returns the accounts that are served, by name; they change when the configuration does."""
    everybodys: Setup = field(repr=False)
    """What `setup` gives to those who may."""
    first_run: Callable[[Config, Loaded, str], Awaitable[Report]] = field(repr=False)
    """Says what the first run of an account would do that is not served yet."""

    def setup(self, person: Person) -> Setup:
        """Return the setting up, of which the audit tells what this person changes.

        Raises Refused, administrators_only.
        """
        expect_administrator(person)
        return self.everybodys.noted(partial(self.audit.set_up, person))

    async def preview(self, person: Person, name: str, entry: Mapping[str, Any]) -> Report:
        """Say what would be done in an account that is not there yet. Nothing is kept, and nothing written.

        Raises Refused, administrators_only; Invalid as `Setup.add_account`; LoginError, AccountError, ConfigError,
        Retry, as a run does.
        """
        config, loaded = await self.setup(person).considered(name, entry)
        return await self.first_run(config, loaded, name)
