"""How the authority refuses."""

from __future__ import annotations


class SignInError(Exception):
    """An OAuth error (RFC 6749 section 5.2) with a status."""

    def __init__(self, status: int, error: str, number: int, text: str, *, suberror: str | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.number = number
        self.text = text
        self.suberror = suberror
