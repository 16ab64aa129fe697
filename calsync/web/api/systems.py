"""What can be connected, and what only a connected system knows: its calendars, its people, and what it asks."""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from calsync.desk.filling import picked
from calsync.errors import AccountError, ConfigError, LoginError, Retry
from calsync.people import Role
from calsync.web.api.belonging import Member, Members
from calsync.web.api.connections import SECTION, known
from calsync.web.api.problems import Failed
from calsync.web.api.route import Asked, Given, Route, Told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calsync.desk import Desk
    from calsync.forms import FormField

Filled = Annotated[
    dict[
        Annotated[str, msgspec.Meta(max_length=64)],
        Annotated[str, msgspec.Meta(max_length=1024)],
    ],
    msgspec.Meta(
        max_length=50, description="What is filled in, by the keys of the form; empty or missing: the default"
    ),
]
FieldKind = Literal["text", "secret", "url", "choice", "flag"]
PATIENCE = 120.0
"""Seconds: a large system takes its time to list its people."""


class Provider(Told, frozen=True, kw_only=True):
    """A kind of system that can be connected."""

    name: str
    title: Annotated[str, msgspec.Meta(description="What it connects to")]


class Providers(Told, frozen=True, kw_only=True):
    """All that are installed, by name."""

    providers: list[Provider]


class Field(Told, frozen=True, kw_only=True):
    """One field of a form."""

    key: str
    kind: Annotated[
        FieldKind, msgspec.Meta(description="A secret is never told again; a flag is `true` or `false`")
    ]
    label: str
    help: str
    choices: Annotated[dict[str, str], msgspec.Meta(description="Of a choice or a flag: each with its words")]
    required: bool


class Forms(Told, frozen=True, kw_only=True):
    """What a provider asks for."""

    name: str
    connection: list[Field]
    calendar: Annotated[list[Field], msgspec.Meta(description="For an account's side")]


class Answer(Told, frozen=True, kw_only=True):
    """One answer to a question."""

    name: str
    words: str


class Question(Told, frozen=True, kw_only=True):
    """What only a person can say of a system."""

    key: str
    label: str
    help: str
    options: list[Answer]
    chosen: Annotated[str, msgspec.Meta(description="The option that holds, or is the likeliest one")]
    settled: Annotated[bool, msgspec.Meta(description="Whether it hardly needs to be looked at")]


class Questions(Told, frozen=True, kw_only=True):
    """All of a system's; some systems ask nothing."""

    questions: list[Question]


class Answers(Given, frozen=True, kw_only=True):
    """What a person says of a system. What is not answered stays as it is."""

    answers: Annotated[
        dict[str, str],
        msgspec.Meta(max_length=50, description="By the keys of the questions: the name of one of the options"),
    ]


class Mailbox(Given, frozen=True, kw_only=True):
    """Whose calendars are looked for."""

    mailbox: Annotated[str, msgspec.Meta(min_length=1, max_length=320, description="Its e-mail address")]


class Calendar(Told, frozen=True, kw_only=True):
    """One calendar of a mailbox."""

    id: Annotated[str, msgspec.Meta(description="What `calendar` of an account's side takes")]
    name: str
    main: Annotated[bool, msgspec.Meta(description="Whether it is the one that is meant where none is named")]
    writable: bool


class Calendars(Told, frozen=True, kw_only=True):
    """All of a mailbox's."""

    calendars: list[Calendar]


@contextmanager
def telling() -> Iterator[None]:
    """Tell an administrator what is in the way at the system that is set up."""
    try:
        yield
    except (AccountError, ConfigError, LoginError) as error:
        raise Failed(HTTPStatus.CONFLICT, "system", str(error)) from error
    except Retry as error:
        raise Failed(HTTPStatus.SERVICE_UNAVAILABLE, "system_busy", str(error)) from error


async def providers(desk: Desk, asked: Asked) -> Providers:
    found = await desk.setup(asked.who).providers()
    return Providers(providers=[Provider(name=name, title=title) for name, title in found.items()])


