"""Answers that one item makes unusable, as somebody could who invites the mailbox's user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from calsync_sandbox.ews.names import TYPES, find, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync_sandbox.ews.names import Element

Spoilt = Literal["forbidden", "doctype", "short", "cut"]
"""The subject holds a character that XML forbids, or a document's head in CDATA; the answer about the item is left
out; the whole answer breaks off."""


def leave_out(answer: Element, spoilt: Mapping[str, Spoilt]) -> None:
    """Take the answers about the items away that are `short`."""
    messages = find(answer, "ResponseMessages")
    for message in list(messages) if messages is not None else ():
        if messages is not None and "short" in _found(message, spoilt).values():
            messages.remove(message)


def spoil(answer: Element, body: bytes, spoilt: Mapping[str, Spoilt]) -> bytes:
    """Return the bytes of an answer as they are sent."""
    for subject, how in _found(answer, spoilt).items():
        if how == "cut":
            body = body[: len(body) - len(body) // 3]
        elif how == "forbidden":
            body = body.replace(subject.encode(), subject.encode() + "\x0b\uffff".encode())
        elif how == "doctype":
            body = body.replace(subject.encode(), b"<![CDATA[<!DOCTYPE html>]]>" + subject.encode())
    return body


def _found(answer: Element, spoilt: Mapping[str, Spoilt]) -> dict[str, Spoilt]:
    """Return the subjects in an answer that spoil it."""
    subjects = {text_of(item, "Subject") for item in answer.iter(f"{{{TYPES}}}CalendarItem")} if spoilt else set()
    return {subject: how for subject, how in spoilt.items() if subject in subjects}
