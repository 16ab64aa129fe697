"""Setting accounts up: seeing what one would do, and adding, changing and removing them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from calsync.desk.entries import account_entry, between, connections_of
from calsync.desk.entries import filled_in as flat
from calsync.desk.planned import planned
from calsync.people import Role
from calsync.sync.model import Direction, Side
from calsync.web.api.accounts import SECTION
from calsync.web.api.plans import PATIENCE, Plan, plan_of
from calsync.web.api.route import Asked, Given, Route, Told
from calsync.web.api.systems import Filled, telling
from calsync.web.api.words import Name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.desk import Desk
    from calsync.desk.setup import Setup

Zone = Annotated[str, msgspec.Meta(max_length=64, description="As `Europe/Berlin`")]
FirstSync = Annotated[
    Literal["run", "ask"], msgspec.Meta(description="Whether the first sync waits until its plan is confirmed")
]


class Place(Given, frozen=True, kw_only=True):
    """One side of a new account."""

    connection: Name
    fields: Filled


class NewAccount(Given, frozen=True, kw_only=True):
    """An account, as the forms of both sides' providers are filled in."""

    name: Name
    left: Place
    right: Place
    timezone: Zone
    direction: Direction = Direction.BOTH
    first_sync: FirstSync = "run"


class ChangeAccount(Given, frozen=True, kw_only=True):
    """The forms, filled in anew. The connections stay, and so does what no form asks for."""

    left: Filled
    right: Filled
    timezone: Zone
    direction: Direction = Direction.BOTH
    first_sync: FirstSync = "run"


class Placed(Told, frozen=True, kw_only=True):
    """One side of an account."""

    connection: str
    fields: dict[str, str]


class AccountSetup(Told, frozen=True, kw_only=True):
    """How an account was set up that was added here. What people have switched since is not told here."""

    name: str
    left: Placed
    right: Placed
    timezone: str
    direction: str
    first_sync: str


async def filled_in(desk: Desk, asked: Asked) -> AccountSetup:
    name = asked.path["account"]
    entry = await desk.setup(asked.who).account_entry(name)
    told, connections = flat(entry), connections_of(entry)
    left, right = (_placed(side, connections[side], told) for side in Side)
    return AccountSetup(
        name=name,
        left=left,
        right=right,
        timezone=told.get("timezone", ""),
        direction=told.get("direction", Direction.BOTH.value),
        first_sync=told.get("first_sync", "run"),
    )


async def preview(desk: Desk, asked: Asked) -> Plan:
    wanted: NewAccount = asked.body
    entry = await _new(desk.setup(asked.who), wanted)
    with telling():
        report = await desk.preview(asked.who, wanted.name, entry)
    return plan_of(planned(report).discreet())


async def add(desk: Desk, asked: Asked) -> None:
    wanted: NewAccount = asked.body
    setup = desk.setup(asked.who)
    await setup.add_account(wanted.name, await _new(setup, wanted))


async def change(desk: Desk, asked: Asked) -> None:
    setup, name, wanted = desk.setup(asked.who), asked.path["account"], asked.body
    former = await setup.account_entry(name)
    specs = await setup.specs(connections_of(former))
    fields = _keys(wanted, {Side.LEFT: wanted.left, Side.RIGHT: wanted.right})
    await setup.change_account(name, account_entry(former, specs, fields))


async def remove(desk: Desk, asked: Asked) -> None:
    await desk.setup(asked.who).remove_account(asked.path["account"])


async def _new(setup: Setup, wanted: NewAccount) -> dict[str, Any]:
    connections = {Side.LEFT: wanted.left.connection, Side.RIGHT: wanted.right.connection}
    fields = _keys(wanted, {Side.LEFT: wanted.left.fields, Side.RIGHT: wanted.right.fields})
    return account_entry(between(connections), await setup.specs(connections), fields)


def _keys(wanted: NewAccount | ChangeAccount, sides: Mapping[Side, Mapping[str, str]]) -> dict[str, str]:
    own = {"timezone": wanted.timezone, "direction": wanted.direction.value, "first_sync": wanted.first_sync}
    return {f"{side}.{key}": value for side, fields in sides.items() for key, value in fields.items()} | own


def _placed(side: Side, connection: str, told: Mapping[str, str]) -> Placed:
    fields = {key.partition(".")[2]: value for key, value in told.items() if key.startswith(f"{side}.")}
    return Placed(connection=connection, fields={key: fields[key] for key in fields if key != "connection"})


ROUTES = (
    Route(
        id="preview_account",
        method="POST",
        path="/previews",
        summary="Read both calendars, and tell what an account would do that is not there yet; nothing is kept",
        section=SECTION,
        handler=preview,
        body=NewAccount,
        answer=Plan,
        role=Role.ADMINISTRATOR,
        refusals=(HTTPStatus.CONFLICT,),
        patience=PATIENCE,
    ),
    Route(
        id="add_account",
        method="POST",
        path="/accounts",
        summary="Add an account; the service begins with it",
        section=SECTION,
        handler=add,
        body=NewAccount,
        answer=None,
        role=Role.ADMINISTRATOR,
        refusals=(HTTPStatus.CONFLICT,),
    ),
    Route(
        id="get_account_setup",
        method="GET",
        path="/accounts/{account}/setup",
        summary="Tell how an account was set up that was added here",
        section=SECTION,
        handler=filled_in,
        answer=AccountSetup,
        role=Role.ADMINISTRATOR,
    ),
    Route(
        id="change_account",
        method="PUT",
        path="/accounts/{account}/setup",
        summary="Fill the forms of an account in anew that was added here",
        section=SECTION,
        handler=change,
        body=ChangeAccount,
        answer=None,
        role=Role.ADMINISTRATOR,
        refusals=(HTTPStatus.CONFLICT,),
    ),
    Route(
        id="remove_account",
        method="DELETE",
        path="/accounts/{account}",
        summary="Remove an account that was added here; its events stay on both sides",
        section=SECTION,
        handler=remove,
        answer=None,
        role=Role.ADMINISTRATOR,
        refusals=(HTTPStatus.CONFLICT,),
    ),
)
