"""Claims challenges: a server that refuses a token says what the next one must be asked for with.

Source: Microsoft's page "Claims challenges, claims requests, and client capabilities".
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calsync.http import Answer

_CLAIMS = re.compile(r'\bclaims="([A-Za-z0-9+/=_-]+)"')


def claims_of(answer: Answer) -> str | None:
    """Return the claims that a refusal demands, a JSON object; None where it demands nothing, or nothing clear."""
    for line in answer.lines("WWW-Authenticate"):
        found = _CLAIMS.search(line)
        if found:
            return _decoded(found[1])
    return None


def _decoded(encoded: str) -> str | None:
    padded = encoded.replace("-", "+").replace("_", "/") + "=" * (-len(encoded) % 4)
    try:
        text = base64.b64decode(padded, validate=True).decode()
        claims = json.loads(text)
    except (ValueError, RecursionError):
        return None
    plain = isinstance(claims, dict) and all(isinstance(value, dict) for value in claims.values())
    return text if plain else None
