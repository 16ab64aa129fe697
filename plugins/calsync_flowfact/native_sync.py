"""FLOWFACT's own calendar sync: two syncs on one mailbox copy each other's copies, for ever.

Which mailboxes it serves stands in the mail configuration (`GET nylas-service/config`), which is never changed
from here: each mailbox's `settings` are texts, `sync.calendar` is the switch "Kalender synchronisieren",
`.fromFF` and `.toFF` its directions; `ownerId` owns the mailbox. Where to find that switch is from FLOWFACT's help
centre (articles 5884769129245 and 360001788457).
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from calsync.errors import OtherSync
from calsync_flowfact.failures import NoRight, NotFound, Rejected
from calsync_flowfact.tenant import addresses

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from calsync.ports import Clock
    from calsync_flowfact.client import Client

KNOWN_SECONDS = 300.0
"""So long an answer serves all accounts. Somebody who has switched it off wants to go on."""
SWITCH = "sync.calendar"
DIRECTIONS = ("sync.calendar.fromFF", "sync.calendar.toFF")
REPAIR_EN = (
    "FLOWFACT's own calendar sync is on for this user's mailbox, and two syncs on one mailbox make duplicates; "
    "switch it off in FLOWFACT."
)
REPAIR_DE = (
    "Die Kalendersynchronisation von FLOWFACT selbst ist für dieses Postfach eingeschaltet, und zwei "
    "Synchronisationen auf einem Postfach erzeugen doppelte Termine. Bitte schalten Sie sie in FLOWFACT aus: als "
    "Administratorin oder Administrator unter Einstellungen > Benutzerverwaltung > E-Mail-Synchronisierung, für "
    "Ihr eigenes Postfach unter Einstellungen > Persönliches Profil > Persönliche E-Mail-Synchronisierung. Dort "
    "gibt es zu jedem Postfach den Schieberegler „Kalender synchronisieren“. Danach macht calsync von selbst "
    "weiter."
)
_ON = frozenset({"true", "1", "yes", "on"})
log = logging.getLogger("calsync.flowfact")


class NativeSync:
    """Knows for which users FLOWFACT syncs the calendar itself."""

    def __init__(self, client: Client, clock: Clock, policy: str) -> None:
        """`policy`: `refuse` an account of such a user, `warn` in the log, or `ignore` it."""
        self._client = client
        self._clock = clock
        self._policy = policy
        self._asking = asyncio.Lock()
        self._mailboxes: Sequence[Mapping[str, Any]] = ()
        self._asked: datetime | None = None
        self.known = False
        """Whether FLOWFACT tells it at all."""

    async def is_on(self, user: Mapping[str, Any]) -> bool:
        """Tell whether FLOWFACT syncs a mailbox of this user; False where it does not tell. Raises Retry."""
        await self.ask()
        return any(syncs_calendar(one) and _belongs(one, user) for one in self._mailboxes)

    async def refuse(self, user: Mapping[str, Any], account: str) -> None:
        """Raise OtherSync, or warn, where FLOWFACT syncs this user's calendar itself."""
        if self._policy == "ignore" or not await self.is_on(user):
            return
        problem = f"account {account}: {REPAIR_EN} {REPAIR_DE}"
        if self._policy == "refuse":
            raise OtherSync(problem)
        log.warning("%s", problem)

    async def ask(self) -> None:
        """Learn what FLOWFACT tells, unless it was just asked. Raises Retry, LoginError."""
        async with self._asking:
            now = self._clock.now()
            if self._asked is not None and (now - self._asked).total_seconds() < KNOWN_SECONDS:
                return
            try:
                self._mailboxes, self.known = await self._client.mail_accounts(), True
            except (NoRight, NotFound, Rejected):
                self._mailboxes, self.known = (), False
            self._asked = now


def syncs_calendar(mailbox: Mapping[str, Any]) -> bool:
    """Tell whether a mailbox's calendar is synced. Where the switch is missing, a direction that is on counts."""
    settings = mailbox.get("settings")
    if not isinstance(settings, dict):
        return False
    keys = (SWITCH,) if settings.get(SWITCH) is not None else DIRECTIONS
    return any(str(settings.get(key)).casefold() in _ON for key in keys)


def _belongs(mailbox: Mapping[str, Any], user: Mapping[str, Any]) -> bool:
    return mailbox.get("ownerId") == user["id"] or str(mailbox.get("email")).casefold() in addresses(user)
