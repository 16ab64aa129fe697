"""People who may use calsync, their API tokens, and who changed what."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

import msgspec

from calsync.people import Role
from calsync.web.api.route import Asked, Given, Route, Told
from calsync.web.api.words import Id, Moment, Most, Name

if TYPE_CHECKING:
    from calsync.desk import Desk
    from calsync.desk.people import Member

SECTION = "People"


class Person(Told, frozen=True, kw_only=True):
    """Somebody who was invited."""

    id: int
    name: str
    role: Role
    joined: Annotated[bool, msgspec.Meta(description="Whether the invitation has been used")]
    accounts: Annotated[list[str], msgspec.Meta(description="The person's own ones")]


class People(Told, frozen=True, kw_only=True):
    """Everybody, by name."""

    people: list[Person]


class Invite(Given, frozen=True, kw_only=True):
    """Who is to be let in. Who was invited before gets another way in."""

    name: Name
    role: Annotated[
        Role | None,
        msgspec.Meta(description="Null: who is there keeps the present one, and who is new is a user"),
    ] = None
    accounts: Annotated[
        list[Name], msgspec.Meta(max_length=100, description="Given to the person in addition")
    ] = msgspec.field(default_factory=list)


class Invitation(Told, frozen=True, kw_only=True):
    """What the person is let in with, once."""

    person: int
    link: str
    until: Moment


class Token(Told, frozen=True, kw_only=True):
    """An API token of one's own, without what is shown."""

    id: int
    name: str
    created: Moment


class Tokens(Told, frozen=True, kw_only=True):
    """The own ones. New ones are made on the page of the profile only, so that a stolen one cannot multiply."""

    tokens: list[Token]


class Change(Told, frozen=True, kw_only=True):
    """Who changed what."""

    at: Moment
    who: str
    account: str | None
    what: str
    before: str | None
    after: str | None


class Changes(Told, frozen=True, kw_only=True):
    """The last changes, the newest first."""

    changes: list[Change]


class Lately(Given, frozen=True, kw_only=True):
    """Which changes are looked for."""

    account: Annotated[str, msgspec.Meta(max_length=200, description="Only of this account")] | None = None
    most: Most = 50


async def listed(desk: Desk, asked: Asked) -> People:
    del asked
    return People(people=[_person(one) for one in await desk.people.all()])


async def invite(desk: Desk, asked: Asked) -> Invitation:
    wanted: Invite = asked.body
    found = await desk.people.invite(wanted.name, wanted.role, wanted.accounts, by=asked.who)
    link = f"{asked.address}/invitation/{found.secret}"
    return Invitation(person=found.person.id, link=link, until=found.until)


async def remove(desk: Desk, asked: Asked) -> None:
    member = await desk.people.member(asked.path["person"])
    await desk.people.remove(member.person.name, by=asked.who)


async def tokens(desk: Desk, asked: Asked) -> Tokens:
    return Tokens(
        tokens=[
            Token(id=one.id, name=one.name, created=one.created) for one in await desk.access.api_tokens(asked.who)
        ]
    )


async def revoke(desk: Desk, asked: Asked) -> None:
    await desk.access.revoke_api_token(asked.who, asked.path["token"])


async def changes(desk: Desk, asked: Asked) -> Changes:
    query: Lately = asked.query
    return Changes(
        changes=[
            Change(at=one.at, who=one.who, account=one.account, what=one.what, before=one.before, after=one.after)
            for one in await desk.audit.last(asked.who, query.most, query.account)
        ]
    )


def _person(member: Member) -> Person:
    person = member.person
    return Person(
        id=person.id, name=person.name, role=person.role, joined=person.joined, accounts=list(member.accounts)
    )


ROUTES = (
    Route(
        id="list_people",
        method="GET",
        path="/people",
        summary="List everybody",
        section=SECTION,
        handler=listed,
        answer=People,
        role=Role.ADMINISTRATOR,
    ),
    Route(
        id="invite_person",
        method="POST",
        path="/people",
        summary="Let somebody in",
        section=SECTION,
        handler=invite,
        body=Invite,
        answer=Invitation,
        status=HTTPStatus.CREATED,
        role=Role.ADMINISTRATOR,
        refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
    Route(
        id="remove_person",
        method="DELETE",
        path="/people/{person}",
        summary="Let somebody in no longer; the accounts go on",
        section=SECTION,
        handler=remove,
        answer=None,
        role=Role.ADMINISTRATOR,
        path_types={"person": Id},
        refusals=(HTTPStatus.CONFLICT,),
    ),
    Route(
        id="list_tokens",
        method="GET",
        path="/tokens",
        summary="List your own API tokens",
        section=SECTION,
        handler=tokens,
        answer=Tokens,
    ),
    Route(
        id="revoke_token",
        method="DELETE",
        path="/tokens/{token}",
        summary="Revoke one of your own API tokens",
        section=SECTION,
        handler=revoke,
        answer=None,
        path_types={"token": Id},
    ),
    Route(
        id="list_changes",
        method="GET",
        path="/audit",
        summary="Tell who changed what",
        section="Audit",
        handler=changes,
        query=Lately,
        answer=Changes,
        role=Role.ADMINISTRATOR,
    ),
)
