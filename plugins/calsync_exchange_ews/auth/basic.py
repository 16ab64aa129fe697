"""Basic authentication: the password goes with every request, so only over TLS or on this machine's loopback."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from calsync_exchange_ews.auth.login import UNAUTHORIZED, Login

if TYPE_CHECKING:
    from calsync.http import Answer, Http
    from calsync_exchange_ews.auth.credential import Credential
    from calsync_exchange_ews.auth.login import Post


class Basic(Login):
    """RFC 7617, in UTF-8, sent without being asked for: a first request without it would only cost a 401."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential
        pair = f"{credential.username}:{credential.password}".encode()
        self._header = f"Basic {base64.b64encode(pair).decode('ascii')}"

    async def send(self, http: Http, post: Post) -> Answer:
        async with self._credential.turn(http.clock):  # two channels would try a wrong password twice
            answer = await post.send(http, self._header)
            if answer.status == UNAUTHORIZED:
                raise self._credential.refused(answer)
            if _is_soap(answer):
                self._credential.accepted(http.clock)
            return answer


def _is_soap(answer: Answer) -> bool:
    """Tell whether Exchange itself has answered: it has looked at the password, who stands before it has not."""
    return answer.stream is not None or (answer.status in (200, 500) and b"Envelope>" in answer.body)
