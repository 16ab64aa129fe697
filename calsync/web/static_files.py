"""Style sheet, scripts and icon: read once, and named by a hash of their content, so that browsers keep them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources

from aiohttp import web

TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
A_YEAR = "public, max-age=31536000, immutable"
HASH_LENGTH = 12


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    content_type: str
    tag: str


class StaticFiles:
    """The files in `static`."""

    def __init__(self) -> None:
        folder = resources.files("calsync.web").joinpath("static")
        self._files = {
            file.name: _file(file.name, file.read_bytes())
            for file in folder.iterdir()
            if file.name.rpartition(".")[2] in TYPES
        }

    def path(self, name: str) -> str:
        """Return where a file is asked for."""
        return f"/static/{self._files[name].tag}/{name}"

    def routes(self) -> list[web.AbstractRouteDef]:
        return [web.get("/static/{tag}/{name}", self._answer)]

    async def _answer(self, request: web.Request) -> web.Response:
        file = self._files.get(request.match_info["name"])
        if file is None or file.tag != request.match_info["tag"]:
            raise web.HTTPNotFound
        headers = {"Cache-Control": A_YEAR}
        return web.Response(body=file.content, content_type=file.content_type, charset="utf-8", headers=headers)


def _file(name: str, content: bytes) -> _File:
    tag = hashlib.sha256(content).hexdigest()[:HASH_LENGTH]
    return _File(content, TYPES[name.rpartition(".")[2]], tag)
