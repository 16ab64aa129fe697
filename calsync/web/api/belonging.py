"""What belongs to people: their accounts, and whom they are in the system that lists people."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

import msgspec

from calsync.people import Role
from calsync.web.api.people import SECTION
from calsync.web.api.route import Asked, Given, Route, Told
from calsync.web.api.words import Id

if TYPE_CHECKING:
    from calsync.desk import Desk

MemberId = Annotated[
    str,
    msgspec.Meta(pattern="^[A-Za-z0-9._-]{1,64}$", description="What the system that lists people calls somebody"),
]


class Member(Told, frozen=True, kw_only=True):
    """Somebody who works there."""

    id: str
    addresses: Annotated[list[str], msgspec.Meta(description="The one that others use first")]


class Members(Told, frozen=True, kw_only=True):
    """Who works there, by address."""

    members: list[Member]


class Assigned(Told, frozen=True, kw_only=True):
    """Whom somebody is there."""

    member: Annotated[str | None, msgspec.Meta(description="An id of a member; null: nobody has said it")]


class Assign(Given, frozen=True, kw_only=True):
    """Whom somebody is there. Who was said to be that one before is nobody."""

    member: MemberId | None


async def give(desk: Desk, asked: Asked) -> None:
    member = await desk.people.member(asked.path["person"])
    await desk.people.give(member.person.name, asked.path["account"], by=asked.who)


async def take(desk: Desk, asked: Asked) -> None:
    member = await desk.people.member(asked.path["person"])
    await desk.people.take(member.person.name, asked.path["account"], by=asked.who)


async def members(desk: Desk, asked: Asked) -> Members:
    found = await desk.members.listed(asked.who)
    return Members(members=[Member(id=one.id, addresses=list(one.addresses)) for one in found])


async def assigned(desk: Desk, asked: Asked) -> Assigned:
    member = await desk.people.member(asked.path["person"])
    return Assigned(member=await desk.members.of(asked.who, member.person.id))


async def assign(desk: Desk, asked: Asked) -> None:
    await desk.members.assign(asked.who, asked.path["person"], asked.body.member)


ROUTES = (
    Route(
        id="give_account",
        method="PUT",
        path="/people/{person}/accounts/{account}",
        summary="Make an account somebody's",
        section=SECTION,
        handler=give,
        answer=None,
        role=Role.ADMINISTRATOR,
        path_types={"person": Id},
    ),
    Route(
        id="take_account",
        method="DELETE",
        path="/people/{person}/accounts/{account}",
        summary="Let an account be somebody's no longer; it goes on",
        section=SECTION,
        handler=take,
        answer=None,
        role=Role.ADMINISTRATOR,
        path_types={"person": Id},
    ),
    Route(
        id="list_members",
        method="GET",
        path="/members",
        summary="Ask the system that lists people who works there",
        section=SECTION,
        handler=members,
        answer=Members,
        role=Role.ADMINISTRATOR,
        refusals=(HTTPStatus.CONFLICT,),
    ),
    Route(
        id="get_member",
        method="GET",
        path="/people/{person}/member",
        summary="Tell whom somebody is in the system that lists people",
        section=SECTION,
        handler=assigned,
        answer=Assigned,
        role=Role.ADMINISTRATOR,
        path_types={"person": Id},
    ),
    Route(
        id="assign_member",
        method="PUT",
        path="/people/{person}/member",
        summary="Say whom somebody is there, so that the person can connect the own mailbox",
        section=SECTION,
        handler=assign,
        body=Assign,
        answer=None,
        role=Role.ADMINISTRATOR,
        path_types={"person": Id},
    ),
)
