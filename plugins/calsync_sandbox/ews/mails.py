"""Which mails a write sends: its attribute says so, which Graph lacks.

`SendToNone` is silent; all other values are taken as reaching everybody. SendOnlyToChanged is documented as
reaching those who are affected, and reported as reaching all when the list of attendees changes (exchangelib issue
746, php-ews issue 311, ews-managed-api issue 20).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_sandbox.ews.errors import EwsError
from calsync_sandbox.mailbox.mails import Post

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calsync_sandbox.ews.calls import Call
    from calsync_sandbox.mailbox.events import Json
    from calsync_sandbox.mailbox.mailbox import Mailbox
    from calsync_sandbox.mailbox.writes import Writer

_ATTRIBUTES = {
    "CreateItem": ("SendMeetingInvitations", "ErrorSendMeetingInvitationsRequired"),
    "UpdateItem": (
        "SendMeetingInvitationsOrCancellations",
        "ErrorSendMeetingInvitationsOrCancellationsRequired",
    ),
    "DeleteItem": ("SendMeetingCancellations", "ErrorSendMeetingCancellationsRequired"),
}


class EwsPost(Post):
    """The mails of one mailbox, sent or not."""

    system = "exchange_ews"
    sends = False

    def created(self, event: Json) -> None:
        if self.sends:
            super().created(event)

    def changed(self, old: Json, new: Json, written: Iterable[str], instances: int = 0) -> None:
        if self.sends:
            super().changed(old, new, written, instances)

    def deleted(self, event: Json) -> None:
        if self.sends:
            super().deleted(event)


def sends(call: Call) -> bool:
    """Tell whether a write mails, and note what it says about it. Raises EwsError where it says nothing."""
    name, missing = _ATTRIBUTES[call.name]
    value = call.operation.get(name)
    call.state.sends.append((call.name, value or ""))
    if value is None:
        raise EwsError(missing, f"{name} attribute is required for Calendar items.")
    return value != "SendToNone"


def writer(call: Call, mailbox: Mailbox, *, mails: bool) -> Writer:
    """Return what writes to a mailbox for this call. Raises EwsError where it may not be written to."""
    if not mailbox.can_edit:
        raise EwsError("ErrorAccessDenied")
    post = EwsPost(mailbox.address, call.state.mail, mailbox.switches)
    post.sends = mails
    return mailbox.writer(post)