async def forms(desk: Desk, asked: Asked) -> Forms:
    setup, name = desk.setup(asked.who), asked.path["provider"]
    if name not in await setup.providers():
        raise Failed(HTTPStatus.NOT_FOUND, "provider_unknown", "there is no provider of this name")
    spec = await setup.provider(name)
    return Forms(name=name, connection=_fields(spec.form), calendar=_fields(spec.calendar_form))


async def calendars(desk: Desk, asked: Asked) -> Calendars:
    name = await known(desk, asked)
    with telling():
        found = await desk.setup(asked.who).calendars(name, {"mailbox": asked.body.mailbox})
    return Calendars(
        calendars=[Calendar(id=one.id, name=one.name, main=one.main, writable=one.writable) for one in found]
    )


async def people(desk: Desk, asked: Asked) -> Members:
    name = await known(desk, asked)
    with telling():
        found = await desk.setup(asked.who).people(name)
    return Members(members=[Member(id=one.id, addresses=list(one.addresses)) for one in found if one.active])


async def questions(desk: Desk, asked: Asked) -> Questions:
    name = await known(desk, asked)
    with telling():
        found = await desk.setup(asked.who).questions(name)
    return Questions(
        questions=[
            Question(
                key=one.key,
                label=one.label.en,
                help=one.help.en,
                options=[Answer(name=option.name, words=option.words.en) for option in one.options],
                chosen=one.chosen,
                settled=one.settled,
            )
            for one in found
        ]
    )


async def answer(desk: Desk, asked: Asked) -> None:
    name, setup, answers = await known(desk, asked), desk.setup(asked.who), asked.body.answers
    with telling():
        found = await setup.questions(name)
    offered = {one.key: {option.name for option in one.options} for one in found}
    wrong = [key for key, option in answers.items() if option not in offered.get(key, ())]
    if wrong:
        told = dict.fromkeys(wrong, "this is not offered")
        raise Failed(HTTPStatus.CONFLICT, "not_offered", "an answer is not among what is offered", told)
    await setup.answer(name, picked(found, answers))


def _fields(form: Sequence[FormField]) -> list[Field]:
    return [
        Field(
            key=one.key,
            kind=msgspec.convert(one.kind.value, FieldKind),
            label=one.label.en,
            help=one.help.en,
            choices={value: words.en for value, words in one.choices.items()},
            required=one.required,
        )
        for one in form
    ]


ROUTES = (
    Route(
        id="list_providers",
        method="GET",
        path="/providers",
        summary="List what can be connected",
        section=SECTION,
        handler=providers,
        answer=Providers,
        role=Role.ADMINISTRATOR,
    ),
    Route(
        id="get_provider",
        method="GET",
        path="/providers/{provider}",
        summary="Tell what a provider asks for a connection, and for an account's side",
        section=SECTION,
        handler=forms,
        answer=Forms,
        role=Role.ADMINISTRATOR,
    ),
    Route(
        id="list_calendars",
        method="POST",
        path="/connections/{connection}/calendars",
        summary="Ask a system for the calendars of a mailbox, to pick one",
        section=SECTION,
        handler=calendars,
        body=Mailbox,
        answer=Calendars,
        role=Role.ADMINISTRATOR,
        refusals=(HTTPStatus.CONFLICT,),
    ),
    Route(
        id="list_people_of_connection",
        method="GET",
        path="/connections/{connection}/people",
        summary="Ask a system who works there, for an account to be somebody's",
        section=SECTION,
        handler=people,
        answer=Members,
        role=Role.ADMINISTRATOR,
        refusals=(HTTPStatus.CONFLICT,),
        patience=PATIENCE,
    ),
    Route(
        id="list_questions",
        method="GET",
        path="/connections/{connection}/questions",
        summary="Tell what only a person can say of a connection's system",
        section=SECTION,
        handler=questions,
        answer=Questions,
        role=Role.ADMINISTRATOR,
        refusals=(HTTPStatus.CONFLICT,),
    ),
    Route(
        id="answer_questions",
        method="PUT",
        path="/connections/{connection}/answers",
        summary="Say what only a person can say of a connection's system",
        section=SECTION,
        handler=answer,
        body=Answers,
        answer=None,
        role=Role.ADMINISTRATOR,
        refusals=(HTTPStatus.CONFLICT,),
    ),
)
