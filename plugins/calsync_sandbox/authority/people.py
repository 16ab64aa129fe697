"""People who sign in on behalf of an application: device codes (RFC 8628) and refresh tokens."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from calsync_sandbox.authority.refusal import SignInError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the directory."""

    address: str
    user_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a person allows an application."""

    client_id: str
    scope: str
    person: Person | None = None
    """Who signed in; None as long as nobody has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    consent: Consent
    user_code: str
    expires: float
    declined: bool = False


class People:
    """Who is known, which codes wait for somebody, and which refresh tokens are good."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.code_seconds = 900
        """The life of codes issued from now on."""
        self.interval = 1
        """Seconds between two questions of a client about its code."""
        self.too_fast = 0
        """How many of the next questions come too fast."""
        self.consented = True
        """Whether the directory still allows applications what they were allowed."""
        self.issued: list[str] = []
        """All refresh tokens, those that are no longer good too."""
        self._now = now
        self._people: dict[str, Person] = {}
        self._codes: dict[str, DeviceCode] = {}
        self._refresh_tokens: dict[str, Consent] = {}

    def add(self, address: str) -> Person:
        return self._people.setdefault(address.lower(), Person(address))

    def begin(self, form: Mapping[str, str]) -> tuple[str, DeviceCode]:
        """Issue a code for an application that somebody is to type in."""
        user_code = "".join(secrets.choice(_LETTERS) for _ in range(9))
        consent = Consent(client_id=form.get("client_id", ""), scope=_checked(form.get("scope", "")))
        code = DeviceCode(consent=consent, user_code=user_code, expires=self._now() + self.code_seconds)
        device_code = secrets.token_urlsafe(32)
        self._codes[device_code] = code
        return device_code, code

    def approve(self, user_code: str, address: str) -> None:
        """Let somebody type a code in, sign in, and agree."""
        device_code, code = self._waiting(user_code)
        consent = replace(code.consent, person=self._people[address.lower()])
        self._codes[device_code] = replace(code, consent=consent)

    def decline(self, user_code: str) -> None:
        """Let somebody type a code in, and not agree."""
        device_code, code = self._waiting(user_code)
        self._codes[device_code] = replace(code, declined=True)

    def redeem_code(self, form: Mapping[str, str]) -> Consent:
        """Return what was allowed with a code, once. Raises SignInError until somebody has signed in."""
        device_code = form.get("device_code", "")
        code = self._codes.get(device_code)
        if code is None or code.consent.client_id != form.get("client_id"):
            raise SignInError(400, "bad_verification_code", 70018, "The device code is not known.")
        if self._now() >= code.expires:
            raise SignInError(400, "expired_token", 70020, "The device code has expired.")
        if self.too_fast:
            self.too_fast -= 1
            raise SignInError(400, "slow_down", 70023, "The client asks too often.")
        if code.declined:
            raise SignInError(400, "authorization_declined", 70017, "The user has declined.")
        if code.consent.person is None:
            raise SignInError(400, "authorization_pending", 70016, "The user has not signed in yet.")
        del self._codes[device_code]
        return code.consent

    def redeem_refresh_token(self, form: Mapping[str, str]) -> Consent:
        """Return what a refresh token stands for. It is good for one use. Raises SignInError."""
        consent = self._refresh_tokens.get(form.get("refresh_token", ""))
        if not self.consented:
            text = "The user or administrator has not consented to use the application."
            raise SignInError(400, "invalid_grant", 65001, text, suberror="consent_required")
        if consent is None or consent.client_id != form.get("client_id"):
            raise SignInError(400, "invalid_grant", 70000, "The refresh token is not valid.")
        del self._refresh_tokens[form["refresh_token"]]
        return consent

    def refresh_token(self, consent: Consent) -> str:
        """Issue the next refresh token."""
        token = secrets.token_urlsafe(64)
        self.issued.append(token)
        self._refresh_tokens[token] = consent
        return token

    def forget(self) -> None:
        """End all sign-ins, as a changed password does."""
        self._refresh_tokens.clear()

    def _waiting(self, user_code: str) -> tuple[str, DeviceCode]:
        return next(entry for entry in self._codes.items() if entry[1].user_code == user_code)


def _checked(scope: str) -> str:
    """Return the scopes that a token is issued for. Raises SignInError."""
    wanted = scope.split()
    named = [one for one in wanted if "/" in one]
    if not named or "offline_access" not in wanted:
        raise SignInError(400, "invalid_scope", 70011, "The scope names no resource, or no offline access.")
    return " ".join(one for one in wanted if one != "offline_access")
