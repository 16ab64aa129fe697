"""How this server says no."""

from __future__ import annotations

from aiohttp import web


class Refused(Exception):  # noqa: N818 - an answer of the server, not a failure of the sandbox
    """A request that is answered with an error status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    def answer(self) -> web.Response:
        return web.json_response({"status": self.status, "message": str(self)}, status=self.status)
