"""Which mails Exchange sends for a write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_sandbox.mailbox.events import people

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calsync_sandbox.mail import MailKind, MailLog
    from calsync_sandbox.mailbox.events import Json
    from calsync_sandbox.mailbox.switches import MailboxSwitches


class Post:
    """The mails of one mailbox, into one log. What people do mails from Outlook; each face has its own post."""

    system = "outlook"

    def __init__(self, address: str, log: MailLog, switches: MailboxSwitches) -> None:
        self._address = address
        self._log = log
        self._switches = switches

    def created(self, event: Json) -> None:
        """Invite everybody."""
        if event["isOrganizer"]:
            self._send(event, "invitation", people(event))

    def changed(self, old: Json, new: Json, written: Iterable[str], instances: int = 0) -> None:
        """Tell of a change. `instances`: how many changed instances a master has, each with a mail of its own.

        A change of nothing but attendees reaches the added and the removed ones; every other one is assumed to
        reach everybody, as has been reported (microsoft-graph-docs-contrib issue 2320).
        """
        names = set(written)
        if not new["isOrganizer"] or (names and names <= self._switches.silent_properties):
            return
        before, after = people(old), people(new)
        self._send(new, "invitation", _without(after, before))
        self._send(new, "cancellation", _without(before, after))
        if names != {"attendees"}:
            staying = [address for address in after if address not in _without(after, before)]
            self._send(new, "update", staying * (1 + instances))

    def deleted(self, event: Json) -> None:
        """Cancel one's own meeting; decline somebody else's, unless it is cancelled already."""
        if event["isOrganizer"]:
            self._send(event, "cancellation", people(event))
        elif self._switches.decline_on_delete and not event["isCancelled"]:
            self._send(event, "decline", [event["organizer"]["emailAddress"]["address"]])

    def _send(self, event: Json, kind: MailKind, recipients: list[str]) -> None:
        self._log.record(self.system, self._address, event["id"], kind, recipients)


def _without(addresses: list[str], others: list[str]) -> list[str]:
    known = {other.lower() for other in others}
    return [address for address in addresses if address.lower() not in known]
