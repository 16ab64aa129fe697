"""Who asks for a page."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from calsync.people import Person
    from calsync.web.origins import Origin
    from calsync.web.texts import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """One request's person, and what its page is written with."""

    person: Person | None
    """None where nobody has signed in."""
    session: str = field(repr=False)
    """The secret id in this browser's cookie: of its session, or of a visitor who has not signed in."""
    fresh: bool
    """Whether the browser does not know the id yet."""
    texts: Texts
    origin: Origin
    path: str
    """What was asked for, with its query, without the public address' own path."""
    page: str = "/"
    """What can be asked for again: the path, or the start page where something was sent."""
    repairs: int = 0
    """How many things somebody should look at, as far as the person may."""
    notice: str | None = None
    """The key of what is said once about what was done just before."""

    @property
    def who(self) -> Person:
        """The person, on a page that only people who have signed in get to see."""
        if self.person is None:
            raise LookupError("nobody has signed in, and the page was not guarded")
        return self.person

    @property
    def administrator(self) -> bool:
        return self.person is not None and self.person.administrator

    @property
    def csrf(self) -> str:
        """What every form and every request that changes something sends back."""
        return hmac.new(self.session.encode("utf-8", "surrogatepass"), b"calsync csrf", hashlib.sha256).hexdigest()

    def href(self, path: str) -> str:
        """Return a path of calsync as a link."""
        return f"{self.origin.base}{path}"


def within(path: str) -> str:
    """Return a path to go on to, or the start page where it leads anywhere else.

    Browsers take a second slash, or a backslash, for the beginning of another host, and leave out control
    characters before they look.
    """
    plain = path.startswith("/") and path[1:2] not in {"/", "\\"} and path.isprintable() and "\\" not in path
    try:
        parts = urlsplit(path)
    except ValueError:
        return "/"
    return path if plain and not parts.scheme and not parts.netloc else "/"
