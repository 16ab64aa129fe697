"""Refusals that a test asks for, in the words of Graph; what goes wrong below HTTP is a server's `Fault`."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from calsync_sandbox.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping


def refused(
    status: int,
    code: str = "",
    *,
    method: str | None = None,
    path: str | None = None,
    times: int | None = 1,
    after: int | None = None,
    headers: Mapping[str, str] | None = None,
    carried_out: bool = False,
) -> Fault:
    """Return a refusal with this error code, none where it is empty. `after`: seconds of Retry-After."""
    error = {"error": {"code": code, "message": "The sandbox was asked for this.", "innerError": {"code": code}}}
    wait = {} if after is None else {"Retry-After": str(after)}
    return Fault(
        method=method,
        path=path,
        times=times,
        status=status,
        headers={"Content-Type": "application/json", **wait, **(headers or {})},
        body=json.dumps(error).encode() if code else b"",
        after_commit=carried_out,
    )


def needs_claims(*, times: int | None = 1) -> Fault:
    """Return the 401 of continuous access evaluation: the token lacks claims that the header names."""
    claims = base64.b64encode(b'{"access_token":{"nbf":{"essential":true,"value":"1767225600"}}}').decode()
    challenge = f'Bearer realm="", error="insufficient_claims", claims="{claims}"'
    return refused(401, "InvalidAuthenticationToken", times=times, headers={"WWW-Authenticate": challenge})


def lost(*, method: str, path: str | None = None, carried_out: bool = True) -> Fault:
    """Return a write whose answer never arrives."""
    return Fault(method=method, path=path, drop=True, after_commit=carried_out)
