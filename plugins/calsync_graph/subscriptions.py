"""Subscriptions to the events of a mailbox: made, renewed, and swept away where an earlier process left them.

Their ids and secrets are kept in memory only: a new process makes new ones and ends those of the last one, which
would end by themselves within a day (docs/decisions/0022). Source: Microsoft's pages "Create subscription" and
"Update subscription"; there is none for a single calendar.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from calsync.errors import AccountError, Retry
from calsync_graph.client import SUBSCRIPTIONS
from calsync_graph.refusals import NoMailbox, Refused

if TYPE_CHECKING:
    import random
    from collections.abc import Container, Sequence

    from calsync_graph.client import Client

LIFE = timedelta(days=1)
"""Microsoft allows a week. What nobody renews any more is called in vain for so long."""
BETWEEN_RENEWALS = timedelta(minutes=10)
"""Microsoft asks for no more than one renewal in this time."""
CHANGE_TYPES = "created,updated,deleted"
GONE = frozenset({404, 410})
BAD_REQUEST = 400


class Uncallable(AccountError):  # noqa: N818 - errors are named as outcomes
    """No mailbox gets a subscription: refused is what all are asked for with, the address before all."""


@dataclass(eq=False, slots=True)
class Subscription:
    """One that was made by this process."""

    id: str
    client_state: str
    """Whoever tells something must know it."""
    renewed: datetime
    until: datetime
    due: datetime
    """When it is to be renewed."""

    def last(self, until: datetime) -> None:
        """Note that it lasts until then. It is due at half of its life, or sooner where that was asked for."""
        self.until = max(until, self.renewed + BETWEEN_RENEWALS)  # by another clock it may be over already
        self.due = min(self.due, self.renewed + max((until - self.renewed) / 2, BETWEEN_RENEWALS))

    def renew_soon(self, now: datetime) -> None:
        """Note that the server wants it to be renewed."""
        self.due = max(now, self.renewed + BETWEEN_RENEWALS)


class Subscriptions:
    """Asks for subscriptions that call one address."""

    def __init__(self, client: Client, address: str, random: random.Random) -> None:
        self._client = client
        self._address = address
        self._random = random

    async def make(self, mailbox: str, known: Container[str]) -> Subscription:
        """Subscribe to a mailbox (its path). `known`: the ids of all others that are in use.

        Raises Retry, LoginError, AccountError.
        """
        try:
            try:
                return await self._make(mailbox)
            except Refused as refused:
                if not refused.conflict:
                    raise
            for left in await self.left(known):
                await self.end(left)
            return await self._make(mailbox)
        except Refused as refused:
            advice = (
                "look whether service.public_url leads here from the internet, with a certificate that all trust"
            )
            kind = Uncallable if refused.reply.status == BAD_REQUEST else AccountError
            raise kind(f"{refused}, so it does not tell of changes; {advice}") from refused

    async def renew(self, subscription: Subscription) -> bool:
        """Let a subscription last longer, which also authorises it again; return False where it is no more.

        Raises Retry, LoginError, AccountError.
        """
        subscription.renewed = self._client.clock.now()
        subscription.due = datetime.max.replace(tzinfo=UTC)
        until = subscription.renewed + LIFE
        wanted = {"expirationDateTime": _stamp(until)}
        try:
            content = await self._client.subscription("PATCH", subscription.id, wanted)
        except (Refused, NoMailbox) as refused:
            if isinstance(refused, NoMailbox) or refused.reply.status in GONE:
                return False
            raise AccountError(f"{refused}, so it does not tell of changes for longer") from refused
        subscription.last(_granted(content, until))
        return True

    async def left(self, known: Container[str]) -> Sequence[str]:
        """Return the ids of those that call this address and that nobody here knows: a former process made them.

        Microsoft lists what this application has made, nothing of others. Raises Refused, Retry, LoginError,
        AccountError.
        """
        rows = [row async for page in self._client.pages(SUBSCRIPTIONS) for row in page]
        names = [str(row.get("id")) for row in rows if row.get("notificationUrl") == self._address]
        return [name for name in names if name not in known]

    async def end(self, name: str) -> None:
        """End the one with this id, which may have ended already. Raises Retry, LoginError.

        One that may not be ended, as its mailbox is out of reach now, ends by itself.
        """
        with suppress(Refused, AccountError):
            await self._client.subscription("DELETE", name)

    async def _make(self, mailbox: str) -> Subscription:
        now, client_state = self._client.clock.now(), f"{self._random.getrandbits(256):064x}"
        wanted = {
            "changeType": CHANGE_TYPES,
            "notificationUrl": self._address,
            "lifecycleNotificationUrl": self._address,
            "resource": f"{mailbox}/events",
            "expirationDateTime": _stamp(now + LIFE),
            "clientState": client_state,
        }
        content = await self._client.subscription("POST", json=wanted)
        if not isinstance(content.get("id"), str):
            raise Retry(f"connection {self._client.connection}: Microsoft Graph made a subscription without an id")
        made = Subscription(content["id"], client_state, now, now, datetime.max.replace(tzinfo=UTC))
        made.last(_granted(content, now + LIFE))
        return made


def _granted(content: dict[str, Any], wanted: datetime) -> datetime:
    """Return until when a subscription lasts: never longer than was asked for."""
    try:
        told = datetime.fromisoformat(content["expirationDateTime"])
    except (KeyError, TypeError, ValueError):
        return wanted
    return min(wanted, told if told.tzinfo else told.replace(tzinfo=UTC))


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
