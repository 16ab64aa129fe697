"""Fixtures of the API's tests: a program with a token, over loopback HTTP."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import jsonschema_rs
import pytest

from calsync.web.api.openapi import described
from calsync.web.api.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from calsync.desk import Desk
    from calsync.people import Person

DOCUMENT = described(ROUTES, "")


@dataclass
class Reply:
    """What a program was answered."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def word(self) -> str:
        """The word of a problem."""
        assert self.headers["Content-Type"] == "application/problem+json"
        assert self.json["status"] == self.status
        return str(self.json["type"]).removeprefix("urn:calsync:problem:")


@dataclass
class Program:
    """Somebody's program."""

    client: aiohttp.ClientSession
    token: str | None

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        given = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        async with self.client.request(
            method, f"/api/v1{path}", json=body, headers={**given, **headers}
        ) as answer:
            reply = Reply(answer.status, answer.headers, await answer.read())
        expect_described(method, path, reply)
        return reply

    async def get(self, path: str, **headers: str) -> Reply:
        return await self.ask("GET", path, **headers)


def expect_described(method: str, path: str, reply: Reply) -> None:
    """Expect that an answer is what the document says of its request."""
    for template, operations in DOCUMENT["paths"].items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, path.partition("?")[0]) and method.lower() in operations:
            answer = operations[method.lower()]["responses"][str(reply.status)]
            if "content" not in answer:
                assert reply.body == b""
                return
            media_type = reply.headers["Content-Type"]
            schema = answer["content"][media_type]["schema"]
            whole = {**schema, "components": DOCUMENT["components"]}
            jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(reply.json)


@pytest.fixture
async def stranger(served: str) -> AsyncIterator[Program]:
    """Return a program without a token."""
    async with aiohttp.ClientSession(served) as client:
        yield Program(client, None)


@pytest.fixture
async def annas(stranger: Program, desk: Desk, anna: Person) -> Program:
    """Return a program of a user, to whom the account anna belongs."""
    return Program(stranger.client, await desk.access.make_api_token(anna, "Annas Programm"))


@pytest.fixture
async def chefs(stranger: Program, desk: Desk, chef: Person) -> Program:
    """Return a program of an administrator."""
    return Program(stranger.client, await desk.access.make_api_token(chef, "Überwachung"))
