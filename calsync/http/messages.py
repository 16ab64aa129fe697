"""What a server says about an error, fit to be shown."""

from __future__ import annotations

import json as jsonlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calsync.http.answer import Answer

_HIDDEN = re.compile(
    r"""
    "[^"]*" | '[^']*' | „[^“”]*[“”] | «[^»]*»   # what a server quotes may be a customer's text
    | \S+@\S+                                    # an address
    | [^\s:;,]{25,}                              # a token
    """,
    re.VERBOSE,
)
_LONGEST = 200


def plain_message(answer: Answer) -> str:
    """Return what a server says about an error, fit to be shown, or "".

    Only a short text from an error object's usual members; quoted parts, addresses and tokens are left out. Not
    for answers to a request that carried a customer's text: a server may repeat it without quotes.
    """
    try:
        said = jsonlib.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    said = said.get("error", said) if isinstance(said, dict) and isinstance(said.get("error"), dict) else said
    if not isinstance(said, dict):
        return ""
    texts = (said.get(key) for key in ("description", "message", "error", "detail"))
    text = " ".join(next((text for text in texts if isinstance(text, str) and text), "").split())
    return _HIDDEN.sub("…", text) if len(text) <= _LONGEST and text.isprintable() else ""
