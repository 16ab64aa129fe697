"""Whom somebody is in the system that lists people: an administrator says it, before a mailbox is connected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.desk.refused import Refused, expect_administrator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.desk.audit import Audit
    from calsync.desk.people import People
    from calsync.desk.setup import Setup
    from calsync.people import Person
    from calsync.ports import Person as Listed
    from calsync.store.assignments import StoredAssignments


class Members:
    """Reached as `Desk.members`. Every method is told which administrator asks, and refuses anybody else."""

    def __init__(self, setup: Setup, assignments: StoredAssignments, people: People, audit: Audit) -> None:
        self._setup = setup
        self._assignments = assignments
        self._people = people
        self._audit = audit

    async def connection(self, by: Person) -> str | None:
        """Return the connection that lists people; None: nobody connects an own mailbox. Raises ConfigError."""
        expect_administrator(by)
        web = (await self._setup.config()).web
        return None if web is None or web.self_service is None else web.self_service.left

    async def of(self, by: Person, person: int) -> str | None:
        """Return the id of whom somebody is there; None: nobody has said it. Raises StoreError."""
        expect_administrator(by)
        return await self._assignments.of(person)

    async def listed(self, by: Person) -> Sequence[Listed]:
        """Return who works there, by address. Raises Refused, self_service_off; LoginError, ConfigError, Retry."""
        connection = await self.connection(by)
        if connection is None:
            raise Refused("self_service_off")
        found = [one for one in await self._setup.people(connection) if one.active]
        return sorted(found, key=lambda one: (one.addresses[:1], one.id))

    async def assign(self, by: Person, person: int, member: str | None) -> None:
        """Say whom somebody is; who was said to be that one before is nobody. Raises StoreError."""
        expect_administrator(by)
        somebody = (await self._people.member(person)).person
        await self._assignments.assign(person, member)
        await self._audit.note(by, "assigned", f"{somebody.name}: {member or '-'}")
