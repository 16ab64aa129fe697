"""FLOWFACT's own calendar sync: two syncs on one mailbox copy each other's copies, for ever.

Which mailboxes it serves stands in the mail configuration (`GET nylas-service/config`), which is never changed
from here: each mailbox's `settings` are texts, `sync.calendar` is the switch "Kalender synchronisieren",
`.fromFF` and `.toFF` its directions; `ownerId` owns the mailbox. Where to find that switch is from FLOWFACT's help
centre (articles 5884769129245 and 360001788457).
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from calsync.errors import OtherSync, Retry
from calsync_flowfact.failures import NoRight, NotFound, Rejected, UnknownShape
from calsync_flowfact.reading import TRASH_EVERY
from calsync_flowfact.tenant import addresses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from calsync.ports import Clock
    from calsync_flowfact.client import Client

KNOWN_SECONDS = 300.0
"""So long an answer serves all accounts. Somebody who has switched it off wants to go on."""
BELIEVED = timedelta(days=1)
"""So long an answer counts where the next ones say nothing. It may be that there is no such service any more."""
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
    """Knows for which accounts FLOWFACT syncs the calendar itself."""

    def __init__(self, client: Client, clock: Clock, policy: str, poll_seconds: Callable[[], float]) -> None:
        """`policy`: `refuse` such an account, `warn` in the log, or `ignore` it and do not look."""
        self._client = client
        self._clock = clock
        self._policy = policy
        self._poll_seconds = poll_seconds
        self._asking = asyncio.Lock()
        self._mailboxes: Sequence[Mapping[str, Any]] = ()
        self._asked: datetime | None = None
        self._told: datetime | None = None
        self._warned: set[str] = set()
        """Accounts that the log was told of, each once while it is on."""
        self.untold = False
        """Whether FLOWFACT was asked and did not tell."""

    async def refuse(self, account: str, user: Mapping[str, Any], mailbox: str | None) -> None:
        """Raise OtherSync, or warn, where FLOWFACT syncs this user's calendar or the account's mailbox itself.

        `mailbox`: the address of the account's other side, where it is known. Raises Retry, LoginError.
        """
        await self.ask()
        self._judge(account, user, mailbox)

    async def refuse_later(self, account: str, user: Mapping[str, Any], mailbox: str | None) -> None:
        """Do as `refuse` does while the account runs: FLOWFACT is asked as seldom as for its trash."""
        await self.ask(max(KNOWN_SECONDS, TRASH_EVERY * self._poll_seconds()))
        self._judge(account, user, mailbox)

    async def ask(self, believed: float = KNOWN_SECONDS) -> None:
        """Learn what FLOWFACT tells, unless it was asked in the last `believed` seconds. Raises Retry, LoginError.

        What it has told before stays valid while it cannot be asked, and for a day where it does not tell.
        """
        if self._policy == "ignore":
            return
        async with self._asking:
            now = self._clock.now()
            if self._asked is not None and (now - self._asked).total_seconds() < believed:
                return
            try:
                self._mailboxes, self.untold, self._told = await self._client.mail_accounts(), False, now
            except (NoRight, NotFound, Rejected, UnknownShape):
                self.untold = True
                if self._told is not None and now - self._told >= BELIEVED:
                    self._mailboxes = ()
            except Retry as outage:
                if self._asked is None and self._policy == "refuse":
                    raise
                self.untold = self.untold or self._asked is None
                log.warning("FLOWFACT does not tell now whether its own calendar sync is on: %s", outage)
            self._asked = now

    def _judge(self, account: str, user: Mapping[str, Any], mailbox: str | None) -> None:
        known = addresses(user) | ({mailbox.casefold()} if mailbox else set())
        on = [one for one in self._mailboxes if syncs_calendar(one)]
        if not any(one.get("ownerId") == user["id"] or str(one.get("email")).casefold() in known for one in on):
            self._warned.discard(account)
            return
        problem = f"account {account}: {REPAIR_EN} {REPAIR_DE}"
        if self._policy == "refuse":
            raise OtherSync(problem)
        if account not in self._warned:
            log.warning("%s", problem)
        self._warned.add(account)


def syncs_calendar(mailbox: Mapping[str, Any]) -> bool:
    """Tell whether a mailbox's calendar is synced. Where the switch is missing, a direction that is on counts."""
    settings = mailbox.get("settings")
    if not isinstance(settings, dict):
        return False
    keys = (SWITCH,) if settings.get(SWITCH) is not None else DIRECTIONS
    return any(str(settings.get(key)).casefold() in _ON for key in keys)
