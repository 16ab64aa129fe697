"""The people of the tenant, and the API user in whose name requests act."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    from calsync_sandbox.flowfact.ticks import Ticks

User = dict[str, Any]
"""As the user-service answers it: `id`, `active`, `loginRelatedMailAddress`, `type`, `timezone`, ..."""


class Users:
    """All users by id, in the order in which they were added."""

    def __init__(self, company_id: str, ticks: Ticks) -> None:
        self.by_id: dict[str, User] = {}
        self._company_id = company_id
        self._ticks = ticks

    def add(
        self,
        email: str,
        *,
        first: str,
        last: str,
        timezone: str = "Europe/Berlin",
        kind: str = "USER",
        business: str | None = None,
        alias: str | None = None,
        active: bool = True,
    ) -> User:
        """`email` is the login's address; an account may also be known by the other two."""
        now = self._ticks.next()
        user: User = {
            "id": str(uuid.uuid4()),
            "active": active,
            "loginRelatedMailAddress": email,
            "firstname": first,
            "lastname": last,
            "companyId": self._company_id,
            "type": kind,
            "roles": ["USER"],
            "language": "de",
            "timezone": timezone,
            "timestamp": now,
            "createdAt": now,
        }
        others = {"businessMailAddress": business, "aliasMailAddress": alias}
        user.update({name: address for name, address in others.items() if address is not None})
        self.by_id[user["id"]] = user
        return user

    def of_types(self, types: Collection[str]) -> list[User]:
        """Return the users of these types, all where none is given."""
        return [user for user in self.by_id.values() if not types or user["type"] in types]
