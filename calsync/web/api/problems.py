"""What the API answers where it does not do what it was asked for (RFC 9457)."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

import msgspec
from aiohttp import web

from calsync.web.api.route import Told

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA_TYPE = "application/problem+json"


class Problem(Told, frozen=True, kw_only=True):
    """What went wrong, for programs and for people."""

    type: Annotated[str, msgspec.Meta(description="`urn:calsync:problem:` and one word that stays the same")]
    title: Annotated[str, msgspec.Meta(description="What the HTTP status means")]
    status: int
    detail: Annotated[str, msgspec.Meta(description="What happened, and what to do; in English")]
    keys: Annotated[
        dict[str, str],
        msgspec.Meta(description="What is wrong with which key; the empty one: all of it"),
    ] = msgspec.field(default_factory=dict)


class Failed(Exception):  # noqa: N818 - errors are named as outcomes
    """A request that is answered with a problem."""

    def __init__(
        self,
        status: HTTPStatus,
        word: str,
        detail: str,
        keys: dict[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers
        self.problem = Problem(
            type=f"urn:calsync:problem:{word}",
            title=status.phrase,
            status=status.value,
            detail=detail,
            keys=keys or {},
        )

    def response(self) -> web.Response:
        return web.Response(
            body=msgspec.json.encode(self.problem),
            status=self.status,
            content_type=MEDIA_TYPE,
            headers=self.headers,
        )


def unauthorized() -> Failed:
    detail = "show an API token, as the page \u201cMy profile\u201d makes it: `Authorization: Bearer calsync_...`"
    return Failed(
        HTTPStatus.UNAUTHORIZED, "token_needed", detail, headers={"WWW-Authenticate": 'Bearer realm="calsync"'}
    )


def too_many(seconds: float) -> Failed:
    wait = str(math.ceil(seconds))
    detail = f"too many requests; ask again in {wait} s"
    return Failed(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", detail, headers={"Retry-After": wait})
