"""What a server may make of a value that it stores, told from what a person makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calsync.sync.model import Value


def may_be_form(found: Value, written: Value) -> bool:
    """Tell whether a server may have stored `written` as `found`, where nobody knows who wrote last.

    Servers cut texts at their end, and change blanks, signs and case; a time they keep. Whatever else differs, a
    person has written. Who clears a text or cuts it at its end is taken for the server.
    """
    if found == written:
        return True
    if not isinstance(found, str) or not isinstance(written, str):
        return False
    left, whole = _letters(found), _letters(written)
    return whole.startswith(left) and (bool(left) or not found or not whole)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()
