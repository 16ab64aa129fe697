"""Passwords, hashed by scrypt (RFC 7914) in a thread of its own, one at a time: that is what a guess costs."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
from concurrent.futures import ThreadPoolExecutor

from calsync.desk.refused import Refused

SHORTEST = 12
LONGEST = 256
COST = (1 << 15, 8, 3)
"""N, r and p: 32 MiB, some 0.2 s. Source: OWASP's Password Storage Cheat Sheet."""
MEMORY = 64 * 1024 * 1024
SALT_BYTES = 16


def check(password: str, name: str) -> None:
    """Raise Refused for a password that is too easy to guess. Length counts, not signs and digits."""
    if len(password) < SHORTEST:
        raise Refused("password_short")
    if len(password) > LONGEST:
        raise Refused("password_long")
    if not password.casefold().replace(name.casefold(), "").strip("0123456789 .!-_"):
        raise Refused("password_name")


class Passwords:
    """Hashes them. Texts are `scrypt$N$r$p$SALT$HASH`, so that a later cost does not spoil earlier ones."""

    def __init__(self, cost: tuple[int, int, int] = COST) -> None:
        self._cost = cost
        self._nobody = _text(cost, bytes(SALT_BYTES), b"")  # fits nothing, and takes as long to say so
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="passwords")

    async def hashed(self, password: str) -> str:
        salt = os.urandom(SALT_BYTES)
        return _text(self._cost, salt, await self._run(password, salt, self._cost))

    async def fits(self, password: str, hashed: str | None) -> bool:
        """Tell whether a password is the one that was hashed. None: nobody's, which takes as long."""
        _, n, r, p, salt, key = (hashed or self._nobody).split("$")
        given = await self._run(password[:LONGEST], base64.b64decode(salt), (int(n), int(r), int(p)))
        return hmac.compare_digest(given, base64.b64decode(key))

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self, password: str, salt: bytes, cost: tuple[int, int, int]) -> bytes:
        n, r, p = cost
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._thread,
            lambda: hashlib.scrypt(
                password.encode("utf-8", "surrogatepass"), salt=salt, n=n, r=r, p=p, maxmem=MEMORY
            ),
        )


def _text(cost: tuple[int, int, int], salt: bytes, key: bytes) -> str:
    return "$".join(["scrypt", *map(str, cost), _base64(salt), _base64(key)])


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
