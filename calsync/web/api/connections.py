"""Connections: which there are, and whether they work."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from calsync.people import Role
from calsync.web.api.problems import Failed
from calsync.web.api.route import Asked, Route, Told
from calsync.web.api.words import Moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calsync.desk import Desk
    from calsync.ports import Finding

SECTION = "Connections"


class Connection(Told, frozen=True, kw_only=True):
    """One tenant or organisation."""

    name: str
    provider: str
    kept: Annotated[bool, msgspec.Meta(description="Whether it was added on the pages; else it is the operator's")]


class Connections(Told, frozen=True, kw_only=True):
    """All of them, by name."""

    connections: list[Connection]


class Found(Told, frozen=True, kw_only=True):
    """One finding. An error is an obstacle; a warning is not."""

    severity: Literal["ok", "warning", "error"]
    message: str


class Checked(Told, frozen=True, kw_only=True):
    """What a check has found. None at all: it works."""

    at: Moment
    findings: list[Found]


async def listed(desk: Desk, asked: Asked) -> Connections:
    config = await desk.setup(asked.who).config()
    return Connections(
        connections=[
            Connection(name=name, provider=one.provider, kept=one.kept)
            for name, one in sorted(config.connections.items())
        ]
    )


async def check(desk: Desk, asked: Asked) -> Checked:
    found = await desk.checks.of(await known(desk, asked), anew=True)
    return Checked(at=found.at, findings=found_of(found.findings))


async def known(desk: Desk, asked: Asked) -> str:
    """Return the name of the connection that is asked for. Raises Failed for one that is not there."""
    name: str = asked.path["connection"]
    if name not in (await desk.setup(asked.who).config()).connections:
        raise Failed(HTTPStatus.NOT_FOUND, "connection_unknown", "there is no connection of this name")
    return name


def found_of(findings: Iterable[Finding]) -> list[Found]:
    """Return what a check has found."""
    return [
        Found(severity=msgspec.convert(one.severity, Literal["ok", "warning", "error"]), message=one.message)
        for one in findings
    ]


ROUTES = (
    Route(
        id="list_connections",
        method="GET",
        path="/connections",
        summary="List connections",
        section=SECTION,
        handler=listed,
        answer=Connections,
        role=Role.ADMINISTRATOR,
    ),
    Route(
        id="check_connection",
        method="POST",
        path="/connections/{connection}/check",
        summary="Sign in to a connection, and tell what a check finds",
        section=SECTION,
        handler=check,
        answer=Checked,
        role=Role.ADMINISTRATOR,
    ),
)
