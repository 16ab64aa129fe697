"""What is open or contradicted about the store behind both faces, as switches."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class MailboxSwitches:
    """How the mailboxes behave; may be changed while they are served."""

    duplicate_status: int = 409
    """The status of ErrorDuplicateTransactionId; 400 is reported too."""
    duplicate_names_event: bool = True
    """That error carries `@event.existingEventId`."""
    transactions_survive_delete: bool = True
    """A transactionId stays taken when its event is deleted."""
    transactions_remembered: bool = True
    """A transactionId is known when it comes again; else the repeated create makes a second event."""
    decline_on_delete: bool = True
    """Deleting an attendee's copy sends a decline to the organiser."""
    silent_properties: frozenset[str] = frozenset()
    """A change of nothing but these properties mails nobody."""
    silent_occurrence_delete: bool = False
    """A single deleted occurrence of a series is not logged: no signal on delta (reported by users)."""
