"""How this server says no."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping


class Refused(Exception):  # noqa: N818 - an answer of the server, not a failure of the sandbox
    """A request that is answered with an error status."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self._headers = headers

    def answer(self) -> web.Response:
        body = {"status": self.status, "message": str(self)}
        return web.json_response(body, status=self.status, headers=self._headers)
