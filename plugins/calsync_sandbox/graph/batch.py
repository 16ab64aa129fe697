"""POST /$batch: up to twenty requests in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync_sandbox.graph.calls import Reply
from calsync_sandbox.graph.errors import GraphError, envelope, headers_of
from calsync_sandbox.graph.routing import Request
from calsync_sandbox.mailbox.errors import MailboxError, bad_request

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_REQUESTS = 20


def run_batch(body: Any, carry_out: Callable[[Request], Reply], origin: str) -> Reply:
    """Carry out a batch in the order of its requests. Every answer has its own status; the batch's is 200."""
    requests = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(requests, list) or not 1 <= len(requests) <= _MAX_REQUESTS:
        raise bad_request(f"A batch holds 1 to {_MAX_REQUESTS} requests.", "BadRequest")
    if any(not isinstance(part, dict) for part in requests) or len({part.get("id") for part in requests}) < len(
        requests
    ):
        raise bad_request("Request ids must be unique.", "BadRequest")
    statuses: dict[Any, int] = {}
    responses = []
    for part in requests:
        responses.append(_carry_out(part, statuses, carry_out, origin))
        statuses[part["id"]] = responses[-1]["status"]
    return Reply(200, {"responses": responses})


def _carry_out(
    part: dict[str, Any], statuses: dict[Any, int], carry_out: Callable[[Request], Reply], origin: str
) -> dict[str, Any]:
    try:
        _check_dependencies(part, statuses)
        reply = carry_out(_request(part, origin))
    except MailboxError as error:
        reply = Reply(error.status, envelope(error), headers=headers_of(error))
    answer = {"id": part["id"], "status": reply.status, "headers": dict(reply.headers)}
    if reply.body is not None:
        answer["headers"]["Content-Type"] = "application/json"
        answer["body"] = reply.body
    return answer


def _check_dependencies(part: dict[str, Any], statuses: dict[Any, int]) -> None:
    if any(statuses.get(earlier, 424) >= 400 for earlier in part.get("dependsOn", ())):
        raise GraphError(424, "FailedDependency", "A request that this one depends on has failed.")


def _request(part: dict[str, Any], origin: str) -> Request:
    headers = {name.lower(): value for name, value in part.get("headers", {}).items()}
    if part.get("body") is not None and "content-type" not in headers:
        raise bad_request("A request with a body needs a Content-Type header.", "BadRequest")
    path, _, query = part["url"].partition("?")
    return Request(part["method"], "/" + path.lstrip("/"), query, headers, part.get("body"), origin)
