"""What `calsync login` prints: in the person's language, as it may be the agent who signs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.cli.text import plain

if TYPE_CHECKING:
    from calsync.ports import DeviceCode
    from calsync.reasons import Language


def invitation(device: DeviceCode, language: Language) -> list[str]:
    """Return what somebody has to do, and until when (in the machine's time zone)."""
    address, code, until = plain(device.address), plain(device.code), f"{device.until.astimezone():%H:%M}"
    if language == "de":
        return [
            f"Bitte öffnen Sie {address} im Browser und geben Sie diesen Code ein: {code}",
            f"Er gilt bis {until} Uhr; calsync wartet so lange auf Sie (Strg-C bricht ab).",
        ]
    return [
        f"Please open {address} in a browser and enter this code: {code}",
        f"It is valid until {until}; calsync waits for you (Ctrl-C ends that).",
    ]


def done(connection: str, who: str, language: Language) -> str:
    """Return who has signed in."""
    return f"{plain(connection)}: {'angemeldet als' if language == 'de' else 'signed in as'} {plain(who)}"
