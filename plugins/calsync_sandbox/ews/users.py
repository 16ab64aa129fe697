"""Who may sign in to the EWS server, and whose mailboxes they may open."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class User:
    """An account of the domain."""

    login: str
    """`DOMAIN\\name`."""
    password: str = field(repr=False)
    address: str = ""
    """The user's own mailbox, and user principal name; empty for a service account."""
    impersonates: bool = False
    """Has the role ApplicationImpersonation for every mailbox."""
    opens: frozenset[str] = frozenset()
    """Lower-cased addresses of others' mailboxes that this user is a delegate of."""

    def may_open(self, address: str) -> bool:
        return address.lower() in {self.address.lower(), *self.opens}


class Users:
    """All accounts, by both of their names."""

    def __init__(self) -> None:
        self._by_name: dict[str, User] = {}

    def add(self, user: User) -> None:
        self._by_name[user.login.lower()] = user
        if user.address:
            self._by_name[user.address.lower()] = user

    def find(self, name: str) -> User | None:
        """Return the user of a login or a user principal name."""
        return self._by_name.get(name.lower().lstrip("\\"))

    def credentials(self) -> str:
        """Return all names and passwords in the form of Heimdal, `DOMAIN:name:password`, one a line."""
        lines = {f"{user.login.replace(chr(92), ':')}:{user.password}" for user in self._by_name.values()}
        lines |= {f":{user.address}:{user.password}" for user in self._by_name.values() if user.address}
        return "".join(f"{line}\n" for line in sorted(lines))
