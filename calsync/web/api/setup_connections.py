"""Setting connections up: trying, keeping, changing and removing them, and taking them over into a file."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

import msgspec

from calsync.people import Role
from calsync.web.api.connections import SECTION, Found, found_of, known
from calsync.web.api.route import Asked, Given, Route, Told
from calsync.web.api.systems import Filled, telling
from calsync.web.api.words import Name

if TYPE_CHECKING:
    from calsync.desk import Desk


class NewConnection(Given, frozen=True, kw_only=True):
    """A connection, as its provider's form is filled in."""

    name: Name
    provider: Name
    fields: Filled


class ChangeConnection(Given, frozen=True, kw_only=True):
    """The form, filled in anew. A secret that is left empty stays as it is kept, unless an address changes."""

    fields: Filled


class TryConnection(Given, frozen=True, kw_only=True):
    """What is tried. Nothing is kept."""

    name: Name
    provider: Annotated[
        Name | None, msgspec.Meta(description="Null: a kept connection of this name, as it would be changed")
    ] = None
    fields: Filled


class FilledIn(Told, frozen=True, kw_only=True):
    """What stands in the form of a connection that was added here."""

    name: str
    provider: str
    fields: Annotated[dict[str, str], msgspec.Meta(description="But for secrets")]


class Tried(Told, frozen=True, kw_only=True):
    """What a check has found. None at all: it works."""

    findings: list[Found]


class Export(Told, frozen=True, kw_only=True):
    """What was added on the pages or here, as an operator would write it."""

    yaml: Annotated[str, msgspec.Meta(description="It names secrets, and holds none")]


async def filled_in(desk: Desk, asked: Asked) -> FilledIn:
    setup, name = desk.setup(asked.who), asked.path["connection"]
    return FilledIn(name=name, provider=await setup.provider_of(name), fields=dict(await setup.filled_in(name)))


async def add(desk: Desk, asked: Asked) -> None:
    wanted: NewConnection = asked.body
    await desk.setup(asked.who).add_connection(wanted.name, wanted.provider, wanted.fields)


async def change(desk: Desk, asked: Asked) -> None:
    await desk.setup(asked.who).change_connection(asked.path["connection"], asked.body.fields)


async def remove(desk: Desk, asked: Asked) -> None:
    await desk.setup(asked.who).remove_connection(asked.path["connection"])


async def try_it(desk: Desk, asked: Asked) -> Tried:
    wanted: TryConnection = asked.body
    with telling():
        found = await desk.setup(asked.who).try_connection(wanted.name, wanted.provider, wanted.fields)
    return Tried(findings=found_of(found))


async def sync(desk: Desk, asked: Asked) -> None:
    await desk.steering.sync_connection(asked.who, await known(desk, asked))


async def export(desk: Desk, asked: Asked) -> Export:
    return Export(yaml=await desk.setup(asked.who).export())


ROUTES = (
    Route(
        id="add_connection",
        method="POST",
        path="/connections",
        summary="Add a connection, as its provider's form is filled in",
        section=SECTION,
        handler=add,
        body=NewConnection,
        answer=None,
        role=Role.ADMINISTRATOR,
        refusals=(HTTPStatus.CONFLICT,),
    ),
    Route(
        id="get_connection",
        method="GET",
        path="/connections/{connection}",
        summary="Tell what was filled in for a connection that was added here",
        section=SECTION,
        handler=filled_in,
        answer=FilledIn,
        role=Role.ADMINISTRATOR,
        refusals=(HTTPStatus.CONFLICT,),
    ),
    Route(
        id="change_connection",
        method="PUT",
        path="/connections/{connection}",
        summary="Fill the form of a connection in anew that was added here",
        section=SECTION,
        handler=change,
        body=ChangeConnection,
        answer=None,
        role=Role.ADMINISTRATOR,
        refusals=(HTTPStatus.CONFLICT,),
    ),
    Route(
        id="remove_connection",
        method="DELETE",
        path="/connections/{connection}",
        summary="Remove a connection that was added here and that no account uses, with all that it keeps",
        section=SECTION,
        handler=remove,
        answer=None,
        role=Role.ADMINISTRATOR,
        refusals=(HTTPStatus.CONFLICT,),
    ),
    Route(
        id="try_connection",
        method="POST",
        path="/trials",
        summary="Sign in as a form is filled in, and tell what a check finds; nothing is kept",
        section=SECTION,
        handler=try_it,
        body=TryConnection,
        answer=Tried,
        role=Role.ADMINISTRATOR,
        refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
    Route(
        id="sync_connection",
        method="POST",
        path="/connections/{connection}/sync",
        summary="Have all accounts of a connection run soon",
        section=SECTION,
        handler=sync,
        answer=None,
        role=Role.ADMINISTRATOR,
    ),
    Route(
        id="export",
        method="GET",
        path="/export",
        summary="Tell what was added here or on the pages as YAML",
        section=SECTION,
        handler=export,
        answer=Export,
        role=Role.ADMINISTRATOR,
    ),
)
