"""What a refusing answer of FLOWFACT means: the one table of this provider.

The shape of an error body is not public, so nothing is decided by it. It is shown only for requests that carry
no customer's text; for a write, which may be quoted back, only the names of mapped fields in it are told.
"""

from __future__ import annotations

import re
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING

from calsync.errors import AccountError, EventError, LoginError, Missing, Retry, UnknownOutcome
from calsync.http import plain_message

if TYPE_CHECKING:
    from collections.abc import Collection

    from calsync.errors import CalsyncError
    from calsync.http import Answer


class Purpose(StrEnum):
    """What a request was for."""

    LOOK = "look"
    """Search, list or read."""
    CREATE = "create"
    CHANGE = "change"
    """Update or delete one event."""


class NoRight(LoginError):  # noqa: N818 - errors are named as outcomes
    """403 after a new session: the API user may not see this. It says nothing about an event."""


class NotFound(AccountError):  # noqa: N818
    """404 or 410: no such entity; for anything but an entity, the configuration names what is not there."""


class Rejected(AccountError):  # noqa: N818
    """400: the server does not take this query. The caller may ask in another way."""


class UnknownShape(Retry):
    """A success whose body is none that the reference tells of, so it says nothing."""


REFUSED = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
ABSENT = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
_WORD = re.compile(r"[\w-]+")


def failure(name: str, answer: Answer, purpose: Purpose, fields: Collection[str]) -> CalsyncError:
    """Return the error for an answer that is no success, neither 401 nor 429.

    | status          | look             | create         | change         |
    |-----------------|------------------|----------------|----------------|
    | 400, 422        | Rejected         | EventError     | EventError     |
    | 403             | NoRight          | AccountError   | EventError     |
    | 404, 410        | NotFound         | AccountError   | Missing        |
    | 408, 5xx        | Retry            | UnknownOutcome | UnknownOutcome |
    | other 4xx       | Retry            | EventError     | EventError     |
    | 3xx             | Retry            | Retry          | Retry          |
    """
    if purpose is Purpose.LOOK:
        return _look(name, answer)
    status = answer.status
    if status < HTTPStatus.BAD_REQUEST:
        return _redirect(name)
    if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return UnknownOutcome(f"{name}: FLOWFACT answered a write with HTTP {status}")
    if purpose is Purpose.CREATE and status == HTTPStatus.FORBIDDEN:
        return AccountError(f"connection {name}: the API user has no right to create appointments in FLOWFACT")
    if purpose is Purpose.CREATE and status in ABSENT:
        return AccountError(f"connection {name}: FLOWFACT has no such schema to create appointments in")
    if status in ABSENT:
        return Missing("the appointment is no longer in FLOWFACT")
    if status == HTTPStatus.FORBIDDEN:
        return EventError("the API user has no right to change this appointment in FLOWFACT")
    named = sorted(set(_WORD.findall(answer.text)) & set(fields))
    return EventError(
        f"FLOWFACT refused the appointment (HTTP {status}{', about ' if named else ''}{', '.join(named)})"
    )


def _look(name: str, answer: Answer) -> CalsyncError:
    status, said = answer.status, plain_message(answer)
    detail = f"HTTP {status}: {said}" if said else f"HTTP {status}"
    if status in REFUSED:
        return Rejected(f"connection {name}: FLOWFACT does not take a query ({detail})")
    if status == HTTPStatus.FORBIDDEN:
        return NoRight(
            f"connection {name}: the API user lacks a right in FLOWFACT ({detail}); ask its administrator"
        )
    if status in ABSENT:
        return NotFound(f"connection {name}: FLOWFACT does not find what the configuration names ({detail})")
    if status < HTTPStatus.BAD_REQUEST:
        return _redirect(name)
    return Retry(f"{name}: FLOWFACT is not available ({detail})")


def _redirect(name: str) -> Retry:
    return Retry(f"{name}: FLOWFACT redirects to another address; check base_url")
