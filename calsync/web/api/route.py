"""What one request of the API is: its description and what answers it, in one place.

Bodies, queries and answers are msgspec Structs: what is read is checked by them, what is answered is written by
them, and the OpenAPI document is made of them. So it cannot say anything else than what is done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from calsync.people import Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from calsync.desk import Desk
    from calsync.people import Person

    Handler = Callable[[Desk, "Asked"], Awaitable[Any]]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered. Every key is always there."""


class Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is sent, as a body or as a query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, checked."""

    who: Person
    path: Mapping[str, Any]
    """The variables of the path, by name."""
    query: Any = None
    """The Struct that the route says."""
    body: Any = None
    """Likewise."""
    address: str = ""
    """Where the pages are, without a slash at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One request that can be made."""

    id: str
    """What clients that are made of the document call it."""
    method: str
    path: str
    """Below /api/v1, with variables like `{account}`."""
    summary: str
    section: str
    handler: Handler
    answer: type[Told] | None
    """None: nothing is answered, with 204."""
    status: HTTPStatus = HTTPStatus.OK
    query: type[Given] | None = None
    body: type[Given] | None = None
    role: Role = Role.USER
    """Administrators may do what users may."""
    path_types: Mapping[str, Any] = field(default_factory=dict)
    """What the variables of the path are, where they are no names of accounts or connections."""
    refusals: tuple[HTTPStatus, ...] = ()
    """What else is answered than what every route may: see `calsync.web.api.problems`."""
    patience: float | None = None
    """Seconds within which it is answered, where it takes longer than others."""
